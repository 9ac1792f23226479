//! What a recipe is, and the options that all have.

use std::fmt;

use anyhow::{Result, bail};
use astrogen::train::step::Step;
use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::shared::training::Look;

/// From options to networks and the step that trains them.
pub(crate) trait Recipe {
    const NAME: RecipeName;
    /// How long it trains, if not told.
    const FIT: Fit;
    /// What is looked at while it trains.
    const LOOK: Look<Self::Step>;
    type Model: Serialize + DeserializeOwned;
    type Algorithm: Serialize + DeserializeOwned;
    type Step: Step;

    /// Networks for images `[C, H, W]`.
    fn model(shape: [i64; 3], options: &Options) -> Self::Model;

    /// Refuses networks that cannot be.
    fn check(model: &Self::Model) -> Result<()>;

    /// How they are trained in so many steps.
    fn algorithm(options: &Options, steps: u64) -> Self::Algorithm;

    /// Real images that a step takes, of so many.
    fn images_a_step(options: &Options, images: usize) -> Result<usize>;

    /// Networks with fresh weights.
    fn step(model: &Self::Model, config: &Self::Algorithm, device: Device) -> Result<Self::Step>;
}

/// Lengths of a run in steps.
pub(crate) struct Fit {
    pub(crate) steps: u64,
    pub(crate) sample_interval: u64,
    pub(crate) checkpoint_interval: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecipeName {
    /// A deep convolutional GAN whose images keep points and filaments sharp, in minutes. Unlike
    /// the article's it doubles images bilinearly, without transposed convolutions and their
    /// mesh, has inputs of noise, compares reals and fakes in pairs under gradient penalties,
    /// and has no batch normalisation in the discriminator.
    Sharp,
    /// Radford, Metz and Chintala's DCGAN as they describe it: their networks and settings.
    Article,
}

impl fmt::Display for RecipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sharp => "sharp",
            Self::Article => "article's",
        })
    }
}

/// The name in a run's config.json.
#[derive(Serialize, Deserialize)]
pub(crate) struct Named {
    /// Runs from before recipes had names followed the article.
    #[serde(default = "article")]
    pub(crate) recipe: RecipeName,
}

fn article() -> RecipeName {
    RecipeName::Article
}

#[derive(Args)]
pub(crate) struct Options {
    /// Networks and how they are trained; sharp if left out.
    #[arg(long, value_enum)]
    recipe: Option<RecipeName>,
    /// Images that each network sees an update; 16 (sharp) or 64 (article) if left out.
    #[arg(long)]
    pub(crate) batch_size: Option<usize>,
    /// Width of the generator's last hidden layer; 16 (sharp) or 64 (article) if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) features: Option<i64>,
    /// Width of the discriminator's first layer; the generator's if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) discriminator_features: Option<i64>,
    /// Learning rate of both networks; 2e-3 (sharp, falling to a tenth of it) or 2e-4 (article)
    /// if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) lr: Option<f64>,
    /// Sharp: the discriminator sees a third of all images shifted by up to this many pixels,
    /// against learning a few hundred of them by heart; 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) translation: Option<i64>,
    /// Article: what the discriminator should say of real images, in (0, 1]; below 1 it is kept
    /// from being too sure to learn from. 1 if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) real_label: Option<f64>,
    /// Article: deviation of the noise on every image the discriminator sees, at first; within
    /// 1000 steps it falls to zero. 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) instance_noise: Option<f64>,
}

impl Options {
    /// The recipe that was asked for by its name or by an option that is its own.
    pub(crate) fn recipe(&self) -> Result<RecipeName> {
        let sharp = [("--translation", self.translation.is_some())];
        let article = [
            ("--real-label", self.real_label.is_some()),
            ("--instance-noise", self.instance_noise.is_some()),
        ];
        let given = |options: &[(&'static str, bool)]| {
            options.iter().find(|(_, given)| *given).map(|(name, _)| *name)
        };
        match (self.recipe, given(&sharp), given(&article)) {
            (Some(RecipeName::Sharp), _, Some(option)) => {
                bail!("{option} belongs to --recipe article; leave one of them out")
            }
            (Some(RecipeName::Article), Some(option), _) => {
                bail!("{option} belongs to --recipe sharp; leave one of them out")
            }
            (None, Some(sharp), Some(article)) => {
                bail!("{sharp} belongs to --recipe sharp and {article} to --recipe article")
            }
            (Some(recipe), _, _) => Ok(recipe),
            (None, _, Some(_)) => Ok(RecipeName::Article),
            (None, _, None) => Ok(RecipeName::Sharp),
        }
    }
}
