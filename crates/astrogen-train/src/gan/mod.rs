//! The step of a DCGAN (Radford, Metz and Chintala 2016).
//!
//! One step, on a batch of `N` real images:
//!
//! 1. `fake = G(z)` with `z ~ N(0, 1)`,
//! 2. the discriminator learns real from fake: `real_loss(D(real)) + fake_loss(D(fake))`,
//!    no gradient reaching `G`,
//! 3. the generator learns to have the same fakes taken for real by the updated `D`, no
//!    gradient being computed for the weights of `D`,
//! 4. the average of `G` follows.
//!
//! The history's `discriminator_loss` is errD_real + errD_fake and `generator_loss` is errG
//! of PyTorch's DCGAN example.
//!
//! # Instance noise
//! The discriminator has batch normalisation behind convolutions without bias, and sees reals
//! and fakes in batches of their own. So its logits do not change when all images of a batch
//! are made fainter by one factor: nothing tells a generator that its contrast is too low.
//! Images with flat black or clipped white areas force it to saturate all the same; noisy
//! telescope frames do not, and samples stay grey. Gaussian noise of one known strength on
//! everything the discriminator sees sets the scale. (Sønderby et al. 2017, *Amortised MAP
//! Inference for Image Super-resolution*, section 3.4, where it serves to let the two
//! distributions overlap.) The noise comes behind an [augmentation](crate::augmentation), whose
//! probability, if it adapts, follows the logits of reals. The discriminator's loss may have
//! [LeCam](astrogen_losses::regularizer) added.

mod config;

use std::path::Path;

use astrogen_data::Images;
use astrogen_distributed::Group;
use astrogen_losses::{AdversarialConfig, discriminator_loss, generator_loss};
use astrogen_models::{
    DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, ModelError, Network,
    Passes,
};
use astrogen_runtime::draw_rows_like;
use tch::{Device, Kind, Tensor, nn};

use crate::TrainError;
use crate::augmentation::Augmenter;
use crate::ema::Ema;
use crate::generator::{self, generate};
use crate::lecam::Lecam;
use crate::optim::Adam;
use crate::pass::{Pass, signals};
use crate::state::State;
use crate::step::{Losses, SCORES, Step, check_shape};
use crate::stored::{Stored, prefixed};

pub use config::{DcganStepConfig, InstanceNoise};

/// A generator and a discriminator that train each other: those of [`DcganConfig`], or
/// [anyone's](DcganStep::from_networks).
#[derive(Debug)]
pub struct DcganStep<G = DcganGenerator, D = DcganDiscriminator> {
    generator: Stored<G>,
    discriminator: Stored<D>,
    average: Ema<G>,
    generator_optimizer: Adam,
    discriminator_optimizer: Adam,
    loss: AdversarialConfig,
    instance_noise: InstanceNoise,
    augment: Augmenter,
    lecam: Lecam,
}

impl DcganStep {
    /// Networks with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &DcganConfig,
        config: &DcganStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        Self::from_networks(
            |path| model.init_generator(path),
            |path| model.init_discriminator(path),
            config,
            device,
        )
    }
}

impl<G: Generator + Network, D: Discriminator> DcganStep<G, D> {
    /// Anyone's networks, with the first weights that these functions give them, each below an
    /// empty variable path; the generator's is called a second time, for the average. What they
    /// draw comes from libtorch's generator: seed it before.
    ///
    /// For a network of `tch`'s layers the function is its [`Network::build`]; one of
    /// `astrogen-nn`'s layers is built and then drawn.
    ///
    /// # Errors
    /// When a setting is out of its range, those of the two functions, and
    /// [`TrainError::Network`] where the networks take images of two shapes, where a variable has
    /// no memory yet, or where the generator's variables are not its `named_tensors`.
    pub fn from_networks(
        init_generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        init_discriminator: impl Fn(&nn::Path) -> Result<D, ModelError>,
        config: &DcganStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let generator = Stored::new(device, &init_generator)?;
        let discriminator = Stored::new(device, init_discriminator)?;
        let average = Stored::new(device, init_generator)?;
        let [c, h, w] = discriminator.module.image_shape();
        generator.check_against("discriminator", [c, h, w])?;
        let mut discriminator_optimizer =
            Adam::new(discriminator.parameters(), config.discriminator_optimizer)?;
        discriminator_optimizer.freeze_first(config.frozen_layers)?;
        Ok(Self {
            average: Ema::new(average, &generator, config.ema_decay)?,
            generator_optimizer: Adam::new(generator.parameters(), config.generator_optimizer)?,
            discriminator_optimizer,
            generator,
            discriminator,
            loss: config.loss.clone(),
            instance_noise: config.instance_noise,
            augment: Augmenter::new(config.augment, [h, w], device)?,
            lecam: Lecam::new(config.lecam, device),
        })
    }

    /// The averaged generator: the one to sample from.
    pub fn average(&self) -> &G {
        &self.average.network.module
    }

    /// The generator's opponent, as it was left by the last step.
    pub fn discriminator(&self) -> &D {
        &self.discriminator.module
    }

    /// One step on images `[N, C, H, W]`, signed, with the latents given, `[N, latent_dim]`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for images or latents of another shape than the
    /// networks', and where there is not one fake a latent and one logit an image.
    pub fn update(&mut self, real: &Tensor, latent: &Tensor) -> Result<Losses, TrainError> {
        let [c, h, w] = self.discriminator.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        check_shape("latents", latent, &[self.generator.module.latent_dim()])?;
        let noise = self.instance_noise.at(self.discriminator_optimizer.steps());
        let see = |images: &Tensor| with_noise(&self.augment.apply(images), noise);
        let (generator, discriminator) = (&self.generator.module, &self.discriminator.module);
        let generator_passes = generator.passes();
        let generated = generate(generator, generator_passes.as_ref(), latent, [c, h, w])?;

        let passes = discriminator.passes();
        let real_pass = judge(discriminator, &passes, &see(real))?;
        let fake_pass = judge(discriminator, &passes, &see(&generated.outputs().detach()))?;
        let [real_logits, fake_logits] = [&real_pass, &fake_pass].map(|pass| pass.outputs().copy());
        let (reals, fakes) = (real_pass.outputs(), fake_pass.outputs());
        let d_loss = discriminator_loss(reals, fakes, &self.loss).total();
        let first = self.discriminator_optimizer.steps() == 0;
        let d_loss = match self.lecam.term(reals, fakes, first)? {
            Some(lecam) => d_loss + lecam,
            None => d_loss,
        };
        let [on_reals, on_fakes] = signals(&d_loss, [reals, fakes])?;
        let optimizer = &self.discriminator_optimizer;
        let mut gradients = real_pass.weight_gradients(&on_reals, optimizer)?;
        for (sum, gradient) in
            gradients.iter_mut().zip(fake_pass.weight_gradients(&on_fakes, optimizer)?)
        {
            let _ = sum.g_add_(&gradient);
        }
        self.discriminator_optimizer.step(&gradients)?;
        drop(passes); // of weights that are no more

        let passes = discriminator.passes();
        let (g_loss, gradients) = generator::differentiate(
            generated,
            see,
            |seen| judge(discriminator, &passes, seen),
            |logits| generator_loss(logits, &self.loss),
            &self.generator_optimizer,
        )?;
        drop(generator_passes);
        self.generator_optimizer.step(&gradients)?;
        let d_total = d_loss.detach();
        self.average.update()?;
        self.augment.observe(&real_logits)?;

        let mut losses = vec![
            ("discriminator_loss", d_total),
            ("generator_loss", g_loss),
            ("real_score", real_logits.detach().sigmoid().mean(Kind::Float)),
            ("fake_score", fake_logits.detach().sigmoid().mean(Kind::Float)),
        ];
        losses.extend(self.augment.losses());
        Ok(losses)
    }
}

/// What a discriminator, which may have passes, makes of images.
fn judge<'a>(
    discriminator: &impl Discriminator,
    passes: &'a Option<Passes<'a>>,
    seen: &Tensor,
) -> Result<Pass<'a>, TrainError> {
    let forward = |seen: &Tensor| discriminator.forward_t(seen, true);
    Pass::new(passes.as_ref(), seen, forward, (SCORES, &[seen.size()[0]]))
}

/// The images as the discriminator sees them.
fn with_noise(images: &Tensor, deviation: f64) -> Tensor {
    match deviation {
        0.0 => images.shallow_clone(),
        _ => images + draw_rows_like(images, Tensor::randn_like) * deviation,
    }
}

impl<G: Generator + Network, D: Discriminator> State for DcganStep<G, D> {
    fn algorithm(&self) -> &'static str {
        "dcgan"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts = [
            ("generator", self.generator.named_tensors()),
            ("discriminator", self.discriminator.named_tensors()),
            ("average", self.average.state()),
            ("optimizer.generator", self.generator_optimizer.state()),
            ("optimizer.discriminator", self.discriminator_optimizer.state()),
        ];
        let networks = parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named));
        networks.chain(self.augment.state()).chain(self.lecam.state()).collect()
    }
}

impl<G: Generator + Network, D: Discriminator> Step for DcganStep<G, D> {
    type Batch = Images;

    fn step(&mut self, Images(real): &Images) -> Result<Losses, TrainError> {
        let latent = self.generator.module.latent(real.size().first().copied().unwrap_or(0));
        self.update(real, &latent)
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        for optimizer in [&mut self.generator_optimizer, &mut self.discriminator_optimizer] {
            optimizer.join(group);
        }
        self.augment.join(group);
        self.lecam.join(group);
        Ok(())
    }

    fn takes_bf16(&self) -> bool {
        true
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
