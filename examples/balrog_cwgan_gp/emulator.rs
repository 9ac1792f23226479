//! A trained emulator: a generator, with the regression that it completes and the quantiles that
//! its features are brought to.

use anyhow::{Result, bail};
use astrogen::models::weights::fingerprint;
use astrogen::models::{GaussianRegressor, ModelError, TabularGenerator};
use astrogen::prelude::*;
use astrogen::tables::{QuantileMatching, Table};
use tch::Device;

use crate::settings::RunConfig;
use crate::train::FIRST_HALF;
use astrogen_cli::say;

pub(crate) struct Emulator {
    generator: TabularGenerator,
    gaussian: Option<GaussianRegressor>,
    matching: Option<QuantileMatching>,
}

/// The folder of the generator that scored best, in a run's.
const BEST: &str = "best";

/// The quantiles of an emulator, in a run's folder. There once it is trained.
const QUANTILES: &str = "quantiles.json";

impl Emulator {
    /// Completes a trained run: the best generator's features are brought to the quantiles of the
    /// training rows, where the recipe has observed features in local units.
    pub(crate) fn finish(
        run: &RunDir,
        config: &RunConfig,
        table: &Table,
        gaussian: Option<GaussianRegressor>,
    ) -> Result<()> {
        let generator = TabularGenerator::load(run.join(BEST), Device::Cpu)?;
        let emulate =
            |context: &[f32]| Ok(emulate_rows(&generator, gaussian.as_ref(), context, 0, 0)?);
        let matching = config.data.local_bins.and_then(|bins| {
            let matching: Result<_> =
                QuantileMatching::of_rows(&*table.train(), &config.data.observed, bins, emulate);
            matching
                .inspect_err(|error| {
                    say(format_args!("quantiles stay as they are generated: {error}"))
                })
                .ok()
        });
        Ok(run.write_json(QUANTILES, &matching)?)
    }

    /// A run's emulator, once it is trained.
    pub(crate) fn load(run: &RunDir, config: &RunConfig) -> Result<Self> {
        if !run.join(QUANTILES).exists() {
            let run = run.path().display();
            bail!("{run} has no emulator yet: `train --resume {run}` brings it to its end");
        }
        Ok(Self {
            generator: TabularGenerator::load(run.join(BEST), Device::Cpu)?,
            gaussian: config.whiten.then(|| gaussian(run, FIRST_HALF)).transpose()?,
            matching: run.read_json(QUANTILES)?,
        })
    }

    /// Scaled features of rows `first_row ..`.
    pub(crate) fn emulate(&self, context: &[f32], first_row: u64, seed: u64) -> Result<Vec<f32>> {
        let gaussian = self.gaussian.as_ref();
        let mut made = emulate_rows(&self.generator, gaussian, context, first_row, seed)?;
        if let Some(matching) = &self.matching {
            matching.apply(context, &mut made)?;
        }
        Ok(made)
    }

    /// The regression that the generator completes, if there is one.
    pub(crate) fn gaussian(&self) -> Option<&GaussianRegressor> {
        self.gaussian.as_ref()
    }

    /// A hash of the generator's weights.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        Ok(fingerprint(&self.generator.named_tensors())?)
    }
}

/// Scaled features of rows `first_row ..` by a generator, which may complete a regression.
pub(crate) fn emulate_rows(
    generator: &TabularGenerator,
    gaussian: Option<&GaussianRegressor>,
    context: &[f32],
    first_row: u64,
    seed: u64,
) -> Result<Vec<f32>, ModelError> {
    let made = generator.emulate(context, first_row, seed)?;
    match gaussian {
        Some(gaussian) => gaussian.unwhiten(&made, context, first_row),
        None => Ok(made),
    }
}

/// A regression of a run. One that is not there is an error: what it makes of a run's rows cannot
/// be done without.
pub(crate) fn gaussian(run: &RunDir, name: &str) -> Result<GaussianRegressor> {
    Ok(GaussianRegressor::load(run.join(name), Device::Cpu)?)
}
