//! Redshift residuals and densities on a grid against scipy. `golden/redshift.py` made the
//! values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::{GridDensities, MetricsError, Pit, RedshiftResiduals};

fn golden() -> BTreeMap<String, Vec<f64>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/redshift.safetensors");
    let tensors = tch::Tensor::read_safetensors(path).unwrap();
    let values = |tensor: tch::Tensor| Vec::<f64>::try_from(tensor.flatten(0, -1)).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, values(tensor))).collect()
}

fn assert_close(got: &[f64], expected: &[f64], bound: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= bound, "{got} is not {expected}");
    }
}

#[test]
fn residuals_are_those_of_scipy() {
    let golden = golden();
    let residuals = RedshiftResiduals::new(&golden["estimated"], &golden["truth"]).unwrap();
    let got = [
        residuals.bias(),
        residuals.scatter_mad(),
        residuals.scatter_iqr(),
        residuals.outlier_fraction(),
        residuals.outliers_beyond(0.15),
    ];
    assert_close(&got, &golden["residuals"], 1e-14);
    // The narrow part alone: 0.06 is then the limit.
    let mut estimated = [0.001; 10];
    estimated[..4].copy_from_slice(&[0.0, 0.002, 0.059, 0.061]);
    let narrow = RedshiftResiduals::new(&estimated, &[0.0; 10]).unwrap();
    assert_eq!(narrow.outlier_fraction(), 0.1);
}

#[test]
fn densities_on_a_grid_are_integrated_exactly() {
    let golden = golden();
    let densities = GridDensities::new(&golden["grid"], &golden["densities"]).unwrap();
    let observed = &golden["observed"];
    assert_close(&densities.crps(observed).unwrap(), &golden["crps"], 1e-12);
    let mut pit = golden["pit"].clone();
    pit.sort_by(f64::total_cmp);
    assert_close(densities.pit(observed).unwrap().values(), &pit, 1e-12);
    assert_close(&[densities.cde_loss(observed).unwrap()], &golden["cde_loss"], 1e-12);
}

#[test]
fn a_normal_density_on_a_fine_grid_has_the_closed_form() {
    let golden = golden();
    let grid: Vec<f64> = (0..=12_000).map(|node| -6.0 + 1e-3 * f64::from(node)).collect();
    for (index, row) in golden["normal"].chunks_exact(3).enumerate() {
        let (mean, deviation, observed) = (row[0], row[1], row[2]);
        let density = |x: &f64| (-0.5 * ((x - mean) / deviation).powi(2)).exp();
        let densities: Vec<f64> = grid.iter().map(density).collect();
        let densities = GridDensities::new(&grid, &densities).unwrap();
        assert_close(
            &densities.crps(&[observed]).unwrap(),
            &golden["normal.crps"][index..=index],
            1e-5,
        );
        let pit = densities.pit(&[observed]).unwrap();
        assert_close(pit.values(), &golden["normal.pit"][index..=index], 1e-5);
    }
}

#[test]
fn a_spike_has_the_absolute_error_as_its_score() {
    let grid = [0.0, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 3.0];
    let spike = GridDensities::new(&grid, &[0.0, 0.0, 1.0, 0.0, 0.0].repeat(4)).unwrap();
    let scores = spike.crps(&[1.0, 2.5, -4.0, 3.5]).unwrap();
    assert_close(&scores, &[0.0, 1.5, 5.0, 2.5], 1e-8);
}

#[test]
fn refusals_say_what_was_expected() {
    let error = |result: Result<RedshiftResiduals, MetricsError>| result.unwrap_err().to_string();
    assert_eq!(
        error(RedshiftResiduals::new(&[1.0], &[1.0, 2.0])),
        "the true redshifts must be as many as the estimated ones, got 2 for 1 estimated ones"
    );
    assert_eq!(
        error(RedshiftResiduals::new(&[1.0], &[-1.0])),
        "the true redshifts must be above -1, got -1"
    );
    assert!(error(RedshiftResiduals::new(&[f64::NAN], &[1.0])).contains("finite numbers"));
    assert!(error(RedshiftResiduals::new(&[], &[])).contains("one at least"));

    let new = |grid: &[f64], densities: &[f64]| {
        GridDensities::new(grid, densities).unwrap_err().to_string()
    };
    assert!(new(&[1.0], &[1.0]).ends_with("ascending order, got 1 from 1 to 1"));
    assert!(new(&[1.0, 1.0], &[1.0; 2]).contains("ascending order"));
    assert!(new(&[1.0, 2.0], &[1.0; 3]).ends_with("got 3 for 2 nodes"));
    assert!(new(&[1.0, 2.0], &[1.0, -0.5]).ends_with("must be 0 or more, got -0.5"));
    assert!(new(&[1.0, 2.0], &[1.0, 1.0, 0.0, 0.0]).ends_with("got 0 for object 1"));
    let even = GridDensities::new(&[1.0, 2.0], &[1.0; 2]).unwrap();
    let got = even.crps(&[1.0, 2.0]).unwrap_err().to_string();
    assert_eq!(got, "the observed values must be one per density, got 2 for 1 densities");
    let got = Pit::from_values(&[0.5, 1.5]).unwrap_err().to_string();
    assert_eq!(got, "the PIT values must be within 0 to 1, got 1.5");
    assert!(Pit::from_values(&[f64::NAN]).is_err());
}
