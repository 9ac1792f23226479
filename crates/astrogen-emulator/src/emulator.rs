//! A trained emulator: a generator, with the regression that it completes and the quantiles that
//! its features are brought to.

use std::path::Path;

use astrogen_models::weights::fingerprint;
use astrogen_models::{GaussianRegressor, ModelError, TabularGenerator};
use astrogen_tables::{QuantileMatching, Table};
use astrogen_train::RunDir;
use tch::Device;

use crate::regressions::{FIRST_HALF, gaussian};
use crate::{EmulatorConfig, EmulatorError, Watch};

/// A trained emulator: what a survey would observe of rows of which the truth and the conditions
/// are known.
#[derive(Debug)]
pub struct Emulator {
    config: EmulatorConfig,
    generator: TabularGenerator,
    gaussian: Option<GaussianRegressor>,
    matching: Option<QuantileMatching>,
}

/// The quantiles of an emulator, in a run's folder. There once it is trained.
const QUANTILES: &str = "quantiles.json";

impl Emulator {
    /// Completes a trained run: the best generator's features are brought to the quantiles of the
    /// training rows, where the recipe has observed features in local units.
    pub(crate) fn finish(
        run: &RunDir,
        config: &EmulatorConfig,
        table: &Table,
        gaussian: Option<&GaussianRegressor>,
        watch: &mut dyn Watch,
    ) -> Result<(), EmulatorError> {
        let generator = TabularGenerator::load(run.best_path(), Device::Cpu)?;
        let emulate = |context: &[f32]| Ok(emulate_rows(&generator, gaussian, context, 0, 0)?);
        let matching = config.data.local_bins.and_then(|bins| {
            let matching: Result<_, EmulatorError> =
                QuantileMatching::of_rows(&*table.train(), &config.data.observed, bins, emulate);
            matching
                .inspect_err(|error| {
                    watch.remark(&format!("quantiles stay as they are generated: {error}"));
                })
                .ok()
        });
        Ok(run.write_json(QUANTILES, &matching)?)
    }

    /// The emulator of a run's folder, on the CPU.
    ///
    /// # Errors
    /// [`EmulatorError::Unfinished`] for a run that is not trained to its end,
    /// [`EmulatorError::Train`] and [`EmulatorError::Model`] for a folder that is none of an
    /// emulator, or whose files cannot be read.
    pub fn load(run: impl AsRef<Path>) -> Result<Self, EmulatorError> {
        let run = RunDir::open(run.as_ref())?;
        Self::of(&run, run.read_config()?)
    }

    /// A run's emulator, by settings that were read already.
    pub(crate) fn of(run: &RunDir, config: EmulatorConfig) -> Result<Self, EmulatorError> {
        if !run.join(QUANTILES).exists() {
            return Err(EmulatorError::Unfinished { run: run.path().to_owned() });
        }
        Ok(Self {
            generator: TabularGenerator::load(run.best_path(), Device::Cpu)?,
            gaussian: config.whiten.then(|| gaussian(run, FIRST_HALF)).transpose()?,
            matching: run.read_json(QUANTILES)?,
            config,
        })
    }

    /// What the run was made with.
    pub fn config(&self) -> &EmulatorConfig {
        &self.config
    }

    /// Observed features `[N, features]`, scaled as [`EmulatorConfig::scaling`] says, of contexts
    /// `[N, conditions + true_features]`, standardised as it says: rows `first_row ..`, whose
    /// latents depend on the seed and their number alone.
    ///
    /// # Errors
    /// [`EmulatorError::Model`] for contexts that are not whole rows.
    pub fn emulate(
        &self,
        context: &[f32],
        first_row: u64,
        seed: u64,
    ) -> Result<Vec<f32>, EmulatorError> {
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

    /// A hash of the generator's weights, in 16 hexadecimal digits.
    ///
    /// # Errors
    /// [`EmulatorError::Model`] where libtorch cannot read them.
    pub fn fingerprint(&self) -> Result<String, EmulatorError> {
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
