//! Trains a DCGAN on nebulae, simulated or yours, and samples from it.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                         # simulated nebulae
//! cargo run --release --example nebula_dcgan -- --data my_fits_folder
//! cargo run --release --example nebula_dcgan -- --resume runs/nebula-dcgan-1
//! cargo run --release --example nebula_dcgan -- sample runs/nebula-dcgan-1 --count 64
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `main.rs` | from the command line to a trained run, or to samples |
//! | `recipe.rs` | what a recipe is, and the options that all have |
//! | `sharp.rs`, `article.rs` | the two recipes |

mod article;
mod recipe;
#[path = "../shared/mod.rs"]
mod shared;
mod sharp;

use std::path::PathBuf;

use anyhow::{Result, bail};
use article::Article;
use astrogen::data::Augment;
use astrogen::prelude::*;
use astrogen::runtime::tune_allocator;
use clap::{Args, Parser, Subcommand};
use recipe::{Fit, Named, Options, Recipe, RecipeName};
use serde::{Deserialize, Serialize};
use shared::run::RunArguments;
use shared::say::say;
use shared::training::train_images;
use shared::{DataArguments, Physical, sample_folder};
use sharp::Sharp;

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
    data: DataArguments,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
struct SampleArguments {
    /// The folder of a run.
    run: PathBuf,
    /// How many images.
    #[arg(long, default_value_t = 16, allow_negative_numbers = true)]
    count: i64,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write; RUN/generated-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
}

/// Everything a run was made with: config.json in its folder.
#[derive(Serialize, Deserialize)]
struct RunConfig<R: Recipe> {
    #[serde(flatten)]
    recipe: Named,
    data: FolderConfig,
    batches: BatchConfig,
    model: R::Model,
    algorithm: R::Algorithm,
    fit: FitConfig,
    /// How samples go back to physical units.
    #[serde(flatten)]
    physical: Physical,
}

fn main() -> Result<()> {
    let Arguments { mode, train: arguments } = Arguments::parse();
    tune_allocator();
    match mode {
        None => match recipe_of(&arguments)? {
            RecipeName::Sharp => train::<Sharp>(&arguments),
            RecipeName::Article => train::<Article>(&arguments),
        },
        Some(Mode::Sample(arguments)) => {
            let Named { recipe } = RunDir::open(&arguments.run)?.read_config()?;
            match recipe {
                RecipeName::Sharp => sample::<Sharp>(&arguments),
                RecipeName::Article => sample::<Article>(&arguments),
            }
        }
    }
}

/// That of the run to go on with, or the one that was asked for.
fn recipe_of(arguments: &TrainArguments) -> Result<RecipeName> {
    match &arguments.run.resume {
        Some(path) => Ok(RunDir::open(path)?.read_config::<Named>()?.recipe),
        None => arguments.options.recipe(),
    }
}

fn train<R: Recipe>(arguments: &TrainArguments) -> Result<()> {
    let device = arguments.run.device()?;

    // Data.
    R::check(&R::model(arguments.data.shape(), &arguments.options))?; // before files are read
    let earlier = arguments.run.earlier::<RunConfig<R>>()?;
    let data = match &earlier {
        Some((_, config)) => config.data.clone(),
        None => arguments.data.folder(arguments.run.seed)?,
    };
    say(format_args!("reading {}", data.path.display()));
    let folder = ImageFolder::open(&data)?;
    say(folder.report());

    // Settings.
    let (earlier, mut config) = match earlier {
        Some((run, config)) => (Some(run), config),
        None => (None, run_config::<R>(arguments, data, &folder)?),
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    let steps = arguments.run.steps(batches.steps_per_epoch()).unwrap_or(config.fit.steps);
    if earlier.is_none() {
        config.algorithm = R::algorithm(&arguments.options, steps);
    }
    config.fit.steps = steps;
    config.fit.validate()?;

    // Model and optimisers.
    seed_everything(config.fit.seed);
    let mut algorithm = R::step(&config.model, &config.algorithm, device)?;

    // The run's folder.
    let run = match earlier {
        Some(run) => run,
        None => arguments.run.create("nebula-dcgan")?,
    };
    run.write_config(&config)?;

    // Loop.
    say(format_args!("training on {device:?} by the {} recipe", R::NAME));
    train_images(&mut algorithm, &mut batches, &run, &config.fit, &R::LOOK)
}

fn run_config<R: Recipe>(
    arguments: &TrainArguments,
    data: FolderConfig,
    folder: &ImageFolder,
) -> Result<RunConfig<R>> {
    let Fit { steps, sample_interval, checkpoint_interval } = R::FIT;
    let seed = arguments.run.seed;
    Ok(RunConfig {
        recipe: Named { recipe: R::NAME },
        model: R::model(arguments.data.shape(), &arguments.options),
        algorithm: R::algorithm(&arguments.options, steps),
        batches: BatchConfig {
            batch_size: R::images_a_step(&arguments.options, folder.train().len())?,
            augment: Augment::Dihedral,
            seed,
            ..BatchConfig::default()
        },
        fit: FitConfig {
            steps,
            sample_interval,
            checkpoint_interval,
            seed,
            ..FitConfig::default()
        },
        data,
        physical: Physical::of(folder),
    })
}

fn sample<R: Recipe>(arguments: &SampleArguments) -> Result<()> {
    if arguments.count < 1 {
        bail!("--count must be at least 1, got {}", arguments.count);
    }
    let device = arguments.device.resolve()?;
    let run = RunDir::open(&arguments.run)?;
    let config: RunConfig<R> = run.read_config()?;
    let (generator, model) = (R::LOOK.trained)(run.path(), device)?;
    let out = sample_folder(&run, arguments.out.as_deref())?;
    seed_everything(arguments.seed);
    let images = generator.sample(&generator.latent(arguments.count))?;
    config.physical.save(&images, model, arguments.seed, &out)
}
