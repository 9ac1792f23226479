//! A generator whose features are scaled and shifted.

use tch::Tensor;

use super::TabularGenerator;
use crate::ModelError;

impl TabularGenerator {
    /// Scales and shifts each generated feature, `feature * scale + shift`, by its last layer:
    /// the network stays one of the same shape.
    ///
    /// # Errors
    /// [`ModelError::InvalidShape`] where there is not one scale and one shift a feature.
    pub fn rescale(&mut self, scale: &[f64], shift: &[f64]) -> Result<(), ModelError> {
        let count = self.config.features as usize;
        for (what, numbers) in [("scales", scale), ("shifts", shift)] {
            if numbers.len() != count {
                let (expected, got) = (format!("[{count}]"), vec![numbers.len() as i64]);
                return Err(ModelError::InvalidShape { what, expected, got });
            }
        }
        let named = self.out.named_tensors("out");
        let [.., (_, weight), (_, bias)] = named.as_slice() else {
            return Ok(()); // a trunk has a layer at least
        };
        let (kind, device) = self.options();
        let [scale, shift] = [scale, shift]
            .map(|numbers| Tensor::from_slice(numbers).to_kind(kind).to_device(device));
        tch::no_grad(|| {
            weight.shallow_clone().copy_(&(weight * scale.unsqueeze(1)));
            bias.shallow_clone().copy_(&(bias * &scale + &shift));
        });
        Ok(())
    }
}
