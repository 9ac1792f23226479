//! How a flow is trained on a table, in few words.

use std::f64::consts::PI;

use astrogen_data::BatchConfig;
use astrogen_flows::{
    Architecture, BaseConfig, FlowConfig, Member, Spline, Unit, Units, UnivariateConfig,
};
use astrogen_metrics::Sorted;
use astrogen_tables::{ColumnTable, ColumnTableConfig};
use astrogen_train::{AdamConfig, FitConfig, FlowStepConfig, Schedule};
use ndarray::{Array2, ArrayView1};

use crate::catalog::SHARES;
use crate::{DensityConfig, DensityError};

/// Half the side of the box that pzflow shifts its columns to.
const PZFLOW_BOUND: f64 = 4.0;

/// The settings that matter most; [`config`](Self::config) makes all of them for a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Which flow. Default [`Member::Nsf`].
    pub member: Member,
    /// How many transforms; the member's own number by default.
    pub transforms: Option<i64>,
    /// Widths of the hidden layers. Default 128, 128.
    pub hidden: Vec<i64>,
    /// Columns whose logarithm is learnt: positive ones over several powers of ten. Densities are
    /// those of the columns themselves. None by default.
    pub log10: Vec<String>,
    /// Adam's learning rate, which falls to 0 along a half cosine. Default 1e-3.
    pub lr: f64,
    /// Rows of a batch. Default 512.
    pub batch_size: usize,
    /// How long it is trained. Default 40 passes over the training rows, and 2,000 updates at least.
    pub length: Length,
    /// How many flows are averaged. Default 1.
    pub members: u64,
    /// Components of the Gaussian mixture beside it. Default 10.
    pub components: usize,
    /// The seed of everything. Default 0.
    pub seed: u64,
}

/// The units of angles, which are none; refuses what is no angle in [-pi, pi).
fn angles(names: &[String], rows: &Array2<f64>) -> Result<Units, DensityError> {
    let is_angle = |&x: &f64| (-PI..PI).contains(&x);
    match names.iter().zip(rows.columns()).find(|(_, values)| !values.iter().all(is_angle)) {
        None => Ok(Units::default()),
        Some((column, _)) => Err(DensityError::Column {
            column: column.clone(),
            reason: "ncsf is for angles in radians, from -pi to below pi".to_owned(),
        }),
    }
}

/// How long a flow is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Passes over the training rows.
    Epochs(u64),
    /// Updates.
    Steps(u64),
    /// The longer of both.
    AtLeast {
        /// Passes over the training rows.
        epochs: u64,
        /// Updates.
        steps: u64,
    },
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            member: Member::Nsf,
            transforms: None,
            hidden: vec![128; 2],
            log10: Vec::new(),
            lr: 1e-3,
            batch_size: 512,
            length: Length::AtLeast { epochs: 40, steps: 2000 },
            members: 1,
            components: 10,
            seed: 0,
        }
    }
}

impl Recipe {
    /// All settings for a table.
    ///
    /// # Errors
    /// [`DensityError::Column`] for a column of one value, which has no density, and for one whose
    /// logarithm is asked for and that is not above 0 everywhere, or not there; those of
    /// [`DensityConfig::validate`].
    pub fn config(
        &self,
        data: ColumnTableConfig,
        table: &ColumnTable,
    ) -> Result<DensityConfig, DensityError> {
        let known = |name: &&String| !data.features.contains(name) && !data.context.contains(name);
        if let Some(column) = self.log10.iter().find(known) {
            let reason =
                "its logarithm is asked for, and it is none of the features or the context";
            return Err(DensityError::Column { column: column.clone(), reason: reason.to_owned() });
        }
        if let (Member::Ncsf, Some(column)) =
            (self.member, self.log10.iter().find(|&name| data.features.contains(name)))
        {
            let reason =
                "ncsf is for angles as they are: leave out its logarithm, or choose another flow";
            return Err(DensityError::Column { column: column.clone(), reason: reason.to_owned() });
        }
        let rows = table.train();
        let units = |names: &[String], of: &Array2<f64>| -> Result<Units, DensityError> {
            let columns = names.iter().zip(of.columns());
            let steps = columns.map(|(name, values)| self.unit(name, values));
            Ok(Units(steps.collect::<Result<_, _>>()?))
        };
        let sizes = [data.features.len(), data.context.len()].map(|size| size as i64);
        let flow = self.member.config(sizes[0], sizes[1]);
        let flow = FlowConfig {
            transforms: self.transforms.unwrap_or(flow.transforms),
            hidden: self.hidden.clone(),
            feature_units: match self.member {
                Member::Ncsf => angles(&data.features, &rows.features)?,
                _ => units(&data.features, &rows.features)?,
            },
            context_units: units(&data.context, &rows.context)?,
            ..flow
        };
        self.of(data, table, flow, Schedule::Cosine { steps: self.steps(table).0, end: 0.0 })
    }

    /// The flow that pzflow makes by default, as a coupling that is autoregressive in two passes:
    /// as many transforms as columns, splines of 16 bins in a box of 5, columns shifted linearly
    /// into a box of 4, a beta distribution as base, networks of 128-128, a learning rate that stays
    /// (Crenshaw et al. 2024). The recipe's own transforms, hidden widths and logarithms are not asked.
    ///
    /// # Errors
    /// Those of [`config`](Self::config).
    pub fn pzflow(
        &self,
        data: ColumnTableConfig,
        table: &ColumnTable,
    ) -> Result<DensityConfig, DensityError> {
        let rows = table.train();
        let shift = |of: &Array2<f64>| {
            let columns = of.columns().into_iter().map(|values| {
                let ends =
                    values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &x| {
                        [low.min(x), high.max(x)]
                    });
                vec![Unit::ShiftToBounds { low: ends[0], high: ends[1], bound: PZFLOW_BOUND }]
            });
            Units(columns.collect())
        };
        let sizes = [data.features.len(), data.context.len()].map(|size| size as i64);
        let flow = FlowConfig {
            transforms: sizes[0],
            architecture: Architecture::Autoregressive { passes: Some(2) },
            univariate: UnivariateConfig::Spline(Spline {
                bins: 16,
                bound: 5.0,
                ..Spline::default()
            }),
            base: BaseConfig::Beta { bound: 5.0, concentration: 13.0 },
            hidden: vec![128; 2],
            feature_units: shift(&rows.features),
            context_units: shift(&rows.context),
            ..FlowConfig::nsf(sizes[0], sizes[1])
        };
        self.of(data, table, flow, Schedule::Constant)
    }

    fn of(
        &self,
        data: ColumnTableConfig,
        table: &ColumnTable,
        flow: FlowConfig,
        schedule: Schedule,
    ) -> Result<DensityConfig, DensityError> {
        let (steps, epoch) = self.steps(table);
        let optimizer = AdamConfig { lr: self.lr, schedule, ..AdamConfig::default() };
        let config = DensityConfig {
            data,
            flow,
            algorithm: FlowStepConfig { optimizer, ..FlowStepConfig::default() },
            batches: BatchConfig {
                batch_size: self.batch_size.min(table.train().len()),
                seed: self.seed,
                ..BatchConfig::default()
            },
            fit: FitConfig {
                steps,
                checkpoint_interval: epoch.max(steps / 100).max(1),
                sample_interval: steps,
                return_to_best: true,
                seed: self.seed,
                ..FitConfig::default()
            },
            members: self.members,
            components: self.components,
        };
        config.validate()?;
        Ok(config)
    }

    /// Steps in all, and of one pass over the training rows.
    fn steps(&self, table: &ColumnTable) -> (u64, u64) {
        let rows = table.train().len();
        let epoch = (rows / self.batch_size.clamp(1, rows.max(1))).max(1) as u64;
        match self.length {
            Length::Epochs(epochs) => (epochs.saturating_mul(epoch), epoch),
            Length::Steps(steps) => (steps, epoch),
            Length::AtLeast { epochs, steps } => (epochs.saturating_mul(epoch).max(steps), epoch),
        }
    }

    /// The way of a column to the flow, by its median and the ends of its central 68 %.
    fn unit(&self, name: &str, values: ArrayView1<f64>) -> Result<Vec<Unit>, DensityError> {
        let refuse = |reason: &str| DensityError::Column {
            column: name.to_owned(),
            reason: reason.to_owned(),
        };
        let log10 = self.log10.iter().any(|of| of == name);
        let values: Vec<f64> = match log10 {
            true if values.iter().any(|&value| value <= 0.0) => {
                return Err(refuse(
                    "its logarithm is asked for, and some of it is 0 or less: keep the rows above it, \
                     as `NAME>0`, or learn the column itself",
                ));
            }
            true => values.iter().map(|value| value.log10()).collect(),
            false => values.to_vec(),
        };
        let sorted = Sorted::new("a column", &values)?;
        let quantiles = SHARES.map(|(_, share)| sorted.quantile(share));
        let n = values.len().max(1) as f64;
        let square = values.iter().map(|value| (value - quantiles[1]).powi(2)).sum::<f64>() / n;
        let Some(steps) = Unit::around(quantiles, square.sqrt()) else {
            return Err(refuse(
                "it has one value in all training rows, and so no density: leave it out",
            ));
        };
        Ok(log10.then_some(Unit::Log10).into_iter().chain(steps).collect())
    }
}
