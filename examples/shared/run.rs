//! Where and how long an example trains: the options that all of them have.

use std::path::PathBuf;

use anyhow::Result;
use astrogen::prelude::*;
use astrogen::runtime::set_threads;
use clap::Args;
use serde::de::DeserializeOwned;
use tch::Device;

/// Where and how long to train.
#[derive(Args)]
pub(crate) struct RunArguments {
    /// Training steps in all.
    #[arg(long, conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Passes over the data, instead of --steps.
    #[arg(long)]
    epochs: Option<u64>,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads of libtorch; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The run's folder; runs/NAME-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, with the settings it began with (only --steps,
    /// --epochs, --device and --threads are heeded).
    #[arg(long, conflicts_with = "out")]
    pub(crate) resume: Option<PathBuf>,
}

impl RunArguments {
    /// Sets the number of threads; the device to train on.
    pub(crate) fn device(&self) -> Result<Device> {
        set_threads(self.threads);
        Ok(self.device.resolve()?)
    }

    /// The run to go on with, and what it was made with.
    pub(crate) fn earlier<C: DeserializeOwned>(&self) -> Result<Option<(RunDir, C)>> {
        let Some(path) = &self.resume else { return Ok(None) };
        let run = RunDir::resume(path)?;
        let config = run.read_config()?;
        Ok(Some((run, config)))
    }

    /// The steps that were asked for, if any.
    pub(crate) fn steps(&self, steps_per_epoch: u64) -> Option<u64> {
        let epochs = self.epochs.map(|epochs| epochs.saturating_mul(steps_per_epoch));
        epochs.or(self.steps)
    }

    /// A new run's folder.
    pub(crate) fn create(&self, name: &str) -> Result<RunDir> {
        Ok(match &self.out {
            Some(path) => RunDir::create(path)?,
            None => RunDir::create_next("runs".as_ref(), name)?,
        })
    }
}
