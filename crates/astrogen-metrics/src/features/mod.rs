//! Metrics on features of images: a network makes a table `[N, D]` of each set, and the tables are
//! compared.
//!
//! | what | how |
//! | --- | --- |
//! | features | [`FeatureNetwork`]: a fixed random one for any channels, or any TorchScript file |
//! | [`frechet_distance`](frechet::frechet_distance) | means and covariances: the distance of two normal distributions |
//! | [`kernel_distance`](kernel::kernel_distance) | all moments up to the third, without bias, also of few rows |
//! | [`mind`](mind::mind) | the whole distributions, along random directions |
//! | [`prdc`](prdc::prdc) | apart: how good samples are (precision, density), and how many of the reals they stand for (recall, coverage) |
//!
//! Any two tables of features can be compared, from this crate's networks or not. The numbers of
//! one network say nothing beside those of another, nor do numbers of different counts of rows:
//! only [`kernel_distance`](kernel::kernel_distance) has the same mean for all counts. Two sets of one distribution are not
//! at 0 either; [`between_halves`](crate::between_halves) gives the floor.
//!
//! ```
//! use astrogen_metrics::{FeatureNetwork, RandomFeaturesConfig, frechet_distance};
//! use tch::{Device, Kind, Tensor};
//!
//! tch::manual_seed(1);
//! let noise = || Tensor::randn([64, 1, 32, 32], (Kind::Float, Device::Cpu));
//! let config = RandomFeaturesConfig { channels: 1, widths: vec![8, 8], ..Default::default() };
//! let network = FeatureNetwork::random(&config)?;
//! let real = network.extract(&noise())?;
//! let near = frechet_distance(&real, &network.extract(&noise())?)?;
//! let dim = frechet_distance(&real, &network.extract(&(0.5 * noise()))?)?;
//! assert!(dim.distance > 5.0 * near.distance, "{near}, {dim}");
//! # Ok::<(), astrogen_metrics::MetricsError>(())
//! ```

pub mod frechet;
pub mod kernel;
pub mod mind;
mod network;
pub mod prdc;
pub mod random;
pub mod torch_script;

pub use network::FeatureNetwork;

use tch::Tensor;

use crate::{MetricsError, table};

/// Both tables in float64 on the real one's device, of so many rows or more each, as `rule` says.
fn pair_of(
    least: i64,
    rule: &'static str,
    real: &Tensor,
    fake: &Tensor,
) -> Result<[Tensor; 2], MetricsError> {
    let tables = table::pair(real, fake)?;
    let [n, m] = tables.each_ref().map(|table| table.size()[0]);
    if n.min(m) >= least {
        return Ok(tables);
    }
    let got = format!("{n} real and {m} fake rows where {least} are needed");
    Err(MetricsError::BadValues { set: "tables", rule, got })
}
