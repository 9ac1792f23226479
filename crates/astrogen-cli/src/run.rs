//! Where and how long a program trains: the options that all of them have.

use std::path::PathBuf;

use astrogen_runtime::{DeviceChoice, Precision, set_threads};
use astrogen_train::Schedule;
use astrogen_train::fit::{Criterion, FitConfig};
use astrogen_train::run_dir::RunDir;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::Device;

use crate::{CliError, group, say};

/// Where and how long to train.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Training steps in all.
    #[arg(long, conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Passes over the data, instead of --steps.
    #[arg(long)]
    epochs: Option<u64>,
    /// Steps between two checkpoints; what is trained is evaluated at each. The program's own number
    /// if left out.
    #[arg(long, value_name = "STEPS")]
    checkpoint_every: Option<u64>,
    /// The number that the best checkpoint is best in, by its name in the evaluations; the program's
    /// own score if left out.
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    best_by: Option<String>,
    /// Training ends early once the best checkpoint is so many steps old; never if left out.
    #[arg(long, value_name = "STEPS")]
    patience: Option<u64>,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// The precision of steps on a GPU: f32, tf32 or bf16. The run's own if left out, f32 of a new one.
    #[arg(long)]
    precision: Option<Precision>,
    /// Threads of libtorch; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The run's folder; runs/NAME-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, with the settings it began with (beside it only --steps,
    /// --epochs, --checkpoint-every, --patience, --device, --precision and --threads are taken).
    #[arg(long, conflicts_with = "out")]
    resume: Option<PathBuf>,
}

/// How the loop goes: how often what is trained is evaluated, what the best checkpoint is best in, when
/// nothing more is hoped for, and the precision of steps. What was not asked for stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitting {
    precision: Option<Precision>,
    checkpoint_every: Option<u64>,
    best_by: Option<Criterion>,
    patience: Option<u64>,
}

impl Fitting {
    /// Enters what was asked for into settings.
    pub fn enter(&self, fit: &mut FitConfig) {
        fit.checkpoint_interval = self.checkpoint_every.unwrap_or(fit.checkpoint_interval);
        if let Some(best_by) = &self.best_by {
            fit.best_by = best_by.clone();
        }
        fit.patience = self.patience.or(fit.patience);
        fit.precision = self.precision.unwrap_or(fit.precision);
    }
}

impl RunArguments {
    /// Joins the [group](crate::group()) that the program was started as, and sets the number of threads;
    /// the device to train on. Processes on one machine take its GPUs in turn, unless one is named.
    ///
    /// # Errors
    /// [`CliError::Runtime`] for a device that is not there, or that has not the precision that is asked
    /// for; those of [`group`].
    pub fn device(&self) -> Result<Device, CliError> {
        self.resolved(self.device)
    }

    /// As [`device`](Self::device), for the small networks of tables: on the CPU unless a GPU is asked
    /// for.
    ///
    /// # Errors
    /// Those of [`device`](Self::device), and of [`check_full`](Self::check_full).
    pub fn device_for_tables(&self) -> Result<Device, CliError> {
        self.check_full()?;
        self.resolved(self.device.for_tables())
    }

    /// Refuses bf16, for networks that do not take it.
    ///
    /// # Errors
    /// [`CliError::Usage`].
    pub fn check_full(&self) -> Result<(), CliError> {
        match self.precision {
            Some(Precision::Bf16) => Err(CliError::Usage(
                "--precision bf16: the networks of this program take f32 or tf32".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn resolved(&self, choice: DeviceChoice) -> Result<Device, CliError> {
        set_threads(self.threads);
        let device = choice.resolve_as(group()?.local_rank())?;
        if let Some(precision) = self.precision {
            precision.set(device)?;
        }
        Ok(device)
    }

    /// The precision of a new run's steps.
    pub fn precision(&self) -> Precision {
        self.precision.unwrap_or_default()
    }

    /// The seed of everything that is drawn in a new run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The run to go on with, locked, and the settings that it was made with; none for a new one, whose
    /// folder, where one was named, is unused.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that is no run of these settings, or that another session
    /// trains in; for one of a new run that holds something already.
    pub fn earlier<C: DeserializeOwned>(&self) -> Result<Option<(RunDir, C)>, CliError> {
        let Some(path) = &self.resume else {
            self.out.as_deref().map_or(Ok(()), RunDir::check_unused)?;
            return Ok(None);
        };
        let run = RunDir::in_group(group()?, || RunDir::resume(path))?;
        let config = run.read_config()?;
        Ok(Some((run, config)))
    }

    /// The steps that were asked for, if any, where an epoch has so many.
    pub fn steps(&self, steps_per_epoch: u64) -> Option<u64> {
        let epochs = self.epochs.map(|epochs| epochs.saturating_mul(steps_per_epoch));
        epochs.or(self.steps)
    }

    /// Enters the steps that were asked for, if any, into the settings of an earlier run, where an epoch has
    /// so many. Steps beyond those that its schedule was made for change nothing where that ends at 0, which
    /// is said.
    pub fn lengthen(&self, fit: &mut FitConfig, steps_per_epoch: u64, schedule: &Schedule) {
        let Some(steps) = self.steps(steps_per_epoch) else { return };
        fit.steps = steps;
        if let Some(end) = schedule.end_of_learning().filter(|end| steps > *end) {
            say(format_args!(
                "the learning rate is 0 from step {end} on, for which this run was made: further steps learn \
                 nothing; begin a new run of {steps} steps"
            ));
        }
    }

    /// How the loop goes, where the program's evaluations have these numbers.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a name that is none of these, and for no steps.
    pub fn fitting(&self, known: &[Criterion]) -> Result<Fitting, CliError> {
        let options =
            [("--checkpoint-every", self.checkpoint_every), ("--patience", self.patience)];
        if let Some((option, _)) = options.into_iter().find(|(_, steps)| *steps == Some(0)) {
            return Err(CliError::Usage(format!("{option} must be at least 1, got 0")));
        }
        if known.is_empty() && (self.best_by.is_some() || self.patience.is_some()) {
            let hint = "--best-by and --patience: this program evaluates nothing";
            return Err(CliError::Usage(hint.to_owned()));
        }
        let named = |name: &String| {
            known.iter().find(|number| number.name() == name).cloned().ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(Criterion::name).collect();
                CliError::Usage(format!("--best-by {name}: name one of {}", names.join(", ")))
            })
        };
        Ok(Fitting {
            precision: self.precision,
            checkpoint_every: self.checkpoint_every,
            best_by: self.best_by.as_ref().map(named).transpose()?,
            patience: self.patience,
        })
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
        let run = match earlier {
            Some(run) => run,
            None => RunDir::in_group(group()?, new)?,
        };
        run.write_config(config)?;
        run.write_data(data)?;
        Ok(run)
    }
}
