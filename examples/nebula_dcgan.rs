//! Trains a DCGAN on nebulae, simulated or yours, and samples from it.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                         # simulated nebulae
//! cargo run --release --example nebula_dcgan -- --data my_fits_folder
//! cargo run --release --example nebula_dcgan -- --resume runs/nebula-dcgan-1
//! cargo run --release --example nebula_dcgan -- sample runs/nebula-dcgan-1 --count 64
//! ```

use anyhow::Result;
use astrogen::images::Physical;
use astrogen::models::{R3ganGenerator, SharpGenerator};
use astrogen::prelude::*;
use astrogen::report::{SampleLook, write_page};
use astrogen::runtime::{device_name, tune_allocator};
use astrogen::train::state::State;
use astrogen::train::{GanStep, RelativisticStep};
use astrogen_cli::{
    DcganArguments, DcganRecipe, ImageArguments, ImageConfig, Networks, RunArguments,
    SampleArguments, ended, parse, say,
};
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Trains a DCGAN on nebulae and samples from it")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    train: TrainArguments,
}

#[derive(Subcommand)]
enum Mode {
    /// Draws samples from a trained run: a PNG grid, and FITS files in physical units.
    Sample(SampleArguments),
}

#[derive(Args)]
struct TrainArguments {
    #[command(flatten)]
    images: ImageArguments,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    networks: DcganArguments,
}

fn main() -> Result<()> {
    let Arguments { mode, train: arguments } = parse();
    tune_allocator();
    ended(match mode {
        None => train(&arguments),
        Some(Mode::Sample(arguments)) => sample(&arguments),
    })
}

fn train(TrainArguments { images, run: arguments, networks }: &TrainArguments) -> Result<()> {
    let device = arguments.device()?;
    let fitting = arguments.fitting(&SampleLook::criteria())?;

    // Settings and data: of the run to go on with, or new ones.
    let (earlier, config) = arguments.earlier::<ImageConfig<DcganRecipe>>()?.unzip();
    let (folder, mut config) = match config {
        Some(config) => (config.open()?, config),
        None => networks.config(images, arguments)?,
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    let held_out = config.held_out(&folder, device)?;
    let steps = arguments.steps(batches.steps_per_epoch());
    config.fit.steps = steps.unwrap_or(config.fit.steps);
    fitting.enter(&mut config.fit);
    config.validate()?;
    SampleLook::check(&config.fit.best_by, &mut batches)?;

    // Networks with their optimisers, and the loop.
    seed_everything(config.fit.seed);
    let begin = |step: &dyn State| -> Result<_> {
        config.begin(step, &folder, earlier.as_ref())?;
        let run = arguments.begin("nebula-dcgan", earlier, &config, &folder.summary())?;
        config.keep_beginning(step, &batches, &run)?;
        let on = device_name(device);
        say(format_args!("training on {on} by the {} recipe", config.networks));
        Ok(run)
    };
    let physical = folder.is_fits().then_some(&config.physical);
    match &config.networks {
        DcganRecipe::Sharp(Networks { model, algorithm }) => {
            let step = RelativisticStep::new(model, algorithm, device)?;
            let run = begin(&step)?;
            run_loop(step, (&mut batches, held_out), physical, &run, &config)
        }
        DcganRecipe::Article(Networks { model, algorithm }) => {
            let step = DcganStep::new(model, algorithm, device)?;
            let run = begin(&step)?;
            run_loop(step, (&mut batches, held_out), physical, &run, &config)
        }
        DcganRecipe::R3gan(Networks { model, algorithm }) => {
            let step = RelativisticStep::r3gan(model, algorithm, device)?;
            let run = begin(&step)?;
            run_loop(step, (&mut batches, held_out), physical, &run, &config)
        }
    }
}

/// The loop, with what is written down and looked at on the way.
fn run_loop<S: GanStep>(
    mut step: S,
    (batches, held_out): (&mut Batches, Option<[Batches; 2]>),
    physical: Option<&Physical>,
    run: &RunDir,
    config: &ImageConfig<DcganRecipe>,
) -> Result<()> {
    let stop = StopSignal::on_ctrl_c()?;
    if !run.group().is_first() {
        fit(&mut step, batches, run, &config.fit, &stop, &mut [])?;
        return Ok(()); // of several processes the first looks and writes
    }
    say("measuring how far real images are from each other");
    let look = SampleLook::new(run, batches, &step, config.fit.seed)?;
    let mut look = look.with_held_out(held_out)?;
    if let Some(physical) = physical {
        look = look.with_physical(physical.unit.as_deref(), |images| physical.pixels(images));
    }
    let mut log = RunLog::new(run)?;
    say(format_args!("training into {}", run.path().display()));
    let outcome = fit(&mut step, batches, run, &config.fit, &stop, &mut [&mut log, &mut look])?;
    say(look.finish(&step, &outcome)?);
    say(format_args!("  report   {}", write_page(run)?.display()));
    Ok(())
}

fn sample(arguments: &SampleArguments) -> Result<()> {
    match RunDir::open(&arguments.run)?.read_config::<ImageConfig<DcganRecipe>>()?.networks {
        DcganRecipe::Sharp(_) => arguments.draw::<SharpGenerator>().map(drop)?,
        DcganRecipe::Article(_) => arguments.draw::<DcganGenerator>().map(drop)?,
        DcganRecipe::R3gan(_) => arguments.draw::<R3ganGenerator>().map(drop)?,
    }
    Ok(())
}
