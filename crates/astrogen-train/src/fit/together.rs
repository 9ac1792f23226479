//! What processes that train together agree on: one state to begin from, one outcome of every step.

use std::cell::Cell;

use astrogen_data::{Batch, Batches};
use astrogen_distributed::Group;
use astrogen_runtime::Share;
use tch::{Device, Kind, Tensor, no_grad};

use super::FitConfig;
use crate::TrainError;
use crate::interrupt::StopSignal;
use crate::step::{Losses, Step};

/// How tensors of a state are called that are means over a batch: running statistics of normalisations,
/// and losses that are shown until they are computed anew. All else comes from averaged gradients.
const MEANS: [&str; 2] = ["running_mean", "running_var"];
const SHOWN: &str = "last.";

/// The processes of a run, in one call of `fit`. A process alone agrees with itself, at no cost.
pub(super) struct Together<'a> {
    pub(super) group: &'a Group,
    stop: &'a StopSignal,
    /// Whether all know that any was asked to stop.
    agreed: Cell<bool>,
    /// Means over this process's share of a batch, to be those over the batch.
    means: Vec<Tensor>,
}

impl<'a> Together<'a> {
    /// Makes this process one of the group: refuses other settings and other data than the first
    /// process's, and takes its share of batches and updates.
    pub(super) fn begin<S: Step>(
        group: &'a Group,
        algorithm: &mut S,
        batches: &mut Batches<S::Batch>,
        config: &FitConfig,
        stop: &'a StopSignal,
    ) -> Result<Self, TrainError> {
        let mut means = Vec::new();
        if !group.is_alone() {
            group.same("training", &described(algorithm, batches, config)?)?;
            batches.share(share_of(group))?;
            algorithm.join(group)?;
            let state = algorithm.state().into_iter();
            let is_mean = |name: &str| {
                name.starts_with(SHOWN) || MEANS.iter().any(|word| name.ends_with(word))
            };
            means = state.filter(|(name, _)| is_mean(name)).map(|(_, mean)| mean).collect();
        }
        let agreed = Cell::new(group.any("the outcome of a step", stop.is_raised())?);
        Ok(Self { group, stop, agreed, means })
    }

    /// This process's rows of a batch.
    pub(super) fn share(&self) -> Share {
        share_of(self.group)
    }

    /// Leaves the group's work: batches and updates are this process's own again.
    pub(super) fn end<S: Step>(
        &self,
        algorithm: &mut S,
        batches: &mut Batches<S::Batch>,
    ) -> Result<(), TrainError> {
        if !self.group.is_alone() {
            batches.share(Share::WHOLE)?;
            algorithm.join(&Group::alone())?;
        }
        Ok(())
    }

    /// The step that the first process begins at, and its state, everywhere.
    pub(super) fn begin_at(&self, algorithm: &impl Step, step: u64) -> Result<u64, TrainError> {
        let step = self.of_first("the first step", Some(step))?.unwrap_or(step);
        let state: Vec<Tensor> = algorithm.state().into_iter().map(|(_, tensor)| tensor).collect();
        self.group.broadcast("the first state", &state)?;
        Ok(step)
    }

    /// A number that the first process knows, if it does.
    pub(super) fn of_first(
        &self,
        what: &str,
        number: Option<u64>,
    ) -> Result<Option<u64>, TrainError> {
        let words = number.map_or_else(String::new, |number| number.to_string());
        let said = self.group.tell(what, || Ok::<_, TrainError>(words))?;
        Ok(said.parse().ok())
    }

    /// After a step, whatever was `found` of it here: an error everywhere where any process found one.
    /// Whether any is asked to stop is known from then on.
    pub(super) fn agree(&self, step: u64, found: Result<(), TrainError>) -> Result<(), TrainError> {
        if self.group.is_alone() {
            return found;
        }
        let flags = [found.is_err(), self.stop.is_raised()].map(|flag| f32::from(u8::from(flag)));
        let mut shared = vec![Tensor::from_slice(&flags)];
        shared
            .extend(self.means.iter().map(|mean| mean.to_device(Device::Cpu).to_kind(Kind::Float)));
        let shared = self.group.mean("the outcome of a step", &shared)?;
        no_grad(|| {
            for (mean, of_all) in self.means.iter().zip(&shared[1..]) {
                mean.shallow_clone().copy_(of_all);
            }
        });
        found?;
        let [bad, stop] = [0, 1].map(|flag| shared[0].double_value(&[flag]) > 0.0);
        self.agreed.set(stop);
        match bad {
            true => {
                Err(TrainError::NonFinite { step, tensor: "a loss of another process".to_owned() })
            }
            false => Ok(()),
        }
    }

    /// Whether a stop was asked for: of a group the one that all know of.
    pub(super) fn is_stopped(&self) -> bool {
        if self.group.is_alone() { self.stop.is_raised() } else { self.agreed.get() }
    }

    /// The losses of a step, over the whole batch.
    pub(super) fn read(&self, losses: &Losses) -> Result<Vec<(&'static str, f64)>, TrainError> {
        let own: Vec<f64> = losses.iter().map(|(_, loss)| loss.double_value(&[])).collect();
        let mean = self.group.mean("losses", &[Tensor::from_slice(&own)])?;
        let values = (0..).map(|place| mean[0].double_value(&[place]));
        Ok(losses.iter().map(|(name, _)| *name).zip(values).collect())
    }
}

fn share_of(group: &Group) -> Share {
    // A rank is below the size.
    Share::new(group.rank(), group.size()).unwrap_or_default()
}

/// Everything that has to be the same for all, a line each.
fn described<S: Step>(
    algorithm: &S,
    batches: &Batches<S::Batch>,
    config: &FitConfig,
) -> Result<String, TrainError> {
    let settings = serde_json::to_string_pretty(config).map_err(TrainError::custom)?;
    let mut lines = vec![
        format!("version {}", env!("CARGO_PKG_VERSION")),
        format!("algorithm {}", algorithm.algorithm()),
        settings,
        format!("a GPU {}", batches.device() != Device::Cpu),
        format!("batch_size {}", batches.batch_size()),
        format!("samples {}", batches.samples()),
        format!("shape of samples {}", S::Batch::describe(batches.shape())),
        format!("data {}", batches.fingerprint()?),
    ];
    let state = algorithm.state();
    lines.extend(state.iter().map(|(name, tensor)| format!("{name} {:?}", tensor.size())));
    Ok(lines.join("\n"))
}
