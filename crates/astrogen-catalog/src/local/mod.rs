//! One quantity along another: fitted in bins of training rows, interpolated between them.

mod bins;
mod map;
mod scale;
mod scores;

pub use map::QuantileMap;
pub use scale::{Knot, LocalScale};
pub use scores::{LocalScores, ScoreKnot};
