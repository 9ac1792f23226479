//! Training by several processes of this machine. Each test starts itself again as every process of a
//! group, with a folder in `ASTROGEN_TEST_FOLDER`; a test that was started so trains.
#![cfg(feature = "distributed")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "processes of a test tell it what they do")]

mod ends;
mod same;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use astrogen_data::{ArrayDataset, BatchConfig, Batches, Images, RowDataset, Rows};
use astrogen_distributed::World;
use astrogen_train::log::HistoryCsv;
use astrogen_train::{
    FitConfig, Group, Observer, Outcome, RunDir, Step, StopSignal, TrainError, fit,
};
use ndarray::{Array2, Array4};
use tch::{Device, Tensor};

const FOLDER: &str = "ASTROGEN_TEST_FOLDER";

/// Seconds that processes wait for each other.
const SECONDS: u64 = 60;

/// The folder of a test's processes; none in the test itself.
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Process `rank` of `size`, or the only one: the test again, by its name.
fn start(test: &str, folder: &Path, (rank, size): (usize, usize), port: u16) -> Child {
    let time = Duration::from_secs(SECONDS);
    let world = World { join: time, wait: time, ..World::on_this_machine(rank, size, port) };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(world.variables())
        .env(FOLDER, folder)
        .env("OMP_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts a group.
fn start_all(test: &str, folder: &Path, size: usize) -> Vec<Child> {
    let port = World::free_port().unwrap();
    (0..size).map(|rank| start(test, folder, (rank, size), port)).collect()
}

fn outputs(processes: Vec<Child>) -> Vec<Output> {
    processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect()
}

/// All that a process said.
fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    format!("{out}{err}")
}

/// Starts a group, every process of which has to succeed.
fn run(test: &str, folder: &Path, size: usize) {
    for (rank, output) in outputs(start_all(test, folder, size)).iter().enumerate() {
        assert!(output.status.success(), "process {rank} of {size}:\n{}", text(output));
    }
}

/// Trains in `folder/run`, new or old, as one of the group that this process was started in.
fn train<S: Step>(
    folder: &Path,
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    config: &FitConfig,
    (stop, observer): (&StopSignal, &mut dyn Observer<S>),
) -> Result<Outcome, TrainError> {
    let group = Group::from_environment()?;
    let path = folder.join("run");
    let run = RunDir::in_group(&group, || RunDir::create_or_resume(&path))?;
    run.write_config(config)?;
    let mut history = HistoryCsv::new(run.join("history.csv"));
    fit(algorithm, batches, &run, config, stop, &mut [&mut history, observer])
}

fn config(steps: u64) -> FitConfig {
    FitConfig { steps, log_interval: 1, checkpoint_interval: 4, seed: 7, ..FitConfig::default() }
}

/// Clouds of 3x32x32 pixels.
fn images(count: usize, batch_size: usize) -> Batches<Images> {
    let value = |(n, c, y, x)| {
        let at = |i: usize, k: usize| (i as f32 * 0.2 + (n * k) as f32 * 0.7).sin();
        0.5 * at(y, 1 + c) * at(x, 2) + 0.3 * at(x + y, 3)
    };
    let images = ArrayDataset::new(Array4::from_shape_fn((count, 3, 32, 32), value)).unwrap();
    let config = BatchConfig { batch_size, seed: 3, ..BatchConfig::default() };
    Batches::new(Arc::new(images), &config, Device::Cpu).unwrap()
}

/// Rows on a ring whose radius is the context.
fn rows(batch_size: usize) -> Batches<Rows> {
    let angle = |row: usize| row as f32 * 2.4;
    let radius = |row: usize| 0.5 + (row % 10) as f32 / 5.0;
    let features = Array2::from_shape_fn((96, 2), |(row, i)| {
        radius(row) * if i == 0 { angle(row).cos() } else { angle(row).sin() }
    });
    let context = Array2::from_shape_fn((96, 1), |(row, _)| radius(row));
    let config = BatchConfig { batch_size, seed: 5, ..BatchConfig::default() };
    let rows = Arc::new(RowDataset::new(context, features).unwrap());
    Batches::new(rows, &config, Device::Cpu).unwrap()
}

/// The bytes of a state.
fn bytes_of(algorithm: &impl Step) -> Vec<(String, Vec<u8>)> {
    let bytes = |(name, tensor): (String, Tensor)| {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel()).unwrap();
        (name, bytes)
    };
    algorithm.state().into_iter().map(bytes).collect()
}
