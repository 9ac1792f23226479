//! zuko's layout: `transform.transforms.0.order`, `.hyper.0.weight`, ..., `base.loc`.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::univariate::Shapes;
use super::{Import, Parts, hidden, layers, length};
use crate::{Architecture, FlowConfig};

/// What the names of all transforms begin with.
pub(super) const PREFIX: &str = "transform.transforms.";

/// The tensors of one transform by their names below it.
type Part<'a> = BTreeMap<&'a str, &'a Tensor>;

/// What the first transform says of all, but for its function.
struct Sizes {
    features: i64,
    context: i64,
    /// Parameters of one feature.
    parameters: i64,
    architecture: Architecture,
    hidden: Vec<i64>,
}

pub(super) fn parts(import: &Import, tensors: BTreeMap<String, Tensor>) -> Result<Parts, String> {
    let (tensors, base) = base(tensors);
    let transforms = transforms(&tensors)?;
    let count = transforms.len();
    let step = if transforms.contains_key(&1) || count == 1 { 1 } else { 2 };
    if !transforms.keys().copied().eq((0..count).map(|i| step * i)) {
        return Err(format!(
            "it has the transforms {:?}, expected each from 0, or every other of an `SOSPF`",
            transforms.keys().collect::<Vec<_>>()
        ));
    }
    let mut sizes: Option<Sizes> = None;
    for (number, part) in &transforms {
        let below = |reason: String| format!("{PREFIX}{number}: {reason}");
        let own = self::sizes(part, &tensors).map_err(below)?;
        match &sizes {
            Some(first) if first.hidden != own.hidden => {
                return Err(below(format!(
                    "hidden layers of {:?}, those of the first transform have {:?}",
                    own.hidden, first.hidden
                )));
            }
            Some(_) => {}
            None => sizes = Some(own),
        }
    }
    let sizes = sizes.ok_or("it has no transforms")?;
    explained(&sizes, &tensors)?;
    let shapes = Shapes {
        coupling: sizes.architecture == Architecture::Coupling,
        gaps: (count > 1).then_some(step == 2),
        circle: base.circle,
        older: base.older,
        parameters: sizes.parameters,
    };
    let (member, univariate) = shapes.member(import)?;
    let config = FlowConfig {
        transforms: count as i64,
        architecture: sizes.architecture,
        univariate,
        hidden: sizes.hidden,
        activation: import.activation,
        ..member.config(sizes.features, sizes.context)
    };
    Ok(Parts { config, tensors })
}

/// Refuses so many features that which sees which would take far more memory than all the tensors.
fn explained(sizes: &Sizes, tensors: &BTreeMap<String, Tensor>) -> Result<(), String> {
    /// Wide flows of narrow networks have up to some tens.
    const SHARE: i64 = 64;
    let Sizes { features, context, parameters, .. } = *sizes;
    let pairs = features.saturating_mul(parameters).saturating_mul(features + context);
    let elements: i64 = tensors.values().map(|tensor| tensor.numel() as i64).sum();
    if pairs > (SHARE * elements).max(1 << 20) {
        return Err(format!(
            "{features} features and {context} context values of {parameters} parameters are too \
             many for networks of {elements} numbers: it is damaged"
        ));
    }
    Ok(())
}

/// What the base's names and numbers tell.
struct Base {
    /// Written by zuko before 1.6.
    older: bool,
    /// A box for angles.
    circle: bool,
}

/// The tensors with the base's present names.
fn base(mut tensors: BTreeMap<String, Tensor>) -> (BTreeMap<String, Tensor>, Base) {
    let ends = [tensors.remove("base._0"), tensors.remove("base._1")];
    let older = ends.iter().any(Option::is_some);
    let mut circle = tensors.contains_key("base.lower");
    if let [Some(first), Some(second)] = &ends {
        // A box has ends on both sides of 0; of normals, the second number is their deviation.
        let numbers = first.is_floating_point() && second.is_floating_point();
        circle = numbers
            && first.size() == second.size()
            && first.eq_tensor(&-second).all().int64_value(&[]) == 1;
    }
    let names = if circle { ["base.lower", "base.upper"] } else { ["base.loc", "base.scale"] };
    for (name, tensor) in names.into_iter().zip(ends) {
        if let Some(tensor) = tensor {
            tensors.insert(name.to_owned(), tensor);
        }
    }
    (tensors, Base { older, circle })
}

/// Each transform by its number.
fn transforms(tensors: &BTreeMap<String, Tensor>) -> Result<BTreeMap<usize, Part<'_>>, String> {
    let mut transforms: BTreeMap<usize, Part<'_>> = BTreeMap::new();
    for (name, tensor) in tensors {
        let Some(below) = name.strip_prefix(PREFIX) else { continue };
        let parsed = below.split_once('.').and_then(|(i, below)| Some((i.parse().ok()?, below)));
        let (number, below) = parsed.ok_or_else(|| format!("`{name}` is in no transform"))?;
        transforms.entry(number).or_default().insert(below, tensor);
    }
    Ok(transforms)
}

fn sizes(part: &Part<'_>, tensors: &BTreeMap<String, Tensor>) -> Result<Sizes, String> {
    for (name, kind) in [("order", Kind::Int64), ("mask", Kind::Bool)] {
        if let Some(tensor) = part.get(name).filter(|tensor| tensor.kind() != kind) {
            return Err(format!("`{name}` is of {:?}, expected {kind:?}", tensor.kind()));
        }
    }
    if let Some(features) = length(part, "order")? {
        return autoregressive(part, features);
    }
    if let Some(features) = length(part, "mask")? {
        return coupling(part, features);
    }
    let features = ["base.loc", "base.lower"].iter().find_map(|name| tensors.get(*name));
    if features.is_none_or(|base| base.size() != [1]) {
        return Err("it has neither an `order` nor a `mask`: of several features, only \
                    autoregressive transforms with an order and couplings are read"
            .to_owned());
    }
    single(part)
}

fn autoregressive(part: &Part<'_>, features: i64) -> Result<Sizes, String> {
    let layers = layers(part, "hyper.")?;
    if features < 2 {
        return Err(format!("`order` is of {features} features, expected 2 or more"));
    }
    let places = part["order"].max().int64_value(&[]).saturating_add(1);
    if !(1..=features).contains(&places) {
        return Err(format!("`order` has {places} places for {features} features"));
    }
    let passes = (places < features).then_some(places);
    let architecture = Architecture::Autoregressive { passes };
    of_layers(&layers, architecture, [features, features, features])
}

fn coupling(part: &Part<'_>, features: i64) -> Result<Sizes, String> {
    let layers = layers(part, "hyper.")?;
    let seen = part["mask"].sum(Kind::Int64).int64_value(&[]);
    if seen == 0 || seen == features {
        return Err(format!("`mask` lets {seen} of {features} features stay"));
    }
    of_layers(&layers, Architecture::Coupling, [features, seen, features - seen])
}

/// A transform of the only feature, given the context if there is one.
fn single(part: &Part<'_>) -> Result<Sizes, String> {
    let architecture = Architecture::Autoregressive { passes: None };
    if part.contains_key("phi.0") {
        let parameters = part.values().map(|phi| phi.numel() as i64).sum();
        return Ok(Sizes { features: 1, context: 0, parameters, architecture, hidden: vec![] });
    }
    of_layers(&layers(part, "hyper.")?, architecture, [1, 0, 1])
}

/// Sizes by the layers of the network: features, those that are inputs, and those that are
/// changed.
fn of_layers(
    layers: &[[i64; 2]],
    architecture: Architecture,
    [features, seen, changed]: [i64; 3],
) -> Result<Sizes, String> {
    let (inputs, outputs) = (layers[0][1], layers[layers.len() - 1][0]);
    let (context, parameters) = (inputs - seen, outputs / changed);
    if context < 0 || outputs % changed != 0 {
        return Err(format!(
            "a network of {inputs} inputs and {outputs} outputs does not fit {seen} features that \
             it sees and {changed} that it changes"
        ));
    }
    Ok(Sizes { features, context, parameters, architecture, hidden: hidden(layers) })
}
