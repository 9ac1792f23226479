//! How far posteriors can be trusted: of held-out rows, whose truth is known.

use std::fmt;
use std::path::{Path, PathBuf};

use astrogen_metrics::{GridDensities, Pit, RedshiftResiduals};
use astrogen_plot::{Density as Maps, Panel, Points, Values, left_out, save_pit};
use astrogen_tables::ColumnTable;
use astrogen_train::RunDir;
use serde::Serialize;

use astrogen_data::{table_of, tensor_of};
use astrogen_flows::Density as _;

use crate::{Along, Density, DensityError};

/// Rows whose posteriors are held in memory at a time.
const CHUNK: usize = 1 << 12;

/// How far posteriors of one column can be trusted. Rows count alike here, whatever their weights: each is a
/// truth that its own posterior is held against.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PosteriorReport {
    /// The column.
    pub column: String,
    /// Rows that were held out.
    pub rows: usize,
    /// The Kolmogorov-Smirnov distance of the probability integral transform from an even one; 0 for
    /// posteriors that are as wide as the truth scatters.
    pub pit_ks: f64,
    /// The share of rows whose true value lies within the central 68 %, and 95 %.
    pub within: [f64; 2],
    /// The continuous ranked probability score, averaged over rows, in the column's unit.
    pub crps: f64,
    /// The conditional density's own loss (Izbicki and Lee 2017), lower is better.
    pub cde_loss: f64,
    /// The mean log-density of the true values that lie on the grid, in nats; NaN where none does.
    pub log_density: f64,
    /// True values off the grid, where the density is 0: not in that mean, but in all else.
    pub off_grid: usize,
    /// Errors of the modes and of the medians, as if the column were a redshift; none where a true
    /// value is -1 or less, and so no redshift.
    pub as_redshift: Option<[PointErrors; 2]>,
}

/// Errors of one value for each row, as photometric redshifts are judged: of
/// `(value - truth) / (1 + truth)`, see [`RedshiftResiduals`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PointErrors {
    /// The median.
    pub bias: f64,
    /// The scatter by the median absolute deviation.
    pub scatter: f64,
    /// The share beyond three scatters by the interquartile range, and beyond 0.06 at least.
    pub outliers: f64,
    /// The share beyond 0.15.
    pub far_outliers: f64,
}

impl PointErrors {
    fn new(values: &[f64], truth: &[f64]) -> Result<Self, DensityError> {
        let residuals = RedshiftResiduals::new(values, truth)?;
        Ok(Self {
            bias: residuals.bias(),
            scatter: residuals.scatter_mad(),
            outliers: residuals.outlier_fraction(),
            far_outliers: residuals.outliers_beyond(0.15),
        })
    }
}

impl fmt::Display for PointErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bias, scatter, outliers, far_outliers } = self;
        let [outliers, far] = [outliers, far_outliers].map(|share| 100.0 * share);
        write!(f, "bias {bias:+.5}, scatter {scatter:.5}, outliers {outliers:.2} %")?;
        write!(f, " (beyond 0.15: {far:.2} %)")
    }
}

/// How far posteriors can be trusted, and what was drawn. Printed, it is the summary in words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PosteriorJudgement {
    /// The run's folder, with posterior.json, pit.png and posterior.png.
    pub folder: PathBuf,
    /// The numbers.
    pub report: PosteriorReport,
    /// A line for each figure that could not be drawn, with the reason.
    pub left_out: Vec<String>,
}

impl Density {
    /// Judges the posteriors of one column, given all others, of the rows of the run in `folder`
    /// that no flow was trained on or chosen by: posterior.json, pit.png and posterior.png there.
    ///
    /// # Errors
    /// [`DensityError::Column`] for a column that is none of the features; what the run's rows,
    /// flows and files report.
    pub fn judge_posterior(
        &self,
        folder: impl AsRef<Path>,
        along: &Along,
    ) -> Result<PosteriorJudgement, DensityError> {
        let run = RunDir::open(folder.as_ref())?;
        let column = self.place(&along.column)?;
        let table = ColumnTable::open(&self.config().data)?;
        let rows = if table.test().is_empty() { table.validation() } else { table.test() };
        let truth = rows.features.column(column).to_vec();
        let (x, context) = (tensor_of(&rows.features)?, self.context(&rows.context)?);
        let mut found = Found::default();
        for first in (0..truth.len()).step_by(CHUNK) {
            let count = CHUNK.min(truth.len() - first);
            let part = |of: &tch::Tensor| of.narrow(0, first as i64, count as i64);
            let given = self.ensemble().given(context.as_ref().map(part).as_ref())?;
            let posterior = given
                .posterior(&part(&x), column, &along.grid)
                .map_err(|error| DensityError::from(error).of_row(|row| first as i64 + row))?;
            let truth = &truth[first..first + count];
            found.pit.extend(posterior.share_below(truth));
            found.mode.extend(posterior.mode());
            found.median.extend(posterior.quantile(0.5));
            let densities = table_of(posterior.density())?;
            let rows = densities.rows().into_iter().zip(truth);
            let on_grid = rows.filter_map(|(row, truth)| at(&along.grid, &row.to_vec(), *truth));
            found.log_densities.extend(on_grid.map(f64::ln));
            let densities: Vec<f64> = densities.into_iter().collect();
            let densities = GridDensities::new(&along.grid, &densities)?;
            found.crps += densities.crps(truth)?.iter().sum::<f64>();
            found.cde_loss += densities.cde_loss(truth)? * count as f64;
        }
        let n = truth.len() as f64;
        let pit = Pit::from_values(&found.pit)?;
        let within = |share: f64| {
            let apart = (1.0 - share) / 2.0;
            let inside = found.pit.iter().filter(|&&pit| pit > apart && pit < 1.0 - apart);
            inside.count() as f64 / n
        };
        let report = PosteriorReport {
            column: along.column.clone(),
            rows: truth.len(),
            pit_ks: pit.kolmogorov_smirnov().statistic,
            within: [within(0.6827), within(0.9545)],
            crps: found.crps / n,
            cde_loss: found.cde_loss / n,
            log_density: found.log_densities.iter().sum::<f64>() / found.log_densities.len() as f64,
            off_grid: truth.len() - found.log_densities.len(),
            as_redshift: match truth.iter().all(|&z| z > -1.0) {
                true => Some([
                    PointErrors::new(&found.mode, &truth)?,
                    PointErrors::new(&found.median, &truth)?,
                ]),
                false => None,
            },
        };
        run.write_json("posterior.json", &report)?;
        let panel = Panel::new(&along.column, vec![Values::new("PIT", pit.values())]);
        let title = "Where the truth lies in its posterior";
        let pits = save_pit(run.join("pit.png"), title, &[panel]);
        let maps = Maps {
            x_label: format!("{}, true", along.column),
            y_label: format!("{}, of the posterior", along.column),
            ..Maps::default()
        };
        let points = [
            Points::new("mode", &truth, &found.mode),
            Points::new("median", &truth, &found.median),
        ];
        let maps = maps.save(run.join("posterior.png"), &points);
        let lines = [left_out("pit.png", pits)?, left_out("posterior.png", maps)?];
        Ok(PosteriorJudgement {
            folder: run.path().to_owned(),
            report,
            left_out: lines.into_iter().flatten().collect(),
        })
    }
}

/// What posteriors say of rows.
#[derive(Debug, Default)]
struct Found {
    pit: Vec<f64>,
    mode: Vec<f64>,
    median: Vec<f64>,
    crps: f64,
    cde_loss: f64,
    /// Of true values on the grid.
    log_densities: Vec<f64>,
}

/// A density on a grid, at a value: on a straight line between points, none beyond them.
fn at(grid: &[f64], density: &[f64], value: f64) -> Option<f64> {
    let upper = grid.partition_point(|&point| point < value).clamp(1, grid.len() - 1);
    let [low, high] = [grid[upper - 1], grid[upper]];
    let part = (value - low) / (high - low);
    let between = density[upper - 1] * (1.0 - part) + density[upper] * part;
    (0.0..=1.0).contains(&part).then_some(between)
}

impl fmt::Display for PosteriorJudgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PosteriorReport {
            column,
            rows,
            pit_ks,
            within,
            crps,
            cde_loss,
            log_density,
            off_grid,
            as_redshift,
        } = &self.report;
        writeln!(f, "posteriors of {column} of {rows} held-out rows")?;
        let [narrow, wide] = within.map(|share| 100.0 * share);
        writeln!(
            f,
            "  PIT: KS {pit_ks:.4}; {narrow:.1} % within 68.3 %, {wide:.1} % within 95.5 %"
        )?;
        write!(f, "  CRPS {crps:.5}; CDE loss {cde_loss:.3}")?;
        if off_grid < rows {
            write!(f, "; log-density of the truth {log_density:.4}")?;
        }
        writeln!(f)?;
        if *off_grid > 0 {
            writeln!(
                f,
                "  {off_grid} true values lie off the grid and have no log-density: widen the grid"
            )?;
        }
        let named =
            as_redshift.iter().flat_map(|errors| ["mode", "median"].into_iter().zip(errors));
        for (name, errors) in named {
            writeln!(f, "  {name:<7} as a redshift, dz / (1 + z): {errors}")?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "posterior.json, pit.png and posterior.png in {}", self.folder.display())
    }
}
