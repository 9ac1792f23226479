//! Training: the loop, and the step of each algorithm.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod agreement;
mod augmentation;
mod autoencoder;
mod checkpoint;
mod cwgan_gp;
mod dcgan_golden;
mod evaluation;
mod fit;
mod flow;
mod gaussian;
mod instance_noise;
mod lecam;
mod own_networks;
mod passes;
mod precision;
mod radam;
mod relativistic;
mod resume;
mod runs;
mod search;
mod transfer;
mod wgan_gp;
mod wide;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use astrogen_data::{ArrayDataset, BatchConfig, Batches, RowDataset, Rows};
use astrogen_models::{ModelError, weights};
use astrogen_train::TrainError;
use astrogen_train::fit::{Event, FitConfig};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::state::State;
use astrogen_train::step::Losses;
use ndarray::{Array2, Array4};
use tch::nn::{Path, VarStore};
use tch::{Device, Tensor};

/// libtorch has one random generator for the whole program, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Images that differ, in batches of 4.
fn batches_of(samples: usize, shape: [usize; 3]) -> Batches {
    batches_from(samples, shape, 0)
}

/// The same, the first sample being another one of the kind.
fn batches_from(samples: usize, [channels, height, width]: [usize; 3], first: usize) -> Batches {
    let pixels = Array4::from_shape_fn((samples, channels, height, width), |(n, c, y, x)| {
        (((n + first) * 7 + c * 3 + y * 5 + x) % 17) as f32 / 8.5 - 1.0
    });
    let config = BatchConfig { batch_size: 4, seed: 5, ..BatchConfig::default() };
    Batches::new(Arc::new(ArrayDataset::new(pixels).unwrap()), &config, Device::Cpu).unwrap()
}

/// Rows of 9 context values and 3 features that differ, in batches of 4.
fn batches_of_rows(samples: usize) -> Batches<Rows> {
    let part = |first: usize, count: usize| {
        Array2::from_shape_fn((samples, count), |(n, d)| {
            ((n * 7 + (first + d) * 3) % 17) as f32 / 8.5 - 1.0
        })
    };
    let config = BatchConfig { batch_size: 4, seed: 5, ..BatchConfig::default() };
    let rows = RowDataset::new(part(0, 9), part(9, 3)).unwrap();
    Batches::new(Arc::new(rows), &config, Device::Cpu).unwrap()
}

/// Settings of a short run.
fn config(steps: u64) -> FitConfig {
    FitConfig {
        steps,
        log_interval: 1,
        sample_interval: 4,
        checkpoint_interval: 2,
        keep_checkpoints: 2,
        seed: 9,
        ..FitConfig::default()
    }
}

/// An observer that raises the stop signal at a step, as Ctrl-C would.
fn stop_at<S>(at: u64, stop: &StopSignal) -> impl FnMut(&S, &Event) -> Result<(), TrainError> {
    let stop = stop.clone();
    move |_, event| {
        if matches!(event, Event::Logged { step, .. } if *step == at) {
            stop.raise();
        }
        Ok(())
    }
}

/// The state of an algorithm as bytes, to be compared to the last bit.
fn bytes_of(algorithm: &dyn State) -> BTreeMap<String, Vec<u8>> {
    let bytes = |tensor: &Tensor| {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel()).unwrap();
        bytes
    };
    algorithm.state().iter().map(|(name, tensor)| (name.clone(), bytes(tensor))).collect()
}

/// One of a step's scalars.
fn loss(losses: &Losses, name: &str) -> f64 {
    losses.iter().find(|(loss, _)| *loss == name).unwrap().1.double_value(&[])
}

/// One tensor of a step's state.
fn tensor(step: &dyn State, name: &str) -> Tensor {
    step.state().into_iter().find(|(other, _)| other == name).unwrap().1
}

/// Names whose bytes differ.
fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    assert!(before.keys().eq(after.keys()));
    before.keys().filter(|&name| before[name] != after[name]).cloned().collect()
}

/// The parameters that have a gradient.
fn with_gradients(step: &dyn State) -> Vec<String> {
    let state = step.state().into_iter();
    state.filter(|(_, tensor)| tensor.grad().defined()).map(|(name, _)| name).collect()
}

/// A copy of one of the step's networks as it is now.
fn copy_of<N>(
    step: &dyn State,
    prefix: &str,
    init: impl Fn(&Path) -> Result<N, ModelError>,
) -> (VarStore, N) {
    let store = VarStore::new(Device::Cpu);
    let network = init(&store.root()).unwrap();
    let below: BTreeMap<_, _> = step
        .state()
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor)))
        .collect();
    weights::load_into(&store, &below).unwrap();
    (store, network)
}
