//! What cannot be judged.

use astrogen_metrics::{Emulation, EmulationConfig};

#[test]
fn refusals_say_what_was_expected() {
    let good = Emulation {
        bands: &["r", "i"],
        truth: Some(&[20.0f32, 19.0, 21.0, 20.0, 22.0, 21.0]),
        observed: &[20.1, 19.3, 21.2, 20.5, 22.6, 21.1],
        generated: &[20.3, 19.1, 21.4, 20.7, 22.2, 21.4],
        condition_names: &["seeing"],
        conditions: &[0.9, 0.7, 0.8],
        draws: Some(&[20.0; 12]),
    };
    let config = EmulationConfig::default();
    assert!(good.evaluate(&config).is_ok());
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    let holed = [20.1, 19.3, nan, infinite, 22.6, 21.1];
    let mut holed_draws = [20.0; 12];
    holed_draws[10] = nan; // the second pass's last row
    for (bad, expected) in [
        (Emulation { bands: &[], ..good }, "the bands must be named, one at least, got none"),
        (
            Emulation { observed: &good.observed[..5], ..good },
            "the observed values must be [N, B], one or more whole rows, got 5 values for 2 bands",
        ),
        (Emulation { observed: &[], ..good }, "got 0 values for 2 bands"),
        (
            Emulation { generated: &good.generated[..4], ..good },
            "the values must be [N, B] with the observed rows and bands, got 4 generated for 3 rows \
             of 2 bands",
        ),
        (Emulation { truth: Some(&[20.0]), ..good }, "got 1 true for 3 rows of 2 bands"),
        (
            Emulation { condition_names: &["seeing", "sky"], ..good },
            "the conditions must be [N, C] with the observed rows, got 3 values for 3 rows of 2 \
             named conditions",
        ),
        (Emulation { condition_names: &[], ..good }, "3 rows of 0 named conditions"),
        (
            Emulation { draws: Some(&[20.0; 8]), ..good },
            "the draws must be [K, N, B], one or more whole passes over the rows, got 8 values for \
             passes of 3 rows of 2 bands",
        ),
        (Emulation { draws: Some(&[]), ..good }, "got 0 values for passes"),
        (
            Emulation {
                observed: &holed,
                conditions: &[nan, 0.7, 0.8],
                draws: Some(&holed_draws),
                ..good
            },
            "the rows must be finite numbers throughout, drop or mask the rest, got 3 of 3 with \
             others (values: observed 2, conditions 1, draws 1)",
        ),
        (Emulation { generated: &holed, ..good }, "got 1 of 3 with others (values: generated 2)"),
        (
            Emulation { truth: Some(good.observed), ..good },
            "the observed residuals must be of some spread, got 3 equal ones of r: is the truth given as \
             observed?",
        ),
    ] {
        let message = bad.evaluate(&config).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}\nhas not\n{expected}");
    }
    for (config, expected) in [
        (
            EmulationConfig { truth_bins: 0, ..Default::default() },
            "truth_bins must be 1 to 1000, got 0",
        ),
        (
            EmulationConfig { condition_bins: 1001, ..Default::default() },
            "condition_bins must be 1 to 1000, got 1001",
        ),
        (EmulationConfig { least: 0, ..Default::default() }, "least must be 1 or more, got 0"),
        (EmulationConfig { directions: 0, ..Default::default() }, "directions must be 1 to 65536"),
        (
            EmulationConfig { pit_bins: 0, ..Default::default() },
            "pit_bins must be 1 to 1000, got 0",
        ),
    ] {
        assert_eq!(good.evaluate(&config).unwrap_err().to_string().find(expected), Some(0));
    }
}
