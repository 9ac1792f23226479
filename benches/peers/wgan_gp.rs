//! The training steps of a WGAN-GP at 128x128 pixels, three bands, batch 16: losses, gradients
//! and Adam; the generator's step keeps its average too, which the peer does not.

use anyhow::Result;
use astrogen::losses::PenaltyDraw;
use astrogen::models::WganConfig;
use astrogen::train::state::State;
use astrogen::train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::Tensor;

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};

fn step(inputs: &Inputs) -> Result<WganGpStep> {
    let step = WganGpStep::new(&WganConfig::default(), &WganGpStepConfig::default(), device())?;
    for network in ["generator", "critic"] {
        inputs.load(network, below(network, step.state()))?;
    }
    Ok(step)
}

/// One update of the critic, its fakes included.
pub(crate) fn critic_step_128px_b16(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let weights = inputs.tensor("epsilon")?.flatten(0, -1);
    Ok(Box::new(CriticRow {
        step: step(inputs)?,
        real: inputs.tensor("real")?,
        latent: inputs.tensor("latent")?,
        draw: PenaltyDraw { weights, noise: None },
    }))
}

/// One update of the generator.
pub(crate) fn generator_step_128px_b16(inputs: &Inputs) -> Result<Box<dyn Row>> {
    Ok(Box::new(GeneratorRow { step: step(inputs)?, latent: inputs.tensor("latent")? }))
}

struct CriticRow {
    step: WganGpStep,
    real: Tensor,
    latent: Tensor,
    draw: PenaltyDraw,
}

impl Row for CriticRow {
    fn check(&mut self) -> Result<Outputs> {
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            let losses = self.step.update_critic(&self.real, &self.latent, &self.draw)?;
            for (name, value) in losses.iter().filter(|(name, _)| *name == "critic_loss") {
                outputs.insert(format!("{name}.{step}"), value.double_value(&[]));
            }
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        Ok(self.step.update_critic(&self.real, &self.latent, &self.draw).map(drop)?)
    }
}

struct GeneratorRow {
    step: WganGpStep,
    latent: Tensor,
}

impl GeneratorRow {
    /// The reals are not looked at by a Wasserstein loss.
    fn update(&mut self) -> Result<Tensor> {
        Ok(self.step.update_generator(&self.latent, &self.latent)?)
    }
}

impl Row for GeneratorRow {
    fn check(&mut self) -> Result<Outputs> {
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            outputs.insert(format!("generator_loss.{step}"), self.update()?.double_value(&[]));
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        self.update().map(drop)
    }
}
