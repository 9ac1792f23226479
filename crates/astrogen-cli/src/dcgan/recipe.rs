//! Which networks, and how they are trained, as a run's settings have them.

use std::fmt;

use astrogen_models::{DcganConfig, R3ganConfig, SharpConfig};
use astrogen_train::{Augmentation, DcganStepConfig, RelativisticStepConfig};
use clap::ValueEnum;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::Networks;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RecipeArgument {
    /// What measured best for as many images of this size and as much time, with the width, batch,
    /// penalties and length that go with it; what is chosen is said, with the reason.
    /// Options that are given stay.
    Auto,
    /// A deep convolutional GAN whose images keep points and filaments sharp, in minutes. Unlike
    /// the article's it doubles images bilinearly, without transposed convolutions and their
    /// mesh, has inputs of noise, compares reals and fakes in pairs under gradient penalties,
    /// and has no batch normalisation in the discriminator.
    Sharp,
    /// Radford, Metz and Chintala's DCGAN as they describe it: their networks and settings.
    Article,
    /// Huang et al.'s R3GAN with its settings, an eighth as wide if no width is given: residual networks
    /// without normalisation. For long runs.
    R3gan,
}

impl RecipeArgument {
    /// The recipe; none to have one chosen.
    pub(super) fn name(self) -> Option<RecipeName> {
        match self {
            Self::Auto => None,
            Self::Sharp => Some(RecipeName::Sharp),
            Self::Article => Some(RecipeName::Article),
            Self::R3gan => Some(RecipeName::R3gan),
        }
    }
}

/// What a run's settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecipeName {
    Sharp,
    Article,
    R3gan,
}

impl RecipeName {
    /// Images that each network sees per update, if it was not said.
    pub(super) fn batch_size(self) -> usize {
        match self {
            Self::Sharp => 16,
            Self::Article => 64,
            Self::R3gan => 32,
        }
    }
}

/// Networks and how they are trained, by name: the fields `recipe`, `model` and `algorithm` of a
/// run's config.json. Runs from before recipes had names followed the article.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "recipe", rename_all = "snake_case")]
pub enum DcganRecipe {
    /// Bilinear upsampling and noise against a critic under R1 and R2.
    Sharp(Networks<SharpConfig, RelativisticStepConfig>),
    /// Radford, Metz and Chintala's DCGAN.
    Article(Networks<DcganConfig, DcganStepConfig>),
    /// Huang et al.'s R3GAN.
    R3gan(Networks<R3ganConfig, RelativisticStepConfig>),
}

impl DcganRecipe {
    /// The same, augmented in each step as often as in any of the run: what a trial of its pace trains.
    #[must_use]
    pub fn as_tried(&self) -> Self {
        let augment = |augment: Option<Augmentation>| augment.map(Augmentation::at_its_most);
        let relativistic = |config: &RelativisticStepConfig| RelativisticStepConfig {
            augment: augment(config.augment),
            annealing: None,
            ..config.clone()
        };
        match self {
            Self::Sharp(Networks { model, algorithm }) => {
                Self::Sharp(Networks { model: model.clone(), algorithm: relativistic(algorithm) })
            }
            Self::R3gan(Networks { model, algorithm }) => {
                Self::R3gan(Networks { model: model.clone(), algorithm: relativistic(algorithm) })
            }
            Self::Article(Networks { model, algorithm }) => Self::Article(Networks {
                model: model.clone(),
                algorithm: DcganStepConfig {
                    augment: augment(algorithm.augment),
                    ..algorithm.clone()
                },
            }),
        }
    }
}

impl<'de> Deserialize<'de> for DcganRecipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Named {
            recipe: Option<RecipeName>,
            model: Value,
            algorithm: Value,
        }
        let Named { recipe, model, algorithm } = Named::deserialize(deserializer)?;
        let networks = json!({"model": model, "algorithm": algorithm});
        match recipe.unwrap_or(RecipeName::Article) {
            RecipeName::Sharp => serde_json::from_value(networks).map(Self::Sharp),
            RecipeName::Article => serde_json::from_value(networks).map(Self::Article),
            RecipeName::R3gan => serde_json::from_value(networks).map(Self::R3gan),
        }
        .map_err(D::Error::custom)
    }
}

impl fmt::Display for DcganRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sharp(_) => "sharp",
            Self::Article(_) => "article's",
            Self::R3gan(_) => "R3GAN",
        })
    }
}
