//! The conditional WGAN-GP that emulates Balrog: training steps at batch 200, with the average
//! of the generator, which the peer does not keep, and a million generated rows.

use anyhow::Result;
use astrogen::losses::PenaltyDraw;
use astrogen::models::{TabularConfig, TabularGenerator};
use astrogen::train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use astrogen::train::state::State;
use tch::{Kind, Tensor, nn};

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};

fn step(inputs: &Inputs) -> Result<CwganGpStep> {
    let config = CwganGpStepConfig::default();
    let step = CwganGpStep::new(&TabularConfig::default(), &config, device())?;
    for network in ["generator", "critic"] {
        inputs.load(network, below(network, step.state()))?;
    }
    Ok(step)
}

/// Conditions and true features side by side.
fn context(inputs: &Inputs) -> Result<Tensor> {
    Ok(Tensor::cat(&[inputs.tensor("cond")?, inputs.tensor("true")?], 1))
}

/// One update of the critic, its fakes included.
pub(crate) fn critic_step_b200(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let weights = inputs.tensor("epsilon")?.flatten(0, -1);
    let draw = PenaltyDraw { weights, noise: None };
    Ok(Box::new(StepRow { draw: Some(draw), ..StepRow::new(inputs)? }))
}

/// One update of the generator.
pub(crate) fn generator_step_b200(inputs: &Inputs) -> Result<Box<dyn Row>> {
    Ok(Box::new(StepRow::new(inputs)?))
}

/// An update of the critic if there is a draw, else of the generator.
struct StepRow {
    step: CwganGpStep,
    context: Tensor,
    real: Tensor,
    latent: Tensor,
    draw: Option<PenaltyDraw>,
}

impl StepRow {
    fn new(inputs: &Inputs) -> Result<Self> {
        let (real, latent) = (inputs.tensor("real")?, inputs.tensor("latent")?);
        Ok(Self { step: step(inputs)?, context: context(inputs)?, real, latent, draw: None })
    }

    /// The name and value of the loss.
    fn update(&mut self) -> Result<(&'static str, Tensor)> {
        let Self { step, context, real, latent, draw } = self;
        match draw {
            None => Ok(("generator_loss", step.update_generator(context, real, latent)?)),
            Some(draw) => {
                let mut losses = step.update_critic(context, real, latent, draw)?;
                // The critic's loss is the last.
                losses.pop().ok_or_else(|| anyhow::anyhow!("a step has losses"))
            }
        }
    }
}

impl Row for StepRow {
    fn check(&mut self) -> Result<Outputs> {
        let mut outputs = Outputs::new();
        for step in 1..=2 {
            let (name, loss) = self.update()?;
            outputs.insert(format!("{name}.{step}"), loss.double_value(&[]));
        }
        Ok(outputs)
    }

    fn run(&mut self) -> Result<()> {
        self.update().map(drop)
    }
}

/// A million rows.
pub(crate) fn generate_1e6(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let variables = nn::VarStore::new(device());
    let generator = TabularConfig::default().init_generator(&variables.root())?;
    inputs.load("generator", variables.variables())?;
    let million = Tensor::randn([1_000_000, 9], (Kind::Float, device()));
    Ok(Box::new(GenerateRow {
        generator,
        context: context(inputs)?,
        latent: inputs.tensor("latent")?,
        million: Vec::try_from(million.flatten(0, -1))?,
    }))
}

struct GenerateRow {
    generator: TabularGenerator,
    context: Tensor,
    latent: Tensor,
    million: Vec<f32>,
}

impl Row for GenerateRow {
    fn check(&mut self) -> Result<Outputs> {
        let means = self.generator.sample(&self.latent, &self.context)?.mean_dim(0, false, None);
        let means = Vec::<f64>::try_from(means.to_kind(Kind::Double))?;
        Ok(means.into_iter().enumerate().map(|(i, mean)| (format!("mean.{i}"), mean)).collect())
    }

    fn run(&mut self) -> Result<()> {
        Ok(self.generator.emulate(&self.million, 0, 0).map(drop)?)
    }
}
