//! Emulators of a survey: exact numbers of small cases, wrong emulators told apart, refusals.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_metrics::emulation::Partition;
use astrogen_metrics::{Emulation, EmulationConfig, EmulationReport};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

const ROWS: usize = 20_000;
const BANDS: [&str; 3] = ["r", "i", "z"];
const CONDITIONS: [&str; 2] = ["seeing", "sky"];

/// True magnitudes in three bands, and two conditions of every galaxy.
struct Survey {
    truth: Vec<f32>,
    conditions: Vec<f32>,
}

/// The noise of one galaxy: in every band Student's t of 4 degrees, at its width and correlated
/// with the other bands by 0.64.
struct Noise {
    width: [f64; 3],
    /// Normal deviates, each by itself, and mixed with a common one.
    own: [f64; 3],
    normal: [f64; 3],
    /// `1 / sqrt(chi^2 / 4)`, which makes normal deviates Student's.
    heavy: f64,
    seeing: f64,
    magnitude: [f64; 3],
}

impl Noise {
    fn right(&self) -> [f64; 3] {
        std::array::from_fn(|band| self.width[band] * self.normal[band] * self.heavy)
    }
}

impl Survey {
    fn new(rows: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut truth, mut conditions) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let i: f32 = 18.0 + 6.0 * rng.random::<f32>().sqrt();
            truth.extend([i + 0.3 + 0.5 * rng.random::<f32>(), i, i - 0.4 * rng.random::<f32>()]);
            conditions.extend([rng.random_range(0.7..1.5), rng.random_range(2e-12..9e-12f32)]);
        }
        Self { truth, conditions }
    }

    /// Observed magnitudes with the noise that `model` makes of its parts.
    fn observe(&self, seed: u64, model: impl Fn(&Noise) -> [f64; 3]) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let chi_squared = ChiSquared::new(4.0).unwrap();
        let rows = self.truth.chunks_exact(3).zip(self.conditions.chunks_exact(2));
        rows.flat_map(|(truth, conditions)| {
            let seeing = f64::from(conditions[0]);
            let magnitude: [f64; 3] = std::array::from_fn(|band| f64::from(truth[band]));
            let width = magnitude.map(|m| 0.05 * seeing * 10f64.powf(0.2 * (m - 22.0)));
            let mut deviate = || -> f64 { StandardNormal.sample(&mut rng) };
            let common = 0.8 * deviate();
            let own = std::array::from_fn(|_| deviate());
            let normal = own.map(|own: f64| common + 0.6 * own);
            let heavy = (4f64 / chi_squared.sample(&mut rng)).sqrt();
            let noise = model(&Noise { width, own, normal, heavy, seeing, magnitude });
            std::array::from_fn::<f32, 3, _>(|band| (magnitude[band] + noise[band]) as f32)
        })
        .collect()
    }

    fn emulation<'a>(&'a self, observed: &'a [f32], generated: &'a [f32]) -> Emulation<'a, f32> {
        Emulation {
            bands: &BANDS,
            truth: Some(&self.truth),
            observed,
            generated,
            condition_names: &CONDITIONS,
            conditions: &self.conditions,
            draws: None,
        }
    }

    /// The report on an emulator, with so many draws for its calibration.
    fn judge(&self, draws: u64, model: impl Fn(&Noise) -> [f64; 3]) -> EmulationReport {
        let observed = self.observe(10, Noise::right);
        let generated = self.observe(11, &model);
        let drawn: Vec<f32> =
            (0..draws).flat_map(|pass| self.observe(100 + pass, &model)).collect();
        let draws = (draws > 0).then_some(&drawn[..]);
        let emulation = Emulation { draws, ..self.emulation(&observed, &generated) };
        emulation.evaluate(&EmulationConfig::default()).unwrap()
    }
}

/// The statistics of the bins, all of which are compared.
fn ks(partition: &Partition) -> Vec<f64> {
    partition.bins.iter().map(|bin| bin.comparison.unwrap().ks).collect()
}

fn widths(partition: &Partition) -> Vec<f64> {
    partition.bins.iter().map(|bin| bin.comparison.unwrap().width_ratio()).collect()
}

fn assert_close(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-6 * expected.abs().max(1.0), "{got} is not {expected}");
}

#[test]
fn four_rows_have_the_numbers_of_paper_and_pencil() {
    // Residuals of r are 0 1 2 3 against 1 2 3 4; of i all 4 times as far, in another order.
    let emulation = Emulation {
        bands: &["r", "i"],
        truth: Some(&[20.0, 19.0, 21.0, 20.0, 22.0, 21.0, 23.0, 22.0]),
        observed: &[20.0, 19.0, 22.0, 28.0, 24.0, 25.0, 26.0, 34.0],
        generated: &[21.0, 23.0, 23.0, 32.0, 25.0, 29.0, 27.0, 38.0],
        condition_names: &["seeing"],
        conditions: &[0.9, 0.7, 0.8, 1.0],
        draws: Some(&[10.0; 3 * 8]),
    };
    let config = EmulationConfig {
        truth_bins: 2,
        condition_bins: 4,
        least: 2,
        pit_bins: 4,
        ..Default::default()
    };
    let report = emulation.evaluate(&config).unwrap();
    let names: Vec<&str> = report.quantities.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["r", "i", "r-i"]);

    let r = report.quantity("r").unwrap();
    assert_eq!((r.all.ks, r.all.w1, r.all.width_ratio()), (0.25, 1.0, 1.0));
    assert_close(r.all.real_width, 0.68 * 3.0);
    assert_close(r.all.real_tails, 0.98 * 3.0);
    let (by, bins) = (&r.partitions[0].by, &r.partitions[0].bins);
    assert_eq!(
        (by.as_str(), bins[0].low, bins[0].high, bins[1].high),
        ("true r", 20.0, 21.5, 23.0)
    );
    // 0 1 against 1 2, and 2 3 against 3 4.
    assert_eq!(ks(&r.partitions[0]), [0.5, 0.5]);
    assert_eq!(r.score(), 0.75);
    // One row a bin is too few, and is left out.
    assert_eq!(r.partitions[1].by, "seeing");
    assert!(r.partitions[1].bins.iter().all(|bin| bin.real_count == 1 && bin.comparison.is_none()));
    assert!(r.partitions[1].worst_ks().is_none() && r.partitions[1].worst_width().is_none());
    // All draws lie below what was observed.
    let pit = r.pit.as_ref().unwrap();
    assert_eq!((pit.histogram.as_slice(), pit.total_variation), (&[0, 0, 0, 4][..], 0.75));
    assert!((0.75..1.0).contains(&pit.ks));

    // 0 8 4 12 against 4 12 8 16.
    let i = report.quantity("i").unwrap();
    assert_eq!((i.all.ks, i.all.w1, i.partitions[0].by.as_str()), (0.25, 4.0, "true i"));
    // 0 -7 -2 -9 against -3 -10 -5 -12, in bins of the first band.
    let colour = report.quantity("r-i").unwrap();
    assert_eq!((colour.all.ks, colour.all.w1), (0.5, 3.0));
    assert_eq!(colour.partitions[0].by, "true r");
    assert_eq!(ks(&colour.partitions[0]), [0.5, 0.5]);
    assert_close(report.score, (0.75 + 0.75 + 1.0) / 3.0);
    assert!(report.quantity("z").is_none());
}

#[test]
fn the_joint_distance_of_one_band_is_its_own_in_deviations() {
    let emulation = Emulation {
        bands: &["r"],
        truth: Some(&[20.0, 21.0, 22.0, 23.0]),
        observed: &[20.0, 22.0, 24.0, 26.0],
        generated: &[21.0, 23.0, 25.0, 27.0],
        condition_names: &[],
        conditions: &[],
        draws: None,
    };
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    assert_close(report.sliced_wasserstein, 1.0 / 1.25f64.sqrt());
    // No bin holds a hundred rows: all rows stand for the worst one.
    assert_eq!(report.score, 0.5);
    assert!(report.quantities[0].worst_ks().is_none() && report.quantities[0].pit.is_none());
    let text = report.to_string();
    assert!(text.contains("no bin with 100 rows"), "{text}");
    assert!(text.contains("bins of true r: 10 of 10 hold fewer than 100 rows"), "{text}");
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn a_perfect_emulator_is_at_the_floor() {
    let report = Survey::new(ROWS).judge(19, Noise::right);
    // Over all rows 0.87 / 100, in the worst of 20 bins of 2000 and 4000 rows about 0.04.
    assert!((0.04..0.06).contains(&report.floor), "{}", report.floor);
    assert!((0.75..1.1).contains(&(report.score / report.floor)), "{report}");
    assert!(report.sliced_wasserstein < 0.02, "{report}");
    assert_eq!(report.quantities.len(), 5);
    for found in &report.quantities {
        assert!((found.all.width_ratio() - 1.0).abs() < 0.04, "{report}");
        assert!((found.all.tail_ratio() - 1.0).abs() < 0.1, "{report}");
        let sizes = found.partitions.iter().map(|partition| partition.bins.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [10, 5, 5]);
        let pit = found.pit.as_ref().unwrap();
        assert!((pit.coverage_68 - 0.68).abs() < 0.015 && pit.total_variation < 0.025);
        assert_eq!(pit.histogram.iter().sum::<usize>(), ROWS);
    }
}

#[test]
fn wrong_emulators_are_told_apart_by_the_right_entry() {
    let survey = Survey::new(ROWS);
    let right = survey.judge(0, Noise::right);
    let judge = |what: &str, draws: u64, model: &dyn Fn(&Noise) -> [f64; 3]| {
        let report = survey.judge(draws, model);
        assert!(report.score > 1.3 * right.score, "{what}: {report}");
        report
    };
    let all = |report: &EmulationReport, name: &str| report.quantity(name).unwrap().all;

    // One band too faint by a third of its width: the band and its colours, not the others.
    let biased = judge("biased", 19, &|noise| {
        let [r, i, z] = noise.right();
        [r, i + noise.width[1] / 3.0, z]
    });
    for name in ["i", "r-i", "i-z"] {
        assert!(all(&biased, name).ks > 0.08, "{name}: {biased}");
        assert!((all(&biased, name).width_ratio() - 1.0).abs() < 0.04, "{name}: {biased}");
    }
    assert!(all(&biased, "r").ks < 0.03 && all(&biased, "z").ks < 0.03, "{biased}");
    let histogram = &biased.quantity("i").unwrap().pit.as_ref().unwrap().histogram;
    assert!(histogram[0] > 2 * histogram[19], "a slope: {histogram:?}");

    let narrow = judge("narrow", 19, &|noise| noise.right().map(|residual| 0.75 * residual));
    for name in ["r", "i", "z", "r-i", "i-z"] {
        assert!((all(&narrow, name).width_ratio() - 0.75).abs() < 0.03, "{name}: {narrow}");
        assert!((all(&narrow, name).tail_ratio() - 0.75).abs() < 0.08, "{name}: {narrow}");
    }
    assert!(narrow.quantity("r").unwrap().pit.as_ref().unwrap().coverage_68 < 0.58);

    // Normal of the same width, 1.1407 times Student's normal: only the tails are wrong. At one
    // width they would be 0.708 as long.
    let tailless = survey.judge(0, |noise| {
        std::array::from_fn(|band| 1.1407 * noise.width[band] * noise.normal[band])
    });
    for name in ["r", "i", "z", "r-i", "i-z"] {
        assert!((0.6..0.85).contains(&all(&tailless, name).tail_ratio()), "{name}: {tailless}");
        assert!((all(&tailless, name).width_ratio() - 1.0).abs() < 0.06, "{name}: {tailless}");
        let [lost, kept] = [&tailless, &right].map(|report| all(report, name).tail_distance);
        assert!(lost > 3.0 * kept, "{name}: {tailless}");
        assert!(all(&tailless, name).w1 > 2.0 * all(&right, name).w1, "{name}: {tailless}");
    }
    assert!(tailless.sliced_wasserstein > 2.0 * right.sliced_wasserstein, "{tailless}");

    // Every band is right, and independent of the others: the colours are 1 / 0.6 as wide.
    let apart = judge("independent", 0, &|noise| {
        std::array::from_fn(|band| noise.width[band] * noise.own[band] * noise.heavy)
    });
    for name in ["r", "i", "z"] {
        assert!(all(&apart, name).ks < 0.03, "{name}: {apart}");
    }
    for name in ["r-i", "i-z"] {
        assert!(all(&apart, name).width_ratio() > 1.4, "{name}: {apart}");
    }

    let edge = right.quantity("r").unwrap().partitions[0].bins[9].low;
    let faint = judge("wrong at the faint end", 0, &|noise| {
        let factor = noise.magnitude.map(|m| if m > edge { 0.6 } else { 1.0 });
        let right = noise.right();
        std::array::from_fn(|band| factor[band] * right[band])
    });
    let r = faint.quantity("r").unwrap();
    let (partition, worst) = r.worst_ks().unwrap();
    assert_eq!((partition.by.as_str(), partition.worst_ks().unwrap().low), ("true r", edge));
    assert!((worst.width_ratio() - 0.6).abs() < 0.06, "{faint}");
    assert_eq!(partition.worst_width().unwrap().low, edge);
    assert!(widths(partition)[..9].iter().all(|ratio| (ratio - 1.0).abs() < 0.12), "{faint}");
    assert!(r.all.ks < 0.03, "as a whole it passes: {faint}");

    let hazy = judge("wrong under bad seeing", 0, &|noise| {
        let factor = if noise.seeing > 1.34 { 0.6 } else { 1.0 };
        noise.right().map(|residual| factor * residual)
    });
    let i = hazy.quantity("i").unwrap();
    let (partition, worst) = i.worst_ks().unwrap();
    assert_eq!(partition.by, "seeing");
    assert!(partition.worst_ks().unwrap().low > 1.3 && worst.ks > 0.08, "{hazy}");
    assert!(ks(partition)[..4].iter().all(|ks| *ks < 0.05), "{hazy}");
    assert!(ks(&i.partitions[2]).iter().all(|ks| *ks < 0.06), "not by the sky: {hazy}");
}

#[test]
fn values_are_compared_where_there_is_no_truth_to_subtract() {
    let survey = Survey::new(3000);
    let (observed, generated) = (survey.observe(1, Noise::right), survey.observe(2, Noise::right));
    let emulation = Emulation { truth: None, ..survey.emulation(&observed, &generated) };
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    let by: Vec<&str> =
        report.quantities[0].partitions.iter().map(|partition| partition.by.as_str()).collect();
    assert_eq!(by, CONDITIONS);
    assert!(report.quantities[0].all.real_width > 2.0, "magnitudes: {report}");

    // Both widths of numbers give one report, bit by bit.
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let (observed, generated, conditions) =
        (wide(&observed), wide(&generated), wide(&survey.conditions));
    let emulation = Emulation {
        bands: &BANDS,
        truth: None,
        observed: &observed,
        generated: &generated,
        condition_names: &CONDITIONS,
        conditions: &conditions,
        draws: None,
    };
    assert_eq!(emulation.evaluate(&EmulationConfig::default()).unwrap(), report);
}

#[test]
fn the_print_is_narrow_and_names_what_is_missing() {
    let survey = Survey::new(1500);
    let (observed, generated) = (
        survey.observe(1, Noise::right),
        survey.observe(2, |noise| noise.right().map(|residual| 1e9 * residual)),
    );
    let conditions: Vec<f32> = survey
        .conditions
        .chunks(2)
        .flat_map(|row| [(row[0] * 2.0).round(), -1e30 * row[1]])
        .collect();
    let emulation = Emulation {
        condition_names: &["exposures", "the_variance_of_the_sky_in_counts_r"],
        conditions: &conditions,
        draws: Some(&generated),
        bands: &["lsst_r_cmodel_corrected", "i", "z"],
        ..survey.emulation(&observed, &generated)
    };
    let config = EmulationConfig { condition_bins: 16, ..Default::default() };
    let report = emulation.evaluate(&config).unwrap();
    let (short, long) = (report.to_string(), format!("{report:#}"));
    assert!(long.starts_with(&short) && long.lines().count() > 5 * 28);
    for line in long.lines() {
        assert!(line.chars().count() <= 100 && line.trim_end() == line, "{line:?}");
    }
    for expected in [
        "generated against observed, 1500 rows\nscore ",
        "bins of exposures: ",
        " instead of 16, since its values repeat",
        "16 of 16 hold fewer than 100 rows and are not compared",
        "lsst_r_…rected",
        "the_varianc…n_counts_r",
        "1e9",
    ] {
        assert!(short.contains(expected), "{expected:?} is not in\n{short}");
    }
    assert!(long.contains("too few") && !long.contains("NaN"), "{long}");
}

#[test]
fn reports_and_settings_are_plain_data() {
    let survey = Survey::new(600);
    let (observed, generated) = (survey.observe(1, Noise::right), survey.observe(2, Noise::right));
    let emulation = survey.emulation(&observed, &generated);
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    assert_eq!(report, emulation.evaluate(&EmulationConfig::default()).unwrap());
    let text = serde_json::to_string(&report).unwrap();
    let again: EmulationReport = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{again:#}"), format!("{report:#}"));
    let config: EmulationConfig = serde_json::from_str(r#"{"least": 50}"#).unwrap();
    assert_eq!(config, EmulationConfig { least: 50, ..Default::default() });
    assert!(serde_json::from_str::<EmulationConfig>(r#"{"bins": 5}"#).is_err());
}

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
