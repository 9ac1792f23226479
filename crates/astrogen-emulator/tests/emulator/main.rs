//! A small catalogue becomes an emulator, in one go or in parts.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod search;
mod sky;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_catalog::skymap::{SplitBy, SplitConfig};
use astrogen_catalog::{Catalog, CatalogOptions};
use astrogen_emulator::{
    EmulateConfig, Emulator, EmulatorConfig, EmulatorError, Length, Recipe, Watch, judge, train,
};
use astrogen_tables::{Table, TableConfig};
use astrogen_train::{Event, RunDir, Schedule, StopSignal, TrainError};
use tch::Device;

/// libtorch has one generator of random numbers in a process: tests that train take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A catalogue of 900 rows: magnitudes from 18 to 24, measured the worse the larger the seeing.
fn matched(folder: &Path) -> TableConfig {
    let rows = (0..900).map(|row: u32| {
        let even = |k: u32| f64::from((row.wrapping_mul(2_654_435_769) >> k) % 1000) / 1000.0;
        let (truth, seeing) = (18.0 + 6.0 * even(3), 0.7 + 0.6 * even(9));
        format!("{truth},{},{seeing}\n", truth + 0.2 * seeing * (even(13) + even(17) - 1.0))
    });
    let path = folder.join("matched.csv");
    fs::write(&path, "mag,mag_obs,seeing\n".to_owned() + &rows.collect::<String>()).unwrap();
    TableConfig {
        path,
        truth: vec!["mag".into()],
        observed: vec!["mag_obs".into()],
        conditions: vec!["seeing".parse().unwrap()],
        split: SplitConfig { split: SplitBy::Row, fraction: 0.3, ..SplitConfig::default() },
        test_fraction: 0.5,
        local_bins: Some(8),
        ..TableConfig::default()
    }
}

fn settings(folder: &Path) -> (EmulatorConfig, Table) {
    let data = matched(folder);
    let table = Table::open(&data).unwrap();
    let recipe = Recipe { batch_size: 100, length: Length::Epochs(2), ..Recipe::residual() };
    (recipe.config(data, &table), table)
}

/// Raises the signal after so many steps of the generator, which is the second thing trained.
struct Stopper {
    after: u64,
    stop: StopSignal,
    started: u64,
    remarks: Vec<String>,
}

impl Watch for Stopper {
    fn remark(&mut self, line: &str) {
        self.remarks.push(line.to_owned());
    }

    fn observe(&mut self, event: &Event) -> Result<(), TrainError> {
        match *event {
            Event::Started { .. } => self.started += 1,
            Event::Saved { step, .. } if self.started == 2 && step >= self.after => {
                self.stop.raise();
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_emulator() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let (config, table) = settings(folder.path());
    let epoch = config.fit.checkpoint_interval;
    let schedule = config.algorithm.generator_optimizer.schedule;
    assert_eq!(
        (epoch, config.fit.steps, schedule),
        (6, 12, Schedule::Cosine { steps: 12, end: 0.0 })
    );
    let train = |run: &RunDir, stop: &StopSignal, watch: &mut dyn Watch| {
        train(run, &config, &table, Device::Cpu, stop, watch).unwrap()
    };

    let whole = RunDir::create(&folder.path().join("whole")).unwrap();
    let judgement = train(&whole, &StopSignal::default(), &mut ()).expect("nothing stops it");
    let names: Vec<&str> = judgement.reports.keys().map(String::as_str).collect();
    assert_eq!(names, ["Gaussian", "first half", "generated"]);
    assert_eq!(judgement.reports["generated"].rows, table.test().rows.len());
    assert!(judgement.to_string().contains("to be beaten"), "{judgement}");
    assert!(judge(&whole).unwrap() == judgement);

    let parts = RunDir::create(&folder.path().join("parts")).unwrap();
    let stop = StopSignal::default();
    let mut stopper = Stopper { after: epoch, stop: stop.clone(), started: 0, remarks: Vec::new() };
    assert!(train(&parts, &stop, &mut stopper).is_none());
    let begins = |line: &String| line.starts_with("training a Gaussian regression into");
    assert_eq!(stopper.remarks.iter().filter(|line| begins(line)).count(), 1);
    let error = Emulator::load(parts.path()).unwrap_err();
    assert!(matches!(error, EmulatorError::Unfinished { .. }), "{error}");
    let again = train(&parts, &StopSignal::default(), &mut ()).expect("nothing stops it");
    assert!(again.reports == judgement.reports);
    for file in ["best/generator.safetensors", "quantiles.json", "report.txt", "config.json"] {
        let read = |run: &RunDir| fs::read(run.join(file)).unwrap();
        assert!(read(&whole) == read(&parts), "{file} differs");
    }

    // Its own catalogue, and one of what is known before observing.
    let emulator = Emulator::load(whole.path()).unwrap();
    assert_eq!(emulator.config(), &config);
    let made = |data: &TableConfig, name: &str, chunk| {
        let out = folder.path().join(name);
        let config = EmulateConfig { chunk, ..EmulateConfig::default() };
        let rows = emulator.emulate_catalog(data, &out, &config).unwrap().rows;
        let catalog = Catalog::open(&out, &CatalogOptions::default()).unwrap();
        (rows, catalog.read(&["ROW", "mag_obs"]).unwrap().0)
    };
    let own = made(&config.data, "own.fits", 1 << 17);
    assert_eq!(own.0, 900);
    assert_eq!(own, made(&config.data, "chunks.parquet", 77));
    let truth = folder.path().join("truth.csv");
    fs::write(&truth, "seeing,mag\n0.8,20.5\n1.1,23.0\n").unwrap();
    let truth = emulator.table(truth);
    assert_eq!(made(&truth, "truth.fits", 10).0, 2);
    let out = folder.path().join("truth.fits");
    let error = emulator.emulate_catalog(&truth, &out, &EmulateConfig::default()).unwrap_err();
    assert!(matches!(error, EmulatorError::Exists { .. }), "{error}");
}
