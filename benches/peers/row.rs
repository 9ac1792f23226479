//! What is timed.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::inputs::Inputs;

/// The first outputs of a row, by name.
pub(crate) type Outputs = BTreeMap<String, f64>;

/// Something to time, ready to run.
pub(crate) trait Row {
    /// Runs from the first weights and returns the first outputs, for comparison.
    fn check(&mut self) -> Result<Outputs>;

    /// One run, which is what is timed.
    fn run(&mut self) -> Result<()>;
}

/// A row in the list of rows.
pub(crate) struct Entry {
    /// Its name, which the peer's side knows too.
    pub(crate) name: &'static str,
    /// How far the first outputs of the two sides may be apart, relative to the larger.
    pub(crate) tolerance: f64,
    /// Makes it from the inputs and first weights that the peer's side wrote.
    pub(crate) prepare: fn(&Inputs) -> Result<Box<dyn Row>>,
}

/// How rows are called whose algorithm computes on a GPU too; others are kernels of the CPU.
const ON_GPU: [&str; 9] = [
    "gradient_penalty",
    "wgan_gp",
    "sharp",
    "r3gan",
    "autoencoder",
    "dcgan_step_64px",
    "cwgan_gp_critic",
    "cwgan_gp_generator",
    "maf_log_prob",
];

impl Entry {
    /// Whether it can be timed on a GPU.
    pub(crate) fn takes_gpu(&self) -> bool {
        ON_GPU.iter().any(|word| self.name.starts_with(word))
    }
}
