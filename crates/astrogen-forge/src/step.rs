//! The step of a flow over the stars of many galaxies.
//!
//! A batch holds stars and the number of each star's galaxy; the conditions of all galaxies are on the
//! device once, and each star is given those of its own, with noise where that is asked for. The
//! update is that of [`FlowStep`].

use std::path::Path;

use astrogen_data::{DataError, Grouped, RowDataset, tensor_of};
use astrogen_flows::{Flow, FlowConfig};
use astrogen_runtime::draw_rows_like;
use astrogen_train::{FlowStep, FlowStepConfig, Group, Losses, State, Step, TrainError};
use ndarray::Array2;
use tch::{Device, Kind, Tensor};

/// A flow that learns from the stars of galaxies.
#[derive(Debug)]
pub struct StarStep {
    flow: FlowStep,
    /// `[G, C]`
    conditions: Tensor,
    /// The deviation of what is added to each condition, `[C]`.
    noise: Option<Tensor>,
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
        Ok(Self { flow: FlowStep::new(flow, config, device)?, conditions, noise: None })
    }

    /// Adds normal noise to the conditions that stars are given, for each star anew, of these standard
    /// deviations: one for each condition, in physical units. It comes from libtorch's generator.
    ///
    /// Where galaxies are few and conditions many, each galaxy can be known by its conditions, and a
    /// flow learns them by heart; noise makes neighbours of them, and densities change smoothly from
    /// one to the next (Rothfuss et al. 2019, *Noise regularization for conditional density
    /// estimation*).
    ///
    /// # Errors
    /// [`TrainError::Setting`] for another number of deviations, and for one that is negative or not
    /// finite; [`TrainError::Torch`] where the device has no room.
    pub fn with_noise(self, deviations: &[f64]) -> Result<Self, TrainError> {
        let conditions = self.conditions.size()[1];
        let fits = |deviation: &f64| deviation.is_finite() && *deviation >= 0.0;
        if deviations.len() as i64 != conditions || !deviations.iter().all(fits) {
            let (rule, got) = ("a number from 0 on for each condition", format!("{deviations:?}"));
            return Err(TrainError::Setting { name: "noise", rule, got });
        }
        let noise = Tensor::f_from_slice(deviations)?.f_to_kind(Kind::Float)?;
        let noise = noise.f_to_device(self.conditions.device())?;
        Ok(Self { noise: Some(noise), ..self })
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
        let mut context = context.transpose().map_err(DataError::from)?;
        if let (Some(context), Some(noise)) = (&mut context, &self.noise) {
            let drawn = draw_rows_like(context, Tensor::randn_like).f_mul_(noise)?;
            let _ = context.f_add_(&drawn)?;
        }
        let [loss, norm] = self.flow.update(context.as_ref(), &batch.features, None)?;
        Ok(vec![("nll", loss), ("gradient_norm", norm)])
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.flow.join(group)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        self.flow.export(folder)
    }
}
