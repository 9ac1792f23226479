//! Which columns' density is learnt, by which flow, and what is asked of it.

use std::path::{Path, PathBuf};

use astrogen_catalog::ColumnFilter;
use astrogen_density::{Along, Density, DensityConfig, Errors, Length, Recipe, Rows, Written};
use astrogen_flows::{MeasuredConfig, Member};
use astrogen_runtime::{DeviceChoice, set_threads};
use astrogen_sky::{SkyError, cached_spirals, cached_stars, cached_two_moons};
use astrogen_tables::{ColumnTable, ColumnTableConfig};
use clap::{Args, ValueEnum};

use crate::error::absolute;
use crate::{CliError, FileArguments, RunArguments, by_the_first, say};

/// Rows that are simulated.
const SIMULATED: usize = 100_000;

/// Which columns' density is learnt and by which flow.
#[derive(Debug, Args)]
pub struct DensityArguments {
    /// The catalogue: a FITS table, CSV, Parquet or HDF5; simulated rows if left out.
    #[arg(long, requires = "features")]
    catalog: Option<PathBuf>,
    /// Columns whose density is learnt.
    #[arg(long, value_name = "COLUMN", num_args = 1.., requires = "catalog")]
    features: Vec<String>,
    /// Columns that it is given; none if left out.
    #[arg(long, value_name = "COLUMN", num_args = 1.., requires = "catalog")]
    context: Vec<String>,
    /// The column that says how much each row counts.
    #[arg(long, value_name = "COLUMN", requires = "catalog")]
    weights: Option<String>,
    #[command(flatten)]
    files: FileArguments,
    /// Rows to train on and to judge, as "flags==0"; any number.
    #[arg(long = "where", value_name = "FILTER", num_args = 1.., requires = "catalog")]
    filters: Vec<ColumnFilter>,
    /// What is simulated where no catalogue is given.
    #[arg(long, value_enum, default_value_t = Simulated::Galaxy, conflicts_with = "catalog")]
    simulate: Simulated,
    /// Columns whose logarithm is learnt: positive ones over several powers of ten.
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    log10: Vec<String>,
    /// The flow: nice, real_nvp, maf, nsf, nsf_coupling, ncsf, sospf, bpf or galactic; or pzflow,
    /// as that program makes it.
    #[arg(long, default_value = "nsf")]
    flow: FlowName,
    /// Transforms; the flow's own number if left out.
    #[arg(long)]
    transforms: Option<i64>,
    /// Widths of the hidden layers; 128 128 if left out.
    #[arg(long, num_args = 1..)]
    hidden: Option<Vec<i64>>,
    /// Adam's learning rate.
    #[arg(long, default_value_t = 1e-3)]
    lr: f64,
    /// Rows of a batch.
    #[arg(long, default_value_t = 512)]
    batch_size: usize,
    /// Flows that are trained, from one seed each, and averaged.
    #[arg(long, default_value_t = 1)]
    members: u64,
    /// Components of the Gaussian mixture that is fitted beside it.
    #[arg(long, default_value_t = 10)]
    components: usize,
    /// The part of the rows that no flow is trained on; half of it chooses, half is reported on.
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    held_out: f64,
    /// How long it is trained, and where.
    #[command(flatten)]
    pub run: RunArguments,
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Simulated {
    /// Stars of a galaxy: positions, velocities, metallicity, [O/Fe], age.
    Galaxy,
    /// Two half circles in a plane.
    TwoMoons,
    /// Two spiral arms in a plane.
    Spirals,
}

/// A flow by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FlowName {
    Member(Member),
    Pzflow,
}

impl std::str::FromStr for FlowName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "pzflow" => Ok(Self::Pzflow),
            name => name.parse().map(Self::Member).map_err(|error| format!("{error} (or pzflow)")),
        }
    }
}

impl DensityArguments {
    /// The table that was asked for, or simulated rows in the cache.
    ///
    /// # Errors
    /// [`CliError::Usage`] where there is no cache folder; [`CliError::Sky`] where rows cannot be
    /// written there.
    pub fn table(&self) -> Result<ColumnTableConfig, CliError> {
        let mut table = match &self.catalog {
            Some(path) => ColumnTableConfig {
                path: absolute(path)?,
                features: self.features.clone(),
                context: self.context.clone(),
                weights: self.weights.clone(),
                ..ColumnTableConfig::default()
            },
            None => simulated(self.simulate)?,
        };
        self.files.fill(&mut table.catalog);
        table.catalog.filters = self.filters.clone();
        table.held_out = self.held_out;
        table.seed = self.run.seed();
        Ok(table)
    }

    /// All settings of a new run.
    ///
    /// # Errors
    /// [`CliError::Usage`] for options that the flow does not take; [`CliError::Density`] for columns and
    /// settings that do not fit.
    pub fn config(
        &self,
        data: ColumnTableConfig,
        table: &ColumnTable,
    ) -> Result<DensityConfig, CliError> {
        let own = [
            ("--transforms", self.transforms.is_some()),
            ("--hidden", self.hidden.is_some()),
            ("--log10", !self.log10.is_empty()),
        ];
        let own = own.into_iter().find(|(_, given)| *given && self.flow == FlowName::Pzflow);
        if let Some((option, _)) = own {
            return Err(CliError::Usage(format!(
                "{option}: pzflow is made as that program makes it; leave one of both out"
            )));
        }
        let batch_size = self.batch_size.min(table.train().len());
        let default = Recipe::default();
        let recipe = Recipe {
            transforms: self.transforms,
            hidden: self.hidden.clone().unwrap_or(default.hidden),
            log10: self.log10.clone(),
            lr: self.lr,
            batch_size,
            members: self.members,
            components: self.components,
            seed: self.run.seed(),
            ..Recipe::default()
        };
        let epoch = (table.train().len() / batch_size.max(1)).max(1) as u64;
        let length = self.run.steps(epoch).map_or(recipe.length, Length::Steps);
        let recipe = Recipe { length, ..recipe };
        Ok(match self.flow {
            FlowName::Member(member) => Recipe { member, ..recipe }.config(data, table)?,
            FlowName::Pzflow => recipe.pzflow(data, table)?,
        })
    }
}

/// Rows of a simulated density, written to the cache where they are not there yet.
fn simulated(what: Simulated) -> Result<ColumnTableConfig, CliError> {
    let tell = |file: &Path| {
        say(format_args!("simulating {SIMULATED} rows into {} (once)", file.display()));
    };
    let (path, features): (_, &[&str]) = match what {
        Simulated::Galaxy => (
            cached_stars(SIMULATED, 1, tell),
            &["x", "y", "z", "vx", "vy", "vz", "feh", "ofe", "age"],
        ),
        Simulated::TwoMoons => (cached_two_moons(SIMULATED, 1, tell), &["x", "y"]),
        Simulated::Spirals => (cached_spirals(SIMULATED, 1, tell), &["x", "y"]),
    };
    let path = match path {
        Err(SkyError::NoCache) => {
            return Err(CliError::Usage("no cache folder; give --catalog".to_owned()));
        }
        path => path?,
    };
    let features = features.iter().map(|name| (*name).to_owned()).collect();
    Ok(ColumnTableConfig { path, features, ..ColumnTableConfig::default() })
}

/// A trained density, and the machine that it is used on.
#[derive(Debug, Args)]
struct TrainedArguments {
    /// The folder of a run.
    run: PathBuf,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

impl TrainedArguments {
    fn load(&self) -> Result<Density, CliError> {
        by_the_first()?;
        set_threads(self.threads);
        Ok(Density::load(&self.run, self.device.for_tables().resolve()?)?)
    }
}

/// How many samples are drawn, given what, and where to.
#[derive(Debug, Args)]
pub struct DensitySampleArguments {
    #[command(flatten)]
    trained: TrainedArguments,
    /// Samples: in all, or for each row of --catalog.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// A catalogue with the context's columns, for a density with context.
    #[arg(long)]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    files: FileArguments,
    /// The catalogue to write, a FITS table, Parquet or HDF5 by its ending; must not exist.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same samples, whatever the threads.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl DensitySampleArguments {
    /// Writes the samples; what was written, and the file.
    ///
    /// # Errors
    /// [`CliError::Density`] for a run without flows, a catalogue that does not fit and a file that
    /// is there already.
    pub fn sample(&self) -> Result<(Written, &Path), CliError> {
        let density = self.trained.load()?;
        let rows = match &self.catalog {
            None => density.sample(self.count, self.seed, &self.out)?,
            Some(path) => {
                density.sample_for(&rows(path, &self.files), self.count, self.seed, &self.out)?
            }
        };
        Ok((rows, &self.out))
    }
}

/// Which rows are looked at, how well they are measured, and where to.
#[derive(Debug, Args)]
struct MeasuredArguments {
    #[command(flatten)]
    files: FileArguments,
    /// Columns of standard deviations, each COLUMN=ERROR; other columns are exact.
    #[arg(long, value_name = "COLUMN=ERROR", num_args = 1.., value_parser = pair, requires = "catalog")]
    errors: Vec<(String, String)>,
    /// Draws for each row that has errors or misses features.
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, requires = "catalog")]
    draws: i64,
    /// The same seed gives the same numbers.
    #[arg(long, default_value_t = 0, requires = "catalog")]
    seed: u64,
}

impl MeasuredArguments {
    fn errors(&self) -> Errors {
        let config = MeasuredConfig { draws: self.draws, seed: self.seed };
        Errors { columns: self.errors.clone(), config }
    }
}

/// Which catalogue's log-densities are computed, and where to.
#[derive(Debug, Args)]
pub struct LogProbArguments {
    #[command(flatten)]
    trained: TrainedArguments,
    /// The catalogue, with the columns that the run was trained on; features without a value are
    /// integrated out.
    #[arg(long)]
    catalog: PathBuf,
    #[command(flatten)]
    measured: MeasuredArguments,
    /// The catalogue to write, a FITS table, Parquet or HDF5 by its ending; must not exist. One row
    /// for each of the catalogue's.
    #[arg(long)]
    out: PathBuf,
}

impl LogProbArguments {
    /// Writes the log-densities; what was written, and the file.
    ///
    /// # Errors
    /// [`CliError::Density`] for a run without flows, a catalogue that does not fit and a file that
    /// is there already.
    pub fn log_prob(&self) -> Result<(Written, &Path), CliError> {
        let density = self.trained.load()?;
        let rows = rows(&self.catalog, &self.measured.files);
        Ok((density.log_prob(&rows, &self.measured.errors(), &self.out)?, &self.out))
    }
}

/// Which column's density is asked for, given all others.
#[derive(Debug, Args)]
pub struct PosteriorArguments {
    #[command(flatten)]
    trained: TrainedArguments,
    /// The column, one of the features.
    #[arg(long)]
    column: String,
    /// Where its density is evaluated: the first value, the last, and how many.
    #[arg(long, value_name = "LOW,HIGH,COUNT", value_parser = grid, allow_hyphen_values = true)]
    grid: std::sync::Arc<[f64]>,
    /// The catalogue, with the other columns that the run was trained on; the run's own test rows,
    /// whose truth is known, if left out: then the posteriors are judged.
    #[arg(long, requires = "out")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    measured: MeasuredArguments,
    /// The catalogue to write, a FITS table, Parquet or HDF5 by its ending; must not exist. One row
    /// for each of the catalogue's.
    #[arg(long, requires = "catalog")]
    out: Option<PathBuf>,
}

/// What became of posteriors: they were written, or judged.
#[derive(Debug)]
pub enum Posteriors<'a> {
    /// What was written, and the file.
    Written(Written, &'a Path),
    /// How far they can be trusted.
    Judged(Box<astrogen_density::PosteriorJudgement>),
}

impl PosteriorArguments {
    /// Writes what is known of the column of a catalogue's rows, or judges the posteriors of the
    /// run's test rows.
    ///
    /// # Errors
    /// [`CliError::Density`] for a run without flows, a catalogue that does not fit and a file that
    /// is there already.
    pub fn posterior(&self) -> Result<Posteriors<'_>, CliError> {
        let density = self.trained.load()?;
        let along = Along { column: self.column.clone(), grid: self.grid.to_vec() };
        let errors = self.measured.errors();
        Ok(match (&self.catalog, &self.out) {
            (Some(path), Some(out)) => {
                let rows = rows(path, &self.measured.files);
                Posteriors::Written(density.posterior(&rows, &along, &errors, out)?, out)
            }
            _ => Posteriors::Judged(Box::new(density.judge_posterior(&self.trained.run, &along)?)),
        })
    }
}

fn rows(path: &Path, files: &FileArguments) -> Rows {
    let mut options = astrogen_catalog::CatalogOptions::default();
    files.fill(&mut options);
    Rows { path: path.to_owned(), options }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, error)) if !column.is_empty() && !error.is_empty() => {
            Ok((column.to_owned(), error.to_owned()))
        }
        _ => Err("expected COLUMN=ERROR, two names of columns".to_owned()),
    }
}

fn grid(text: &str) -> Result<std::sync::Arc<[f64]>, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let [low, high, count] = parts.as_slice() else {
        return Err("expected LOW,HIGH,COUNT, such as 0,3,301".to_owned());
    };
    match (number(low), number(high), count.parse::<usize>()) {
        (Some(low), Some(high), Ok(count @ 2..=100_000)) if low < high => {
            let step = (high - low) / (count - 1) as f64;
            Ok((0..count).map(|i| low + step * i as f64).collect())
        }
        _ => {
            Err("expected LOW,HIGH,COUNT: the lower end first, and from 2 to 100000 points".into())
        }
    }
}
