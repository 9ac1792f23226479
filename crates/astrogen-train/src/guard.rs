//! Stops a run whose numbers are no longer numbers, and says where it began.

use tch::{Kind, Tensor};

use crate::TrainError;

/// Whether every element is finite; whole-number tensors always are.
fn is_finite(tensor: &Tensor) -> bool {
    // A sum is finite only if all its terms are, and costs one pass without a mask; an
    // overflow of the sum itself (or inf - inf) is settled by looking at each element.
    !tensor.is_floating_point()
        || tensor.sum(Kind::Double).double_value(&[]).is_finite()
        || tensor.isfinite().all().int64_value(&[]) == 1
}

/// Checks named tensors in their order.
///
/// # Errors
/// [`TrainError::NonFinite`] names the first that holds a NaN or an infinity.
pub fn check_finite<'a>(
    step: u64,
    named: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<(), TrainError> {
    match named.into_iter().find(|(_, tensor)| !is_finite(tensor)) {
        None => Ok(()),
        Some((name, _)) => Err(TrainError::NonFinite { step, tensor: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_first_bad_tensor_and_its_step() {
        let good = Tensor::from_slice(&[1.0_f32, 2.0]);
        let huge = Tensor::from_slice(&[f64::MAX, f64::MAX]);
        let nan = Tensor::from_slice(&[1.0_f32, f32::NAN]);
        let infinite = Tensor::from_slice(&[f32::INFINITY]);
        let count = Tensor::from_slice(&[3_i64]);
        let fine = [("a", &good), ("b", &huge), ("c", &count)];
        assert!(check_finite(7, fine).is_ok(), "an overflowing sum is no infinity");
        let bad = [("a", &good), ("generator.net.0.weight", &nan), ("c", &infinite)];
        let message = check_finite(7, bad).err().map(|error| error.to_string());
        let message = message.unwrap_or_default();
        assert!(message.starts_with("generator.net.0.weight is not finite at step 7"), "{message}");
    }
}
