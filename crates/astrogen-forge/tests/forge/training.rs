//! Runs that are stopped, gone on with, streamed and judged again.

use std::fs;
use std::path::Path;

use astrogen_forge::{Deal, Forge, ForgeError, Galaxies, GalaxiesConfig, Recipe, judge, train};
use astrogen_stars::{Columns, GalaxyParameter, ParameterFn};
use astrogen_train::{Event, RunDir, StopSignal, TrainError};
use tch::Device;

use crate::{alter, names, nobody, refusal, settings, small, suite, turn};

/// Every file that a run's end consists of.
const FILES: [&str; 5] = [
    "flow.safetensors",
    "best/flow.safetensors",
    "checkpoints/step-00000024.safetensors",
    "report.json",
    "conditions.json",
];

fn bytes(run: &Path, name: &str) -> Vec<u8> {
    fs::read(run.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Trains to the end, in one go or stopped at the first checkpoint before.
fn run(run: &Path, data: &GalaxiesConfig, deal: Deal, stopped: bool) -> Galaxies {
    let galaxies = Galaxies::open(data).unwrap();
    let recipe = Recipe { deal, ..small() };
    let mut config = recipe.config(data.clone(), &galaxies).unwrap();
    config.fit.checkpoint_interval = 8;
    if stopped {
        let folder = RunDir::create(run).unwrap();
        let stop = StopSignal::default();
        let mut watch = |_: &astrogen_forge::StarStep, event: &Event| -> Result<(), TrainError> {
            if matches!(event, Event::Saved { step: 8, .. }) {
                stop.raise();
            }
            Ok(())
        };
        let outcome = train(&folder, &config, &galaxies, Device::Cpu, &stop, &mut watch).unwrap();
        assert!(outcome.is_none() && !run.join("report.json").exists());
    }
    let folder = RunDir::create_or_resume(run).unwrap();
    let stop = StopSignal::default();
    train(&folder, &config, &galaxies, Device::Cpu, &stop, &mut nobody).unwrap().unwrap();
    galaxies
}

#[test]
fn a_stopped_run_and_a_streamed_one_end_in_the_same_bytes() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let features = names(&["x", "vz", "metals", "age"]);
    let data = GalaxiesConfig { features, ..settings(&suite(folder.path())) };
    // Of galaxies with as many stars each, both ways to deal are one.
    alter(&data.path, "g0003", |columns| columns.iter_mut().for_each(|own| own.truncate(250)));
    let mut ends = Vec::new();
    for deal in [Deal::Balanced, Deal::ByStars] {
        let file = |name: &str| folder.path().join(format!("{name}-{deal:?}"));
        let galaxies = run(&file("whole"), &data, deal, false);
        assert!(!galaxies.report().in_file);
        run(&file("parts"), &data, deal, true);
        let streamed = GalaxiesConfig { memory: 0, ..data.clone() };
        let galaxies = run(&file("streamed"), &streamed, deal, false);
        assert!(galaxies.report().in_file);
        assert!(galaxies.report().to_string().contains("streamed from a file"));
        for name in FILES {
            let whole = bytes(&file("whole"), name);
            assert!(whole == bytes(&file("parts"), name), "{deal:?}: {name} of a stopped run");
            assert!(whole == bytes(&file("streamed"), name), "{deal:?}: {name} of a streamed run");
        }
        ends.push(bytes(&file("whole"), "flow.safetensors"));
    }
    assert!(ends[0] != ends[1], "stars are dealt in two ways");
}

#[test]
fn a_run_is_judged_again() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = settings(&suite(folder.path()));
    let path = folder.path().join("run");
    run(&path, &data, Deal::Balanced, false);
    let report = bytes(&path, "report.json");
    fs::remove_file(path.join("report.json")).unwrap();
    let open = RunDir::open(&path).unwrap();
    let judgement = judge(&open).unwrap();
    assert!(report == bytes(&path, "report.json"));
    assert_eq!(judgement.left_out, Vec::<String>::new());
    for figure in ["corner", "profiles", "maps"] {
        assert!(path.join(format!("figures/g0001-{figure}.png")).is_file(), "{figure}");
    }
    let galaxy = &judgement.report.galaxies[0];
    assert_eq!((&galaxy.id[..], judgement.report.left_out), ("g0001", true));
    assert_eq!(galaxy.stars, 588);
    assert!(galaxy.physics.is_some());
    let told = judgement.to_string();
    for words in ["galaxies left out: 1", "2 Gaussians, nearest galaxy", "rotation curves"] {
        assert!(told.contains(words), "{told}");
    }

    // A run that is not trained yet says how to go on.
    let early = RunDir::create(&folder.path().join("early")).unwrap();
    early.write_config(&open.read_config::<astrogen_forge::ForgeConfig>().unwrap()).unwrap();
    let message = refusal(judge(&early));
    assert!(message.contains("has no flow yet: go on with `--resume"), "{message}");
    assert!(Forge::load(folder.path(), Device::Cpu).is_err());
}

#[test]
fn parameters_of_ones_own_condition_and_are_judged() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let parameters = names(&["m_stars", "height"]);
    let features = names(&["x", "z", "metals"]);
    let data = GalaxiesConfig { parameters, features, ..settings(&suite(folder.path())) };
    let height = ParameterFn::new("height", |stars: &Columns| {
        let z = stars.column("z")?;
        Ok((z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt())
    });
    let own: [&dyn GalaxyParameter; 1] = [&height];
    let message = refusal(Galaxies::open(&data));
    assert!(message.contains("unknown parameter \"height\": expected one of m_stars"), "{message}");
    let galaxies = Galaxies::open_with(&data, &own).unwrap();
    let known = galaxies.conditions();
    assert_eq!(known.names(), ["m_stars", "height"]);
    assert!(known.galaxies().iter().all(|galaxy| (0.01..30.0).contains(&galaxy.values[1])));
    let config = small().config(data, &galaxies).unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let stop = StopSignal::default();
    train(&run, &config, &galaxies, Device::Cpu, &stop, &mut nobody).unwrap().unwrap();
    let report = bytes(run.path(), "report.json");
    assert!(matches!(judge(&run), Err(ForgeError::Stars(_))));
    astrogen_forge::judge_with(&run, &own).unwrap();
    assert!(report == bytes(run.path(), "report.json"));
}
