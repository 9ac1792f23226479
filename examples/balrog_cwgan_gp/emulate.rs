//! Observed features for a catalogue of any length, chunk by chunk.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use astrogen::catalog::{CatalogOptions, CatalogWriter, ColumnFilter, NewColumn, Storage};
use astrogen::fits::Header;
use astrogen::prelude::*;
use astrogen::runtime::set_threads;
use astrogen::tables::{Condition, ContextReader, TableConfig};
use clap::Args;

use crate::emulator::Emulator;
use crate::files::FileArguments;
use crate::settings::RunConfig;
use astrogen_cli::say;

#[derive(Args)]
pub(crate) struct EmulateArguments {
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
    files: FileArguments,
    /// Rows to generate for, as "flags==0"; any number. Those of the training do not count here.
    #[arg(long = "where", value_name = "FILTER", num_args = 1..)]
    filters: Vec<ColumnFilter>,
    /// The catalogue to write, a FITS table or Parquet by its ending; must not exist. Rows
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

pub(crate) fn emulate(arguments: &EmulateArguments) -> Result<()> {
    set_threads(arguments.threads);
    if arguments.out.exists() {
        bail!("{} exists; name a file that does not", arguments.out.display());
    }
    let run = RunDir::open(&arguments.run)?;
    let config: RunConfig = run.read_config()?;
    let emulator = Emulator::load(&run, &config)?;
    let own = match arguments.catalog {
        Some(_) => arguments.files.catalog(),
        None => config.data.catalog,
    };
    let data = TableConfig {
        catalog: CatalogOptions { filters: arguments.filters.clone(), ..own },
        maps: arguments.files.maps(config.data.maps),
        path: arguments.catalog.clone().unwrap_or(config.data.path),
        conditions: replaced(config.data.conditions, &arguments.condition)?,
        ..config.data
    };

    let number = NewColumn::new("ROW", Storage::Int64);
    let observed = data.observed.iter().map(|name| NewColumn::new(name, Storage::Float32));
    let columns: Vec<NewColumn> = std::iter::once(number).chain(observed).collect();
    let mut header = Header::new();
    header.push("MODEL", emulator.fingerprint()?, "weights of the generator");
    header.push("SEED", arguments.seed.to_string(), "seed of the values, as text");
    let mut writer = CatalogWriter::create(&arguments.out, &columns, &header)?;

    let began = Instant::now();
    let mut contexts = ContextReader::open(&data, &config.scaling, arguments.chunk)?;
    let mut done = 0; // counted in rows that were kept, so that chunks make no difference
    for chunk in contexts.by_ref() {
        let chunk = chunk?;
        let context: Vec<f32> = chunk.context.iter().copied().collect();
        let made = emulator.emulate(&context, done, arguments.seed)?;
        done += chunk.rows.len() as u64;
        let made = config.scaling.observed(chunk.truth.view(), &made)?;
        let rows = chunk.rows.iter().map(|&row| row as f64).collect();
        let values = made.columns().into_iter().map(|column| column.to_vec());
        writer.write(&std::iter::once(rows).chain(values).collect::<Vec<Vec<f64>>>())?;
    }
    let rows = writer.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    say(contexts.counts());
    say(format_args!("{rows} rows in {seconds:.1} s ({:.0} a second)", rows as f64 / seconds));
    say(format_args!("  {}", arguments.out.display()));
    Ok(())
}

/// The conditions with those of the same name replaced.
fn replaced(own: Vec<Condition>, given: &[Condition]) -> Result<Vec<Condition>> {
    let known = |condition: &Condition| own.iter().any(|own| own.name() == condition.name());
    if let Some(odd) = given.iter().find(|condition| !known(condition)) {
        let names: Vec<&str> = own.iter().map(Condition::name).collect();
        bail!("--condition {odd}: the run has no condition of that name, only {names:?}");
    }
    let replace = |own: Condition| {
        given.iter().rfind(|given| given.name() == own.name()).cloned().unwrap_or(own)
    };
    Ok(own.into_iter().map(replace).collect())
}
