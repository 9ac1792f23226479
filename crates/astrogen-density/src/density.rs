//! A trained density: the flows of a run, ready to be sampled and evaluated.

use std::path::Path;

use astrogen_data::tensor_of;
use astrogen_flows::{Ensemble, Flow};
use astrogen_train::RunDir;
use ndarray::Array2;
use tch::{Device, Tensor};

use crate::train::member_folder;
use crate::{DensityConfig, DensityError};

/// The flows of a run, whose mean is the density.
#[derive(Debug)]
pub struct Density {
    config: DensityConfig,
    ensemble: Ensemble,
}

impl Density {
    /// The density of a run: of each flow the state that made validation rows most likely.
    ///
    /// # Errors
    /// [`DensityError::Train`] for a folder that is no run, [`DensityError::Unfinished`] for one
    /// without flows, [`DensityError::Flow`] for files that are damaged.
    pub fn load(folder: impl AsRef<Path>, device: Device) -> Result<Self, DensityError> {
        let run = RunDir::open(folder.as_ref())?;
        let config = run.read_config()?;
        Self::of(&run, config, device)
    }

    /// The density of an open run with these settings.
    pub(crate) fn of(
        run: &RunDir,
        config: DensityConfig,
        device: Device,
    ) -> Result<Self, DensityError> {
        let folders = (0..config.members).map(|member| {
            let folder = member_folder(run, &config, member);
            let best = folder.join("best");
            [best, folder].into_iter().find(|folder| folder.join(Flow::FILE).exists())
        });
        let folders: Option<Vec<_>> = folders.collect();
        let Some(folders) = folders else {
            return Err(DensityError::Unfinished { run: run.path().to_owned() });
        };
        Ok(Self { ensemble: Ensemble::load(&folders, device)?, config })
    }

    /// The settings of the run.
    pub fn config(&self) -> &DensityConfig {
        &self.config
    }

    /// The flows.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// The context for flows; none for a density without.
    pub(crate) fn context(&self, rows: &Array2<f64>) -> Result<Option<Tensor>, DensityError> {
        if self.config.data.context.is_empty() { Ok(None) } else { Ok(Some(tensor_of(rows)?)) }
    }
}
