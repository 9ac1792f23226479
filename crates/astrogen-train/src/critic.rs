//! What one update of a critic minimises, and its gradients.
//!
//! `adversarial loss on real and fake scores + gradient penalty`. The penalty of a piecewise-
//! linear critic comes with its gradients in closed form, which are added to those of the
//! loss; that of any other critic is differentiated twice, together with the loss.

use std::collections::HashMap;

use astrogen_losses::{
    AdversarialLoss, GradientPenaltyConfig, PiecewiseLinear, gradient_penalty,
    piecewise_linear_loss, piecewise_linear_penalty,
};
use astrogen_models::{Critic, Passes};
use astrogen_runtime::in_full;
use tch::{Device, Kind, Tensor, no_grad};

use crate::TrainError;
use crate::optim::Adam;
use crate::pass::{Pass, signals};
use crate::step::{SCORES, check_size, widened};

/// The scores of one update, with the graph to the critic's weights.
pub(crate) struct Scores {
    /// `[N]`
    pub(crate) real: Tensor,
    /// `[N]`
    pub(crate) fake: Tensor,
}

/// The penalty to be taken in this update.
pub(crate) struct PenaltyTerm<'a> {
    /// Where it is taken, `[N, ...]`.
    pub(crate) points: Tensor,
    /// Its settings.
    pub(crate) config: &'a GradientPenaltyConfig,
}

/// What was minimised, as scalars, and the gradients of the optimiser's parameters.
pub(crate) struct CriticTerms {
    /// Adversarial loss and penalty.
    pub(crate) loss: Tensor,
    /// Mean real score minus mean fake score: the estimate of the Wasserstein distance.
    pub(crate) wasserstein: Tensor,
    /// The penalty, weight included, and the mean norm of the gradients.
    pub(crate) penalty: Option<(Tensor, Tensor)>,
    /// One per parameter, in the optimiser's order.
    pub(crate) gradients: Vec<Tensor>,
}

/// Differentiates one update's loss.
///
/// `piecewise_linear` is the critic as the closed form takes it, if it is of that kind;
/// `score` is the critic itself, `[N, ...]` to `[N]`.
///
/// # Errors
/// What libtorch refuses; [`TrainError::Network`] where the closed form has gradients of parameters
/// that the optimiser does not have, or of other shapes.
pub(crate) fn differentiate(
    scores: &Scores,
    loss: &AdversarialLoss,
    penalty: Option<PenaltyTerm<'_>>,
    piecewise_linear: Option<&dyn PiecewiseLinear>,
    score: impl Fn(&Tensor) -> Tensor,
    optimizer: &Adam,
) -> Result<CriticTerms, TrainError> {
    let adversarial = loss.critic_loss(&scores.real, &scores.fake);
    let of = (adversarial, None);
    differentiate_value(of, scores, penalty, piecewise_linear, score, optimizer)
}

/// What a critic makes of images, `[N]`, and the pass that it did so by; none where scores have the graph
/// to its weights.
///
/// # Errors
/// [`TrainError::Model`] where there is not one score an image.
pub(crate) fn score<'a>(
    critic: &impl Critic,
    passes: Option<&'a Passes<'a>>,
    images: &Tensor,
) -> Result<(Tensor, Option<Pass<'a>>), TrainError> {
    let size = [images.size()[0]];
    let forward = |images: &Tensor| critic.forward_t(images, true);
    if passes.is_some() {
        let pass = Pass::new(passes, images, forward, (SCORES, &size))?;
        return Ok((pass.outputs().shallow_clone(), Some(pass)));
    }
    let scores = widened(forward(images));
    check_size(SCORES, &scores, &size)?;
    Ok((scores, None))
}

/// [`differentiate`] of a loss, a scalar of the scores of a pass, or one with the graph to the critic's
/// weights.
pub(crate) fn differentiate_value(
    (adversarial, pass): (Tensor, Option<Pass<'_>>),
    scores: &Scores,
    penalty: Option<PenaltyTerm<'_>>,
    piecewise_linear: Option<&dyn PiecewiseLinear>,
    score: impl Fn(&Tensor) -> Tensor,
    optimizer: &Adam,
) -> Result<CriticTerms, TrainError> {
    let wasserstein =
        scores.real.detach().mean(None::<Kind>) - scores.fake.detach().mean(None::<Kind>);
    let gradients_of = |value: &Tensor| match pass {
        None => optimizer.gradients(value),
        Some(pass) => {
            let [signal] = signals(value, [pass.outputs()])?;
            pass.weight_gradients(&signal, optimizer)
        }
    };
    let (total, gradients, penalty) = match (penalty, piecewise_linear) {
        (None, _) => (adversarial.detach(), gradients_of(&adversarial)?, None),
        (Some(PenaltyTerm { points, config }), Some(critic)) => {
            let mut gradients = gradients_of(&adversarial)?;
            let closed = piecewise_linear_penalty(critic, &points, config);
            for (gradient, addend) in
                gradients.iter_mut().zip(lined_up(optimizer, closed.gradients)?)
            {
                addend.into_iter().for_each(|addend| no_grad(|| drop(gradient.g_add_(&addend))));
            }
            let total = adversarial.detach() + &closed.value;
            (total, gradients, Some((closed.value, closed.norm)))
        }
        (Some(PenaltyTerm { points, config }), None) => {
            let penalty = gradient_penalty(score, &points, config);
            let total = adversarial + &penalty.value;
            (total.detach(), gradients_of(&total)?, Some((penalty.value.detach(), penalty.norm)))
        }
    };
    Ok(CriticTerms { loss: total, wasserstein, penalty, gradients })
}

/// [`differentiate`] where the penalty is taken at the very points that are scored, reals and fakes
/// `[N, ...]` both: then loss and penalty take one trace of a piecewise-linear critic that knows all of
/// its parameters, and scores are without a graph. None for any other critic.
///
/// On the CPU pairs of a real and a fake pass the critic a few at a time where it
/// [wants that](PiecewiseLinear::samples_a_pass): losses are means over pairs.
///
/// # Errors
/// [`TrainError::Network`], as of [`differentiate`]; [`TrainError::Model`] where there is not one score a
/// sample.
pub(crate) fn differentiate_together(
    critic: &dyn PiecewiseLinear,
    real: &Tensor,
    fake: &Tensor,
    loss: &AdversarialLoss,
    penalty: &GradientPenaltyConfig,
    optimizer: &Adam,
) -> Result<Option<(Scores, CriticTerms)>, TrainError> {
    let n = real.size()[0];
    let a_pass = match real.device() {
        Device::Cpu => critic.samples_a_pass().map_or(n, |samples| (samples / 2).clamp(1, n)),
        _ => n,
    };
    let (mut scores, mut numbers) = ([Vec::new(), Vec::new()], Vec::new());
    let mut gradients: Vec<(String, Tensor)> = Vec::new();
    for first in (0..n).step_by(a_pass as usize) {
        let pairs = a_pass.min(n - first);
        let share = pairs as f64 / n as f64;
        let points = [real, fake].map(|half| half.narrow(0, first, pairs));
        let points = Tensor::cat(&points, 0);
        let trace = in_full(|| critic.whole_trace(&points));
        let Some(mut trace) = trace else { return Ok(None) };
        check_size(SCORES, trace.scores(), &[2 * pairs])?;
        let parted = |scores: &Tensor| [scores.narrow(0, 0, pairs), scores.narrow(0, pairs, pairs)];
        for (all, some) in scores.iter_mut().zip(parted(trace.scores())) {
            all.push(some);
        }
        let penalty = GradientPenaltyConfig { weight: penalty.weight * share, ..penalty.clone() };
        let found = piecewise_linear_loss(&mut *trace, &points, &penalty, |scores| {
            let [real, fake] = parted(scores);
            loss.critic_loss(&real, &fake) * share
        });
        numbers.push(Tensor::stack(&[found.loss, found.penalty, found.norm * share], 0));
        if gradients.is_empty() {
            gradients = found.gradients;
        } else {
            for ((_, sum), (_, addend)) in gradients.iter_mut().zip(found.gradients) {
                no_grad(|| drop(sum.g_add_(&addend)));
            }
        }
    }
    let [real, fake] = scores.map(|scores| Tensor::cat(&scores, 0));
    let numbers = Tensor::stack(&numbers, 0).sum_dim_intlist(0, false, None::<Kind>);
    let [loss, penalty, norm] = [0, 1, 2].map(|i| numbers.get(i));
    let gradients = lined_up(optimizer, gradients)?.into_iter().zip(optimizer.parameters());
    let gradients = gradients
        .map(|(gradient, parameter)| gradient.unwrap_or_else(|| no_grad(|| parameter.zeros_like())))
        .collect();
    let terms = CriticTerms {
        loss: loss + &penalty,
        wasserstein: real.mean(None::<Kind>) - fake.mean(None::<Kind>),
        penalty: Some((penalty, norm)),
        gradients,
    };
    Ok(Some((Scores { real, fake }, terms)))
}

/// Gradients that come by name, one place a parameter of the optimiser, in its order.
pub(crate) fn lined_up(
    optimizer: &Adam,
    named: Vec<(String, Tensor)>,
) -> Result<Vec<Option<Tensor>>, TrainError> {
    let places: HashMap<_, _> = optimizer.names().iter().zip(0..).collect();
    let mut gradients: Vec<Option<Tensor>> = optimizer.names().iter().map(|_| None).collect();
    for (name, gradient) in named {
        let place: Option<usize> = places.get(&name).copied();
        match place.filter(|&place| optimizer.parameters()[place].size() == gradient.size()) {
            Some(place) => gradients[place] = Some(gradient),
            None => {
                return Err(TrainError::Network {
                    network: "the critic",
                    reason: format!(
                        "its `piecewise_linear` or `passes` gives a gradient of `{name}` {:?}, which is no \
                         parameter of its path: name them alike, or give none",
                        gradient.size()
                    ),
                });
            }
        }
    }
    Ok(gradients)
}
