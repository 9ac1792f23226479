//! Stars of real simulations, and GalacticForge's own flow. `ASTROGEN_REAL_DATA` names the folder that
//! holds them; without it the tests say so.

use std::fs;
use std::path::PathBuf;

use astrogen_flows::{Flow, Import};
use astrogen_forge::{Galaxies, GalaxiesConfig, Latents, Recipe};
use astrogen_stars::CleaningConfig;
use ndarray::Axis;
use tch::{Device, Kind, Tensor};

use crate::{names, settings, small, trained, turn};

#[allow(clippy::print_stderr, reason = "a test says that it skips")]
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
    }
    folder
}

#[test]
fn illustris_and_eagle_are_learnt() {
    let _turn = turn();
    let Some(real) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stars = folder.path().join("stars");
    fs::create_dir(&stars).unwrap();
    for name in ["illustris1_420815.csv", "illustris1_433516.csv", "eagle.csv"] {
        fs::copy(real.join("stars").join(name), stars.join(name)).unwrap();
    }
    let data = GalaxiesConfig {
        features: names(&["x", "y", "z", "vx", "vy", "vz", "metals", "age"]),
        cleaning: CleaningConfig { max_radius: 1000.0, ..CleaningConfig::default() },
        leave_out: Vec::new(),
        validation: Vec::new(),
        held_out: 0.2,
        ..settings(&stars)
    };
    let galaxies = Galaxies::open(&data).unwrap();
    let report = galaxies.report();
    assert_eq!((report.parts, report.dropped.len()), ([3, 0, 0], 0));
    let ids: Vec<&str> = galaxies.conditions().galaxies().iter().map(|of| &of.id[..]).collect();
    assert_eq!(ids, ["eagle", "illustris1_420815", "illustris1_433516"]);
    assert!(galaxies.conditions().galaxies().iter().all(|of| of.values[0] > 1e9));
    let [train, choose, judged] = report.stars.map(|stars| stars as f64);
    for part in [choose, judged] {
        assert!((part / (train + choose + judged) - 0.1).abs() < 0.01, "{report}");
    }
    let run = folder.path().join("run");
    let report = trained(&run, &Recipe { steps: 40, ..small() }, data).1;
    assert_eq!((report.left_out, report.galaxies.len()), (false, 3));
    for galaxy in &report.galaxies {
        assert_eq!(galaxy.nearest_id, galaxy.id);
        for of in
            [galaxy.flow, galaxy.gaussian.likelihood, galaxy.mixture.gain, galaxy.nearest.gain]
        {
            assert!(of.mean.is_finite() && of.error.is_finite(), "{galaxy:?}");
        }
        assert!(galaxy.distances.median_ks().is_finite());
    }
}

#[test]
fn galacticforges_flow_is_used_with_its_latents() {
    let _turn = turn();
    let Some(real) = data() else { return };
    let latents = Latents::open(real.join("galforge/latents")).unwrap();
    let path = real.join("galforge/maf_checkpoint_epoch_29_step_921000.pth");
    let import = Import { slope: Some(1e-3), ..Import::default() };
    let flow: Flow = import.open(path, Device::Cpu).unwrap();
    assert_eq!([flow.config().features, flow.config().context], [10, 20]);
    let mean = latents.values.mean_axis(Axis(0)).unwrap();
    let deviation = latents.values.std_axis(Axis(0), 0.0);
    let context = |row: usize| {
        let scaled = (&latents.values.row(row) - &mean) / &deviation;
        Tensor::from_slice(&[vec![0.0; 4], scaled.to_vec()].concat())
    };
    let spread = |of: &Tensor| of.std(true).double_value(&[]) / (of.numel() as f64).sqrt();
    let average = |of: &Tensor| of.mean(Kind::Double).double_value(&[]);
    let galaxies = latents.ids.len();
    assert_eq!(galaxies, 80);
    tch::manual_seed(1);
    let (mut apart, mut checked) = (0, 0);
    for row in 0..galaxies {
        let (own, other) = (context(row), context((row + 1) % galaxies));
        let given = flow.given(&own).unwrap();
        let (stars, log_prob) = given.sample_and_log_prob(200).unwrap();
        assert_eq!(stars.isfinite().all().int64_value(&[]), 1, "{}", latents.ids[row]);
        // The density of its samples is what it says of them, and of others that it draws.
        let again = given.log_prob(&stars).unwrap();
        assert!((&again - &log_prob).abs().max().double_value(&[]) < 1e-2);
        let (_, anew) = given.sample_and_log_prob(200).unwrap();
        let error = spread(&log_prob).hypot(spread(&anew));
        let difference = (average(&log_prob) - average(&anew)).abs();
        checked += usize::from(difference < 3.0 * error);
        // Another galaxy's density fits them less.
        let by_other = flow.given(&other).unwrap().log_prob(&stars).unwrap();
        let gain = &log_prob - &by_other;
        assert_eq!(by_other.isnan().any().int64_value(&[]), 0);
        apart += usize::from(average(&gain) > 3.0 * spread(&gain));
    }
    assert!(checked >= 78, "{checked} of 80 agree within three errors");
    assert!(apart >= 70, "{apart} of 80 are told apart");
}
