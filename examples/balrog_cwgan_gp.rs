//! Emulates how a survey measures galaxies: trains a conditional Wasserstein GAN on a matched
//! catalogue and maps of the observing conditions, judges it, and generates observed
//! magnitudes for any other catalogue.
//!
//! ```text
//! cargo run --release --example balrog_cwgan_gp            # a simulated survey, whole way
//! cargo run --release --example balrog_cwgan_gp -- train --catalog matched.fits \
//!     --true r_true i_true --observed r_meas i_meas --ra ra --dec dec \
//!     --condition fwhm_r=fwhm_r.fits --condition fwhm_i=fwhm_i.fits
//! cargo run --release --example balrog_cwgan_gp -- evaluate runs/balrog-cwgan-gp-1
//! cargo run --release --example balrog_cwgan_gp -- emulate runs/balrog-cwgan-gp-1 \
//!     --catalog galaxies.parquet --out observed.parquet
//! cargo run --release --example balrog_cwgan_gp -- search --space space.json --trials 20
//! ```

use std::time::Instant;

use anyhow::Result;
use astrogen::emulator::{self, EmulatorConfig, Judgement, SearchConfig};
use astrogen::report::write_page;
use astrogen::runtime::{device_name, tune_allocator};
use astrogen::tables::Table;
use astrogen::train::interrupt::StopSignal;
use astrogen_cli::{
    Console, EmulateArguments, EmulatorArguments, EvaluateArguments, SearchArguments, by_the_first,
    ended, parse, say,
};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Emulates how a survey measures galaxies, by a conditional WGAN-GP")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    train: EmulatorArguments,
}

#[derive(Subcommand)]
enum Mode {
    /// Trains an emulator and judges it; what is done if no mode is named.
    Train(Box<EmulatorArguments>),
    /// Judges a trained emulator on the rows that were held out from its training.
    Evaluate(EvaluateArguments),
    /// Generates observed features for a catalogue of any length.
    Emulate(Box<EmulateArguments>),
    /// Trains with many settings and lists them by score.
    Search(Box<SearchArguments>),
}

fn main() -> Result<()> {
    let arguments: Arguments = parse();
    tune_allocator();
    ended(match arguments.mode {
        None => train(&arguments.train),
        Some(Mode::Train(arguments)) => train(&arguments),
        Some(Mode::Evaluate(arguments)) => evaluate(&arguments),
        Some(Mode::Emulate(arguments)) => emulate(&arguments),
        Some(Mode::Search(arguments)) => search(&arguments),
    })
}

fn train(arguments: &EmulatorArguments) -> Result<()> {
    let device = arguments.run.device_for_tables()?;
    let fitting = arguments.run.fitting(&emulator::criteria())?;

    // Data and settings: of the run to go on with, or new ones.
    let (earlier, config) = arguments.run.earlier::<EmulatorConfig>()?.unzip();
    let data = match &config {
        Some(config) => config.data.clone(),
        None => arguments.table()?,
    };
    say(format_args!("reading {}", data.path.display()));
    let table = Table::open(&data)?;
    say(table.report());
    let mut config = match config {
        Some(mut config) => {
            let epoch = config.steps_per_epoch(&table);
            arguments.run.lengthen(
                &mut config.fit,
                epoch,
                &config.algorithm.generator_optimizer.schedule,
            );
            config
        }
        None => arguments.config(data, &table),
    };
    fitting.enter(&mut config.fit);
    config.validate_for(&table)?;
    let run = arguments.run.begin("balrog-cwgan-gp", earlier, &config, table.report())?;

    // The emulator, the regression that it has to beat, and the judgement of both.
    say(format_args!("training on {} into {}", device_name(device), run.path().display()));
    let (stop, mut console) = (StopSignal::on_ctrl_c()?, Console::default());
    match emulator::train(&run, &config, &table, device, &stop, &mut console)? {
        Some(judgement) => show(&judgement),
        None => say(format_args!("stopped; --resume {} goes on", run.path().display())),
    }
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}

fn evaluate(arguments: &EvaluateArguments) -> Result<()> {
    let run = arguments.run()?;
    show(&emulator::judge(&run)?);
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}

/// Says what an emulator's judgement is, and where to find it.
fn show(judgement: &Judgement) {
    say(judgement);
    judgement.left_out.iter().for_each(say);
    say(format_args!("report.txt, report.json and figures in {}", judgement.folder.display()));
}

fn emulate(arguments: &EmulateArguments) -> Result<()> {
    let began = Instant::now();
    let emulated = arguments.emulate()?;
    let (rows, seconds) = (emulated.rows, began.elapsed().as_secs_f64());
    say(emulated.counts);
    if emulated.skipped > 0 {
        say(format_args!("{} partitions were there already", emulated.skipped));
    }
    say(format_args!("{rows} rows in {seconds:.1} s ({:.0} a second)", rows as f64 / seconds));
    if !emulated.finished {
        say("once all shares are done, the same without --shard makes a catalogue of them");
    }
    say(format_args!("  {}", arguments.out().display()));
    Ok(())
}

fn search(arguments: &SearchArguments) -> Result<()> {
    by_the_first()?;
    let device = arguments.train.run.device_for_tables()?;
    let fitting = arguments.train.run.fitting(&emulator::criteria())?;
    let (earlier, config) = arguments.train.run.earlier::<SearchConfig>()?.unzip();
    let data = match &config {
        Some(config) => config.base.data.clone(),
        None => arguments.train.table()?,
    };
    let table = Table::open(&data)?;
    say(table.report());
    let mut config = match config {
        Some(config) => arguments.longer(config, &fitting)?,
        None => arguments.config(data, &table)?,
    };
    fitting.enter(&mut config.base.fit);
    config.validate_for(&table)?; // refused before a folder is made
    if let Some(run) = &earlier {
        config.results(run)?; // and before its settings are written
    }
    let run = arguments.train.run.begin("balrog-search", earlier, &config, table.report())?;

    let (stop, mut console) = (StopSignal::on_ctrl_c()?, Console::default());
    let results = emulator::search(&run, &config, &table, device, &stop, &mut console)?;
    say(&results);
    say(format_args!("search.csv and the trials' runs in {}", run.path().display()));
    if let Some((best, judgement)) = emulator::judge_best(&run, &config, &table, &results)? {
        say(format_args!("the best trial, {best}, on rows that chose nothing"));
        show(&judgement);
    }
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}
