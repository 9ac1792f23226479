//! What one update of a critic minimises, and its gradients.
//!
//! `adversarial loss on real and fake scores + gradient penalty`. The penalty of a piecewise-
//! linear critic comes with its gradients in closed form, which are added to those of the
//! loss; that of any other critic is differentiated twice, together with the loss.

use std::collections::HashMap;

use astrogen_losses::{
    AdversarialLoss, GradientPenaltyConfig, PiecewiseLinear, gradient_penalty,
    piecewise_linear_penalty,
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
    let wasserstein =
        scores.real.detach().mean(None::<Kind>) - scores.fake.detach().mean(None::<Kind>);
    let gradients_of = |value: &Tensor| optimizer.gradients(value);
    let (total, gradients, penalty) = match (penalty, piecewise_linear) {
        (None, _) => (adversarial.detach(), gradients_of(&adversarial)?, None),
        (Some(PenaltyTerm { points, config }), Some(critic)) => {
            let mut gradients = gradients_of(&adversarial)?;
            let closed = piecewise_linear_penalty(critic, &points, config);
            add_by_name(&mut gradients, optimizer.names(), closed.gradients)?;
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

/// Adds gradients that come by name to those that stand in the order of `names`.
fn add_by_name(
    gradients: &mut [Tensor],
    names: &[String],
    named: Vec<(String, Tensor)>,
) -> Result<(), TrainError> {
    let places: HashMap<_, _> = names.iter().zip(0..).collect();
    for (name, addend) in named {
        let place = places.get(&name).and_then(|&place: &usize| gradients.get_mut(place));
        match place.filter(|gradient| gradient.size() == addend.size()) {
            Some(gradient) => no_grad(|| drop(gradient.g_add_(&addend))),
            None => {
                return Err(TrainError::Network {
                    network: "the critic",
                    reason: format!(
                        "`piecewise_linear` gives a gradient of `{name}` {:?}, which is no \
                         parameter of its path: name them alike, or give none",
                        addend.size()
                    ),
                });
            }
        }
    }
    Ok(())
}
