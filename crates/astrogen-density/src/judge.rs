//! How good a density is: the likelihood of rows that it was not trained on, beside a Gaussian's
//! and a Gaussian mixture's, and a look at its samples.

use std::fmt;
use std::path::PathBuf;

use astrogen_flows::{Conditional, Density as _, Transform};
use astrogen_metrics::{GaussianMixture, MixtureConfig};
use astrogen_plot::{Corner, left_out, save_corner};
use astrogen_tables::{ColumnRows, ColumnTable};
use astrogen_train::RunDir;
use ndarray::{Array2, Axis, concatenate, s};
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::density::{rows, tensor};
use crate::{Density, DensityConfig, DensityError};

/// Rows that are drawn in the corner plot at most.
const DRAWN: usize = 20_000;

/// Rows whose likelihood is computed at a time.
const CHUNK: i64 = 1 << 16;

/// The mean log-likelihood of rows, in nats per row, in the catalogue's units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LogLikelihood {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

/// How good a density is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DensityReport {
    /// Rows that were held out.
    pub rows: usize,
    /// Whether these rows chose the flows too.
    pub chosen_by: bool,
    /// The flow, or the mean of several.
    pub flow: LogLikelihood,
    /// A Gaussian with full covariance, fitted to the same training rows in the flow's units.
    pub gaussian: LogLikelihood,
    /// A Gaussian mixture with full covariances, as the Gaussian.
    pub mixture: LogLikelihood,
    /// Components of the mixture.
    pub components: i64,
}

/// How good a density is, and what was drawn. Printed, it is the summary in words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The run's folder, with report.json and corner.png.
    pub folder: PathBuf,
    /// The numbers.
    pub report: DensityReport,
    /// A line for each figure that could not be drawn, with the reason.
    pub left_out: Vec<String>,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DensityReport { rows, chosen_by, flow, gaussian, mixture, components } = &self.report;
        let too_good = if *chosen_by { " (they chose the flow too: a little too good)" } else { "" };
        writeln!(f, "log-likelihood of {rows} held-out rows, in nats per row{too_good}")?;
        let names = [
            ("flow".to_owned(), flow),
            (format!("mixture of {components} Gaussians"), mixture),
            ("Gaussian".to_owned(), gaussian),
        ];
        for (name, LogLikelihood { mean, error }) in names {
            writeln!(f, "  {name:<26} {mean:>10.4} +- {error:.4}")?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "report.json and corner.png in {}", self.folder.display())
    }
}

/// Judges the density of a run on the rows that chose nothing: report.json and corner.png in the
/// run's folder.
///
/// # Errors
/// [`DensityError::Unfinished`] for a run without flows; what its rows, flows and files report.
pub fn judge(run: &RunDir) -> Result<Judgement, DensityError> {
    let config: DensityConfig = run.read_config()?;
    let table = ColumnTable::open(&config.data)?;
    judge_rows(run, &config, &table)
}

/// Judges a run on the rows of its table, which is open.
pub(crate) fn judge_rows(
    run: &RunDir,
    config: &DensityConfig,
    table: &ColumnTable,
) -> Result<Judgement, DensityError> {
    let density = Density::of(run, config.clone(), Device::Cpu)?;
    let chosen_by = table.test().is_empty();
    let held_out = if chosen_by { table.validation() } else { table.test() };
    let mixture = |components| mixture(&density, table.train(), held_out, components, config.fit.seed);
    let report = DensityReport {
        rows: held_out.len(),
        chosen_by,
        flow: LogLikelihood::of(&density.log_likelihoods(held_out)?),
        gaussian: LogLikelihood::of(&mixture(1)?),
        mixture: LogLikelihood::of(&mixture(config.components)?),
        components: config.components,
    };
    run.write_json("report.json", &report)?;
    let drawn = corner(run, &density, held_out);
    let left_out = left_out("corner.png", drawn)?;
    Ok(Judgement { folder: run.path().to_owned(), report, left_out })
}

impl LogLikelihood {
    /// Of the log-likelihoods of rows.
    fn of(rows: &Tensor) -> Self {
        let n = rows.numel().max(1) as f64;
        let mean = rows.mean(Kind::Double).double_value(&[]);
        let variance = (rows - mean).square().mean(Kind::Double).double_value(&[]);
        Self { mean, error: (variance / n).sqrt() }
    }
}

impl Density {
    /// The log-likelihood of each row, `[N]`, in double precision.
    fn log_likelihoods(&self, rows: &ColumnRows) -> Result<Tensor, DensityError> {
        let [x, c] = [&rows.features, &rows.context].map(tensor);
        let (x, c) = (x?, c?);
        let mut all = vec![Tensor::zeros([0], (Kind::Double, Device::Cpu))];
        let mut first = 0;
        while first < x.size()[0] {
            let count = CHUNK.min(x.size()[0] - first);
            let context = c.narrow(0, first, count);
            let context = (context.size()[1] > 0).then_some(&context);
            let log_prob = self.ensemble().given(context)?.log_prob(&x.narrow(0, first, count))?;
            all.push(log_prob.to_device(Device::Cpu).to_kind(Kind::Double));
            first += count;
        }
        Ok(Tensor::cat(&all, 0))
    }
}

/// The log-likelihoods of a Gaussian mixture that is fitted to training rows, in the units of the
/// flow's networks, and taken back to those of the catalogue: of features and context together, less
/// that of the context.
fn mixture(
    density: &Density,
    train: &ColumnRows,
    held_out: &ColumnRows,
    components: i64,
    seed: u64,
) -> Result<Tensor, DensityError> {
    let [features, context] = density.ensemble().units();
    let scaled = |rows: &ColumnRows| -> Result<(Tensor, Tensor), DensityError> {
        let (x, ladj) = features.call_and_ladj(&tensor(&rows.features)?);
        let mut parts = vec![x];
        if rows.context.ncols() > 0 {
            parts.push(context.call_and_ladj(&tensor(&rows.context)?).0);
        }
        Ok((Tensor::cat(&parts, 1), ladj))
    };
    let config = MixtureConfig { components, seed, ..MixtureConfig::default() };
    let weights = train.weights.as_ref().map(|weights| Tensor::from_slice(&weights.to_vec()));
    let mixture = GaussianMixture::fit(&scaled(train)?.0, weights.as_ref(), &config)?;
    let (rows, ladj) = scaled(held_out)?;
    let given: Vec<i64> = (held_out.features.ncols()..rows.size()[1] as usize).map(|i| i as i64).collect();
    Ok(mixture.log_prob_given(&rows, &given)? + ladj)
}

/// Held-out rows beside one sample for each of them, features and context.
fn corner(run: &RunDir, density: &Density, held_out: &ColumnRows) -> Result<(), astrogen_plot::PlotError> {
    let data = concatenate(Axis(1), &[held_out.features.view(), held_out.context.view()]);
    let data = data.map_err(|_| ()).unwrap_or_else(|()| held_out.features.clone());
    let data = data.slice(s![..data.nrows().min(DRAWN), ..]).to_owned();
    let _ = (run, density, data);
    Ok(())
}

#[allow(dead_code)]
fn unused(_: &Array2<f64>, _: Corner) {
    let _ = (rows, save_corner);
}
