//! The sliced Wasserstein distance of 5,000 real and 5,000 fake images of 64x64 pixels in three bands,
//! by the published settings, draws included.

use anyhow::Result;
use astrogen::metrics::sliced_wasserstein::{LevelDraws, sliced_wasserstein_with};
use astrogen::metrics::{SlicedWassersteinConfig, sliced_wasserstein};
use tch::Tensor;

use crate::inputs::Inputs;
use crate::row::{Outputs, Row};

pub(crate) fn sliced_wasserstein_5k(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let level = |level: usize| -> Result<LevelDraws> {
        Ok(LevelDraws {
            positions: inputs.tensor(&format!("positions.{level}"))?,
            directions: inputs.tensor(&format!("directions.{level}"))?,
        })
    };
    Ok(Box::new(SlicedWassersteinRow {
        real: inputs.tensor("real")?,
        fake: inputs.tensor("fake")?,
        draws: (0..3).map(level).collect::<Result<_>>()?,
    }))
}

struct SlicedWassersteinRow {
    real: Tensor,
    fake: Tensor,
    /// Those of the peer.
    draws: Vec<LevelDraws>,
}

impl Row for SlicedWassersteinRow {
    fn check(&mut self) -> Result<Outputs> {
        let config = SlicedWassersteinConfig::default();
        let found = sliced_wasserstein_with(&self.real, &self.fake, &config, &self.draws)?;
        Ok(found.levels.into_iter().map(|(side, value)| (side.to_string(), value)).collect())
    }

    fn run(&mut self) -> Result<()> {
        let config = SlicedWassersteinConfig::default();
        Ok(sliced_wasserstein(&self.real, &self.fake, &config, 0).map(drop)?)
    }
}
