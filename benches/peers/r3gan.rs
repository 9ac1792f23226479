//! The steps of R3GAN's discriminator and generator, 64x64 pixels, three bands, batch 32, an eighth as
//! wide as the authors': losses, penalties, gradients and Adam; the generator's step keeps its average
//! too, which the peer does not.

use anyhow::Result;
use astrogen::models::{R3ganConfig, R3ganDiscriminator, R3ganGenerator};
use astrogen::train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen::train::state::State;
use astrogen::train::step::Losses;
use tch::Tensor;

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};

/// One update of the discriminator, on fakes that are there.
pub(crate) fn discriminator_step_64px_b32(inputs: &Inputs) -> Result<Box<dyn Row>> {
    row(inputs, "critic_loss", |row| Ok(row.step.update_critic(&row.real, &row.fake)?))
}

/// One update of the generator.
pub(crate) fn generator_step_64px_b32(inputs: &Inputs) -> Result<Box<dyn Row>> {
    row(inputs, "generator_loss", |row| {
        let loss = row.step.update_generator(&row.real, &row.latent)?;
        Ok(vec![("generator_loss", loss)])
    })
}

struct R3ganRow {
    step: RelativisticStep<R3ganGenerator, R3ganDiscriminator>,
    real: Tensor,
    fake: Tensor,
    latent: Tensor,
    loss: &'static str,
    update: fn(&mut R3ganRow) -> Result<Losses>,
}

fn row(
    inputs: &Inputs,
    loss: &'static str,
    update: fn(&mut R3ganRow) -> Result<Losses>,
) -> Result<Box<dyn Row>> {
    // The peer's settings stay as they begin.
    let config =
        RelativisticStepConfig { annealing: None, ..RelativisticStepConfig::r3gan(64, 1_000_000) };
    let step = RelativisticStep::r3gan(&R3ganConfig::new(64, 96), &config, device())?;
    for network in ["generator", "critic"] {
        inputs.load(network, below(network, step.state()))?;
    }
    let [real, fake, latent] = ["real", "fake", "latent"].map(|name| inputs.tensor(name));
    let (real, fake, latent) = (real?, fake?, latent?);
    Ok(Box::new(R3ganRow { step, real, fake, latent, loss, update }))
}

impl Row for R3ganRow {
    fn check(&mut self) -> Result<Outputs> {
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            let losses = (self.update)(self)?;
            for (name, value) in losses.iter().filter(|(name, _)| *name == self.loss) {
                outputs.insert(format!("{name}.{step}"), value.double_value(&[]));
            }
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        (self.update)(self).map(drop)
    }
}
