//! A network that makes features of images, of whatever kind it is.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::random::{RandomFeatures, RandomFeaturesConfig};
use super::torch_script::{TorchScript, TorchScriptConfig};
use crate::MetricsError;
use crate::sliced_wasserstein::{batch_shape, check_finite};

/// Images `[N, C, H, W]` to features `[N, D]`.
///
/// Two networks are there: a [`random`](Self::random) one, which needs no file and takes images of
/// any channel count, and that of a TorchScript file
/// ([`open`](Self::open)), so that Inception, DINOv2 or an encoder of galaxies works where there is
/// one.
#[derive(Debug)]
pub struct FeatureNetwork(Network);

#[derive(Debug)]
enum Network {
    Random(RandomFeatures),
    TorchScript(TorchScript),
}

impl FeatureNetwork {
    /// The network with weights drawn by the settings' seed; see [`features::random`](super::random).
    ///
    /// # Errors
    /// [`MetricsError::Setting`].
    pub fn random(config: &RandomFeaturesConfig) -> Result<Self, MetricsError> {
        Ok(Self(Network::Random(RandomFeatures::new(config)?)))
    }

    /// The network of a TorchScript file, on this device, in evaluation mode.
    ///
    /// The file is a program that libtorch runs: open none that you would not run.
    ///
    /// # Errors
    /// [`MetricsError::Setting`]; [`MetricsError::Network`] for a file that is not there or holds
    /// no TorchScript.
    pub fn open(
        path: impl AsRef<Path>,
        config: &TorchScriptConfig,
        device: Device,
    ) -> Result<Self, MetricsError> {
        Ok(Self(Network::TorchScript(TorchScript::open(path.as_ref(), config, device)?)))
    }

    /// Features `[N, D]` of images `[N, C, H, W]`, float32 or, where a file's network gives
    /// these, float64, on the images' device.
    ///
    /// Images go through in chunks, so that memory grows with the features alone; what a chunk
    /// holds changes nothing but rounding. Gradients are not followed.
    ///
    /// ```
    /// use astrogen_metrics::{FeatureNetwork, RandomFeaturesConfig};
    /// use tch::{Device, Kind, Tensor};
    ///
    /// let network = FeatureNetwork::random(&RandomFeaturesConfig::default())?;
    /// let images = Tensor::randn([5, 3, 64, 64], (Kind::Float, Device::Cpu));
    /// assert_eq!(network.extract(&images)?.size(), [5, 454]);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::Shape`], [`MetricsError::BadKind`] or [`MetricsError::NotFinite`] for
    /// images that are none; [`MetricsError::BadValues`] for another number of channels than the
    /// network takes, or too few pixels; [`MetricsError::Network`] for a file's network that fails
    /// on these images or gives no features; [`MetricsError::Torch`] most likely for want of
    /// memory.
    pub fn extract(&self, images: &Tensor) -> Result<Tensor, MetricsError> {
        let shape = batch_shape("given", images)?;
        if !images.is_floating_point() {
            return Err(MetricsError::BadKind { set: "given", got: images.kind() });
        }
        let chunk = match &self.0 {
            Network::Random(network) => network.chunk(shape)?,
            Network::TorchScript(network) => network.chunk(shape)?,
        };
        let features = |start: i64| -> Result<Tensor, MetricsError> {
            let images = images.f_narrow(0, start, chunk.min(shape[0] - start))?;
            check_finite("given", &images)?;
            let images = images.f_to_kind(Kind::Float)?;
            match &self.0 {
                Network::Random(network) => Ok(network.forward(&images)?),
                Network::TorchScript(network) => network.forward(&images),
            }
        };
        let chunks = tch::no_grad(|| {
            (0..shape[0]).step_by(chunk as usize).map(features).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Tensor::f_cat(&chunks, 0)?)
    }
}
