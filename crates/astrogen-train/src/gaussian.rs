//! The step of a Gaussian regression for tables, the baseline of an emulator.
//!
//! A batch holds `N` rows of standardised values: conditions, true features and observed
//! features. Every step is one update of the network that predicts the mean and the deviation
//! of each observed feature, by Adam, to minimise the mean over the rows of the
//! [negative log-likelihood](GaussianRegressor::negative_log_likelihood), in nats a row.

use std::path::Path;

use astrogen_data::{ArrayDataset, Dataset};
use astrogen_models::{GaussianRegressor, GaussianRegressorConfig};
use ndarray::Array4;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::optim::{Adam, AdamConfig};
use crate::schedule::half_cosine;
use crate::step::{Losses, Step, check_shape, check_size};
use crate::stored::{Stored, prefixed};

/// Settings of [`GaussianStep`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianStepConfig {
    /// Adam. Default lr 1e-3, betas (0.9, 0.999).
    pub optimizer: AdamConfig,
    /// The learning rate falls to zero along half a cosine within so many steps; `None` keeps
    /// it. Default none.
    pub cosine_steps: Option<u64>,
}

/// A Gaussian regression that learns from tables.
#[derive(Debug)]
pub struct GaussianStep {
    config: GaussianStepConfig,
    model: GaussianRegressorConfig,
    regressor: Stored<GaussianRegressor>,
    optimizer: Adam,
}

impl GaussianStep {
    /// A network with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &GaussianRegressorConfig,
        config: &GaussianStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        if config.cosine_steps == Some(0) {
            let (name, rule) = ("cosine_steps", "at least 1, or none");
            return Err(TrainError::Config { name, rule, got: "0".into() });
        }
        let regressor = Stored::new(device, |path| model.init(path))?;
        Ok(Self {
            optimizer: Adam::new(regressor.parameters(), config.optimizer)?,
            regressor,
            model: model.clone(),
            config: config.clone(),
        })
    }

    /// The network.
    pub fn regressor(&self) -> &GaussianRegressor {
        &self.regressor.module
    }

    /// Updates the network on observed features `[N, features]` for contexts
    /// `[N, conditions + true_features]`; the loss before the update.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for tensors of another shape than the
    /// network's, or not of one length.
    pub fn update(&mut self, context: &Tensor, observed: &Tensor) -> Result<Tensor, TrainError> {
        check_shape("observed features", observed, &[self.model.features])?;
        check_size("contexts", context, &[observed.size()[0], self.model.context_dim()])?;
        if let Some(steps) = self.config.cosine_steps {
            let factor = half_cosine(self.optimizer.steps(), steps);
            self.optimizer.set_lr(self.config.optimizer.lr * factor);
        }
        let nll = self.regressor().negative_log_likelihood(context, observed);
        let loss = nll.mean(None::<Kind>);
        let gradients =
            Tensor::f_run_backward(&[&loss], self.optimizer.parameters(), false, false)?;
        self.optimizer.step(&gradients);
        Ok(loss.detach())
    }
}

/// The rows of a table with their observed features [whitened](GaussianRegressor::whiten): what a
/// generator learns that is to complete the regression.
///
/// # Errors
/// What the data set reports; [`astrogen_models::ModelError`] for rows that are not conditions,
/// true features and observed features of the regression's numbers.
pub fn whitened(
    rows: &dyn Dataset,
    regressor: &GaussianRegressor,
) -> Result<ArrayDataset, TrainError> {
    let features = regressor.features();
    let [width, ..] = rows.shape();
    let context = (width - features).max(0);
    let samples: Vec<_> = (0..rows.len()).map(|row| rows.sample(row)).collect::<Result<_, _>>()?;
    let values: Vec<f32> = samples.iter().flatten().copied().collect();
    let table = Tensor::f_from_slice(&values)?.f_view([-1, width])?;
    let observed = table.f_narrow(1, context, width - context)?;
    let context = table.f_narrow(1, 0, context)?;
    let left = regressor.whiten(&observed, &context)?.to_device(Device::Cpu).to_kind(Kind::Float);
    let table = Tensor::f_cat(&[context, left], 1)?.f_contiguous()?;
    let mut values = vec![0.0; table.numel()];
    table.f_copy_data(&mut values, table.numel())?;
    let shape = (rows.len(), width as usize, 1, 1);
    let values = Array4::from_shape_vec(shape, values).map_err(TrainError::custom)?;
    Ok(ArrayDataset::new(values)?)
}

impl Step for GaussianStep {
    fn algorithm(&self) -> &'static str {
        "gaussian-regression"
    }

    /// `batch` holds rows of conditions, true features and observed features, in this order,
    /// `[N, D]` or `[N, D, 1, 1]`.
    fn step(&mut self, batch: &Tensor) -> Result<Losses, TrainError> {
        let (context, features) = (self.model.context_dim(), self.model.features);
        let rows = if batch.dim() > 2 { batch.flatten(1, -1) } else { batch.shallow_clone() };
        check_shape("rows", &rows, &[context + features])?;
        let observed = rows.narrow(1, context, features).contiguous();
        let context = rows.narrow(1, 0, context).contiguous();
        Ok(vec![("nll", self.update(&context, &observed)?)])
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts =
            [("regressor", self.regressor.named_tensors()), ("optimizer", self.optimizer.state())];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.regressor().save(folder.join(GaussianRegressor::FILE))?)
    }
}
