//! What a run is made with.

use astrogen_data::BatchConfig;
use astrogen_flows::FlowConfig;
use astrogen_train::{FitConfig, FlowStepConfig};
use serde::{Deserialize, Serialize};

use crate::ForgeError;
use crate::galaxies::{Deal, GalaxiesConfig};

/// Everything a run was made with: config.json in its folder. A [`Recipe`](crate::Recipe) makes it
/// of galaxies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeConfig {
    /// The galaxies, how their stars are cleaned, and what is held out.
    pub galaxies: GalaxiesConfig,
    /// The flow; its units bring features and conditions from physical units to those of its networks.
    pub flow: FlowConfig,
    /// Its optimiser.
    pub algorithm: FlowStepConfig,
    /// How often stars of a galaxy are dealt.
    pub deal: Deal,
    /// The deviation of the [noise](crate::StarStep::with_noise) that is added to the latents that
    /// stars are given in training, in those of the training galaxies; 0 or more, and 0 in settings
    /// that do not say.
    #[serde(default)]
    pub latent_noise: f64,
    /// How stars are dealt.
    pub batches: BatchConfig,
    /// How long the flow is trained; it is compared on stars of validation at every checkpoint.
    pub fit: FitConfig,
    /// Least and greatest value of each feature among the stars that train. A sampled star beyond these,
    /// widened by a tenth at either end (not to below 0, where none was), is drawn anew: what a flow
    /// says far from all that it has seen is no star.
    pub ranges: Vec<[f64; 2]>,
    /// Components of the Gaussian mixtures that are fitted beside it; 1 or more.
    pub components: usize,
}

impl ForgeConfig {
    /// Checks what needs no galaxies.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for no components, and for a noise that is negative or not finite; those
    /// of the settings in it.
    pub fn validate(&self) -> Result<(), ForgeError> {
        check(self.components, self.latent_noise)?;
        let fits = |[low, high]: &[f64; 2]| low.is_finite() && high.is_finite() && low <= high;
        if self.ranges.len() as i64 != self.flow.features || !self.ranges.iter().all(fits) {
            let rule = format!("{} pairs, the lower end first", self.flow.features);
            let got = format!("{:?}", self.ranges);
            return Err(ForgeError::Setting { name: "ranges", rule, got });
        }
        self.galaxies.validate()?;
        self.flow.validate()?;
        self.algorithm.validate()?;
        self.batches.validate()?;
        Ok(self.fit.validate()?)
    }
}

/// Checks what a recipe and its settings have in common.
pub(crate) fn check(components: usize, latent_noise: f64) -> Result<(), ForgeError> {
    if components == 0 {
        let (rule, got) = ("at least 1".to_owned(), "0".to_owned());
        return Err(ForgeError::Setting { name: "components", rule, got });
    }
    if !(latent_noise.is_finite() && latent_noise >= 0.0) {
        let (rule, got) = ("0 or more".to_owned(), latent_noise.to_string());
        return Err(ForgeError::Setting { name: "latent_noise", rule, got });
    }
    Ok(())
}
