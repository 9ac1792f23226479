//! Sky-safe augmentation: changes after which an image is as likely as before.
//!
//! [`Dihedral`] is applied to samples as they are dealt out. [`SkyAugment`] is for a step that
//! shows its critic reals and fakes changed alike, so that the generator learns the unchanged
//! images: it can be differentiated. [`Translation`] is its shifts alone, in pixels.

mod dihedral;
pub mod sky;
mod translation;

pub use dihedral::{Dihedral, Symmetry, symmetries};
use serde::{Deserialize, Serialize};
pub use sky::{SkyAugment, SkyDraw};
pub use translation::{Translation, translate};

/// What is done to a sample when it is dealt out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Augment {
    /// Samples stay as they are.
    None,
    /// Each sample is turned and mirrored by one of the eight symmetries, drawn anew in
    /// each epoch.
    #[default]
    Dihedral,
}
