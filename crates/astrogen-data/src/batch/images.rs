//! Batches of images.

use ndarray::Array3;
use tch::{Device, Tensor};

use super::Batch;
use crate::DataError;
use crate::augment::{Dihedral, Symmetry};

/// Images `[N, C, H, W]` in signed range \[-1, 1\]; a sample is an array `[C, H, W]`.
#[derive(Debug, PartialEq)]
pub struct Images(pub Tensor);

impl Batch for Images {
    type Sample = Array3<f32>;
    type Shape = [i64; 3];

    fn values(shape: [i64; 3]) -> usize {
        shape.iter().product::<i64>() as usize
    }

    fn shape_of(sample: &Array3<f32>) -> [i64; 3] {
        let (channels, height, width) = sample.dim();
        [channels as i64, height as i64, width as i64]
    }

    fn describe(shape: [i64; 3]) -> String {
        format!("{shape:?} ([C, H, W])")
    }

    fn write(sample: &Array3<f32>, target: &mut [f32]) {
        for (to, &from) in target.iter_mut().zip(sample) {
            *to = from;
        }
    }

    fn cut(values: Tensor, [channels, height, width]: [i64; 3]) -> Result<Self, DataError> {
        Ok(Self(values.f_view([-1, channels, height, width])?))
    }

    /// # Errors
    /// [`DataError::Setting`] for images that are not square.
    fn dihedral([_, h, w]: [i64; 3], device: Device) -> Result<Option<Dihedral>, DataError> {
        if h != w {
            return Err(DataError::Setting {
                name: "augment",
                rule: "none, as only square samples can be turned".into(),
                got: format!("dihedral for samples of {h}x{w}"),
            });
        }
        Ok(Some(Dihedral::new(h as usize, device)?))
    }

    fn turned(self, dihedral: &Dihedral, symmetries: &[Symmetry]) -> Result<Self, DataError> {
        Ok(Self(dihedral.apply(&self.0, symmetries)?))
    }
}
