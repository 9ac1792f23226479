//! Stops a run whose numbers are no longer numbers, and says where it began.

use tch::{Kind, Tensor, no_grad};

use crate::TrainError;

/// A number that is finite only if all elements are.
///
/// A sum costs one pass without a mask.
fn sum(tensor: &Tensor) -> Tensor {
    tensor.sum(Kind::Double)
}

/// Whether every element of a tensor whose [`sum`] is no finite number is finite: the sum itself may
/// have overflowed, or be inf - inf.
fn is_finite(tensor: &Tensor) -> bool {
    tensor.isfinite().all().int64_value(&[]) == 1
}

/// Checks named tensors in their order; whole-number tensors are always finite. A device is waited for
/// once, where all are on one.
///
/// # Errors
/// [`TrainError::NonFinite`] names the first that holds a NaN or an infinity; [`TrainError::Torch`]
/// where a device has no room.
pub fn check_finite<'a>(
    step: u64,
    named: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<(), TrainError> {
    let floats = named.into_iter().filter(|(_, tensor)| tensor.is_floating_point());
    let mut named: Vec<(usize, (&str, &Tensor))> = floats.enumerate().collect();
    let mut suspects = Vec::new();
    while let Some(device) = named.first().map(|(_, (_, tensor))| tensor.device()) {
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(_, (_, tensor))| tensor.device() == device);
        let sums: Vec<Tensor> =
            no_grad(|| here.iter().map(|(_, (_, tensor))| sum(tensor)).collect());
        let sums = Vec::<f64>::try_from(Tensor::f_stack(&sums, 0)?)?;
        let odd = here.into_iter().zip(sums).filter(|(_, sum)| !sum.is_finite());
        suspects.extend(odd.map(|(named, _)| named));
        named = elsewhere;
    }
    suspects.sort_by_key(|(place, _)| *place);
    match suspects.into_iter().find(|(_, (_, tensor))| !is_finite(tensor)) {
        None => Ok(()),
        Some((_, (name, _))) => Err(TrainError::NonFinite { step, tensor: name.to_owned() }),
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
