//! The kernel distance between features of 5,000 real and 5,000 fake images, 2,048 each: 100
//! subsets of 1,000.

use anyhow::Result;
use astrogen::metrics::{
    KernelDistanceConfig, KernelSubset, kernel_distance, kernel_distance_with,
};
use tch::Tensor;

use crate::inputs::Inputs;
use crate::row::{Outputs, Row};

pub(crate) fn kid_5k_2048d(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let rows = |name| Ok::<_, anyhow::Error>(Vec::<Vec<i64>>::try_from(inputs.tensor(name)?)?);
    let subsets = rows("subsets.real")?.into_iter().zip(rows("subsets.fake")?);
    Ok(Box::new(KernelDistanceRow {
        real: inputs.tensor("real")?,
        fake: inputs.tensor("fake")?,
        subsets: subsets.map(|(real, fake)| KernelSubset { real, fake }).collect(),
    }))
}

struct KernelDistanceRow {
    real: Tensor,
    fake: Tensor,
    /// Those of the peer.
    subsets: Vec<KernelSubset>,
}

impl Row for KernelDistanceRow {
    fn check(&mut self) -> Result<Outputs> {
        let found = kernel_distance_with(&self.real, &self.fake, &self.subsets)?;
        let outputs = [("mean", found.mean), ("deviation", found.deviation)];
        Ok(outputs.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn run(&mut self) -> Result<()> {
        let config = KernelDistanceConfig::default();
        Ok(kernel_distance(&self.real, &self.fake, &config, 0).map(drop)?)
    }
}
