//! The penalty of a piecewise-linear critic, without a second backward pass.
//!
//! Between its kinks such a critic is linear in its input, so its input gradient `g` depends
//! on the weights through the slopes' products alone and the second derivative of every
//! activation is zero. With `D_l` the slopes of layer `l` and `delta_l` the signal of the
//! backward pass at its output, the weight gradients of a penalty `P(g)` are
//!
//! ```text
//! forward          h_l = D_l (W_l h_{l-1} + b_l)           keeps D_l
//! input gradient   delta_{l-1} = W_l^T D_l delta_l         keeps D_l delta_l; g = delta_0
//! tangent          t_0 = v = dP/dg,  t_l = D_l W_l t_{l-1}
//! weight gradient  dP/dW_l = (D_l delta_l) (x) t_{l-1},    dP/db_l = 0
//! ```
//!
//! One forward pass, one backward pass to the input, one forward pass of the tangent, and the
//! weight gradients. Double backward does the same and then sends zeros, the activations' second
//! derivatives, backward through the whole forward pass.

use astrogen_runtime::in_full;
use tch::{Kind, Tensor, no_grad_guard, with_grad};

use super::{GradientPenaltyConfig, norm};

/// A critic that is piecewise linear in its input and scores each sample by itself: linear
/// layers and convolutions with ReLU or leaky ReLU between them, sums and concatenations of
/// such, pooling by means.
///
/// Layer and instance normalisation are not linear in the input: a critic with them takes
/// [`gradient_penalty`](super::gradient_penalty) instead. A batch normalisation has no place
/// under a gradient penalty at all: it makes the score of one sample depend on all others, and
/// the norm of one sample's gradient, which the penalty is about, no longer belongs to that
/// sample.
///
/// Where the critic has a context that is not interpolated, the implementation holds it, and
/// the input is only what the gradient is taken of.
pub trait PiecewiseLinear {
    /// Runs the critic on input `[N, ...]` without autograd and keeps what the later passes
    /// need.
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_>;

    /// As [`trace`](Self::trace), where the trace knows every parameter of the critic: then a loss of
    /// the scores and a penalty at the same points take one trace together, see
    /// [`piecewise_linear_loss`]. Default none.
    fn whole_trace(&self, _input: &Tensor) -> Option<Box<dyn WholeTrace + '_>> {
        None
    }

    /// How many samples a trace on the CPU takes best at a time, where that is less than a batch: a trace
    /// keeps what every layer made of them, and what the widest one makes should stay in the processor's
    /// cache until the next one has read it. Default none: all at a time.
    fn samples_a_pass(&self) -> Option<i64> {
        None
    }
}

/// One forward pass of a piecewise-linear critic, and the passes that follow from it.
///
/// Every pass is run without autograd. [`input_gradient`](Self::input_gradient) comes first, and
/// [`weight_gradients`](Self::weight_gradients) once after it: that pass uses up what the trace
/// kept, and the trace is done with.
pub trait Trace {
    /// The scores `[N]`.
    fn scores(&self) -> &Tensor;

    /// Gradient of the sum of the scores with respect to the input, of its shape; keeps the
    /// signal of each layer.
    fn input_gradient(&mut self) -> Tensor;

    /// Gradients, by the parameters' names, of `<tangent, input_gradient>` with respect to
    /// every weight, the tangent being constant. Parameters on which it does not depend
    /// (biases) are left out.
    fn weight_gradients(&mut self, tangent: Tensor) -> Vec<(String, Tensor)>;
}

/// A [`Trace`] of every parameter that the scores depend on.
pub trait WholeTrace: Trace {
    /// Gradients, by the parameters' names, of `sum_n weights_n scores_n + <tangent, input_gradient>`
    /// with respect to every parameter, weights `[N]` and tangent being constant. Called once, after
    /// [`input_gradient`](Trace::input_gradient), in place of
    /// [`weight_gradients`](Trace::weight_gradients).
    fn gradients(&mut self, weights: &Tensor, tangent: Tensor) -> Vec<(String, Tensor)>;
}

/// A penalty with the gradients it has: nothing is left to differentiate.
#[derive(Debug)]
pub struct PenaltyGradients {
    /// The penalty, weight included: a scalar without a graph.
    pub value: Tensor,
    /// Mean of the gradient norms: a scalar without a graph.
    pub norm: Tensor,
    /// Gradients of `value`, by the critic's parameter names; those of parameters left out
    /// are zero.
    pub gradients: Vec<(String, Tensor)>,
}

/// The gradient penalty of a piecewise-linear critic at points `[N, ...]`, with its weight
/// gradients: the numbers of [`gradient_penalty`](super::gradient_penalty), faster.
///
/// The weight counts `config.interval` times, see [`GradientPenaltyConfig`].
///
/// # Panics
/// When the points are not `[N, ...]` with at least one sample, or when the critic breaks its
/// contract: scores that are not `[N]`, or an input gradient of another shape than the points.
pub fn piecewise_linear_penalty(
    critic: &dyn PiecewiseLinear,
    points: &Tensor,
    config: &GradientPenaltyConfig,
) -> PenaltyGradients {
    norm::check_points(points);
    in_full(|| {
        let _no_grad = no_grad_guard();
        let mut trace = critic.trace(points);
        let (value, norm, tangent) = penalise(&mut *trace, points, config);
        PenaltyGradients { value, norm, gradients: trace.weight_gradients(tangent) }
    })
}

/// A loss of the scores and a penalty at the same points, with the gradients of both.
#[derive(Debug)]
pub struct LossGradients {
    /// The loss, a scalar without a graph.
    pub loss: Tensor,
    /// The penalty, weight included: a scalar without a graph.
    pub penalty: Tensor,
    /// Mean of the gradient norms: a scalar without a graph.
    pub norm: Tensor,
    /// Gradients of `loss + penalty`, by the critic's parameter names; those of parameters left out
    /// are zero.
    pub gradients: Vec<(String, Tensor)>,
}

/// A loss of the scores of a piecewise-linear critic and its gradient penalty at the same points
/// `[N, ...]`, from one trace of them: the signals that the penalty needs, of one backward pass to
/// the input with 1 at each score, serve the loss too, times its derivative `c_n` by the score. So
/// both have one weight gradient,
///
/// ```text
/// d(loss + penalty)/dW_l = (D_l delta_l) (x) (c h_{l-1} + t_{l-1})
/// ```
///
/// where autograd goes through the network once for the loss and three times for the penalty.
/// `loss` is a function from scores `[N]` to a scalar, with a graph.
///
/// # Panics
/// As [`piecewise_linear_penalty`], and where the loss does not depend on the scores.
pub fn piecewise_linear_loss(
    trace: &mut dyn WholeTrace,
    points: &Tensor,
    config: &GradientPenaltyConfig,
    loss: impl FnOnce(&Tensor) -> Tensor,
) -> LossGradients {
    norm::check_points(points);
    let (loss, weights) = with_grad(|| {
        let scores = trace.scores().detach().set_requires_grad(true);
        let loss = loss(&scores);
        let weights = Tensor::run_backward(&[&loss], &[&scores], false, false).swap_remove(0);
        (loss.detach(), weights)
    });
    in_full(|| {
        let _no_grad = no_grad_guard();
        let (penalty, norm, tangent) = penalise(trace, points, config);
        LossGradients { loss, penalty, norm, gradients: trace.gradients(&weights, tangent) }
    })
}

/// The penalty, the mean of the gradients' norms, and the penalty's gradient by them.
fn penalise<T: Trace + ?Sized>(
    trace: &mut T,
    points: &Tensor,
    config: &GradientPenaltyConfig,
) -> (Tensor, Tensor, Tensor) {
    norm::check_scores(trace.scores(), points);
    let gradient = trace.input_gradient();
    let (got, expected) = (gradient.size(), points.size());
    assert!(
        got == expected,
        "an input gradient has the shape of the input {expected:?}, got {got:?}"
    );
    let norms = norm::norms(&gradient);
    let excess = norm::excess(&norms, config);
    let tangent = norm::tangent(&gradient, &norms, &excess, config);
    (norm::value(&excess, config), norms.mean(None::<Kind>), tangent)
}
