//! A trained density: the flows of a run, ready to be sampled and evaluated.

use std::path::Path;

use astrogen_flows::{Ensemble, Flow};
use astrogen_metrics::MetricsError;
use astrogen_train::RunDir;
use ndarray::Array2;
use tch::{Device, Kind, Tensor};

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
        if self.config.data.context.is_empty() { Ok(None) } else { tensor(rows).map(Some) }
    }
}

/// Rows as a tensor in double precision.
pub(crate) fn tensor(rows: &Array2<f64>) -> Result<Tensor, DensityError> {
    let (n, d) = rows.dim();
    let values: Vec<f64> = rows.iter().copied().collect();
    let tensor = Tensor::f_from_slice(&values).and_then(|flat| flat.f_view([n as i64, d as i64]));
    Ok(tensor.map_err(MetricsError::from)?)
}

/// A tensor `[N, D]` as rows.
pub(crate) fn rows(tensor: &Tensor) -> Result<Array2<f64>, DensityError> {
    let size = [tensor.size()[0] as usize, tensor.size()[1] as usize];
    let plain = tensor.f_to_device(Device::Cpu).and_then(|of| of.f_to_kind(Kind::Double));
    let plain = plain.and_then(|of| of.f_contiguous()).map_err(MetricsError::from)?;
    let mut rows = Array2::zeros(size);
    // Zeros are in standard order.
    if let Some(values) = rows.as_slice_mut() {
        plain.f_copy_data(values, size[0] * size[1]).map_err(MetricsError::from)?;
    }
    Ok(rows)
}
