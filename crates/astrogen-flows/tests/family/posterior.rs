//! One feature given the others.

use astrogen_flows::{Density, FlowConfig, Unit, Units};
use tch::{Device, Kind, Tensor};

use crate::{alone, flow};

#[test]
fn a_posterior_is_the_joint_density_along_one_feature() {
    let _alone = alone();
    let config = FlowConfig { hidden: vec![12], ..FlowConfig::nsf(3, 2) };
    let (_store, flow) = flow(&config, Kind::Double, 5);
    let x = Tensor::randn([4, 3], (Kind::Double, Device::Cpu));
    let c = Tensor::randn([4, 2], (Kind::Double, Device::Cpu));
    let given = flow.given(&c).unwrap();
    let grid: Vec<f64> = (0..2001).map(|i| -10.0 + f64::from(i) * 0.01).collect();
    let posterior = given.posterior(&x, 1, &grid).unwrap();
    let density = posterior.density();
    for row in 0..4 {
        let integral = density.get(row).sum(Kind::Double).double_value(&[]) * 0.01;
        assert!((integral - 1.0).abs() < 1e-4, "{integral}");
        // Ratios are those of the joint density.
        let at = |i: usize| {
            let x = x.get(row).copy();
            let _ = x.get(1).fill_(grid[i]);
            let c = c.get(row);
            flow.given(&c).unwrap().log_prob(&x.unsqueeze(0)).unwrap().double_value(&[0])
        };
        let (i, j) = (990, 1030);
        let got =
            (density.double_value(&[row, j as i64]) / density.double_value(&[row, i as i64])).ln();
        assert!((got - (at(j) - at(i))).abs() < 1e-9, "{got}");
    }
    let (mean, mode, median) = (posterior.mean(), posterior.mode(), posterior.quantile(0.5));
    let shares = posterior.share_below(&median);
    for row in 0..4 {
        assert!((shares[row] - 0.5).abs() < 1e-9, "half of it lies below the median");
        assert!(
            posterior.quantile(0.0)[row] < mode[row] && mode[row] < posterior.quantile(1.0)[row]
        );
        let by_sum: f64 = grid
            .iter()
            .enumerate()
            .map(|(i, point)| point * density.double_value(&[row as i64, i as i64]) * 0.01)
            .sum();
        assert!((mean[row] - by_sum).abs() < 1e-4);
    }
    assert_eq!(posterior.share_below(&[-99.0, 99.0, -10.0, 10.0]), [0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn a_gaussians_posterior_has_its_numbers() {
    let _alone = alone();
    let units = Units(vec![vec![Unit::Standardize { loc: 3.0, scale: 2.0 }]]);
    let config = FlowConfig { identity: true, feature_units: units, ..FlowConfig::maf(1, 0) };
    let mut store = tch::nn::VarStore::new(Device::Cpu);
    store.set_kind(Kind::Double);
    let flow = config.init(&store.root()).unwrap();
    let grid: Vec<f64> = (0..4001).map(|i| -17.0 + f64::from(i) * 0.01).collect();
    let any = Tensor::zeros([1, 1], (Kind::Double, Device::Cpu));
    let posterior = flow.given(None).unwrap().posterior(&any, 0, &grid).unwrap();
    assert!((posterior.mean()[0] - 3.0).abs() < 1e-9);
    assert!((posterior.mode()[0] - 3.0).abs() < 1e-9);
    // The quantile function of the normal distribution.
    for (q, z) in [(0.158_655_253_931_457_05, -1.0), (0.975, 1.959_963_984_540_054)] {
        assert!((posterior.quantile(q)[0] - (3.0 + 2.0 * z)).abs() < 1e-4, "{q}");
    }
    assert!((posterior.share_below(&[5.0])[0] - 0.841_344_746_068_542_9).abs() < 1e-6);
}

/// A grid that begins at 0, of a feature that is learnt by its logarithm.
#[test]
fn a_point_that_no_feature_can_be_has_no_density() {
    let _alone = alone();
    let units = Units(vec![vec![Unit::Log10], vec![]]);
    let config = FlowConfig { hidden: vec![12], feature_units: units, ..FlowConfig::nsf(2, 0) };
    let (_store, flow) = flow(&config, Kind::Double, 5);
    let x = Tensor::from_slice(&[1.0, 0.2]).view([1, 2]);
    let grid: Vec<f64> = (0..50).map(|i| f64::from(i) * 0.2).collect();
    let posterior = flow.given(None).unwrap().posterior(&x, 0, &grid).unwrap();
    assert_eq!(posterior.density().double_value(&[0, 0]), 0.0);
    assert!(posterior.mean()[0].is_finite());
}

#[test]
fn grids_and_columns_that_cannot_be_are_refused() {
    let (_store, flow) = flow(&FlowConfig::nsf(2, 0), Kind::Double, 5);
    let x = Tensor::zeros([2, 2], (Kind::Double, Device::Cpu));
    let given = flow.given(None).unwrap();
    let refused = |column, grid: &[f64]| given.posterior(&x, column, grid).unwrap_err().to_string();
    assert_eq!(refused(2, &[0.0, 1.0]), "column must be below 2, the flow's features, got 2");
    let rule = "grid must be two finite numbers or more, each above the one before";
    assert_eq!(refused(0, &[0.0]), format!("{rule}, got 1 points"));
    assert_eq!(refused(0, &[0.0, 0.0]), format!("{rule}, got 2 points"));
    let nan = Tensor::full([2, 2], f64::NAN, (Kind::Double, Device::Cpu));
    let message = given.posterior(&nan, 0, &[0.0, 1.0]).unwrap_err().to_string();
    assert!(message.starts_with("row 0 has no density on the grid"), "{message}");
}
