//! The step of a normalizing flow.
//!
//! A batch holds `N` rows of features, and of the context that they are given. Every step is one
//! update of the flow by Adam, to minimise the mean of `-log p(features | context)`, in nats per row
//! and in the units of the features; where rows have weights, of each row's times its weight.
//! Gradients whose joint norm is above a limit are shortened to it.
//!
//! They are computed by the [passes](FlowPass) of astrogen-flows where these can, and by autograd
//! otherwise.

use std::path::Path;

use astrogen_data::{Dataset, RowDataset, Rows};
use astrogen_distributed::Group;
use astrogen_flows::{Flow, FlowConfig, FlowError, FlowPass};
use astrogen_models::Network;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use crate::TrainError;
use crate::optim::{Adam, AdamConfig};
use crate::state::State;
use crate::step::{Losses, Step};
use crate::stored::{Stored, prefixed};

/// Rows that are evaluated at a time.
const CHUNK: usize = 1 << 14;

/// Settings of [`FlowStep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowStepConfig {
    /// Adam. Default lr 1e-3, betas (0.9, 0.999).
    pub optimizer: AdamConfig,
    /// What the joint norm of all gradients is shortened to, > 0; `None` for as they are. Default 5.
    pub max_gradient_norm: Option<f64>,
}

impl Default for FlowStepConfig {
    fn default() -> Self {
        Self { optimizer: AdamConfig::default(), max_gradient_norm: Some(5.0) }
    }
}

impl FlowStepConfig {
    /// Checks the settings, as [`FlowStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.optimizer.validate()?;
        match self.max_gradient_norm {
            Some(norm) if !(norm > 0.0 && norm.is_finite()) => Err(TrainError::Setting {
                name: "max_gradient_norm",
                rule: "a finite number above 0, or none",
                got: norm.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// A flow that learns from rows.
#[derive(Debug)]
pub struct FlowStep {
    config: FlowStepConfig,
    flow: Stored<Flow>,
    optimizer: Adam,
    /// None where the flow is for tensor operations.
    pass: Option<FlowPass>,
}

impl FlowStep {
    /// A flow with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        flow: &FlowConfig,
        config: &FlowStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        flow.validate()?;
        let flow = Stored::new(device, |path| {
            let built = Flow::build(flow, path)?;
            built.init()?;
            Ok(built)
        })?;
        let optimizer = Adam::new(flow.parameters(), config.optimizer)?;
        let pass = FlowPass::new(&flow.module);
        Ok(Self { config: config.clone(), flow, optimizer, pass })
    }

    /// The flow.
    pub fn flow(&self) -> &Flow {
        &self.flow.module
    }

    /// Updates the flow on features `[N, D]` given contexts `[N, C]`, or none, each row counting as
    /// much as its weight says, `[N]`, or all alike; the loss before the update, and the norm of its
    /// gradients.
    ///
    /// # Errors
    /// [`TrainError::Flow`] for tensors of another shape than the flow's.
    pub fn update(
        &mut self,
        context: Option<&Tensor>,
        features: &Tensor,
        weights: Option<&Tensor>,
    ) -> Result<[Tensor; 2], TrainError> {
        let (loss, gradients) = match &mut self.pass {
            Some(pass) => {
                let (loss, gradients) = pass.loss_and_gradients(features, context, weights)?;
                (Tensor::from(loss as f32), gradients)
            }
            None => {
                let log_prob = self.flow().given(context)?.log_prob(features)?;
                let loss = -match weights {
                    Some(weights) => (log_prob * weights).mean(None::<Kind>),
                    None => log_prob.mean(None::<Kind>),
                };
                let gradients = self.optimizer.gradients(&loss)?;
                (loss.detach(), gradients)
            }
        };
        let norm = self.optimizer.step_within(self.config.max_gradient_norm, &gradients)?;
        Ok([loss, norm])
    }

    /// The mean of `-log p(features | context)` over rows that it is not trained on, by their weights
    /// if they have some, in nats per row; NaN for no rows.
    ///
    /// # Errors
    /// [`TrainError::Flow`] for rows of another shape than the flow's.
    pub fn negative_log_likelihood(&self, rows: &RowDataset) -> Result<f64, TrainError> {
        let (_, device) = self.flow().options();
        let Rows { context, features, weights } = rows.to_batch(device)?;
        let mut sum = 0.0;
        no_grad(|| -> Result<(), TrainError> {
            for first in (0..rows.len()).step_by(CHUNK) {
                let count = CHUNK.min(rows.len() - first) as i64;
                let part = |of: &Tensor| of.narrow(0, first as i64, count);
                let (context, features) = (part(&context), part(&features));
                let given = self.flow().given(some(&context))?;
                let mut log_prob = given.log_prob(&features)?;
                if let Some(weights) = &weights {
                    log_prob *= part(weights);
                }
                sum -= log_prob.sum(Kind::Double).double_value(&[]);
            }
            Ok(())
        })?;
        Ok(sum / rows.len() as f64)
    }
}

/// A context of no values is none.
fn some(context: &Tensor) -> Option<&Tensor> {
    (context.size().last() != Some(&0)).then_some(context)
}

impl State for FlowStep {
    fn algorithm(&self) -> &'static str {
        "flow"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts = [("flow", self.flow.named_tensors()), ("optimizer", self.optimizer.state())];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}

impl Step for FlowStep {
    type Batch = Rows;

    fn step(&mut self, rows: &Rows) -> Result<Losses, TrainError> {
        let Rows { context, features, weights } = rows;
        let [loss, norm] = self.update(some(context), features, weights.as_ref())?;
        Ok(vec![("nll", loss), ("gradient_norm", norm)])
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.optimizer.join(group);
        Ok(())
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.flow().save(folder.join(Flow::FILE))?)
    }
}

impl From<FlowError> for TrainError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Nn(error) => Self::Model(error),
            FlowError::Torch(error) => Self::Torch(error),
            other => Self::Flow(other),
        }
    }
}
