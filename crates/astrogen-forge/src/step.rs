//! The step of a flow over the stars of many galaxies.
//!
//! A batch holds stars and the number of each star's galaxy; the conditions of all galaxies are on the
//! device once, and each star is given those of its own. The update is that of
//! [`FlowStep`].

use std::path::Path;

use astrogen_data::{DataError, Grouped, RowDataset, tensor_of};
use astrogen_flows::{Flow, FlowConfig};
use astrogen_train::{FlowStep, FlowStepConfig, Losses, State, Step, TrainError};
use ndarray::Array2;
use tch::{Device, Kind, Tensor};

/// A flow that learns from the stars of galaxies.
#[derive(Debug)]
pub struct StarStep {
    flow: FlowStep,
    /// `[G, C]`
    conditions: Tensor,
}

impl StarStep {
    /// A flow with fresh weights, drawn from libtorch's generator (seed it before), for the stars of
    /// galaxies whose conditions `[G, C]` are these, in physical units.
    ///
    /// # Errors
    /// [`TrainError::Setting`] when a setting is out of its range, [`TrainError::Torch`] where the
    /// device has no room.
    pub fn new(
        flow: &FlowConfig,
        config: &FlowStepConfig,
        conditions: &Array2<f64>,
        device: Device,
    ) -> Result<Self, TrainError> {
        let conditions = tensor_of(conditions)?.f_to_kind(Kind::Float)?.f_to_device(device)?;
        Ok(Self { flow: FlowStep::new(flow, config, device)?, conditions })
    }

    /// The flow.
    pub fn flow(&self) -> &Flow {
        self.flow.flow()
    }

    /// The mean of `-log p(star | conditions)`, in nats per star.
    ///
    /// # Errors
    /// Those of [`FlowStep::negative_log_likelihood`].
    pub fn negative_log_likelihood(&self, stars: &RowDataset) -> Result<f64, TrainError> {
        self.flow.negative_log_likelihood(stars)
    }
}

impl State for StarStep {
    fn algorithm(&self) -> &'static str {
        "star_flow"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.flow.state()
    }
}

impl Step for StarStep {
    type Batch = Grouped;

    fn step(&mut self, batch: &Grouped) -> Result<Losses, TrainError> {
        let has_context = self.conditions.size()[1] > 0;
        let context = has_context.then(|| self.conditions.f_index_select(0, &batch.group));
        let context = context.transpose().map_err(DataError::from)?;
        let [loss, norm] = self.flow.update(context.as_ref(), &batch.features, None)?;
        Ok(vec![("nll", loss), ("gradient_norm", norm)])
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        self.flow.export(folder)
    }
}
