//! GalacticFlow's layout: `layers.0.{P,S,L,U}`, `layers.1.{net1,net2,net_cond1,net_cond2}.network.0.weight`,
//! and so on in turn. It has no tensors of its base, a standard normal.

use std::collections::BTreeMap;

use tch::Tensor;

use super::{Import, Parts, hidden, layers, length};
use crate::{Architecture, FlowConfig, Member};

/// The name by which the layout is known.
pub(super) const FIRST: &str = "layers.0.P";

/// The box of its splines.
const BOUND: f64 = 3.0;

pub(super) fn parts(
    import: &Import,
    mut tensors: BTreeMap<String, Tensor>,
) -> Result<Parts, String> {
    if let Some(member) = import.member.filter(|member| *member != Member::Galactic) {
        return Err(format!("it has the names of GalacticFlow's layers, not of `{member:?}`"));
    }
    let mut parts: BTreeMap<usize, BTreeMap<&str, &Tensor>> = BTreeMap::new();
    for (name, tensor) in &tensors {
        let below = name.strip_prefix("layers.").and_then(|name| name.split_once('.'));
        if let Some((number, below)) = below {
            let number = number.parse().map_err(|_| format!("`{name}` is in no layer"))?;
            parts.entry(number).or_default().insert(below, tensor);
        }
    }
    let features = parts.get(&0).map_or(Ok(None), |part| length(part, "S"))?;
    let features = features.ok_or("`layers.0.S` is missing")?;
    let half = features / 2;
    let mut sizes = None;
    for (number, part) in parts.iter().filter(|(number, _)| *number % 2 == 1) {
        let below = |reason: String| format!("layers.{number}: {reason}");
        let own = layers(part, "net1.network.").map_err(below)?;
        if *sizes.get_or_insert_with(|| own.clone()) != own {
            return Err(below("its networks have other widths than those of layers.1".to_owned()));
        }
    }
    let sizes = sizes.ok_or("`layers.1.net1.network.0.weight` is missing")?;
    let outputs = sizes[sizes.len() - 1][0];
    if half == 0 || outputs % half != 0 || (outputs / half) % 3 != 2 {
        return Err(format!(
            "networks of {outputs} outputs do not fit {half} features, of 3 bins - 1 parameters each"
        ));
    }
    let condition = parts[&1].contains_key("net_cond1.network.0.weight");
    let context = match condition {
        true => layers(&parts[&1], "net_cond1.network.")?[0][1],
        false => 0,
    };
    let bound = import.bound.unwrap_or(BOUND);
    let config = FlowConfig {
        transforms: parts.len().div_ceil(2) as i64,
        architecture: Architecture::Galactic { bins: (outputs / half + 1) / 3, bound },
        hidden: hidden(&sizes),
        ..Member::Galactic.config(features, context)
    };
    let one = parts[&0]["S"].ones_like();
    tensors.insert("base.loc".to_owned(), one.zeros_like());
    tensors.insert("base.scale".to_owned(), one);
    Ok(Parts { config, tensors })
}
