//! Learns how the stars of a galaxy follow from its image and a few parameters, and makes galaxies star
//! by star.
//!
//! ```text
//! cargo run --release --example galactic_forge                     # a simulated suite of galaxies
//! cargo run --release --example galactic_forge -- train --stars galaxies/stars \
//!     --images galaxies/images
//! cargo run --release --example galactic_forge -- train --stars illustris.csv \
//!     --features x y z vx vy vz metals age
//! cargo run --release --example galactic_forge -- evaluate runs/galactic-forge-1
//! cargo run --release --example galactic_forge -- sample runs/galactic-forge-1 --galaxy g0003 \
//!     --count 1000000 --out g0003.fits
//! cargo run --release --example galactic_forge -- sample runs/galactic-forge-1 \
//!     --between g0003 g0007 0.5 --set tau50=6 --out between.npy
//! ```

use std::path::{Path, PathBuf};

use anyhow::Result;
use astrogen::forge::{self, Encoder, ForgeConfig, Galaxies};
use astrogen::report::write_page;
use astrogen::runtime::{device_name, set_threads, tune_allocator};
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::Progress;
use astrogen::train::run_dir::RunDir;
use astrogen_cli::{
    EncoderJob, ForgeArguments, ForgeSampleArguments, by_the_first, ended, parse, say,
};
use clap::{Parser, Subcommand};
use tch::Device;

#[derive(Parser)]
#[command(about = "Learns galaxies from their images and stars, and makes them star by star")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    train: ForgeArguments,
}

#[derive(Subcommand)]
enum Mode {
    /// Trains an autoencoder and a flow, and judges them on galaxies that are left out.
    Train(Box<ForgeArguments>),
    /// Judges the flow of a run again.
    Evaluate {
        /// The folder of the run.
        run: PathBuf,
        /// Threads, by whose number sums round; all cores if left out.
        #[arg(long)]
        threads: Option<usize>,
    },
    /// Writes stars of a galaxy, as many as asked for.
    Sample(ForgeSampleArguments),
}

fn main() -> Result<()> {
    let arguments: Arguments = parse();
    tune_allocator();
    ended(match &arguments.mode {
        None => train(&arguments.train),
        Some(Mode::Train(arguments)) => train(arguments),
        Some(Mode::Evaluate { run, threads }) => evaluate(run, *threads),
        Some(Mode::Sample(arguments)) => sample(arguments),
    })
}

fn evaluate(run: &Path, threads: Option<usize>) -> Result<()> {
    by_the_first()?;
    set_threads(threads);
    let run = RunDir::open(run)?;
    say(forge::judge(&run)?);
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}

fn sample(arguments: &ForgeSampleArguments) -> Result<()> {
    let (stars, file) = arguments.sample()?;
    say(format_args!("{stars} stars in {}", file.display()));
    Ok(())
}

fn train(arguments: &ForgeArguments) -> Result<()> {
    arguments.run.check_full()?;
    let device = arguments.run.device()?;
    let fitting = arguments.run.fitting(&forge::criteria())?;
    let stop = StopSignal::on_ctrl_c()?;

    // The galaxies: of the run to go on with, or new ones with the latents of their images.
    let (earlier, config) = arguments.run.earlier::<ForgeConfig>()?.unzip();
    let data = match &config {
        Some(config) => config.galaxies.clone(),
        None => {
            let (mut galaxies, images) = arguments.galaxies()?;
            if let Some(images) = images {
                let job = arguments.encoder(&galaxies, images)?;
                galaxies.latents = encode(&job, device, &stop)?;
                if galaxies.latents.is_none() {
                    return Ok(());
                }
            }
            galaxies
        }
    };
    say(format_args!("reading the stars in {}", data.path.display()));
    let galaxies = Galaxies::open(&data)?;
    say(galaxies.report());

    // The flow, and what it is compared with.
    let mut config = match config {
        Some(mut config) => {
            let epoch = galaxies.steps_per_epoch(config.deal, config.batches.batch_size);
            arguments.run.lengthen(&mut config.fit, epoch, &config.algorithm.optimizer.schedule);
            config
        }
        None => arguments.config(data, &galaxies)?,
    };
    fitting.enter(&mut config.fit);
    config.validate()?;
    let run = arguments.run.begin("galactic-forge", earlier, &config, galaxies.report())?;
    say(format_args!("training on {} into {}", device_name(device), run.path().display()));
    let mut progress = Progress::default();
    match forge::train(&run, &config, &galaxies, device, &stop, &mut progress)? {
        Some(judgement) => say(judgement),
        None => say(format_args!("stopped; --resume {} goes on", run.path().display())),
    }
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}

/// The folder of the latents of all galaxies, by an autoencoder that is trained first unless it is
/// already; none where a stop was asked for.
fn encode(job: &EncoderJob, device: Device, stop: &StopSignal) -> Result<Option<PathBuf>> {
    let EncoderJob { run, config, images, all } = job;
    if let Some(images) = images {
        let folder = run.path().display();
        say(format_args!("training an autoencoder on {} into {folder}", device_name(device)));
        run.write_data(&images.summary())?;
        let mut progress = Progress::default();
        let Some(report) = forge::train_encoder(run, config, images, device, stop, &mut progress)?
        else {
            say(format_args!("stopped; --encoder {folder} goes on"));
            return Ok(None);
        };
        say(report);
        say(format_args!("report: {}", write_page(run)?.display()));
    }
    // The flow's run is used from other folders, too.
    let latents = Encoder::load(run.path(), device)?.export(all, run)?;
    Ok(Some(std::path::absolute(latents)?))
}
