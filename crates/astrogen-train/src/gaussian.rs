//! The step of a Gaussian regression for tables, the baseline of an emulator.
//!
//! A batch holds `N` rows of standardised values: conditions, true features and observed
//! features. Every step is one update of the network that predicts the mean and the deviation
//! of each observed feature, by Adam, to minimise the mean over the rows of the
//! [negative log-likelihood](GaussianRegressor::negative_log_likelihood), in nats per row.

use std::path::Path;

use astrogen_data::{RowDataset, Rows};
use astrogen_distributed::Group;
use astrogen_models::{GaussianRegressor, GaussianRegressorConfig};
use ndarray::Array2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::optim::{Adam, AdamConfig};
use crate::schedule::read_earlier;
use crate::state::State;
use crate::step::{Losses, Step, check_shape, check_size, check_unweighted};
use crate::stored::{Stored, prefixed};

/// Settings of [`GaussianStep`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct GaussianStepConfig {
    /// Adam. Default lr 1e-3, betas (0.9, 0.999).
    pub optimizer: AdamConfig,
}

impl GaussianStepConfig {
    /// Checks the settings, as [`GaussianStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.optimizer.validate()
    }
}

impl Serialize for GaussianStepConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for GaussianStepConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut config, schedule) =
            read_earlier(deserializer, &["cosine_steps"], Self::deserialize)?;
        config.optimizer.schedule = schedule.unwrap_or(config.optimizer.schedule);
        Ok(config)
    }
}

/// A Gaussian regression that learns from tables.
#[derive(Debug)]
pub struct GaussianStep {
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
        config.validate()?;
        let regressor = Stored::new(device, |path| model.init(path))?;
        Ok(Self {
            optimizer: Adam::new(regressor.parameters(), config.optimizer)?,
            regressor,
            model: model.clone(),
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
        let nll = self.regressor().negative_log_likelihood(context, observed);
        self.optimizer.minimize(&nll.mean(None::<Kind>))
    }
}

/// The rows of a table with their observed features [whitened](GaussianRegressor::whiten): what a
/// generator learns that is to complete the regression.
///
/// # Errors
/// [`astrogen_models::ModelError`] for rows that are not conditions and true features, and observed
/// features, of the regression's numbers.
pub fn whitened(
    rows: &RowDataset,
    regressor: &GaussianRegressor,
) -> Result<RowDataset, TrainError> {
    let Rows { context, features, .. } = rows.to_batch(Device::Cpu)?;
    let left = regressor.whiten(&features, &context)?.to_device(Device::Cpu).to_kind(Kind::Float);
    let mut features = Array2::zeros(rows.features().raw_dim());
    let values: &mut [f32] = features.as_slice_mut().expect("zeros are in standard order");
    left.f_contiguous()?.f_copy_data(values, left.numel())?;
    Ok(RowDataset::new(rows.context().clone(), features)?)
}

impl State for GaussianStep {
    fn algorithm(&self) -> &'static str {
        "gaussian-regression"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts =
            [("regressor", self.regressor.named_tensors()), ("optimizer", self.optimizer.state())];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}

impl Step for GaussianStep {
    type Batch = Rows;

    /// Contexts are conditions and then true features; features are the observed ones.
    fn step(&mut self, rows: &Rows) -> Result<Losses, TrainError> {
        check_unweighted(rows)?;
        Ok(vec![("nll", self.update(&rows.context, &rows.features)?)])
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.optimizer.join(group);
        Ok(())
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.regressor().save(folder.join(GaussianRegressor::FILE))?)
    }
}
