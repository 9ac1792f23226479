//! Trains a Wasserstein GAN with gradient penalty on cosmic images, simulated or yours, and
//! samples from it.
//!
//! ```text
//! cargo run --release --example cosmos_wgan_gp                         # simulated nebulae
//! cargo run --release --example cosmos_wgan_gp -- --data my_fits_folder
//! cargo run --release --example cosmos_wgan_gp -- --resume runs/cosmos-wgan-gp-1
//! cargo run --release --example cosmos_wgan_gp -- sample runs/cosmos-wgan-gp-1 --count 64
//! ```

use anyhow::Result;
use astrogen::models::{WganConfig, WganGenerator, slerp};
use astrogen::plot::save_grid;
use astrogen::prelude::*;
use astrogen::report::{SampleLook, write_page};
use astrogen::runtime::{device_name, tune_allocator};
use astrogen::train::{WganGpStep, WganGpStepConfig};
use astrogen_cli::{
    ImageArguments, ImageConfig, Networks, RunArguments, SampleArguments, WganArguments, ended,
    parse, say,
};
use clap::{Args, Parser, Subcommand};
use tch::Tensor;

#[derive(Parser)]
#[command(about = "Trains a WGAN-GP on cosmic images and samples from it")]
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
    Sample(WalkArguments),
}

#[derive(Args)]
struct TrainArguments {
    #[command(flatten)]
    images: ImageArguments,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    networks: WganArguments,
}

#[derive(Args)]
struct WalkArguments {
    #[command(flatten)]
    samples: SampleArguments,
    /// Walks between random latents, each a row of a second grid, walks.png.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(i64).range(0..=10_000), display_order = 0)]
    walks: i64,
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
    type Config = ImageConfig<Networks<WganConfig, WganGpStepConfig>>;
    let device = arguments.device()?;
    let fitting = arguments.fitting(&SampleLook::criteria())?;

    // Settings and data: of the run to go on with, or new ones.
    let (earlier, config) = arguments.earlier::<Config>()?.unzip();
    let (folder, mut config) = match config {
        Some(config) => (config.open()?, config),
        None => networks.config(images, arguments)?,
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    let steps = arguments.steps(batches.steps_per_epoch());
    config.fit.steps = steps.unwrap_or(config.fit.steps);
    fitting.enter(&mut config.fit);
    config.validate()?;
    SampleLook::check(&config.fit.best_by, &mut batches)?;

    // Networks with their optimisers.
    seed_everything(config.fit.seed);
    let Networks { model, algorithm } = &config.networks;
    let mut step = WganGpStep::new(model, algorithm, device)?;
    config.begin(&step, &folder, earlier.as_ref())?;
    let run = arguments.begin("cosmos-wgan-gp", earlier, &config, &folder.summary())?;
    config.keep_beginning(&step, &batches, &run)?;

    // The loop, with what is written down and looked at on the way.
    say(format_args!("training on {}", device_name(device)));
    let stop = StopSignal::on_ctrl_c()?;
    if !run.group().is_first() {
        fit(&mut step, &mut batches, &run, &config.fit, &stop, &mut [])?;
        return Ok(()); // of several processes the first looks and writes
    }
    say("measuring how far real images are from each other");
    let look = SampleLook::new(&run, &mut batches, &step, config.fit.seed)?;
    let mut look = look.with_held_out(config.held_out(&folder, device)?)?;
    if folder.is_fits() {
        let unit = config.physical.unit.as_deref();
        look = look.with_physical(unit, |images| config.physical.pixels(images));
    }
    let mut log = RunLog::new(&run)?;
    say(format_args!("training into {}", run.path().display()));
    let observers: &mut [&mut dyn Observer<_>] = &mut [&mut log, &mut look];
    let outcome = fit(&mut step, &mut batches, &run, &config.fit, &stop, observers)?;
    say(look.finish(&step, &outcome)?);
    say(format_args!("  report   {}", write_page(&run)?.display()));
    Ok(())
}

fn sample(WalkArguments { samples, walks: count }: &WalkArguments) -> Result<()> {
    let (generator, out) = samples.draw::<WganGenerator>()?;
    if *count > 0 {
        save_grid(&walks(&generator, *count)?, Some(WALK_STEPS), out.join("walks.png"))?;
    }
    Ok(())
}

/// Images of one walk.
const WALK_STEPS: usize = 9;

/// Images `[count * WALK_STEPS, C, H, W]` on the spherical ways between random latents.
fn walks(generator: &WganGenerator, count: i64) -> Result<Tensor> {
    let ends = generator.latent(2 * count);
    let walk = |i| slerp(&ends.get(2 * i), &ends.get(2 * i + 1), WALK_STEPS as i64);
    let latents = (0..count).map(walk).collect::<Result<Vec<_>, _>>()?;
    Ok(generator.sample(&Tensor::cat(&latents, 0))?)
}
