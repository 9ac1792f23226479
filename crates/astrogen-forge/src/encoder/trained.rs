//! A trained autoencoder: images to latents and back.

use std::path::{Path, PathBuf};

use astrogen_metrics::MetricsError;
use astrogen_models::Autoencoder;
use astrogen_train::{RunDir, TrainError};
use ndarray::{Array1, Array2};
use tch::{Device, Kind, Tensor};

use super::images::read_unit;
use super::{EncoderConfig, GalaxyImages, Latents};
use crate::ForgeError;

/// Images that are read at a time.
pub(super) const CHUNK: usize = 16;

/// A trained autoencoder.
#[derive(Debug)]
pub struct Encoder {
    config: EncoderConfig,
    autoencoder: Autoencoder,
}

impl Encoder {
    /// The autoencoder of a run: of the step whose reconstructions of held-out galaxies were best.
    ///
    /// # Errors
    /// [`ForgeError::Train`] for a folder that is no such run, [`ForgeError::Unusable`] for one without
    /// weights yet, [`ForgeError::Model`] for weights that are damaged.
    pub fn load(folder: impl AsRef<Path>, device: Device) -> Result<Self, ForgeError> {
        let run = RunDir::open(folder.as_ref())?;
        let config = run.read_config()?;
        Self::of(&run, config, device)
    }

    /// The autoencoder of an open run with these settings.
    pub(super) fn of(
        run: &RunDir,
        config: EncoderConfig,
        device: Device,
    ) -> Result<Self, ForgeError> {
        let folders = [run.best_path(), run.path().to_owned()];
        let Some(folder) = folders.iter().find(|of| of.join(Autoencoder::FILE).exists()) else {
            return Err(ForgeError::Unusable {
                path: run.path().to_owned(),
                reason: "it has no autoencoder yet: go on with its training first".to_owned(),
            });
        };
        Ok(Self { config, autoencoder: Autoencoder::load(folder, device)? })
    }

    /// The settings of the run.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// The network.
    pub fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    /// The latents of images.
    ///
    /// # Errors
    /// [`ForgeError::Model`] for images of another shape than the network's; what reading them
    /// reports.
    pub fn encode(&self, images: &GalaxyImages) -> Result<Latents, ForgeError> {
        let mut all = vec![Tensor::zeros([0, self.latents()], (Kind::Float, Device::Cpu))];
        for first in (0..images.ids().len()).step_by(CHUNK) {
            let latent = self.autoencoder.encode(&images.unit(first, CHUNK)?)?;
            all.push(latent.to_device(Device::Cpu).to_kind(Kind::Float));
        }
        Ok(Latents { ids: images.ids().to_vec(), values: array(&Tensor::cat(&all, 0))? })
    }

    /// Writes the latents of images to the folder `latents` of the run, which is returned; in a
    /// [group](RunDir::in_group) the first process does.
    ///
    /// # Errors
    /// Those of [`encode`](Self::encode) and of [`Latents::save`].
    pub fn export(&self, images: &GalaxyImages, run: &RunDir) -> Result<PathBuf, ForgeError> {
        let folder = run.join("latents");
        if run.group().is_first() {
            self.encode(images)?.save(&folder)?;
        }
        run.group().barrier("the latents").map_err(TrainError::from)?;
        Ok(folder)
    }

    /// The latents of an image in a file, `[L]`, which is read as [`GalaxyImages::open`] does.
    ///
    /// # Errors
    /// [`ForgeError::Images`] for a file that gives no image.
    pub fn encode_file(&self, path: impl AsRef<Path>) -> Result<Array1<f32>, ForgeError> {
        let image = read_unit(path.as_ref(), &self.config)?.unsqueeze(0);
        Ok(array(&self.autoencoder.encode(&image)?)?.row(0).to_owned())
    }

    /// The images of latents `[G, L]`: `[G, C, H, W]` in [0, 1].
    ///
    /// # Errors
    /// [`ForgeError::Model`] for another number of latents than the network's.
    pub fn decode(&self, latents: &Array2<f32>) -> Result<Tensor, ForgeError> {
        let (galaxies, numbers) = latents.dim();
        let flat: Vec<f32> = latents.iter().copied().collect();
        let latent = Tensor::f_from_slice(&flat)
            .and_then(|flat| flat.f_view([galaxies as i64, numbers as i64]))
            .map_err(MetricsError::from)?;
        Ok(self.autoencoder.decode(&latent)?)
    }

    /// The mean error of the reconstructions of images, as it was trained by.
    pub(super) fn error(&self, images: &GalaxyImages) -> Result<f64, ForgeError> {
        let mut sum = 0.0;
        for first in (0..images.ids().len()).step_by(CHUNK) {
            let images = images.unit(first, CHUNK)?;
            let reconstructed = self.reconstruct(&images)?;
            let error = self.config.algorithm.reconstruction.loss(&images, &reconstructed);
            sum += images.size()[0] as f64 * error.double_value(&[]);
        }
        Ok(sum / images.ids().len() as f64)
    }

    /// Reconstructions of unit images `[N, C, H, W]`, on the host.
    pub(super) fn reconstruct(&self, images: &Tensor) -> Result<Tensor, ForgeError> {
        let reconstructed = self.autoencoder.decode(&self.autoencoder.encode(images)?)?;
        Ok(reconstructed.to_device(Device::Cpu))
    }

    fn latents(&self) -> i64 {
        self.config.model.latent_dim
    }
}

/// A tensor `[G, L]` in single precision as an array.
fn array(tensor: &Tensor) -> Result<Array2<f32>, ForgeError> {
    let size = [tensor.size()[0] as usize, tensor.size()[1] as usize];
    let plain = tensor.f_to_device(Device::Cpu).and_then(|of| of.f_contiguous());
    let plain = plain.map_err(MetricsError::from)?;
    let mut array = Array2::zeros(size);
    // Zeros are in standard order.
    if let Some(values) = array.as_slice_mut() {
        plain.f_copy_data(values, size[0] * size[1]).map_err(MetricsError::from)?;
    }
    Ok(array)
}
