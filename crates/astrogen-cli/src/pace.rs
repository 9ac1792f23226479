//! Training that fills a time.

use astrogen_data::{BatchConfig, Batches};
use astrogen_images::ImageFolder;
use astrogen_runtime::{Precision, Share};
use astrogen_train::pace::{steps_within, timed};
use astrogen_train::{GanStep, TrainError};
use clap::Args;
use tch::Device;

use crate::{CliError, group, say};

/// The option, for programs that train a generator of images.
#[derive(Debug, Clone, Args)]
pub(crate) struct PaceArguments {
    /// Minutes of training, instead of --steps: some are tried, for a thirtieth of the time or a minute
    /// but three at least, and as many are taken as fill it. What is drawn and evaluated on the way comes on
    /// top.
    #[arg(long, conflicts_with_all = ["steps", "epochs", "resume"], allow_negative_numbers = true)]
    minutes: Option<f64>,
}

impl PaceArguments {
    /// The time to fill, if one was given.
    ///
    /// # Errors
    /// [`CliError::Usage`] for one that is no time.
    pub(crate) fn seconds(&self) -> Result<Option<f64>, CliError> {
        match self.minutes {
            Some(minutes) if !(minutes > 0.0 && minutes.is_finite()) => {
                Err(CliError::Usage(format!("--minutes must be finite and above 0, got {minutes}")))
            }
            minutes => Ok(minutes.map(|minutes| 60.0 * minutes)),
        }
    }
}

/// How many steps of these networks on these images take so many seconds.
///
/// # Errors
/// [`CliError::Train`] and [`CliError::Data`] for settings that cannot be, and where a step fails.
pub(crate) fn tried(
    mut step: impl GanStep,
    folder: &ImageFolder,
    batches: &BatchConfig,
    (device, precision): (Device, Precision),
    seconds: f64,
) -> Result<u64, CliError> {
    let group = group()?;
    let mut batches = Batches::new(folder.train(), batches, device)?;
    batches.share(Share::new(group.rank(), group.size()).unwrap_or_default())?;
    say(format_args!("trying steps, to see how many fill {:.3} min", seconds / 60.0));
    // Of one process: what others take to hear of its gradients comes on top.
    let steps = group.tell("the steps", || {
        let steps = steps_within(seconds, timed(&mut step, &mut batches, precision))?;
        Ok::<_, TrainError>(steps.to_string())
    })?;
    let steps = steps.parse().map_err(TrainError::custom)?;
    say(format_args!(
        "{steps} steps fill {:.3} min, {:.3} s a step",
        seconds / 60.0,
        seconds / steps as f64
    ));
    Ok(steps)
}
