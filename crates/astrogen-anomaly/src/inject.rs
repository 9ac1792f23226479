//! Images with something odd in each.

use astrogen_preprocess::{Pipeline, Scaling};
use astrogen_sky::Anomaly;
use ndarray::Array3;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::AnomalyError;

/// Settings of [`inject`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InjectConfig {
    /// How much an anomaly stands out, above 0 ([`Anomaly::inject`]). Default 1.
    pub contrast: f64,
    /// The full width at half maximum of the telescope's point spread function in pixels, above 0.
    /// Default 2.
    pub fwhm: f64,
    /// The seed of where anomalies are.
    pub seed: u64,
}

impl Default for InjectConfig {
    fn default() -> Self {
        Self { contrast: 1.0, fwhm: 2.0, seed: 0 }
    }
}

impl InjectConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`AnomalyError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), AnomalyError> {
        for (name, value) in [("contrast", self.contrast), ("fwhm", self.fwhm)] {
            if !(value.is_finite() && value > 0.0) {
                let rule = "a finite number above 0";
                return Err(AnomalyError::Setting { name, rule, got: value.to_string() });
            }
        }
        Ok(())
    }
}

/// Images `[N, C, H, W]`, signed, with an anomaly in each, of all [kinds](Anomaly::ALL) in turn, and
/// which one each has. Light is added in linear light: what `pipeline` with `scaling`, that of a typical
/// frame, made of it is undone before, and done after.
///
/// # Errors
/// [`AnomalyError::Setting`], [`AnomalyError::Preprocess`] for a scaling of other bands,
/// [`AnomalyError::Torch`] for what is no batch of images.
pub fn inject(
    images: &Tensor,
    pipeline: &Pipeline,
    scaling: &Scaling,
    config: &InjectConfig,
) -> Result<(Tensor, Vec<Anomaly>), AnomalyError> {
    config.validate()?;
    let images = images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let (n, channels, height, width) = images.size4()?;
    let shape = [channels, height, width].map(|side| side as usize);
    let kinds = Anomaly::ALL.into_iter().cycle().take(n as usize);
    let mut all = Vec::new();
    let mut of = Vec::new();
    for (number, kind) in kinds.enumerate() {
        let mut pixels = vec![0f32; shape.iter().product()];
        let length = pixels.len();
        images.f_get(number as i64)?.f_copy_data(&mut pixels, length)?;
        // As many pixels as the shape has.
        let signed = Array3::from_shape_vec(shape, pixels).expect("pixels of an image");
        let mut light = pipeline.inverse(&signed, scaling)?;
        let seed = config.seed.wrapping_add(number as u64);
        kind.inject(&mut light, config.contrast, config.fwhm, seed)?;
        let signed = pipeline.apply_with(&light, scaling)?;
        let flat: Vec<f32> = signed.iter().copied().collect();
        all.push(Tensor::f_from_slice(&flat)?.f_view([channels, height, width])?);
        of.push(kind);
    }
    Ok((Tensor::f_stack(&all, 0)?, of))
}
