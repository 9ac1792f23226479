//! Training steps of a relativistic GAN with R1 and R2 on the sharp networks, 64x64 pixels, three
//! bands, batch 16: one repetition is a step with penalties and one without. Ours keep the average
//! of the generator too, which the peer does not.

use anyhow::Result;
use astrogen::models::SharpConfig;
use astrogen::train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen::train::state::State;
use astrogen::train::step::Losses;
use tch::Tensor;

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};

/// Two steps of the default networks.
pub(crate) fn step_64px_b16(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let config = RelativisticStepConfig::default();
    let step = RelativisticStep::new(&SharpConfig::default(), &config, device())?;
    for network in ["generator", "critic"] {
        inputs.load(network, below(network, step.state()))?;
    }
    Ok(Box::new(SharpRow { step, real: inputs.tensor("real")?, latent: inputs.tensor("latent")? }))
}

struct SharpRow {
    step: RelativisticStep,
    /// `[2, 2 N, C, H, W]`
    real: Tensor,
    /// `[2, N, latent_dim]`
    latent: Tensor,
}

impl SharpRow {
    fn update(&mut self, step: i64) -> Result<Losses> {
        Ok(self.step.update(&self.real.get(step), &self.latent.get(step))?)
    }
}

impl Row for SharpRow {
    fn check(&mut self) -> Result<Outputs> {
        tch::manual_seed(1);
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            for (name, value) in self.update(step - 1)? {
                if name.ends_with("_loss") {
                    outputs.insert(format!("{name}.{step}"), value.double_value(&[]));
                }
            }
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        (0..2).try_for_each(|step| self.update(step).map(drop))
    }
}
