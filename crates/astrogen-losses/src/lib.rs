//! Losses: from tensors to a scalar.
//!
//! A loss knows no model. It takes what a model gave, logits say, and returns scalar
//! tensors that can be differentiated.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`adversarial`] | the loss of the generative adversarial network, non-saturating or saturating |
//! | [`error`] | [`LossError`] |

pub mod adversarial;
pub mod error;

pub use adversarial::{
    AdversarialConfig, DiscriminatorLoss, GeneratorObjective, discriminator_loss, generator_loss,
};
pub use error::LossError;
