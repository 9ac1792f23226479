//! Trains a Wasserstein GAN with gradient penalty on cosmic images, simulated or yours, and
//! samples from it.
//!
//! ```text
//! cargo run --release --example cosmos_wgan_gp                         # simulated nebulae
//! cargo run --release --example cosmos_wgan_gp -- --data my_fits_folder
//! cargo run --release --example cosmos_wgan_gp -- --resume runs/cosmos-wgan-gp-1
//! cargo run --release --example cosmos_wgan_gp -- sample runs/cosmos-wgan-gp-1 --count 64
//! ```

mod shared;

use std::path::PathBuf;

use anyhow::{Result, bail};
use astrogen::data::Augment;
use astrogen::losses::GradientPenaltyConfig;
use astrogen::models::latent::slerp;
use astrogen::models::weights::fingerprint;
use astrogen::models::{Upsampling, WganConfig, WganGenerator};
use astrogen::plot::save_grid;
use astrogen::prelude::*;
use astrogen::runtime::tune_allocator;
use astrogen::train::optim::AdamConfig;
use astrogen::train::wgan_gp::{WganGpStep, WganGpStepConfig};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use shared::run::RunArguments;
use shared::say::say;
use shared::training::{Look, train_images};
use shared::{DataArguments, Physical, sample_folder};
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
    /// Width of both networks at half the image size; the library's default is 32.
    #[arg(long, default_value_t = 16, allow_negative_numbers = true)]
    features: i64,
    /// How the generator doubles its images: transposed, as in the article, or by an
    /// interpolation that leaves no mesh.
    #[arg(long, value_enum, default_value_t = UpsamplingArgument::Transposed)]
    upsampling: UpsamplingArgument,
    /// Critic updates a generator update; every training step is one critic update. The
    /// paper's is 5; with fewer, images come sooner.
    #[arg(long, default_value_t = 2)]
    n_critic: u64,
    /// Weight of the gradient penalty.
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    penalty_weight: f64,
    /// Learning rate of both networks; the paper's is 1e-4, for wider networks.
    #[arg(long, default_value_t = 5e-4, allow_negative_numbers = true)]
    lr: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum UpsamplingArgument {
    /// A transposed convolution of stride 2.
    Transposed,
    /// Nearest-neighbour doubling, then a 3x3 convolution: no checker texture.
    Nearest,
    /// Bilinear doubling, then a 3x3 convolution: no checker texture, and smoother.
    Bilinear,
}

#[derive(Args)]
struct SampleArguments {
    /// The folder of a run.
    run: PathBuf,
    /// How many images.
    #[arg(long, default_value_t = 16, allow_negative_numbers = true)]
    count: i64,
    /// Walks between random latents, each a row of a second grid, walks.png.
    #[arg(long, default_value_t = 8, allow_negative_numbers = true)]
    walks: i64,
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
    model: WganConfig,
    algorithm: WganGpStepConfig,
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
    say(format_args!("reading {}", data.path.display()));
    let folder = ImageFolder::open(&data)?;
    say(folder.report());

    // Settings.
    let (earlier, mut config) = match earlier {
        Some((run, config)) => (Some(run), config),
        None => (None, run_config(arguments, data, &folder)),
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    config.fit.steps = arguments.run.steps(batches.steps_per_epoch()).unwrap_or(config.fit.steps);
    config.fit.sample_interval = batches.steps_per_epoch().max(100); // a grid an epoch
    config.fit.check()?;

    // Model and optimisers.
    seed_everything(config.fit.seed);
    let mut algorithm = WganGpStep::new(&config.model, &config.algorithm, device)?;

    // The run's folder.
    let run = match earlier {
        Some(run) => run,
        None => arguments.run.create("cosmos-wgan-gp")?,
    };
    run.write_config(&config)?;

    // Loop.
    say(format_args!("training on {device:?}"));
    let look = Look {
        generator: |algorithm: &WganGpStep| algorithm.average(),
        trained: |folder, device| {
            let generator = WganGenerator::load(folder, device)?;
            let fingerprint = fingerprint(&generator.named_tensors())?;
            Ok((Box::new(generator), fingerprint))
        },
        file: WganGenerator::FILE,
        title: "WGAN-GP losses",
        curves: &["critic_loss", "wasserstein", "gradient_penalty"],
    };
    train_images(&mut algorithm, &mut batches, &run, &config.fit, &look)
}

fn model_config(arguments: &TrainArguments) -> WganConfig {
    let [channels, image_size, _] = arguments.data.shape();
    WganConfig {
        image_size,
        channels,
        generator_features: arguments.features,
        critic_features: arguments.features,
        upsampling: match arguments.upsampling {
            UpsamplingArgument::Transposed => Upsampling::Transposed,
            UpsamplingArgument::Nearest => Upsampling::Nearest,
            UpsamplingArgument::Bilinear => Upsampling::Bilinear,
        },
        ..WganConfig::default()
    }
}

fn run_config(arguments: &TrainArguments, data: FolderConfig, folder: &ImageFolder) -> RunConfig {
    let paper = WganGpStepConfig::default();
    RunConfig {
        model: model_config(arguments),
        algorithm: WganGpStepConfig {
            generator_optimizer: AdamConfig { lr: arguments.lr, ..paper.generator_optimizer },
            critic_optimizer: AdamConfig { lr: arguments.lr, ..paper.critic_optimizer },
            penalty: GradientPenaltyConfig { weight: arguments.penalty_weight, ..paper.penalty },
            n_critic: arguments.n_critic,
            ..paper
        },
        batches: BatchConfig {
            batch_size: arguments.batch_size,
            augment: Augment::Dihedral,
            seed: arguments.run.seed,
            ..BatchConfig::default()
        },
        fit: FitConfig { steps: 3000, seed: arguments.run.seed, ..FitConfig::default() },
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
    let generator = WganGenerator::load(run.path(), device)?;
    let out = sample_folder(&run, arguments.out.as_deref())?;
    seed_everything(arguments.seed);
    let images = generator.sample(&generator.latent(arguments.count))?;
    if arguments.walks > 0 {
        save_grid(&walks(&generator, arguments.walks)?, Some(WALK_STEPS), out.join("walks.png"))?;
    }
    let model = fingerprint(&generator.named_tensors())?;
    config.physical.save(&images, model, arguments.seed, &out)
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
