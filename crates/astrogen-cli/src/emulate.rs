//! Which catalogue is emulated, and by which run.

use std::path::{Path, PathBuf};

use astrogen_catalog::{CatalogOptions, ColumnFilter};
use astrogen_emulator::{EmulateConfig, Emulated, Emulator};
use astrogen_runtime::set_threads;
use astrogen_tables::{Condition, TableConfig};
use clap::Args;

use crate::{CatalogArguments, CliError, by_the_first};

/// Which catalogue is emulated, by which run, and where to.
#[derive(Debug, Args)]
pub struct EmulateArguments {
    /// The folder of a run.
    run: PathBuf,
    /// The catalogue, with the columns of true features, positions and conditions that the run
    /// was trained on; the run's own if left out.
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Sky maps instead of the run's, each NAME=FILE with the name of a condition.
    #[arg(long, num_args = 1..)]
    condition: Vec<Condition>,
    #[command(flatten)]
    files: CatalogArguments,
    /// Rows to generate for, as "flags==0"; any number. Those of the training do not count here.
    #[arg(long = "where", value_name = "FILTER", num_args = 1..)]
    filters: Vec<ColumnFilter>,
    /// The catalogue to write, a FITS table, Parquet or HDF5 by its ending; must not exist. Rows
    /// are told by their number in the catalogue, column ROW, from 0.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same values, whatever the threads and chunks.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Rows at a time: memory grows with it, the values do not change.
    #[arg(long, default_value_t = 1 << 17)]
    chunk: usize,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

impl EmulateArguments {
    /// Sets the number of threads, loads the run's emulator, and writes the catalogue that it makes
    /// of the one that was asked for, or of the run's own.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a condition that the run has not; [`CliError::Emulator`] for a run
    /// without an emulator, a catalogue that cannot be read, and a file that is there already.
    pub fn emulate(&self) -> Result<Emulated, CliError> {
        by_the_first()?;
        set_threads(self.threads);
        let emulator = Emulator::load(&self.run)?;
        let table = self.table(&emulator)?;
        let config = EmulateConfig { seed: self.seed, chunk: self.chunk };
        Ok(emulator.emulate_catalog(&table, &self.out, &config)?)
    }

    /// The file that is written.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The catalogue and the maps that were asked for; what was not, as in the training.
    fn table(&self, emulator: &Emulator) -> Result<TableConfig, CliError> {
        let own = emulator.config().data.clone();
        let (path, catalog) = match &self.catalog {
            Some(path) => (path.clone(), self.files.catalog()),
            None => (own.path, own.catalog),
        };
        Ok(TableConfig {
            path,
            catalog: CatalogOptions { filters: self.filters.clone(), ..catalog },
            maps: self.files.maps(own.maps),
            conditions: replaced(own.conditions, &self.condition)?,
            ..own
        })
    }
}

/// The conditions with those of the same name replaced.
fn replaced(own: Vec<Condition>, given: &[Condition]) -> Result<Vec<Condition>, CliError> {
    let known = |condition: &Condition| own.iter().any(|own| own.name() == condition.name());
    if let Some(odd) = given.iter().find(|condition| !known(condition)) {
        let names: Vec<&str> = own.iter().map(Condition::name).collect();
        return Err(CliError::Usage(format!(
            "--condition {odd}: the run has no condition of that name, only {names:?}"
        )));
    }
    let replace = |own: Condition| {
        given.iter().rfind(|given| given.name() == own.name()).cloned().unwrap_or(own)
    };
    Ok(own.into_iter().map(replace).collect())
}
