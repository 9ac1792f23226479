//! The penalty of any critic, by differentiating twice.

use astrogen_runtime::in_full;
use tch::{Kind, Tensor};

use super::{GradientPenaltyConfig, norm};

/// A penalty whose value can be differentiated.
#[derive(Debug)]
pub struct Penalty {
    /// The penalty, weight included: a scalar with a graph to the critic's weights.
    pub value: Tensor,
    /// Mean of the gradient norms: a scalar without a graph.
    pub norm: Tensor,
}

/// The gradient penalty of any critic at points `[N, ...]`, by double backward.
///
/// The critic maps `[N, ...]` to scores `[N]`; what conditions it stays inside the closure. It
/// must score each sample by itself: a batch normalisation mixes samples, and the norm of one
/// sample's gradient then means nothing. Add `value` to the critic's loss, or differentiate it
/// alone; its graph reaches the critic's weights and nothing behind `points`, which are
/// detached. The weight counts `config.interval` times, see [`GradientPenaltyConfig`].
///
/// A critic that is [piecewise linear](super::PiecewiseLinear) gets the same number faster by
/// [`piecewise_linear_penalty`](super::piecewise_linear_penalty).
///
/// ```
/// use astrogen_losses::{GradientPenaltyConfig, gradient_penalty};
/// use tch::Tensor;
///
/// // D(x) = <w, x> has the gradient w everywhere: here of norm 5, and 10 (5 - 1)^2 = 160.
/// let weight = Tensor::from_slice(&[3.0f64, 4.0]).set_requires_grad(true);
/// let points = Tensor::from_slice2(&[[0.5f64, -1.0], [2.0, 0.0]]);
/// let penalty =
///     gradient_penalty(|x| x.mv(&weight), &points, &GradientPenaltyConfig::default());
/// assert!((penalty.value.double_value(&[]) - 160.0).abs() < 1e-9);
/// assert!((penalty.norm.double_value(&[]) - 5.0).abs() < 1e-9);
///
/// // 20 (|w| - 1) w / |w|
/// penalty.value.backward();
/// assert!((weight.grad().double_value(&[0]) - 48.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// When the points are not `[N, ...]` with at least one sample, when the scores are not `[N]`,
/// or when the scores do not depend on the points (as under `no_grad`).
pub fn gradient_penalty(
    critic: impl Fn(&Tensor) -> Tensor,
    points: &Tensor,
    config: &GradientPenaltyConfig,
) -> Penalty {
    norm::check_points(points);
    let points = points.detach().set_requires_grad(true);
    let scores = critic(&points);
    norm::check_scores(&scores, &points);
    assert!(
        scores.requires_grad(),
        "a gradient penalty needs scores that depend on the points: was the critic run without \
         gradients?"
    );
    let back = || Tensor::run_backward(&[&scores], &[&points], true, true).swap_remove(0);
    let gradient = in_full(back);
    assert!(gradient.defined(), "the critic's scores do not depend on the points");
    let norms = norm::norms(&gradient);
    Penalty {
        value: norm::value(&norm::excess(&norms, config), config),
        norm: norms.detach().mean(None::<Kind>),
    }
}
