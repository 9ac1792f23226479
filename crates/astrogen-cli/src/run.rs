//! Where and how long a program trains: the options that all of them have.

use std::path::PathBuf;

use astrogen_runtime::{DeviceChoice, set_threads};
use astrogen_train::TrainError;
use astrogen_train::run_dir::RunDir;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::Device;

use crate::CliError;

/// Where and how long to train.
#[derive(Debug, Args)]
pub struct RunArguments {
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
    seed: u64,
    /// The run's folder; runs/NAME-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, with the settings it began with (only --steps,
    /// --epochs, --device and --threads are heeded).
    #[arg(long, conflicts_with = "out")]
    resume: Option<PathBuf>,
}

impl RunArguments {
    /// Sets the number of threads; the device to train on.
    ///
    /// # Errors
    /// [`CliError::Runtime`] for a device that is not there.
    pub fn device(&self) -> Result<Device, CliError> {
        set_threads(self.threads);
        Ok(self.device.resolve()?)
    }

    /// The seed of everything that is drawn in a new run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The run to go on with, locked, and the settings that it was made with; none for a new one.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that is no run of these settings, or that another session
    /// trains in.
    pub fn earlier<C: DeserializeOwned>(&self) -> Result<Option<(RunDir, C)>, CliError> {
        let Some(path) = &self.resume else { return Ok(None) };
        let run = RunDir::resume(path)?;
        let config = run.read_config()?;
        Ok(Some((run, config)))
    }

    /// The steps that were asked for, if any, where an epoch has so many.
    pub fn steps(&self, steps_per_epoch: u64) -> Option<u64> {
        let epochs = self.epochs.map(|epochs| epochs.saturating_mul(steps_per_epoch));
        epochs.or(self.steps)
    }

    /// The folder of the run with its settings and what was found of its `data` written: the
    /// [earlier](Self::earlier) one, or a new one, `runs/NAME-N` if none was named.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that holds something already, or cannot be made.
    pub fn begin(
        &self,
        name: &str,
        earlier: Option<RunDir>,
        config: &impl Serialize,
        data: &impl Serialize,
    ) -> Result<RunDir, CliError> {
        let new = || match &self.out {
            Some(path) => RunDir::create(path),
            None => RunDir::create_next("runs".as_ref(), name),
        };
        let run = earlier.map_or_else(new, Ok::<_, TrainError>)?;
        run.write_config(config)?;
        run.write_data(data)?;
        Ok(run)
    }
}
