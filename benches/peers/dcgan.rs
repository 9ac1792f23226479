//! One training step of the full-width DCGAN: both losses, both Adams and the average of
//! the generator, which the peer does not keep.

use anyhow::Result;
use astrogen::models::DcganConfig;
use astrogen::train::gan::{DcganStep, DcganStepConfig};
use astrogen::train::state::State;
use astrogen::train::step::Losses;
use tch::{Device, Tensor};

use crate::inputs::{Inputs, below};
use crate::row::{Outputs, Row};

/// 64x64 pixels, three bands, batch 64, 64 features in both networks.
pub(crate) fn step_64px_b64(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let step = DcganStep::new(&DcganConfig::default(), &DcganStepConfig::default(), Device::Cpu)?;
    for network in ["generator", "discriminator"] {
        inputs.load(network, below(network, step.state()))?;
    }
    let (real, latent) = (inputs.tensor("real")?, inputs.tensor("latent")?);
    Ok(Box::new(DcganRow { step, real, latent }))
}

struct DcganRow {
    step: DcganStep,
    real: Tensor,
    latent: Tensor,
}

impl DcganRow {
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
