//! What both updates minimise and its gradients: by the networks' own passes where they have
//! them, by autograd elsewhere.

use std::collections::HashMap;

use astrogen_losses::{AdversarialLoss, PenaltySlope, penalty_slope};
use astrogen_models::{TabularCritic, TabularGenerator, TabularPass};
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
    let points = penalty.as_ref().map(|term| &term.points);
    let sets: Vec<_> = [real, fake].into_iter().chain(points).collect();
    if let Some(pass) = critic.pass(&sets, context) {
        return Ok(of_critic_by_passes(pass, penalty.as_ref(), optimizer));
    }
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

/// The same from a pass of reals, fakes, and the penalty's points if there is one.
fn of_critic_by_passes(
    mut pass: TabularPass,
    penalty: Option<&PenaltyTerm<'_>>,
    optimizer: &Adam,
) -> CriticTerms {
    let [real, fake] = [0, 1].map(|set| pass.outputs(set));
    let [real_mean, fake_mean] = [&real, &fake].map(|scores| scores.mean(None::<Kind>));
    let wasserstein = real_mean - fake_mean;
    // The signals of mean C(fake) - mean C(real), and those whose inputs' gradient is grad C.
    let n = real.numel() as f64;
    let signals = [-1.0 / n, 1.0 / n, 1.0].map(|signal| real.full_like(signal));
    let sets = if penalty.is_some() { 3 } else { 2 };
    pass.backward(&signals.each_ref()[..sets]);
    let slope = penalty.map(|term| penalty_slope(&pass.input_gradient(2), term.config));
    let tangent = slope.as_ref().map(|slope| &slope.tangent);
    let gradients = in_order(pass.weight_gradients(tangent), optimizer);
    let adversarial = -&wasserstein;
    let loss =
        slope.as_ref().map_or_else(|| adversarial.copy(), |slope| &adversarial + &slope.value);
    let penalty = slope.map(|PenaltySlope { value, norm, .. }| (value, norm));
    CriticTerms { loss, wasserstein, penalty, gradients }
}

/// What the generator minimises on latents, `-mean C(fake) + mse_weight mean (fake - real)^2`,
/// and its gradients.
///
/// # Errors
/// What libtorch refuses.
pub(super) fn of_generator(
    generator: &TabularGenerator,
    critic: &TabularCritic,
    [context, real, latent]: [&Tensor; 3],
    mse_weight: f64,
    optimizer: &Adam,
) -> Result<(Tensor, Vec<Tensor>), TrainError> {
    let loss = |scores: &Tensor, fake: &Tensor| {
        let loss = -scores.mean(None::<Kind>);
        if mse_weight > 0.0 {
            loss + fake.mse_loss(real, Reduction::Mean) * mse_weight
        } else {
            loss
        }
    };
    if let Some(mut pass) = generator.pass(latent, context) {
        let fake = pass.outputs(0);
        if let Some(mut scored) = critic.pass(&[&fake], context) {
            let scores = scored.outputs(0);
            scored.backward(&[&scores.full_like(-1.0 / scores.numel() as f64)]);
            let mut signals = scored.input_gradient(0);
            if mse_weight > 0.0 {
                signals += (&fake - real) * (2.0 * mse_weight / fake.numel() as f64);
            }
            pass.backward(&[&signals]);
            return Ok((loss(&scores, &fake), in_order(pass.weight_gradients(None), optimizer)));
        }
    }
    let fake = generator.forward(latent, context);
    // The critic's weights get no gradients, nor do the branches of the contexts.
    let critic = no_grad(|| critic.given(context));
    let loss = loss(&critic.forward(&fake), &fake);
    let gradients = Tensor::f_run_backward(&[&loss], optimizer.parameters(), false, false)?;
    Ok((loss.detach(), gradients))
}

/// Gradients that come by name, in the order of an optimiser of just these parameters.
fn in_order(named: Vec<(String, Tensor)>, optimizer: &Adam) -> Vec<Tensor> {
    let mut named: HashMap<_, _> = named.into_iter().collect();
    let gradients: Vec<_> =
        optimizer.names().iter().filter_map(|name| named.remove(name)).collect();
    assert!(named.is_empty(), "the optimiser lacks parameters: {:?}", named.keys());
    gradients
}
