//! Runs that are stopped, gone on with, streamed and judged again.

use std::fs;
use std::path::Path;

use astrogen_data::Grouped;
use astrogen_flows::Member;
use astrogen_forge::{
    Deal, Forge, ForgeError, Galaxies, GalaxiesConfig, Recipe, StarStep, judge, train,
};
use astrogen_stars::{Columns, GalaxyParameter, ParameterFn};
use astrogen_train::{
    Event, FlowStep, FlowStepConfig, Losses, RunDir, Step, StopSignal, TrainError,
};
use ndarray::array;
use tch::{Device, Kind, Tensor};

use crate::{alter, latents, names, nobody, place, refusal, settings, small, suite, turn};

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
        let mut watch = |_: &StarStep, event: &Event| -> Result<(), TrainError> {
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
    let ids = ["g0000", "g0001", "g0002", "g0003", "g0004", "g0005"];
    // With latents, there is noise on them.
    let latents = Some(latents(folder.path(), &ids));
    let data = GalaxiesConfig { features, latents, ..settings(&suite(folder.path())) };
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
fn a_run_none_of_whose_galaxies_can_be_judged_says_so() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let features = names(&["x", "vz", "age"]);
    let data = GalaxiesConfig { features, log10: Vec::new(), ..settings(&suite(folder.path())) };
    // The only galaxy that is judged has stars of one age, which have no deviation.
    alter(&data.path, "g0001", |columns| columns[place("age")].fill(3.0));
    let path = folder.path().join("run");
    run(&path, &data, Deal::Balanced, false);
    let judgement = judge(&RunDir::open(&path).unwrap()).unwrap();
    assert!(judgement.report.galaxies.is_empty() && judgement.report.quality.is_some());
    assert!(judgement.report.mean(|of| of.flow).mean.is_nan());
    let told = judgement.to_string();
    assert!(told.starts_with("no galaxy could be judged by itself"), "{told}");
    assert!(told.contains("galaxy g0001 is not judged by itself, but for the flow's"), "{told}");
    assert!(told.contains("the stars of all galaxies as one table"), "{told}");
    assert!(!told.contains("NaN") && !told.contains("+-"), "{told}");
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

#[test]
fn noise_on_conditions_is_drawn_for_each_star_anew() {
    let _turn = turn();
    let (flow, algorithm) = (Member::Maf.config(2, 2), FlowStepConfig::default());
    let conditions = array![[1.0, 20.0], [3.0, -5.0], [0.5, 8.0]];
    let noise = [0.0, 4.0];
    let make = || {
        tch::manual_seed(3);
        StarStep::new(&flow, &algorithm, &conditions, Device::Cpu).unwrap()
    };
    let options = (Kind::Float, Device::Cpu);
    let features = Tensor::randn([64, 2], options);
    let group = Tensor::arange(64, (Kind::Int64, Device::Cpu)).remainder(3);
    let batch = Grouped { features, group };
    let loss = |losses: Losses| losses[0].1.double_value(&[]);

    // By hand: each star's conditions, and what is added to them.
    tch::manual_seed(3);
    let mut by_hand = FlowStep::new(&flow, &algorithm, Device::Cpu).unwrap();
    tch::manual_seed(9);
    let table = Tensor::from_slice(&[1f32, 20.0, 3.0, -5.0, 0.5, 8.0]).view([3, 2]);
    let drawn = Tensor::randn([64, 2], options) * Tensor::from_slice(&[0f32, 4.0]);
    let context = table.index_select(0, &batch.group) + drawn;
    let [expected, _] = by_hand.update(Some(&context), &batch.features, None).unwrap();

    let mut noisy = make().with_noise(&noise).unwrap();
    tch::manual_seed(9);
    assert_eq!(loss(noisy.step(&batch).unwrap()), expected.double_value(&[]));
    // And none without it, or where it is 0.
    let plain = loss(make().step(&batch).unwrap());
    assert_ne!(plain, expected.double_value(&[]));
    assert_eq!(plain, loss(make().with_noise(&[0.0; 2]).unwrap().step(&batch).unwrap()));
    for bad in [&[1.0][..], &[1.0, -1.0], &[f64::NAN, 0.0]] {
        let message = make().with_noise(bad).unwrap_err().to_string();
        assert!(message.contains("noise must be a number from 0 on"), "{message}");
    }
}
