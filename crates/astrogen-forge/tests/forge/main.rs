//! From stars of galaxies to a judged flow, and to stars of galaxies again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod conditions;
mod density;
mod inputs;
mod real;
mod sampling;
mod training;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use astrogen_flows::Member;
use astrogen_forge::{
    Forge, ForgeConfig, ForgeError, ForgeReport, Galaxies, GalaxiesConfig, Latents, Recipe,
    StarStep, train,
};
use astrogen_sky::galaxy::ViewConfig;
use astrogen_sky::{SuiteConfig, simulate_galaxies};
use astrogen_stars::{CleaningConfig, GalaxyFile, Layout, StarArrayWriter};
use astrogen_train::{Event, RunDir, StopSignal, TrainError};
use ndarray::Array2;
use tch::Device;
use tempfile::TempDir;

/// libtorch has one random generator for the whole program, so these tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nobody(_: &StarStep, _: &Event) -> Result<(), TrainError> {
    Ok(())
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| name.to_string()).collect()
}

fn refusal<T>(result: Result<T, ForgeError>) -> String {
    result.err().expect("it is refused").to_string()
}

/// Six simulated galaxies of 600 stars each, `g0000` to `g0005`: the folder of their stars.
fn suite(folder: &Path) -> PathBuf {
    let view = ViewConfig { size: 16, ..ViewConfig::default() };
    let config = SuiteConfig { galaxies: 6, stars: 600, view, ..SuiteConfig::default() };
    simulate_galaxies(folder, &config, 1).unwrap();
    folder.join("stars")
}

/// Two latents of each galaxy: the folder.
fn latents(folder: &Path, ids: &[&str]) -> PathBuf {
    let values =
        Array2::from_shape_fn((ids.len(), 2), |(row, column)| (3 * row + column) as f32 * 0.25);
    let folder = folder.join("latents");
    Latents { ids: names(ids), values }.save(&folder).unwrap();
    folder
}

/// Of a folder of the suite's stars: `g0001` is judged, `g0004` chooses.
fn settings(stars: &Path) -> GalaxiesConfig {
    GalaxiesConfig {
        path: stars.to_owned(),
        cleaning: CleaningConfig { min_stars: 100, ..CleaningConfig::default() },
        log10: names(&["metals"]),
        leave_out: names(&["g0001"]),
        validation: names(&["g0004"]),
        ..GalaxiesConfig::default()
    }
}

/// A flow that is trained within a second.
fn small() -> Recipe {
    Recipe {
        member: Member::Maf,
        transforms: Some(2),
        hidden: vec![16],
        lr: 5e-3,
        batch_size: 128,
        steps: 24,
        components: 2,
        ..Recipe::default()
    }
}

/// Trains to the end in a new folder; its settings, and how good it is.
fn trained(run: &Path, recipe: &Recipe, data: GalaxiesConfig) -> (ForgeConfig, ForgeReport) {
    let galaxies = Galaxies::open(&data).unwrap();
    let mut config = recipe.config(data, &galaxies).unwrap();
    config.fit.checkpoint_interval = 8;
    let run = RunDir::create(run).unwrap();
    let stop = StopSignal::default();
    let judged = train(&run, &config, &galaxies, Device::Cpu, &stop, &mut nobody).unwrap().unwrap();
    (config, judged.report)
}

/// A forge of the suite, given parameters and two latents, that all tests share.
fn forge() -> Forge {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let ids = ["g0000", "g0001", "g0002", "g0003", "g0004", "g0005"];
        let latents = Some(latents(folder.path(), &ids));
        let data = GalaxiesConfig { latents, ..settings(&suite(folder.path())) };
        trained(&folder.path().join("run"), &small(), data);
        folder
    });
    Forge::load(folder.path().join("run"), Device::Cpu).unwrap()
}

/// Changes the stars of a galaxy of the suite, given as the columns of an array.
fn alter(stars: &Path, id: &str, change: impl FnOnce(&mut Vec<Vec<f64>>)) {
    let files = GalaxyFile::find(stars).unwrap();
    let file = files.iter().find(|file| file.id == id).unwrap();
    let mut columns = file.read(&Layout::default()).unwrap().stars.values().to_vec();
    change(&mut columns);
    fs::remove_file(&file.path).unwrap();
    let mut writer = StarArrayWriter::create(&file.path, columns[0].len() as u64).unwrap();
    writer.write(&columns).unwrap();
    writer.finish().unwrap();
}

/// The place of a column in an array.
fn place(name: &str) -> usize {
    astrogen_stars::COLUMNS.iter().position(|column| *column == name).unwrap()
}
