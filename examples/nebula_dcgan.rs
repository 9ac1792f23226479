//! Trains a DCGAN on nebulae, simulated or yours, and samples from it.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                         # simulated nebulae
//! cargo run --release --example nebula_dcgan -- --data my_fits_folder
//! cargo run --release --example nebula_dcgan -- --resume runs/nebula-dcgan-1
//! cargo run --release --example nebula_dcgan -- sample runs/nebula-dcgan-1 --count 64
//! ```

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

mod shared;

use std::path::PathBuf;

use anyhow::{Result, bail};
use astrogen::data::Augment;
use astrogen::losses::AdversarialConfig;
use astrogen::models::weights::fingerprint;
use astrogen::prelude::*;
use astrogen::runtime::tune_allocator;
use astrogen::train::gan::InstanceNoise;
use astrogen::train::optim::AdamConfig;
use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use shared::run::RunArguments;
use shared::training::{Look, train_images};
use shared::{DataArguments, Physical, sample_folder};

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
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Width of the generator; the paper's is 64.
    #[arg(long, default_value_t = 32)]
    features: i64,
    /// Width of the discriminator; half the generator's if left out, the paper's is the same.
    #[arg(long)]
    discriminator_features: Option<i64>,
    /// What the discriminator should say of real images, in (0, 1]: below 1 it is kept from
    /// being too sure to learn from. The paper's is 1.
    #[arg(long, default_value_t = 0.9)]
    real_label: f64,
    /// Deviation of the noise on every image the discriminator sees, at first; within 1000
    /// steps it falls to zero. The paper's is 0.
    #[arg(long, default_value_t = 0.3)]
    instance_noise: f64,
    /// Learning rate of both networks; the paper's is 2e-4, for its wider networks.
    #[arg(long, default_value_t = 5e-4)]
    lr: f64,
}

#[derive(Args)]
struct SampleArguments {
    /// The folder of a run.
    run: PathBuf,
    /// How many images.
    #[arg(long, default_value_t = 16)]
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
struct RunConfig {
    data: FolderConfig,
    batches: BatchConfig,
    model: DcganConfig,
    algorithm: DcganStepConfig,
    fit: FitConfig,
    /// How samples go back to physical units.
    #[serde(flatten)]
    physical: Physical,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tune_allocator();
    match arguments.mode {
        None => train(&arguments.train),
        Some(Mode::Sample(sample_arguments)) => sample(&sample_arguments),
    }
}

fn train(arguments: &TrainArguments) -> Result<()> {
    let device = arguments.run.device()?;

    // Data.
    model_config(arguments).validate()?; // before minutes go into reading files
    let earlier = arguments.run.earlier::<RunConfig>()?;
    let data = match &earlier {
        Some((_, config)) => config.data.clone(),
        None => arguments.data.folder(arguments.run.seed)?,
    };
    println!("reading {}", data.path.display());
    let folder = ImageFolder::open(&data)?;
    println!("{}", folder.report());

    // Settings.
    let (earlier, mut config) = match earlier {
        Some((run, config)) => (Some(run), config),
        None => (None, run_config(arguments, data, &folder)),
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    config.fit.steps = arguments.run.steps(batches.steps_per_epoch()).unwrap_or(config.fit.steps);
    config.fit.check()?;

    // Model and optimisers.
    seed_everything(config.fit.seed);
    let mut algorithm = DcganStep::new(&config.model, &config.algorithm, device)?;

    // The run's folder.
    let run = match earlier {
        Some(run) => run,
        None => arguments.run.create("nebula-dcgan")?,
    };
    run.write_config(&config)?;

    // Loop.
    println!("training on {device:?}");
    let look = Look {
        generator: |algorithm: &DcganStep| algorithm.average(),
        file: DcganGenerator::FILE,
        title: "DCGAN losses",
        curves: &["discriminator_loss", "generator_loss"],
    };
    train_images(&mut algorithm, &mut batches, &run, &config.fit, &look)
}

fn model_config(arguments: &TrainArguments) -> DcganConfig {
    let features = arguments.features;
    DcganConfig {
        image_size: arguments.data.image_size as i64,
        channels: arguments.data.channels as i64,
        generator_features: features,
        discriminator_features: arguments.discriminator_features.unwrap_or((features / 2).max(1)),
        ..DcganConfig::default()
    }
}

fn run_config(arguments: &TrainArguments, data: FolderConfig, folder: &ImageFolder) -> RunConfig {
    let paper = DcganStepConfig::default();
    RunConfig {
        model: model_config(arguments),
        algorithm: DcganStepConfig {
            generator_optimizer: AdamConfig { lr: arguments.lr, ..paper.generator_optimizer },
            discriminator_optimizer: AdamConfig {
                lr: arguments.lr,
                ..paper.discriminator_optimizer
            },
            instance_noise: InstanceNoise {
                start: arguments.instance_noise,
                end: 0.0,
                steps: 1000,
            },
            loss: AdversarialConfig { real_label: arguments.real_label, ..paper.loss },
            ..paper
        },
        batches: BatchConfig {
            batch_size: arguments.batch_size,
            augment: Augment::Dihedral,
            seed: arguments.run.seed,
            ..BatchConfig::default()
        },
        fit: FitConfig {
            steps: 2000,
            sample_interval: 100,
            checkpoint_interval: 200,
            seed: arguments.run.seed,
            ..FitConfig::default()
        },
        data,
        physical: Physical::of(folder),
    }
}

fn sample(arguments: &SampleArguments) -> Result<()> {
    if arguments.count < 1 {
        bail!("--count must be at least 1, got {}", arguments.count);
    }
    let device = arguments.device.resolve()?;
    let run = RunDir::open(&arguments.run)?;
    let config: RunConfig = run.read_config()?;
    let generator = DcganGenerator::load(run.path(), device)?;
    let out = sample_folder(&run, arguments.out.as_deref())?;
    seed_everything(arguments.seed);
    let images = generator.sample(&generator.latent(arguments.count))?;
    let model = fingerprint(&generator.named_tensors())?;
    config.physical.save(&images, model, arguments.seed, &out)
}
