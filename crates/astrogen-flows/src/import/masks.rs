//! Masks, orders and permutations from a file: whether they make the transforms that they are taken
//! for.

use std::collections::BTreeMap;

use tch::{Kind, TchError, Tensor};

use crate::{Architecture, FlowConfig};

/// Refuses masks that let a feature see others than its order allows, or let other features stay
/// than the networks are for, and matrices that are no permutations. Names and shapes are known to
/// fit.
pub(super) fn check(config: &FlowConfig, tensors: &BTreeMap<String, Tensor>) -> Result<(), String> {
    for (name, tensor) in tensors {
        let (transform, last) = name.rsplit_once('.').unwrap_or_default();
        let found = match (config.architecture, last) {
            (Architecture::Autoregressive { .. }, "order") => {
                autoregressive(config, tensors, transform, tensor)
            }
            (Architecture::Coupling, "mask") => coupling(config, tensors, transform, tensor),
            (Architecture::Galactic { .. }, "P") => permutation(tensor),
            _ => Ok(None),
        };
        let found = found.map_err(|error| error.to_string())?;
        if let Some(reason) = found {
            return Err(format!("{transform}: {reason}"));
        }
    }
    Ok(())
}

fn autoregressive(
    config: &FlowConfig,
    tensors: &BTreeMap<String, Tensor>,
    transform: &str,
    order: &Tensor,
) -> Result<Option<String>, TchError> {
    let features = config.features;
    // Which inputs a unit sees, layer by layer: [units, inputs] of zeros and ones.
    let mut sees: Option<Tensor> = None;
    for layer in 0..=config.hidden.len() {
        let mask = &tensors[&format!("{transform}.hyper.{}.mask", 2 * layer)];
        let mask = mask.f_to_kind(Kind::Float)?;
        sees = Some(match sees {
            None => mask,
            Some(before) => mask.f_matmul(&before)?.f_gt(0.0)?.f_to_kind(Kind::Float)?,
        });
    }
    let Some(sees) = sees else { return Ok(None) };
    let sees = sees.f_narrow(1, 0, features)?.f_view([features, -1, features])?;
    let sees = sees.f_amax([1], false)?.f_gt(0.0)?; // by any of its parameters: [D, D]
    let allowed = order.f_unsqueeze(1)?.f_gt_tensor(order)?;
    let wrong = sees.f_logical_and(&allowed.f_logical_not()?)?.f_nonzero()?;
    if wrong.size()[0] == 0 {
        return Ok(None);
    }
    let (feature, other) = (wrong.int64_value(&[0, 0]), wrong.int64_value(&[0, 1]));
    Ok(Some(format!("its masks let feature {feature} see feature {other} against its `order`")))
}

fn coupling(
    config: &FlowConfig,
    tensors: &BTreeMap<String, Tensor>,
    transform: &str,
    mask: &Tensor,
) -> Result<Option<String>, TchError> {
    let stay = mask.f_sum(Kind::Int64)?.int64_value(&[]);
    let inputs = tensors[&format!("{transform}.hyper.0.weight")].size()[1];
    Ok((stay + config.context != inputs).then(|| {
        format!("its `mask` lets {stay} features stay, but its network is for {inputs} inputs")
    }))
}

fn permutation(matrix: &Tensor) -> Result<Option<String>, TchError> {
    let ones = matrix.f_eq(1.0)?;
    let others = matrix.f_eq(0.0)?.f_logical_or(&ones)?.f_logical_not()?.f_any()?;
    let mut fits = others.int64_value(&[]) == 0;
    for dimension in [0, 1] {
        let once = ones.f_sum_dim_intlist(dimension, false, Kind::Int64)?.f_eq(1)?.f_all()?;
        fits &= once.int64_value(&[]) == 1;
    }
    Ok((!fits).then(|| "its `P` is no permutation".to_owned()))
}
