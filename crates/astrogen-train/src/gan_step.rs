//! What the steps of adversarial networks have in common for those who look at samples.

use astrogen_data::Images;
use astrogen_models::{Critic, Discriminator, Generator, ModelError, Network};
use tch::Tensor;

use crate::gan::DcganStep;
use crate::relativistic::RelativisticStep;
use crate::step::Step;
use crate::wgan_gp::WganGpStep;

/// A step that trains a generator of images.
pub trait GanStep: Step<Batch = Images> {
    /// The generator: what the step [exports](Step::export), and [loads](Network::load) again.
    type Generator: Generator + Network;
    /// What the algorithm is called in titles.
    const TITLE: &str;
    /// The losses that tell a person how training goes.
    const CURVES: &[&str];

    /// The averaged generator: the one to sample from.
    fn average(&self) -> &Self::Generator;

    /// How real the generator's opponent thinks that images `[N, C, H, W]`, signed, are: its scores, or
    /// log-odds, `[N]`, in eval mode and without gradients. High is real; values of two runs are not
    /// comparable.
    ///
    /// # Errors
    /// Those of [`Critic::score`].
    fn realness(&self, images: &Tensor) -> Result<Tensor, ModelError>;

    /// Whether the opponent judges each image [by itself](Discriminator::judges_alone). Default true.
    fn judges_alone(&self) -> bool {
        true
    }

    /// What the opponent decides by: features `[N, F]` of images `[N, C, H, W]`, signed, with the graph
    /// to the images; none where it does not tell ([`Critic::features`]).
    ///
    /// # Panics
    /// Where the images have another shape, element type or device than the opponent.
    fn features(&self, images: &Tensor) -> Option<Tensor>;
}

impl<G: Generator + Network, D: Discriminator> GanStep for DcganStep<G, D> {
    type Generator = G;
    const TITLE: &str = "DCGAN";
    const CURVES: &[&str] = &["discriminator_loss", "generator_loss"];

    fn average(&self) -> &G {
        self.average()
    }

    fn realness(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        self.discriminator().logit(images)
    }

    fn judges_alone(&self) -> bool {
        self.discriminator().judges_alone()
    }

    fn features(&self, images: &Tensor) -> Option<Tensor> {
        self.discriminator().features(images)
    }
}

impl<G: Generator + Network, C: Critic> GanStep for WganGpStep<G, C> {
    type Generator = G;
    const TITLE: &str = "WGAN-GP";
    const CURVES: &[&str] = &["critic_loss", "wasserstein", "gradient_penalty"];

    fn average(&self) -> &G {
        self.average()
    }

    fn realness(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        self.critic().score(images)
    }

    fn features(&self, images: &Tensor) -> Option<Tensor> {
        self.critic().features(images)
    }
}

impl<G: Generator + Network, C: Critic> GanStep for RelativisticStep<G, C> {
    type Generator = G;
    const TITLE: &str = "Relativistic GAN";
    const CURVES: &[&str] = &["critic_loss", "generator_loss", "gradient_penalty"];

    fn average(&self) -> &G {
        self.average()
    }

    fn realness(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        self.critic().score(images)
    }

    fn features(&self, images: &Tensor) -> Option<Tensor> {
        self.critic().features(images)
    }
}
