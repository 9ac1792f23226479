//! Learns the density of a catalogue's columns by a normalizing flow, and uses it: samples,
//! likelihoods, and posteriors of one column given the others.
//!
//! ```text
//! cargo run --release --example flow_density                       # stars of a simulated galaxy
//! cargo run --release --example flow_density -- --simulate two-moons
//! cargo run --release --example flow_density -- --catalog galaxies.csv --features redshift \
//!     --context u g r i z y
//! cargo run --release --example flow_density -- sample runs/flow-density-1 --count 100000 \
//!     --out samples.fits
//! cargo run --release --example flow_density -- log-prob runs/flow-density-1 \
//!     --catalog stars.fits --out log_prob.parquet
//! cargo run --release --example flow_density -- posterior runs/flow-density-2 \
//!     --column redshift --grid 0,3,301
//! ```

use anyhow::Result;
use astrogen::density::{self, DensityConfig};
use astrogen::report::write_page;
use astrogen::runtime::{device_name, tune_allocator};
use astrogen::tables::ColumnTable;
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::Progress;
use astrogen::train::run_dir::RunDir;
use astrogen_cli::{
    DensityArguments, DensitySampleArguments, LogProbArguments, PosteriorArguments, Posteriors,
    ended, parse, say,
};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Learns the density of a catalogue's columns by a normalizing flow")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    train: DensityArguments,
}

#[derive(Subcommand)]
enum Mode {
    /// Writes samples, as many as asked for or for each row of a catalogue.
    Sample(DensitySampleArguments),
    /// Writes the log-density of each row of a catalogue.
    LogProb(LogProbArguments),
    /// Writes, or judges, the density of one column given all others.
    Posterior(PosteriorArguments),
}

fn main() -> Result<()> {
    let arguments: Arguments = parse();
    tune_allocator();
    ended(match &arguments.mode {
        None => train(&arguments.train),
        Some(mode) => make_use_of(mode),
    })
}

fn make_use_of(mode: &Mode) -> Result<()> {
    let (written, file) = match mode {
        Mode::Sample(arguments) => arguments.sample()?,
        Mode::LogProb(arguments) => arguments.log_prob()?,
        Mode::Posterior(arguments) => match arguments.posterior()? {
            Posteriors::Written(written, file) => (written, file),
            Posteriors::Judged(judgement) => {
                say(&judgement);
                let page = write_page(&RunDir::open(&judgement.folder)?)?;
                say(format_args!("report: {}", page.display()));
                return Ok(());
            }
        },
    };
    say(format_args!("{written} in {}", file.display()));
    Ok(())
}

fn train(arguments: &DensityArguments) -> Result<()> {
    let device = arguments.run.device_for_tables()?;
    let fitting = arguments.run.fitting(&density::criteria())?;

    // Data and settings: of the run to go on with, or new ones.
    let (earlier, config) = arguments.run.earlier::<DensityConfig>()?.unzip();
    let data = match &config {
        Some(config) => config.data.clone(),
        None => arguments.table()?,
    };
    say(format_args!("reading {}", data.path.display()));
    let table = ColumnTable::open(&data)?;
    say(table.counts());
    let mut config = match config {
        Some(mut config) => {
            let epoch = config.steps_per_epoch(&table);
            arguments.run.lengthen(&mut config.fit, epoch, &config.algorithm.optimizer.schedule);
            config
        }
        None => arguments.config(data, &table)?,
    };
    fitting.enter(&mut config.fit);
    config.validate()?;
    let run = arguments.run.begin("flow-density", earlier, &config, table.counts())?;

    // The flow, and what it is compared with.
    say(format_args!("training on {} into {}", device_name(device), run.path().display()));
    let (stop, mut progress) = (StopSignal::on_ctrl_c()?, Progress::default());
    match density::train(&run, &config, &table, device, &stop, &mut progress)? {
        Some(judgement) => say(judgement),
        None => say(format_args!("stopped; --resume {} goes on", run.path().display())),
    }
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}
