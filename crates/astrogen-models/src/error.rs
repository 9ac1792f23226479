//! What can go wrong with a network or its weights: the errors of what it is made of.

pub use astrogen_nn::NnError as ModelError;
pub use astrogen_nn::error::WeightMismatch;
