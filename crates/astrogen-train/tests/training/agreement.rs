//! Updates against PyTorch's, from the golden files of `astrogen-models`.

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_models::weights;
use astrogen_train::state::State;
use tch::Tensor;

use crate::tensor;

pub(crate) type Named = BTreeMap<String, Tensor>;

pub(crate) fn golden_file(name: &str) -> Named {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../astrogen-models/tests/golden");
    weights::read(folder.join(name)).unwrap().tensors
}

fn is_of_a_network(name: &str) -> bool {
    name.starts_with("generator.") || name.starts_with("critic.")
}

/// The tensors below a prefix that belong to generator and critic.
fn networks_below(golden: &Named, prefix: &str) -> Named {
    let named = golden.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix(prefix)?;
        is_of_a_network(name).then(|| (name.to_owned(), tensor.shallow_clone()))
    });
    named.collect()
}

/// The tensors of the state that belong to generator and critic.
fn networks(step: &dyn State) -> Vec<(String, Tensor)> {
    let mut state = step.state();
    state.retain(|(name, _)| is_of_a_network(name));
    state
}

/// Gives generator and critic the weights below a prefix.
pub(crate) fn load_networks(step: &dyn State, golden: &Named, prefix: &str) {
    let expected = networks_below(golden, prefix);
    weights::copy_into(networks(step), &expected, "the golden file").unwrap();
}

/// Generator and critic have the weights below a prefix.
#[track_caller]
pub(crate) fn assert_networks(step: &dyn State, golden: &Named, prefix: &str) {
    let expected = networks_below(golden, prefix);
    let ours = networks(step);
    assert_eq!(ours.len(), expected.len());
    for (name, tensor) in ours {
        // An update is about 1e-4 long.
        let difference = (&tensor - &expected[&name]).abs().max().double_value(&[]);
        assert!(difference < 2e-6, "{prefix}{name} differs by {difference:e}");
    }
}

/// The gradients of a network's first update, which Adam's first moments hold times
/// `1 - beta1`, are those below a prefix.
#[track_caller]
pub(crate) fn assert_gradients(
    step: &dyn State,
    network: &str,
    beta1: f64,
    golden: &Named,
    prefix: &str,
) {
    let prefix = format!("{prefix}{network}.");
    let expected: Vec<_> = golden
        .iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?, tensor)))
        .collect();
    assert!(!expected.is_empty());
    for (name, expected) in expected {
        let got = tensor(step, &format!("optimizer.{network}.exp_avg.{name}")) / (1.0 - beta1);
        let worst = (got - expected).abs().max().double_value(&[]);
        let scale = expected.abs().max().double_value(&[]);
        // What cancels may leave rounding.
        assert!(worst <= (1e-5 * scale).max(1e-8), "{prefix}{name}: {worst:e} of {scale:e}");
    }
}

#[track_caller]
pub(crate) fn assert_relative(what: &str, got: f64, expected: f64) {
    let error = (got - expected).abs() / expected.abs();
    assert!(error < 1e-5, "{what}: {got} differs from {expected} by {error:e}");
}
