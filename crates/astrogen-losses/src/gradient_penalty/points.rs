//! Where the penalty is taken.

use astrogen_runtime::{draw_rows, draw_rows_like};
use tch::{Device, Kind, Tensor, no_grad};

use super::PenaltyKind;

/// One interpolation weight per sample, `[n]`, uniform in [0, 1), from libtorch's generator.
pub fn interpolation_weights(n: i64, options: (Kind, Device)) -> Tensor {
    draw_rows(n, |n| Tensor::rand([n], options))
}

/// The random numbers behind the points of one penalty. Drawing is apart from computing, so a
/// test or a repeated run can pass its own.
#[derive(Debug)]
pub struct PenaltyDraw {
    /// Interpolation weights `[N]` in [0, 1]: one per sample, not one per pixel. 1 is the real
    /// sample itself.
    pub weights: Tensor,
    /// Noise of the reals' shape, uniform in [0, 1); only DRAGAN has it.
    pub noise: Option<Tensor>,
}

impl PenaltyDraw {
    /// Draws what a kind of penalty needs on reals `[N, ...]`, of their dtype and on their
    /// device, from libtorch's generator.
    pub fn new(kind: PenaltyKind, real: &Tensor) -> Self {
        let n = real.size().first().copied().unwrap_or_default();
        Self {
            weights: interpolation_weights(n, (real.kind(), real.device())),
            noise: (kind == PenaltyKind::Dragan).then(|| draw_rows_like(real, Tensor::rand_like)),
        }
    }
}

/// The points `[N, ...]` where a penalty is taken, without a graph.
///
/// With `w` the weight of each sample,
///
/// ```text
/// TwoSided, OneSided   w * real + (1 - w) * fake
/// Dragan               real + (1 - w) * 0.5 * std(real) * noise
/// R1                   real
/// R2                   fake
/// ```
///
/// where `std` is one number, over all values of the reals given (Bessel-corrected): where several
/// processes train together, those of one process. DRAGAN's noise, uniform and never below 0, is that
/// of its authors' program; their paper writes a normal one. The weights 0 and 1 give the ends
/// exactly. What conditions the critic, its context, is not interpolated: it stays that of the real
/// sample, inside the critic's closure or trait.
///
/// # Panics
/// When `real` and `fake` differ in shape where they are interpolated, when the draw's weights
/// are not `[N]`, or when the draw has no noise of the reals' shape for DRAGAN.
pub fn penalty_points(
    kind: PenaltyKind,
    real: &Tensor,
    fake: &Tensor,
    draw: &PenaltyDraw,
) -> Tensor {
    no_grad(|| match kind {
        PenaltyKind::TwoSided | PenaltyKind::OneSided => interpolate(real, fake, &draw.weights),
        PenaltyKind::Dragan => {
            let Some(noise) = &draw.noise else {
                panic!("DRAGAN's points need noise: draw with PenaltyDraw::new");
            };
            interpolate(real, &perturb(real, noise), &draw.weights)
        }
        PenaltyKind::R1 => real.detach(),
        PenaltyKind::R2 => fake.detach(),
    })
}

/// `real + 0.5 * std(real) * noise`.
fn perturb(real: &Tensor, noise: &Tensor) -> Tensor {
    let (size, noise_size) = (real.size(), noise.size());
    assert!(
        size == noise_size,
        "DRAGAN's noise has the shape of the reals {size:?}, got {noise_size:?}"
    );
    real + noise * (real.std(true) * 0.5)
}

/// `w * real + (1 - w) * other`, exact at both ends.
fn interpolate(real: &Tensor, other: &Tensor, weights: &Tensor) -> Tensor {
    let (size, other_size) = (real.size(), other.size());
    assert!(
        size == other_size,
        "the points of a penalty lie between batches of one shape, got {size:?} and {other_size:?}"
    );
    let samples = &size[..size.len().min(1)];
    assert!(
        weights.size() == samples,
        "one interpolation weight a sample: expected the shape {samples:?}, got {:?}",
        weights.size()
    );
    other.lerp_tensor(real, &super::norm::along_batch(weights, size.len()))
}
