//! Draws of the measurement against its stated formulas.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_sky::Measurement;
use astrogen_sky::survey::ZERO_POINT;
use ndarray::{Array1, Array2, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const GALAXY: [f64; 3] = [22.9, 22.5, 22.3];
const CONDITIONS: [f64; 6] = [13.0, 18.0, 33.0, 1.2, 1.0, 0.9];
const DRAWS: usize = 100_000;

/// No neighbours and no tails.
fn plain() -> Measurement {
    Measurement { blend_share: 0.0, tail_share: 0.0, ..Default::default() }
}

/// Draws of one galaxy: fluxes `[DRAWS, 3]`.
fn fluxes(measurement: &Measurement, galaxy: [f64; 3], seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows: Vec<[f64; 3]> = (0..DRAWS)
        .map(|_| {
            let drawn = measurement.draw(galaxy, CONDITIONS, &mut rng);
            std::array::from_fn(|band| flux(measurement, band, drawn[band]))
        })
        .collect();
    Array2::from(rows)
}

/// The asinh magnitude's inverse, written out.
fn flux(measurement: &Measurement, band: usize, magnitude: f64) -> f64 {
    let softening = measurement.softening[band];
    let scaled = (ZERO_POINT - magnitude) * 10_f64.ln() / 2.5 - softening.ln();
    2.0 * softening * scaled.sinh()
}

fn mean(values: &Array1<f64>) -> f64 {
    values.mean().unwrap()
}

fn deviation(values: &Array1<f64>) -> f64 {
    values.std(0.0)
}

fn correlation(one: &Array1<f64>, other: &Array1<f64>) -> f64 {
    let product = (one - mean(one)) * (other - mean(other));
    mean(&product) / (deviation(one) * deviation(other))
}

#[test]
fn the_formulas_give_these_numbers() {
    let measurement = plain();
    // r: f = 10^2.84, b = 0.02 * 10^-0.03; d^2 = 2.25 + 2.25 * 1.44, w^2 = 1.44 + 0.36;
    // at the reference d^2 = 2.25 + 2.25 * 1.21, w^2 = 1.21 + 0.36.
    let held = 1.0 - 2_f64.powf(-5.49 / 1.8);
    let reference = 1.0 - 2_f64.powf(-4.9725 / 1.57);
    let bias = 0.02 * 10_f64.powf(-0.03);
    let expected = 10_f64.powf(2.84 - 0.4 * bias) * held / reference;
    let got = measurement.expected_flux(GALAXY, CONDITIONS);
    assert!((got[0] / expected - 1.0).abs() < 1e-12, "{} {expected}", got[0]);
    assert!((expected - 672.83).abs() < 0.05, "{expected}");

    let area = std::f64::consts::PI / 4.0 * 5.49;
    let variance = area * 169.0 + expected / 10.0 + (0.01 * expected).powi(2);
    let got = measurement.deviation(got, CONDITIONS)[0];
    assert!((got / variance.sqrt() - 1.0).abs() < 1e-12, "{got}");

    let blending = Measurement { blend_share: 0.1, ..plain() };
    let got = blending.blend_probability(GALAXY, CONDITIONS);
    assert!((got - 0.1 * (1.0_f64 / 1.1).powi(2) * 0.5).abs() < 1e-12, "{got}");
    let deep = blending.blend_probability([25.0, 24.9, 24.8], CONDITIONS);
    assert!((deep / got - 2.0 / (1.0 + (-3.0_f64).exp())).abs() < 1e-9, "{deep}");

    // Asinh magnitudes: the softening's own value at flux 0, the logarithm's far above.
    let [r, i, z] = measurement.magnitudes([0.0, 1e6, -50.0]);
    assert!((r - (30.0 - 2.5 * 27_f64.log10())).abs() < 1e-12);
    assert!((i - 15.0).abs() < 1e-6);
    assert!(z > 30.0 - 2.5 * 68_f64.log10() && z.is_finite());
}

#[test]
fn light_is_lost_in_bad_seeing_and_by_faint_galaxies() {
    let measurement = Measurement { aperture: [2.0, 1.0], ..plain() };
    let at = |seeing: f64| {
        let conditions = [10.0, 10.0, 10.0, seeing, seeing, seeing];
        let flux = measurement.expected_flux([20.0; 3], conditions)[0];
        -2.5 * flux.log10()
    };
    let shifts = [0.8, 1.0, 1.1, 1.2, 1.4].map(|seeing| at(seeing) - at(1.1));
    assert!(shifts.windows(2).all(|pair| pair[0] < pair[1]), "{shifts:?}");
    assert_eq!(shifts[2], 0.0);
    let lost = |magnitude: f64| {
        let conditions = [10.0, 10.0, 10.0, 1.1, 1.1, 1.1];
        let flux = measurement.expected_flux([magnitude; 3], conditions)[0];
        ZERO_POINT - 2.5 * flux.log10() - magnitude
    };
    assert!((lost(23.0) - 0.02).abs() < 1e-12 && (lost(24.0) - 0.0399).abs() < 1e-4);
}

#[test]
fn moments_of_the_draws_are_the_stated_ones() {
    for (seed, tail_share) in [(1, 0.0), (2, 0.05), (3, 1.0)] {
        let measurement = Measurement { tail_share, ..plain() };
        let drawn = fluxes(&measurement, GALAXY, seed);
        let expected = measurement.expected_flux(GALAXY, CONDITIONS);
        let core = measurement.deviation(expected, CONDITIONS);
        // Kurtosis of the mixture of two Gaussians, for the error of the variance.
        let second = 1.0 + tail_share * 8.0;
        let fourth = 3.0 * (1.0 + tail_share * 80.0);
        let count = DRAWS as f64;
        for band in 0..3 {
            let column = drawn.column(band).to_owned();
            let truth = core[band] * second.sqrt();
            let error = (mean(&column) - expected[band]).abs();
            assert!(error < 4.5 * truth / count.sqrt(), "{band}: {error}");
            let ratio = (deviation(&column) / truth).powi(2);
            let tolerance = 4.5 * ((fourth / second.powi(2) - 1.0) / count).sqrt();
            assert!((ratio - 1.0).abs() < tolerance, "{band}: {ratio}");
            // The tails: 4.55 per cent beyond two deviations, 50.5 where three times wider.
            let beyond = |&&flux: &&f64| (flux - expected[band]).abs() > 2.0 * core[band];
            let share = column.iter().filter(beyond).count() as f64 / count;
            let truth = (1.0 - tail_share) * 0.0455 + tail_share * 0.505;
            assert!((share - truth).abs() < 4.5 * (truth / count).sqrt(), "{share} {truth}");
        }
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let got = correlation(&drawn.column(one).to_owned(), &drawn.column(other).to_owned());
            assert!((got - 0.3).abs() < 0.025, "{got}");
        }
    }
    for rho in [0.0, 1.0] {
        let measurement = Measurement { correlation: rho, ..plain() };
        let drawn = fluxes(&measurement, GALAXY, 5);
        let got = correlation(&drawn.column(0).to_owned(), &drawn.column(2).to_owned());
        assert!((got - rho).abs() < 0.015, "{got}");
    }
}

#[test]
fn neighbours_brighten_their_share_of_galaxies_in_all_bands() {
    // Hardly any noise: what is left is the neighbour.
    let measurement =
        Measurement { floor: 0.0, gain: 1e6, bias: 0.0, tail_share: 0.0, ..Default::default() };
    let galaxy = [18.4, 22.5, 17.8];
    let quiet = [0.01, 0.01, 0.01, 1.2, 1.0, 0.9];
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let alone = measurement.expected_flux(galaxy, quiet);
    let mut logarithms = Vec::new();
    for _ in 0..DRAWS {
        let drawn = measurement.draw(galaxy, quiet, &mut rng);
        let excess: [f64; 3] =
            std::array::from_fn(|band| flux(&measurement, band, drawn[band]) / alone[band] - 1.0);
        if excess[1] > 0.005 {
            assert!(excess.iter().all(|&excess| excess > 1e-3), "{excess:?}");
            logarithms.push(excess.map(f64::ln));
        }
    }
    let truth = measurement.blend_probability(galaxy, quiet) * DRAWS as f64;
    let got = logarithms.len() as f64;
    assert!((got - truth).abs() < 4.5 * truth.sqrt(), "{got} {truth}");
    let table = Array2::from(logarithms);
    for band in 0..3 {
        let column = table.slice(s![.., band]).to_owned();
        let error = 0.8 / got.sqrt();
        assert!((mean(&column) - 0.25_f64.ln()).abs() < 4.5 * error, "{}", mean(&column));
        assert!((deviation(&column) - 0.8).abs() < 4.5 * error, "{}", deviation(&column));
    }
    let colour = correlation(&table.column(0).to_owned(), &table.column(2).to_owned());
    assert!((colour - 0.8).abs() < 4.5 * 0.36 / got.sqrt(), "{colour}");
}

#[test]
fn rows_depend_on_nothing_but_their_own_values_seed_and_position() {
    let measurement = Measurement::default();
    let galaxies =
        Array2::from_shape_fn((501, 3), |(row, band)| 18.0 + (row + 7 * band) as f32 / 80.0);
    let conditions = Array2::from_shape_fn((501, 6), |(row, at)| {
        if at < 3 { 10.0 + (row % 10) as f32 } else { 0.8 + (row % 6) as f32 / 10.0 }
    });
    let draw = |threads: usize, rows: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (galaxies, conditions) =
            (galaxies.slice(s![..rows, ..]), conditions.slice(s![..rows, ..]));
        pool.install(|| measurement.draw_many(galaxies, conditions, seed)).unwrap()
    };
    let all = draw(1, 501, 3);
    assert_eq!(all, draw(3, 501, 3));
    assert_eq!(all.slice(s![..100, ..]), draw(2, 100, 3));
    assert_ne!(all, draw(1, 501, 4));
    assert_eq!(draw(2, 0, 3).dim(), (0, 3));

    // A setting changes what it says and leaves the other random numbers as they are.
    let wider = Measurement { tail_scale: 6.0, ..measurement.clone() };
    let other = wider.draw_many(galaxies.view(), conditions.view(), 3).unwrap();
    let same = all.outer_iter().zip(other.outer_iter()).filter(|(a, b)| a == b).count();
    assert!((455..=492).contains(&same), "{same}");
}

#[test]
fn whatever_is_accepted_is_measured_as_a_finite_magnitude() {
    for json in [
        r#"{}"#,
        r#"{"aperture": [1e-6, 0], "size": 0, "reference_seeing": 1e6, "floor": 1, "gain": 1e-6}"#,
        r#"{"aperture": [1e6, 100], "size": 100, "reference_seeing": 1e-6, "bias": 10}"#,
        r#"{"tail_share": 1, "tail_scale": 1e6, "blend_share": 1, "blend_flux": 1e6,
            "blend_scatter": 10, "blend_depth": [-1e300, 1e-6], "softening": [1e-6, 1e-6, 1e6]}"#,
    ] {
        let measurement: Measurement = serde_json::from_str(json).unwrap();
        measurement.validate().unwrap();
        let mut galaxies = Array2::zeros((64, 3));
        let mut conditions = Array2::zeros((64, 6));
        for row in 0..64 {
            galaxies.row_mut(row).fill([0.0, 22.0, 45.0, 60.0][row % 4]);
            conditions.row_mut(row).fill([2e-6, 1.0, 30.0, 9e5][row / 4 % 4]);
        }
        let observed = measurement.draw_many(galaxies.view(), conditions.view(), 1).unwrap();
        assert!(observed.iter().all(|magnitude| magnitude.is_finite()), "{json}: {observed}");
    }
}

#[test]
fn rows_that_are_no_galaxies_are_named() {
    let measurement = Measurement::default();
    let galaxies = Array2::from_elem((3, 3), 22.0_f32);
    let conditions = Array2::from_elem((3, 6), 1.0_f32);
    let refuse = |galaxies: &Array2<f32>, conditions: &Array2<f32>| {
        measurement.draw_many(galaxies.view(), conditions.view(), 1).unwrap_err().to_string()
    };
    let mut odd = galaxies.clone();
    odd[[2, 1]] = 99.0;
    assert_eq!(
        refuse(&odd, &conditions),
        "true magnitudes must be numbers from 0 to 60, but got [22.0, 99.0, 22.0] in row 2"
    );
    let mut odd = conditions.clone();
    odd[[1, 0]] = f32::NAN;
    assert_eq!(
        refuse(&galaxies, &odd),
        "conditions must be numbers from 1e-6 to 1e6, \
         but got [NaN, 1.0, 1.0, 1.0, 1.0, 1.0] in row 1"
    );
    assert_eq!(
        refuse(&galaxies, &Array2::ones((2, 6))),
        "the shape of the conditions must be [N, 6] with the galaxies' N, but got [2, 6]"
    );
    assert_eq!(
        refuse(&Array2::ones((3, 2)), &conditions),
        "the shape of the true magnitudes must be [N, 3], but got [3, 2]"
    );
}

#[test]
fn a_setting_out_of_range_is_named_with_its_rule() {
    let default = Measurement::default;
    for (measurement, message) in [
        (
            Measurement { aperture: [0.0, 1.0], ..default() },
            "measurement.aperture[0] must be from 1e-6 to 1e6, but got 0",
        ),
        (
            Measurement { tail_share: 1.5, ..default() },
            "measurement.tail_share must be from 0 to 1, but got 1.5",
        ),
        (
            Measurement { correlation: f64::NAN, ..default() },
            "measurement.correlation must be from 0 to 1, but got NaN",
        ),
        (
            Measurement { blend_depth: [f64::INFINITY, 1.0], ..default() },
            "measurement.blend_depth[0] must be a finite number, but got inf",
        ),
        (
            Measurement { softening: [1.0, 0.0, 1.0], ..default() },
            "measurement.softening must be from 1e-6 to 1e6, but got 0",
        ),
    ] {
        assert_eq!(measurement.validate().unwrap_err().to_string(), message);
        let rows = Array2::ones((1, 3));
        let error = measurement.draw_many(rows.view(), Array2::ones((1, 6)).view(), 1);
        assert_eq!(error.unwrap_err().to_string(), message);
    }
}
