//! Which catalogue is emulated, and by which run.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use astrogen_catalog::hats::HatsCatalog;
use astrogen_catalog::{CatalogOptions, ColumnFilter};
use astrogen_emulator::{EmulateConfig, Emulated, Emulator};
use astrogen_runtime::{Share, set_threads};
use astrogen_tables::{Condition, TableConfig};
use astrogen_train::{TrainError, World};
use clap::Args;

use crate::{CatalogArguments, CliError, by_the_first, say};

/// Between two lines about partitions.
const PAUSE: Duration = Duration::from_secs(10);

/// Which catalogue is emulated, by which run, and where to.
#[derive(Debug, Args)]
pub struct EmulateArguments {
    /// The folder of a run.
    run: PathBuf,
    /// The catalogue, with the columns of true features, positions and conditions that the run
    /// was trained on, a HATS folder if it is large; the run's own if left out.
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
    /// are told by their number in the catalogue, column ROW, from 0. Of a HATS folder another one,
    /// with the rows' numbers in their partitions; one that was begun is gone on with.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same values, whatever the threads and chunks.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Columns of a HATS folder that are written again; any number.
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    keep: Vec<String>,
    /// The partitions of a HATS folder that are done here, as 3/8: the third of eight shares. If left
    /// out, the share of a task of a Slurm array, and of a process among several; all otherwise, and
    /// then, in the end, the files that make a catalogue of the folder.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
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
        set_threads(self.threads);
        let emulator = Emulator::load(&self.run)?;
        let table = self.table(&emulator)?;
        let config = EmulateConfig { seed: self.seed, chunk: self.chunk, keep: self.keep.clone() };
        if HatsCatalog::is_in(&table.path) {
            let share = self.share()?;
            let mut last = Instant::now();
            let mut told = |done: usize, all: usize| {
                if done == all || last.elapsed() > PAUSE {
                    last = Instant::now();
                    say(format_args!("{done} of {all} partitions"));
                }
            };
            return Ok(emulator.emulate_sky(&table, &self.out, &config, share, &mut told)?);
        }
        if self.shard.is_some() || !self.keep.is_empty() {
            let hint = "--shard and --keep are for a catalogue that is a HATS folder".to_owned();
            return Err(CliError::Usage(hint));
        }
        by_the_first()?;
        Ok(emulator.emulate_catalog(&table, &self.out, &config)?)
    }

    /// The share of the work that is done here.
    fn share(&self) -> Result<Share, CliError> {
        if let Some(Shard(share)) = self.shard {
            return Ok(share);
        }
        let task = array_task(|name| std::env::var(name).ok())?;
        let world = World::from_environment().map_err(TrainError::from)?;
        Ok(within(task, world.map_or((0, 1), |world| (world.rank, world.size))))
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

/// A share of the work by its number, from 1, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shard(Share);

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(part, of)| part.parse().ok().zip(of.parse().ok()));
        let share =
            numbers.and_then(|(part, of): (usize, usize)| Share::new(part.checked_sub(1)?, of));
        share.map(Self).ok_or_else(|| "expected I/N with I from 1 to N, as 3/8".to_owned())
    }
}

/// The share of a task of a Slurm array, all of it where there is none.
fn array_task(value: impl Fn(&str) -> Option<String>) -> Result<Share, CliError> {
    let number =
        |name: &str| value(&format!("SLURM_ARRAY_TASK_{name}"))?.trim().parse::<usize>().ok();
    let Some((id, count)) = number("ID").zip(number("COUNT")) else { return Ok(Share::default()) };
    let (first, step) = (number("MIN").unwrap_or(0), number("STEP").unwrap_or(1).max(1));
    let last = number("MAX").unwrap_or(first + step * count.saturating_sub(1));
    let is_regular = last.saturating_sub(first) / step + 1 == count;
    let share = id.checked_sub(first).and_then(|past| Share::new(past / step, count));
    share.filter(|_| is_regular).ok_or_else(|| {
        CliError::Usage(format!(
            "an array of {count} tasks from {first} to {last}, not one after the other: say with --shard I/N \
             which share of the partitions task {id} has, or use --array=0-{}",
            count.saturating_sub(1)
        ))
    })
}

/// The share of a process among those that have a share of theirs.
fn within(task: Share, (rank, size): (usize, usize)) -> Share {
    Share::new(task.part() * size + rank, task.of() * size).unwrap_or(task)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_by_its_number() {
        let share =
            |text: &str| text.parse::<Shard>().map(|Shard(share)| (share.part(), share.of()));
        assert_eq!(share("3/8"), Ok((2, 8)));
        assert_eq!(share("1/1"), Ok((0, 1)));
        for odd in ["0/8", "9/8", "3", "a/b", "1/0", "-1/2"] {
            assert!(share(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn processes_of_a_task_share_its_share() {
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for task in 0..3 {
            for rank in 0..2 {
                let share = within(Share::new(task, 3).unwrap(), (rank, 2));
                parts.push((share.part(), share.of()));
            }
        }
        assert_eq!(parts, [0, 1, 2, 3, 4, 5].map(|part| (part, 6)));
    }

    /// `--array=10-40:10`, and the same from 0.
    #[test]
    fn a_task_of_an_array_has_its_share() {
        let of = |variables: &[(&str, &str)]| {
            let value = |name: &str| {
                let name = name.strip_prefix("SLURM_ARRAY_TASK_").unwrap();
                variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
            };
            array_task(value).map(|share| (share.part(), share.of())).map_err(|e| e.to_string())
        };
        let tens = [("ID", "30"), ("MIN", "10"), ("MAX", "40"), ("STEP", "10"), ("COUNT", "4")];
        assert_eq!(of(&tens), Ok((2, 4)));
        assert_eq!(of(&[("ID", "3"), ("MIN", "0"), ("COUNT", "4")]), Ok((3, 4)));
        assert_eq!(of(&[]), Ok((0, 1)));
        // `--array=0,3,7`, whose tasks have no places in a row.
        for id in ["0", "3", "7"] {
            let odd = [("ID", id), ("MIN", "0"), ("MAX", "7"), ("STEP", "1"), ("COUNT", "3")];
            let message = of(&odd).unwrap_err();
            assert!(
                message.contains("--shard I/N") && message.contains("--array=0-2"),
                "{message}"
            );
        }
    }
}
