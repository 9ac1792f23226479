//! What one update of a critic minimises, and its gradients.
//!
//! `adversarial loss on real and fake scores + gradient penalty`. The penalty of a piecewise-
//! linear critic comes with its gradients in closed form, which are added to those of the
//! loss; that of any other critic is differentiated twice, together with the loss.

use std::collections::HashMap;

use astrogen_losses::{
    AdversarialLoss, GradientPenaltyConfig, PiecewiseLinear, WholeTrace, gradient_penalty,
    piecewise_linear_loss, piecewise_linear_penalty,
};
use tch::{Kind, Tensor, no_grad};

use crate::TrainError;
use crate::optim::Adam;

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
    differentiate_value(adversarial, scores, penalty, piecewise_linear, score, optimizer)
}

/// [`differentiate`] of a loss, a scalar with the graph to the critic's weights.
pub(crate) fn differentiate_value(
    adversarial: Tensor,
    scores: &Scores,
    penalty: Option<PenaltyTerm<'_>>,
    piecewise_linear: Option<&dyn PiecewiseLinear>,
    score: impl Fn(&Tensor) -> Tensor,
    optimizer: &Adam,
) -> Result<CriticTerms, TrainError> {
    let wasserstein =
        scores.real.detach().mean(None::<Kind>) - scores.fake.detach().mean(None::<Kind>);
    let gradients_of = |value: &Tensor| optimizer.gradients(value);
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

/// [`differentiate`] where the penalty is taken at the very points that are scored: first so many
/// reals, then so many fakes. Loss and penalty take one trace of a piecewise-linear critic.
///
/// # Errors
/// [`TrainError::Network`], as of [`differentiate`].
pub(crate) fn differentiate_together(
    trace: &mut dyn WholeTrace,
    [reals, fakes]: [i64; 2],
    loss: &AdversarialLoss,
    PenaltyTerm { points, config }: PenaltyTerm<'_>,
    optimizer: &Adam,
) -> Result<CriticTerms, TrainError> {
    let parted = |scores: &Tensor| [scores.narrow(0, 0, reals), scores.narrow(0, reals, fakes)];
    let [real, fake] = parted(trace.scores()).map(|scores| scores.mean(None::<Kind>));
    let found = piecewise_linear_loss(trace, &points, config, |scores| {
        let [real, fake] = parted(scores);
        loss.critic_loss(&real, &fake)
    });
    let gradients = lined_up(optimizer, found.gradients)?.into_iter();
    let gradients = gradients.zip(optimizer.parameters());
    let gradients = gradients
        .map(|(gradient, parameter)| gradient.unwrap_or_else(|| no_grad(|| parameter.zeros_like())))
        .collect();
    Ok(CriticTerms {
        loss: found.loss + &found.penalty,
        wasserstein: real - fake,
        penalty: Some((found.penalty, found.norm)),
        gradients,
    })
}

/// Gradients that come by name, one place a parameter of the optimiser, in its order.
fn lined_up(
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
                        "`piecewise_linear` gives a gradient of `{name}` {:?}, which is no \
                         parameter of its path: name them alike, or give none",
                        gradient.size()
                    ),
                });
            }
        }
    }
    Ok(gradients)
}
