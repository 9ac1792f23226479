//! Numbers that say how close samples are to the sky.
//!
//! A metric compares two sets of float images of any channel count. It needs no downloaded
//! network, has a random generator of its own where it draws, and never touches libtorch's:
//! measuring in the middle of a training run does not change the run.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`sliced_wasserstein`](mod@sliced_wasserstein) | the distance between the local structure of two sets, scale by scale |
//! | [`error`] | [`MetricsError`] |

pub mod error;
pub mod sliced_wasserstein;

pub use error::MetricsError;
pub use sliced_wasserstein::{SlicedWasserstein, SlicedWassersteinConfig, sliced_wasserstein};
