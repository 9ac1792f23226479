//! From input gradients to the penalty's value.

use tch::{Kind, Tensor};

use super::{GradientPenaltyConfig, PenaltyKind};

/// Added to the squared norm, inside the root: its derivative stays finite at a gradient of
/// zero.
pub(super) const EPSILON: f64 = 1e-12;

/// `sqrt(sum g^2 + 1e-12)` over all axes but the batch's: `[N]` from `[N, ...]`.
pub(super) fn norms(gradient: &Tensor) -> Tensor {
    let axes: Vec<i64> = (1..gradient.dim() as i64).collect();
    let squared = gradient.square().sum_dim_intlist(axes, false, None::<Kind>) + EPSILON;
    // The square root, by way of its reciprocal: on the CPU libtorch gives `sqrt` to a library
    // that wakes all threads for a handful of numbers, and then they spin beside the next step.
    &squared * squared.rsqrt()
}

/// How far norms `[N]` are from what is asked of them: `norm - target`, at least 0 if the
/// penalty is one-sided.
pub(super) fn excess(norms: &Tensor, config: &GradientPenaltyConfig) -> Tensor {
    let excess = norms - config.target_norm();
    if config.kind == PenaltyKind::OneSided { excess.relu() } else { excess }
}

/// `coefficient * mean excess^2`.
pub(super) fn value(excess: &Tensor, config: &GradientPenaltyConfig) -> Tensor {
    excess.dot(excess) * (config.coefficient() / batch_size(excess))
}

/// `d value / d gradient`, `[N, ...]`: `2 coefficient / N * excess / norm * gradient`.
pub(super) fn tangent(
    gradient: &Tensor,
    norms: &Tensor,
    excess: &Tensor,
    config: &GradientPenaltyConfig,
) -> Tensor {
    let scale = excess / norms * (2.0 * config.coefficient() / batch_size(excess));
    gradient * along_batch(&scale, gradient.dim())
}

/// One number per sample, `[N]`, as `[N, 1, ...]` of `dim` axes.
pub(super) fn along_batch(values: &Tensor, dim: usize) -> Tensor {
    let mut size = vec![1; dim];
    size[0] = -1;
    values.view(size.as_slice())
}

fn batch_size(values: &Tensor) -> f64 {
    values.size().first().map_or(1.0, |&n| n as f64)
}

/// Refuses points that are no batch of samples.
#[track_caller]
pub(super) fn check_points(points: &Tensor) {
    let size = points.size();
    assert!(
        size.len() >= 2 && size[0] >= 1,
        "a gradient penalty is taken at points [N, ...] with N at least 1, got the shape {size:?}"
    );
}

/// Refuses scores that are not one per sample.
#[track_caller]
pub(super) fn check_scores(scores: &Tensor, points: &Tensor) {
    let (size, n) = (scores.size(), points.size()[0]);
    assert!(
        size == [n],
        "a critic under a gradient penalty gives one score a sample: expected the shape [{n}], \
         got {size:?}"
    );
}
