//! The gradient penalty alone: its value and the gradients of the critic's weights.

use anyhow::{Context, Result};
use astrogen::losses::{
    GradientPenaltyConfig, PenaltyDraw, PenaltyGradients, PiecewiseLinear, penalty_points,
    piecewise_linear_penalty,
};
use astrogen::models::{Critic, Mlp, MlpConfig, WganConfig, WganCritic};
use tch::{Tensor, nn};

use crate::inputs::{Inputs, device};
use crate::row::{Outputs, Row};

/// The critic of 128x128 pixels, batch 16.
pub(crate) fn conv_128px_b16(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let variables = nn::VarStore::new(device());
    let critic = WganConfig::default().init_critic(&variables.root())?;
    inputs.load("critic", variables.variables())?;
    PenaltyRow::boxed(inputs, critic, WganCritic::piecewise_linear)
}

/// A critic of 12 features and three layers of 128, of as many rows as the peer has.
pub(crate) fn mlp(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let variables = nn::VarStore::new(device());
    let critic = MlpConfig { inputs: 12, ..MlpConfig::default() }.init(&variables.root())?;
    inputs.load("critic", variables.variables())?;
    PenaltyRow::boxed(inputs, critic, Mlp::piecewise_linear)
}

struct PenaltyRow<C> {
    critic: C,
    piecewise_linear: fn(&C) -> Option<&dyn PiecewiseLinear>,
    real: Tensor,
    fake: Tensor,
    draw: PenaltyDraw,
}

impl<C: 'static> PenaltyRow<C> {
    fn boxed(
        inputs: &Inputs,
        critic: C,
        piecewise_linear: fn(&C) -> Option<&dyn PiecewiseLinear>,
    ) -> Result<Box<dyn Row>> {
        let (real, fake) = (inputs.tensor("real")?, inputs.tensor("fake")?);
        let weights = inputs.tensor("epsilon")?.flatten(0, -1);
        let draw = PenaltyDraw { weights, noise: None };
        Ok(Box::new(Self { critic, piecewise_linear, real, fake, draw }))
    }

    fn penalty(&self) -> Result<PenaltyGradients> {
        let config = GradientPenaltyConfig { weight: 1.0, ..GradientPenaltyConfig::default() };
        let critic = (self.piecewise_linear)(&self.critic).context("a piecewise-linear critic")?;
        let points = penalty_points(config.kind, &self.real, &self.fake, &self.draw);
        Ok(piecewise_linear_penalty(critic, &points, &config))
    }
}

impl<C: 'static> Row for PenaltyRow<C> {
    fn check(&mut self) -> Result<Outputs> {
        let penalty = self.penalty()?;
        let norms = penalty
            .gradients
            .into_iter()
            .map(|(name, gradient)| (format!("norm.{name}"), gradient.norm().double_value(&[])));
        let value = ("penalty".to_owned(), penalty.value.double_value(&[]));
        Ok(norms.chain([value]).collect())
    }

    fn run(&mut self) -> Result<()> {
        self.penalty().map(drop)
    }
}
