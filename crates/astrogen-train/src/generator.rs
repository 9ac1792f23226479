//! What a generator minimises through its opponent, and its gradients.

use astrogen_models::{Generator, Passes};
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::optim::Adam;
use crate::pass::{Pass, signals};
use crate::step::FAKES;

/// What a generator, which may have passes, makes of latents `[N, latent_dim]`.
///
/// # Errors
/// [`TrainError::Model`] where it makes no images `[N, C, H, W]` of them.
pub(crate) fn generate<'a>(
    generator: &impl Generator,
    passes: Option<&'a Passes<'a>>,
    latent: &Tensor,
    [c, h, w]: [i64; 3],
) -> Result<Pass<'a>, TrainError> {
    let (n, dim) = (latent.size()[0], generator.latent_dim());
    let forward = |latent: &Tensor| generator.forward_t(&latent.view([n, dim]), true);
    let latent = latent.reshape([n, dim, 1, 1]);
    Pass::new(passes, &latent, forward, (FAKES, &[n, c, h, w]))
}

/// The loss of the scores that an opponent gives to generated images, and the gradients of the
/// generator's parameters. `see` is what the opponent is shown in place of images, `judge` what it makes of
/// that.
///
/// # Errors
/// Those of `judge` and of [`Adam::gradients`].
pub(crate) fn differentiate<'a>(
    generated: Pass,
    see: impl FnOnce(&Tensor) -> Tensor,
    judge: impl FnOnce(&Tensor) -> Result<Pass<'a>, TrainError>,
    loss: impl FnOnce(&Tensor) -> Tensor,
    optimizer: &Adam,
) -> Result<(Tensor, Vec<Tensor>), TrainError> {
    let seen = see(generated.outputs());
    let pass = judge(&seen)?;
    let loss = loss(pass.outputs());
    let [on_scores] = signals(&loss, [pass.outputs()])?;
    let on_seen = pass.input_gradient(&on_scores)?;
    let [on_images] = signals(&(seen * on_seen).sum(Kind::Float), [generated.outputs()])?;
    Ok((loss.detach(), generated.weight_gradients(&on_images, optimizer)?))
}
