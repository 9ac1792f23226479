//! Likelihoods are densities in physical units.

use std::f64::consts::{LN_10, PI};

use astrogen_flows::{Member, Transform, Unit, Units};
use astrogen_forge::{Forge, Galaxies, GalaxiesConfig, Recipe, judge};
use astrogen_train::RunDir;
use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::{names, settings, small, suite, trained, turn};

/// The integral of a density of two features over a plane of `u`, each feature being the inverse of
/// its units at `u`.
fn integral(forge: &Forge) -> f64 {
    const SIDE: i64 = 301;
    let step = 9.0 / (SIDE - 1) as f64;
    let Units(steps) = &forge.flow().config().feature_units;
    let u = Tensor::arange(SIDE, (Kind::Double, Device::Cpu)) * step - 4.5;
    let column = |steps: &Vec<Unit>| -> (Tensor, Tensor) {
        let of = Units(vec![steps.clone()]);
        let x = of.inverse(&u.unsqueeze(1));
        let ladj = of.call_and_ladj(&x).1; // log |du/dx|
        (x.squeeze_dim(1), ladj)
    };
    let [(x, a), (y, b)] = [column(&steps[0]), column(&steps[1])];
    let rows = Tensor::stack(&[x.repeat_interleave_self_int(SIDE, 0, None), y.repeat([SIDE])], 1);
    let ladj = a.repeat_interleave_self_int(SIDE, 0, None) + b.repeat([SIDE]);
    let given = forge.given(&forge.like("g0001").unwrap()).unwrap();
    let log_prob = given.log_prob(&rows).unwrap().to_kind(Kind::Double) - ladj;
    log_prob.exp().sum(Kind::Double).double_value(&[]) * step * step
}

#[test]
fn densities_integrate_to_one_in_physical_units() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    for (name, whiten, member) in [
        ("white", true, Member::Maf),
        ("plain", false, Member::Maf),
        ("splines", true, Member::Nsf),
    ] {
        let data = GalaxiesConfig { features: names(&["x", "metals"]), ..settings(&stars) };
        let recipe = Recipe { whiten, member, ..small() };
        let run = folder.path().join(name);
        let config = trained(&run, &recipe, data).0;
        assert_eq!(config.flow.whitening.is_some(), whiten);
        assert_eq!(config.flow.feature_units.0[1][0], Unit::Log10);
        let found = integral(&Forge::load(&run, Device::Cpu).unwrap());
        assert!((found - 1.0).abs() < 5e-3, "{name}: {found}");
    }
}

/// Mean and deviation of a column.
fn moments(column: ndarray::ArrayView1<f64>) -> [f64; 2] {
    let mean = column.mean().unwrap();
    [mean, column.mapv(|x| (x - mean).powi(2)).mean().unwrap().sqrt()]
}

#[test]
fn the_gaussian_beside_it_is_that_of_the_training_stars() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    // A single feature, so that the Gaussian can be written down.
    let data = GalaxiesConfig { features: names(&["metals"]), ..settings(&suite(folder.path())) };
    let galaxies = Galaxies::open(&data).unwrap();
    let run = folder.path().join("run");
    let report = trained(&run, &small(), data).1;
    let logarithms = |stars: Array2<f64>| stars.mapv(f64::log10);
    let stars = logarithms(galaxies.training_stars(None, usize::MAX).unwrap());
    let [mean, deviation] = moments(stars.column(0));
    let judged: Vec<usize> = galaxies.judged().collect();
    let truth = logarithms(galaxies.judged_stars(judged[0], usize::MAX).unwrap());
    let by_hand = truth.mapv(|y| {
        let z = (y - mean) / deviation;
        // d log10 x / dx = 1 / (x ln 10)
        -0.5 * z * z - deviation.ln() - 0.5 * (2.0 * PI).ln() - y * LN_10 - LN_10.ln()
    });
    let galaxy = &report.galaxies[0];
    assert!((galaxy.gaussian.likelihood.mean - by_hand.mean().unwrap()).abs() < 1e-3, "{galaxy:?}");
    assert!(galaxy.physics.is_none(), "metals have no place");
    let told = judge(&RunDir::open(&run).unwrap()).unwrap().to_string();
    assert!(!told.contains("NaN") && !told.contains("rotation curves"), "{told}");
}

#[test]
fn a_flow_of_a_single_training_galaxy_learns() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    let file = astrogen_stars::GalaxyFile::find(&stars).unwrap().remove(2);
    let data = GalaxiesConfig {
        path: file.path,
        leave_out: Vec::new(),
        validation: Vec::new(),
        held_out: 0.3,
        ..settings(&stars)
    };
    let run = folder.path().join("run");
    let report = trained(&run, &Recipe { steps: 200, ..small() }, data).1;
    assert!(!report.left_out && report.galaxies.len() == 1);
    let galaxy = &report.galaxies[0];
    assert_eq!((&galaxy.id[..], &galaxy.nearest_id[..]), ("g0002", "g0002"));
    // Its mass of 1e9 and more tells nothing apart, and must not drown what does.
    let gaussian = galaxy.gaussian;
    assert!(galaxy.flow.mean > gaussian.likelihood.mean - 1.0, "{galaxy:?}");
    // Star by star: what stars have in common cancels in the gain, and the report has it so.
    assert!((galaxy.flow.mean - gaussian.likelihood.mean - gaussian.gain.mean).abs() < 1e-9);
    assert!(gaussian.gain.error < galaxy.flow.error.hypot(gaussian.likelihood.error), "{galaxy:?}");
    assert_eq!(report.mean(|of| of.gaussian.gain), gaussian.gain);
    let forge = Forge::load(&run, Device::Cpu).unwrap();
    let wanted = forge.like("g0002").unwrap();
    let twice = forge.set(wanted.clone(), "m_stars", 2.0 * wanted.values[0]).unwrap();
    assert_eq!(forge.outside(&twice).len(), 1);
    assert!(forge.stars(&twice, 100, 0).unwrap().iter().all(|value| value.is_finite()));
}
