//! Trains a DCGAN on nebulae, simulated or yours, and samples from it.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                         # simulated nebulae
//! cargo run --release --example nebula_dcgan -- --data my_fits_folder
//! cargo run --release --example nebula_dcgan -- --resume runs/nebula-dcgan-1
//! cargo run --release --example nebula_dcgan -- sample runs/nebula-dcgan-1 --count 64
//! ```

mod shared;

use anyhow::Result;
use astrogen::models::SharpGenerator;
use astrogen::prelude::*;
use astrogen::runtime::tune_allocator;
use astrogen::train::relativistic::RelativisticStep;
use astrogen_cli::{
    DcganArguments, DcganRecipe, ImageArguments, ImageConfig, Networks, RunArguments,
    SampleArguments, say,
};
use clap::{Args, Parser, Subcommand};
use shared::{look, training::train_images};

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
    let Arguments { mode, train: arguments } = Arguments::parse();
    tune_allocator();
    match mode {
        None => train(&arguments),
        Some(Mode::Sample(arguments)) => sample(&arguments),
    }
}

fn train(TrainArguments { images, run: arguments, networks }: &TrainArguments) -> Result<()> {
    let device = arguments.device()?;

    // Settings and data: of the run to go on with, or new ones.
    let (earlier, config) = arguments.earlier::<ImageConfig<DcganRecipe>>()?.unzip();
    let (folder, mut config) = match config {
        Some(config) => (config.open()?, config),
        None => networks.config(images, arguments)?,
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    let steps = arguments.steps(batches.steps_per_epoch());
    config.fit.steps = steps.unwrap_or(config.fit.steps);
    config.fit.check()?;

    // Networks with their optimisers, and the loop.
    seed_everything(config.fit.seed);
    let begin = || -> Result<_> {
        let run = arguments.begin("nebula-dcgan", earlier, &config)?;
        say(format_args!("training on {device:?} by the {} recipe", config.networks));
        Ok(run)
    };
    match &config.networks {
        DcganRecipe::Sharp(Networks { model, algorithm }) => {
            let mut algorithm = RelativisticStep::new(model, algorithm, device)?;
            let curves = &["critic_loss", "generator_loss", "gradient_penalty"];
            let look = look::<RelativisticStep, SharpGenerator>(
                |it| it.average(),
                "Sharp DCGAN losses",
                curves,
            );
            train_images(&mut algorithm, &mut batches, &begin()?, &config.fit, &look)
        }
        DcganRecipe::Article(Networks { model, algorithm }) => {
            let mut algorithm = DcganStep::new(model, algorithm, device)?;
            let curves = &["discriminator_loss", "generator_loss"];
            let look = look::<DcganStep, DcganGenerator>(|it| it.average(), "DCGAN losses", curves);
            train_images(&mut algorithm, &mut batches, &begin()?, &config.fit, &look)
        }
    }
}

fn sample(arguments: &SampleArguments) -> Result<()> {
    match RunDir::open(&arguments.run)?.read_config::<ImageConfig<DcganRecipe>>()?.networks {
        DcganRecipe::Sharp(_) => arguments.draw::<SharpGenerator>().map(drop)?,
        DcganRecipe::Article(_) => arguments.draw::<DcganGenerator>().map(drop)?,
    }
    Ok(())
}
