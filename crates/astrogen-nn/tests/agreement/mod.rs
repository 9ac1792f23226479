//! Numbers that have to agree: ours, PyTorch's, and those of another way to the same.

pub(crate) mod penalty;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use astrogen_nn::weights;
use tch::nn::VarStore;
use tch::{Kind, Tensor};

pub(crate) type Named = BTreeMap<String, Tensor>;

/// What a script in `golden/` made.
pub(crate) fn golden_file(name: &str) -> Named {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    weights::read(folder.join(name)).unwrap().tensors
}

/// The tensors below a prefix, without it.
pub(crate) fn below(golden: &Named, prefix: &str) -> Named {
    let named = golden.iter();
    named
        .filter_map(|(name, tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.shallow_clone()))
        })
        .collect()
}

/// The variables that training changes, by name.
pub(crate) fn parameters(store: &VarStore) -> Named {
    store.variables().into_iter().filter(|(_, variable)| variable.requires_grad()).collect()
}

/// Gradients of a scalar by parameter name; 0 where it does not depend on the parameter.
pub(crate) fn gradients(store: &VarStore, of: &Tensor) -> Named {
    let (names, parameters): (Vec<_>, Vec<_>) = parameters(store).into_iter().unzip();
    let gradients = Tensor::run_backward(&[of], &parameters, false, false);
    let defined = gradients.into_iter().zip(&parameters).map(|(gradient, parameter)| {
        if gradient.defined() { gradient } else { parameter.zeros_like() }
    });
    names.into_iter().zip(defined).collect()
}

/// The largest difference, relative to the largest expected magnitude.
pub(crate) fn distance(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size());
    let (got, expected) = (got.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    let worst = (got - &expected).abs().max().double_value(&[]);
    let scale = expected.abs().max().double_value(&[]);
    if worst == 0.0 { 0.0 } else { worst / scale }
}

#[track_caller]
pub(crate) fn assert_close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
    let error = distance(got, expected);
    assert!(error <= tolerance, "{what}: differs by {error:e}, allowed {tolerance:e}");
}

/// Two sets of tensors of the same names.
#[track_caller]
pub(crate) fn assert_all_close(what: &str, got: &Named, expected: &Named, tolerance: f64) {
    assert!(got.keys().eq(expected.keys()), "{what}: {:?}", got.keys());
    for (name, expected) in expected {
        assert_close(&format!("{what}, {name}"), &got[name], expected, tolerance);
    }
}

/// Names, element types and shapes, in order.
pub(crate) fn forms<'a>(named: impl IntoIterator<Item = (&'a String, &'a Tensor)>) -> Vec<String> {
    let forms = named.into_iter();
    let mut forms: Vec<_> = forms
        .map(|(name, tensor)| format!("{name} {:?} {:?}", tensor.kind(), tensor.size()))
        .collect();
    forms.sort();
    forms
}

/// Saves, loads and saves again.
pub(crate) fn bytes_twice<N>(
    network: &N,
    save: impl Fn(&N, &Path),
    load: impl Fn(&Path) -> N,
) -> ([Vec<u8>; 2], N) {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    save(network, &first);
    let loaded = load(&first);
    save(&loaded, &second);
    ([fs::read(first).unwrap(), fs::read(second).unwrap()], loaded)
}
