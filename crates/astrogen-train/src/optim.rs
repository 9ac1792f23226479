//! Optimisers whose state can be saved, so that a resumed run goes on as if never stopped.

mod adam;
mod adam_config;
mod adam_joined;
mod adam_kernel;
mod coefficients;
pub(crate) mod flat;

pub use adam::Adam;
pub use adam_config::AdamConfig;
