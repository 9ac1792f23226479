//! Whether a generator gives its training images back, and whether splits hold each other's.
//!
//! Every distance between distributions rewards copies: training images given back score best.
//! Memorisation shows in one thing alone, that samples lie nearer to the training images than
//! fresh images do. So nearest training neighbours are sought of the samples and of real images
//! that were held out of the training, and compared:
//!
//! | what is asked | answer |
//! | --- | --- |
//! | where is the nearest image? | [`nearest`] and [`nearest_others`]: index, symmetry, distance |
//! | do samples copy? | [`memorisation_audit`]: shares with p-values, the closest pairs to look at, and |
//! | are they nearer than reals, region by region? | [`data_copying`]: the statistic `C_T` with its p-value |
//! | does one split hold images of another? | [`leakage`]: pairs that are nearly one image |
//!
//! Nearer is not yet copied: an image that is too soft lies near to all. A copy lies much nearer to one
//! training image than to the next ones, and by this contrast the audit tells the two apart.
//!
//! A copy may be mirrored or turned, as augmentation does in training: neighbours of images are
//! sought under the eight flips and quarter turns. [`Points`] says in which space: pixels, or the
//! features of any network.

mod audit;
mod copying;
mod k_means;
mod leakage;
mod neighbours;
mod points;
mod share;
mod symmetry;

pub use audit::{AuditConfig, MemorisationAudit, chance, memorisation_audit};
pub use copying::{CopyingCell, CopyingConfig, DataCopying, Located, data_copying};
pub use leakage::{Leakage, LeakageConfig, leakage};
pub use neighbours::{Neighbour, nearest, nearest_others};
pub use points::Points;
pub use share::LowShare;
pub use symmetry::Symmetry;
