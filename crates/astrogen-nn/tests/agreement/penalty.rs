//! A gradient penalty by both kernels and by PyTorch.

use astrogen_losses::{
    GradientPenaltyConfig, PiecewiseLinear, gradient_penalty, piecewise_linear_penalty,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::{Named, assert_all_close, assert_close, below, gradients, parameters};

/// Element types and how close, relatively, two ways to the same number have to come.
pub(crate) const PRECISIONS: [(Kind, f64); 2] = [(Kind::Float, 1e-5), (Kind::Double, 1e-12)];

/// A penalty's value, mean norm and gradients of every parameter.
pub(crate) struct Numbers {
    pub(crate) value: Tensor,
    pub(crate) norm: Tensor,
    pub(crate) gradients: Named,
}

pub(crate) fn by_double_backward(
    store: &VarStore,
    score: impl Fn(&Tensor) -> Tensor,
    points: &Tensor,
    config: &GradientPenaltyConfig,
) -> Numbers {
    let penalty = gradient_penalty(score, points, config);
    let gradients = gradients(store, &penalty.value);
    Numbers { value: penalty.value.detach(), norm: penalty.norm, gradients }
}

pub(crate) fn in_closed_form(
    store: &VarStore,
    critic: &dyn PiecewiseLinear,
    points: &Tensor,
    config: &GradientPenaltyConfig,
) -> Numbers {
    let penalty = piecewise_linear_penalty(critic, points, config);
    let parameters = parameters(store).into_iter();
    let mut gradients: Named = parameters.map(|(name, p)| (name, p.zeros_like())).collect();
    for (name, gradient) in penalty.gradients {
        assert!(gradients.insert(name.clone(), gradient).is_some(), "{name} is no parameter");
    }
    Numbers { value: penalty.value, norm: penalty.norm, gradients }
}

#[track_caller]
pub(crate) fn assert_agree(what: &str, got: &Numbers, expected: &Numbers, tolerance: f64) {
    assert_close(&format!("{what}, value"), &got.value, &expected.value, tolerance);
    assert_close(&format!("{what}, norm"), &got.norm, &expected.norm, tolerance);
    assert_all_close(what, &got.gradients, &expected.gradients, tolerance);
}

/// What PyTorch's double backward gave, in double precision.
pub(crate) fn golden_numbers(golden: &Named, name: &str) -> Numbers {
    let of = |key: &str| golden[&format!("{name}.{key}")].shallow_clone();
    let gradients = below(golden, &format!("{name}.grad."));
    Numbers { value: of("value"), norm: of("norm"), gradients }
}

/// Numbers without pattern in (-1, 1), the same at each run whatever other tests draw.
pub(crate) fn scattered(size: &[i64], phase: f64) -> Tensor {
    let n: i64 = size.iter().product();
    let count = Tensor::arange(n, (Kind::Double, Device::Cpu));
    ((count * 12.9898 + phase).sin() * 43758.5453).frac().view(size)
}

/// Weights that keep the size of signals, so that norms are near 1, and biases that are not 0.
pub(crate) fn spread_weights(store: &VarStore) {
    tch::no_grad(|| {
        for (i, (_, parameter)) in parameters(store).into_iter().enumerate() {
            let size = parameter.size();
            let fan_in = parameter.numel() as f64 / size[0] as f64;
            let limit = if size.len() > 1 { (6.0 / fan_in).sqrt() } else { 0.1 };
            parameter.shallow_clone().copy_(&(scattered(&size, i as f64) * limit));
        }
    });
}

pub(crate) fn cast(store: &mut VarStore, kind: Kind) {
    if kind == Kind::Double {
        store.double();
    }
}
