//! How good a density is: the likelihood of rows that it was not trained on, beside a Gaussian's
//! and a Gaussian mixture's, and a look at its samples.

use std::fmt;
use std::path::PathBuf;

use astrogen_data::tensor_of;
use astrogen_flows::{Conditional, Density as _, Transform, Unit, Units};
use astrogen_metrics::{
    EstimateConfig, GaussianMixtureConfig, LogLikelihood, MetricsError, Quality,
    TableQualityConfig, paired_table_quality,
};
use astrogen_plot::{Corner, Rows, left_out};
use astrogen_report::draw_quality;
use astrogen_tables::{ColumnRows, ColumnTable};
use astrogen_train::RunDir;
use ndarray::{Array2, s};
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::{Density, DensityConfig, DensityError};

/// Rows of which samples are looked at, at most.
const DRAWN: usize = 20_000;

/// Rows whose likelihood is computed at a time.
const CHUNK: i64 = 1 << 16;

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
    /// A Gaussian with full covariance, fitted to the same training rows; of the logarithm of columns
    /// whose logarithm was learnt.
    pub gaussian: LogLikelihood,
    /// A Gaussian mixture with full covariances, as the Gaussian.
    pub mixture: LogLikelihood,
    /// Components of the mixture.
    pub components: usize,
    /// Samples beside held-out rows, both with their context, as tables; the logarithm of columns whose
    /// logarithm was learnt. None of rows with weights, which samples have not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// How good a density is, and what was drawn. Printed, it is the summary in words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The run's folder, with report.json, corner.png and figures/quality.png.
    pub folder: PathBuf,
    /// The numbers.
    pub report: DensityReport,
    /// A line for each figure that could not be drawn, with the reason.
    pub left_out: Vec<String>,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DensityReport { rows, chosen_by, flow, gaussian, mixture, components, quality } =
            &self.report;
        let too_good =
            if *chosen_by { " (they chose the flow too: a little too good)" } else { "" };
        writeln!(f, "log-likelihood of {rows} held-out rows, in nats per row{too_good}")?;
        let names = [
            ("flow".to_owned(), flow),
            (format!("mixture of {components} Gaussians"), mixture),
            ("Gaussian".to_owned(), gaussian),
        ];
        for (name, LogLikelihood { mean, error }) in names {
            writeln!(f, "  {name:<26} {mean:>10.4} +- {error:.4}")?;
        }
        if let Some(quality) = quality {
            writeln!(f, "samples beside held-out rows as tables, {} rows each", quality.count)?;
            write!(f, "{quality}")?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "report.json and figures in {}", self.folder.display())
    }
}

/// Judges the density of a run on the rows that chose nothing: report.json, corner.png and
/// figures/quality.png in the run's folder.
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
    let mixture =
        |components| mixture(&density, table.train(), held_out, components, config.fit.seed);
    let beside = Beside::of(&density, held_out)?;
    let quality = match &held_out.weights {
        Some(_) => None,
        None => Some(beside.quality(config.fit.seed)?),
    };
    let mean = |of: &Tensor| match &held_out.weights {
        Some(weights) => LogLikelihood::weighted(of, &Tensor::from_slice(&weights.to_vec())),
        None => LogLikelihood::of(of),
    };
    let report = DensityReport {
        rows: held_out.len(),
        chosen_by,
        flow: mean(&density.log_likelihoods(held_out)?),
        gaussian: mean(&mixture(1)?),
        mixture: mean(&mixture(config.components)?),
        components: config.components,
        quality,
    };
    run.write_json("report.json", &report)?;
    let mut left_out: Vec<String> = beside.corner(run)?.into_iter().collect();
    if let Some(quality) = &report.quality {
        left_out.extend(draw_quality(run, quality, NAMES)?);
    }
    Ok(Judgement { folder: run.path().to_owned(), report, left_out })
}

impl Density {
    /// The log-likelihood of each row, `[N]`, in double precision.
    fn log_likelihoods(&self, rows: &ColumnRows) -> Result<Tensor, DensityError> {
        let [x, c] = [&rows.features, &rows.context].map(tensor_of);
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

/// The log-likelihoods of a Gaussian mixture that is fitted to training rows: of features and context
/// together, less that of the context; of the logarithm of columns whose logarithm was learnt.
fn mixture(
    density: &Density,
    train: &ColumnRows,
    held_out: &ColumnRows,
    components: usize,
    seed: u64,
) -> Result<Tensor, DensityError> {
    let [features, context] = density.ensemble().units().map(Units::logarithms);
    let scaled = |rows: &ColumnRows| -> Result<(Tensor, Tensor), DensityError> {
        let (x, ladj) = features.call_and_ladj(&tensor_of(&rows.features)?);
        let mut parts = vec![x];
        if rows.context.ncols() > 0 {
            parts.push(context.call_and_ladj(&tensor_of(&rows.context)?).0);
        }
        Ok((Tensor::cat(&parts, 1), ladj))
    };
    let config = GaussianMixtureConfig { components, seed, ..GaussianMixtureConfig::default() };
    let weights = train.weights.as_ref().map(|weights| Tensor::from_slice(&weights.to_vec()));
    let mixture = config.fit(&scaled(train)?.0, weights.as_ref())?.mixture;
    let (rows, ladj) = scaled(held_out)?;
    let given: Vec<i64> =
        (held_out.features.ncols()..rows.size()[1] as usize).map(|i| i as i64).collect();
    Ok(mixture.conditional_log_prob(&rows, &given)? + ladj)
}

/// What the two samples are called.
const NAMES: [&str; 2] = ["held-out rows", "samples"];

/// Held-out rows beside one sample for each of them, features and context; columns whose logarithm was
/// learnt by their logarithm.
struct Beside {
    labels: Vec<String>,
    /// Row by row.
    data: Vec<f64>,
    samples: Vec<f64>,
}

impl Beside {
    fn of(density: &Density, held_out: &ColumnRows) -> Result<Self, DensityError> {
        let rows = held_out.len().min(DRAWN);
        let first = |of: &Array2<f64>| of.slice(s![..rows, ..]).to_owned();
        let (features, context) = (first(&held_out.features), first(&held_out.context));
        let given = density.context(&context)?;
        let mut samples = vec![0.0; features.len()];
        let seed = density.config().fit.seed;
        density.ensemble().given(given.as_ref())?.sample_rows(0, seed, &mut samples)?;
        let mut samples = samples.into_iter().map(f64::from);
        let samples = features.mapv(|_| samples.next().unwrap_or(f64::NAN));

        let names = density.config().columns();
        let [of_features, of_context] = density.ensemble().units();
        let is_log = |i: usize| {
            // Units that are none, as those of angles, have no columns.
            let steps = match i.checked_sub(features.ncols()) {
                None => of_features.0.get(i),
                Some(i) => of_context.0.get(i),
            };
            steps.and_then(|steps| steps.first()) == Some(&Unit::Log10)
        };
        let labels = names.iter().enumerate();
        let labels =
            labels.map(|(i, name)| if is_log(i) { format!("log10 {name}") } else { name.clone() });
        let shown = |features: &Array2<f64>| -> Vec<f64> {
            let rows = features.rows().into_iter().zip(context.rows());
            let values = rows.flat_map(|(row, context)| row.into_iter().chain(context));
            let columns = (0..names.len()).cycle();
            values.zip(columns).map(|(x, i)| if is_log(i) { x.log10() } else { *x }).collect()
        };
        Ok(Self { labels: labels.collect(), data: shown(&features), samples: shown(&samples) })
    }

    fn quality(&self, seed: u64) -> Result<Quality, DensityError> {
        let columns = self.labels.len() as i64;
        let table = |values: &[f64]| -> Result<Tensor, MetricsError> {
            Ok(Tensor::f_from_slice(values)?.f_view([-1, columns])?)
        };
        let names: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let estimate = EstimateConfig { seed, ..EstimateConfig::default() };
        let config = TableQualityConfig { estimate, ..TableQualityConfig::default() };
        let (data, samples) = (table(&self.data)?, table(&self.samples)?);
        Ok(paired_table_quality(&data, &samples, &names, &config)?)
    }

    fn corner(&self, run: &RunDir) -> Result<Option<String>, DensityError> {
        let corner = Corner { labels: self.labels.clone(), ..Corner::default() };
        let [data, samples] = NAMES;
        let drawn = corner.save(
            run.join("corner.png"),
            &[Rows::new(data, &self.data), Rows::new(samples, &self.samples)],
        );
        Ok(left_out("corner.png", drawn)?)
    }
}
