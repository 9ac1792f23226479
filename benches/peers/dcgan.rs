//! One training step of the full-width DCGAN: both losses, both Adams and the average of
//! the generator, which the peer does not keep.

use anyhow::Result;
use astrogen::models::DcganConfig;
use astrogen::train::gan::{DcganStep, DcganStepConfig};
use astrogen::train::state::State;
use astrogen::train::step::Losses;
use tch::Tensor;

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};
use crate::two_processes::TwoProcesses;

/// 64x64 pixels, three bands, batch 64, 64 features in both networks.
pub(crate) fn step_64px_b64(inputs: &Inputs) -> Result<Box<dyn Row>> {
    Ok(Box::new(DcganRow::new(inputs)?))
}

/// The same by two processes over gloo, which share the batch and the threads.
pub(crate) fn step_2_processes(inputs: &Inputs) -> Result<Box<dyn Row>> {
    Ok(Box::new(TwoProcesses::start(inputs)?))
}

/// The step and what it sees.
pub(crate) struct DcganRow {
    pub(crate) step: DcganStep,
    pub(crate) real: Tensor,
    pub(crate) latent: Tensor,
}

impl DcganRow {
    pub(crate) fn new(inputs: &Inputs) -> Result<Self> {
        let step = DcganStep::new(&DcganConfig::default(), &DcganStepConfig::default(), device())?;
        for network in ["generator", "discriminator"] {
            inputs.load(network, below(network, step.state()))?;
        }
        let (real, latent) = (inputs.tensor("real")?, inputs.tensor("latent")?);
        Ok(Self { step, real, latent })
    }

    fn update(&mut self) -> Result<Losses> {
        Ok(self.step.update(&self.real, &self.latent)?)
    }
}

impl Row for DcganRow {
    fn check(&mut self) -> Result<Outputs> {
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            for (name, value) in self.update()? {
                if name.ends_with("_loss") {
                    outputs.insert(format!("{name}.{step}"), value.double_value(&[]));
                }
            }
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        self.update().map(drop)
    }
}
