//! One training step of the autoencoder at its default width: forward, mean squared error,
//! backward, Adam.

use anyhow::{Context, Result};
use astrogen::data::Images;
use astrogen::models::AutoencoderConfig;
use astrogen::train::state::State;
use astrogen::train::{AutoencoderStep, AutoencoderStepConfig, Step};

use crate::inputs::{Inputs, below, device};
use crate::row::{Outputs, Row};

/// 448x448 pixels, three bands, batch 4, widths 64 to 2048, 16 latents.
pub(crate) fn step_448px_b4(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let (model, config) = (AutoencoderConfig::default(), AutoencoderStepConfig::default());
    let step = AutoencoderStep::new(&model, &config, device())?;
    inputs.load("autoencoder", below("autoencoder", step.state()))?;
    // The step takes signed values, and makes unit ones of them.
    let images = Images(inputs.tensor("images")? * 2.0 - 1.0);
    Ok(Box::new(AutoencoderRow { step, images }))
}

struct AutoencoderRow {
    step: AutoencoderStep,
    images: Images,
}

impl AutoencoderRow {
    fn update(&mut self) -> Result<f64> {
        let losses = self.step.step(&self.images)?;
        let (_, loss) = losses.first().context("the step has a loss")?;
        Ok(loss.double_value(&[]))
    }
}

impl Row for AutoencoderRow {
    fn check(&mut self) -> Result<Outputs> {
        let losses = (1..=2).map(|step| Ok((format!("reconstruction.{step}"), self.update()?)));
        losses.collect()
    }

    fn run(&mut self) -> Result<()> {
        self.update().map(drop)
    }
}
