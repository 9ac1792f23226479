//! What both updates minimise and its gradients, by autograd: for networks without
//! [passes](super::passes) of their own.

use astrogen_losses::AdversarialLoss;
use astrogen_models::{TabularCritic, TabularGenerator};
use tch::{Kind, Reduction, Tensor, no_grad};

use crate::TrainError;
use crate::critic::{CriticTerms, PenaltyTerm, Scores, differentiate};
use crate::optim::Adam;

/// What the critic minimises on reals and fakes for the same contexts, and its gradients.
///
/// # Errors
/// What libtorch refuses.
pub(super) fn of_critic(
    critic: &TabularCritic,
    context: &Tensor,
    [real, fake]: [&Tensor; 2],
    penalty: Option<PenaltyTerm<'_>>,
    optimizer: &Adam,
) -> Result<CriticTerms, TrainError> {
    let critic = critic.given(context);
    let [real, fake] = critic.forward_two(real, fake);
    differentiate(
        &Scores { real, fake },
        &AdversarialLoss::Wasserstein,
        penalty,
        critic.piecewise_linear(),
        |features| critic.forward(features),
        optimizer,
    )
}

/// What the generator minimises on latents, `-mean C(fake) + mse_weight mean (fake - real)^2`,
/// with the graph to its weights.
pub(super) fn generator_loss(
    generator: &TabularGenerator,
    critic: &TabularCritic,
    [context, real, latent]: [&Tensor; 3],
    mse_weight: f64,
) -> Tensor {
    let fake = generator.forward(latent, context);
    // The critic's weights get no gradients, nor do the branches of the contexts.
    let critic = no_grad(|| critic.given(context));
    let mut loss = -critic.forward(&fake).mean(None::<Kind>);
    if mse_weight > 0.0 {
        loss += fake.mse_loss(real, Reduction::Mean) * mse_weight;
    }
    loss
}
