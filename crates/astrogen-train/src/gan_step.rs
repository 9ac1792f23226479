//! What the steps of adversarial networks have in common for those who look at samples.

use astrogen_data::Images;
use astrogen_models::{Critic, Discriminator, Generator, Network};

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
}

impl<G: Generator + Network, D: Discriminator> GanStep for DcganStep<G, D> {
    type Generator = G;
    const TITLE: &str = "DCGAN";
    const CURVES: &[&str] = &["discriminator_loss", "generator_loss"];

    fn average(&self) -> &G {
        self.average()
    }
}

impl<G: Generator + Network, C: Critic> GanStep for WganGpStep<G, C> {
    type Generator = G;
    const TITLE: &str = "WGAN-GP";
    const CURVES: &[&str] = &["critic_loss", "wasserstein", "gradient_penalty"];

    fn average(&self) -> &G {
        self.average()
    }
}

impl<G: Generator + Network, C: Critic> GanStep for RelativisticStep<G, C> {
    type Generator = G;
    const TITLE: &str = "Relativistic GAN";
    const CURVES: &[&str] = &["critic_loss", "generator_loss", "gradient_penalty"];

    fn average(&self) -> &G {
        self.average()
    }
}
