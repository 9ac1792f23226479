//! The likelihood of stars that nothing was fitted to: by the flow, and by what is compared with it.

use astrogen_data::tensor_of;
use astrogen_flows::{Transform, Units};
use astrogen_metrics::{GaussianMixture, GaussianMixtureConfig, LogLikelihood};
use ndarray::Array2;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::{Forge, ForgeError, Wanted};

/// Stars whose likelihood is computed at a time.
const CHUNK: i64 = 1 << 16;

/// How likely a galaxy's stars are by a density that is compared with the flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The log-likelihood of its stars by that density, in nats per star, in physical units.
    #[serde(flatten)]
    pub likelihood: LogLikelihood,
    /// How much more it is by the flow: the mean of the differences star by star, and its standard
    /// error, which what stars have in common is not in.
    pub gain: LogLikelihood,
}

/// A mixture of Gaussians over stars; of the logarithm of features whose logarithm is learnt.
#[derive(Debug)]
pub(super) struct Baseline {
    logarithms: Units,
    mixture: GaussianMixture,
}

impl Baseline {
    /// Fits a mixture of so many Gaussians with full covariances to stars `[N, features]`.
    pub(super) fn fit(
        forge: &Forge,
        stars: &Array2<f64>,
        components: usize,
    ) -> Result<Self, ForgeError> {
        let logarithms = forge.flow().config().feature_units.logarithms();
        let seed = forge.config().fit.seed;
        // A galaxy with fewer stars than components has no mixture of so many.
        let components = components.min(stars.nrows());
        let config = GaussianMixtureConfig { components, seed, ..GaussianMixtureConfig::default() };
        let rows = logarithms.call_and_ladj(&tensor_of(stars)?).0;
        Ok(Self { mixture: config.fit(&rows, None)?.mixture, logarithms })
    }

    /// Beside that of the flow, `[N]`, the log-likelihood of stars `[N, features]`, in their physical
    /// units.
    pub(super) fn beside(
        &self,
        flow: &Tensor,
        stars: &Array2<f64>,
    ) -> Result<Comparison, ForgeError> {
        let (rows, ladj) = self.logarithms.call_and_ladj(&tensor_of(stars)?);
        let log_prob = self.mixture.log_prob(&rows)? + ladj;
        let gain = LogLikelihood::of(&(flow - &log_prob));
        Ok(Comparison { likelihood: LogLikelihood::of(&log_prob), gain })
    }
}

/// The log-likelihood of each of a galaxy's stars `[N, features]` by the flow, `[N]`, in their physical
/// units.
pub(super) fn by_flow(
    forge: &Forge,
    wanted: &Wanted,
    stars: &Array2<f64>,
) -> Result<Tensor, ForgeError> {
    let given = forge.given(wanted)?;
    let mut all = vec![Tensor::zeros([0], (Kind::Double, Device::Cpu))];
    for chunk in tensor_of(stars)?.split(CHUNK, 0) {
        let log_prob = given.log_prob(&chunk)?;
        all.push(log_prob.to_device(Device::Cpu).to_kind(Kind::Double));
    }
    Ok(Tensor::cat(&all, 0))
}
