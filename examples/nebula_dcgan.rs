//! Trains a DCGAN on nebulae, simulated or yours, and samples from it.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                         # simulated nebulae
//! cargo run --release --example nebula_dcgan -- --data my_fits_folder
//! cargo run --release --example nebula_dcgan -- --resume runs/nebula-dcgan-1
//! cargo run --release --example nebula_dcgan -- sample runs/nebula-dcgan-1 --count 64
//! ```

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use astrogen::data::{Augment, export};
use astrogen::losses::AdversarialConfig;
use astrogen::metrics::{SlicedWassersteinConfig, sliced_wasserstein};
use astrogen::models::weights::fingerprint;
use astrogen::plot::{Series, save_curves, save_grid};
use astrogen::prelude::*;
use astrogen::preprocess::Scaling;
use astrogen::runtime::{set_threads, tune_allocator};
use astrogen::sky::{NebulaConfig, simulate_nebulae};
use astrogen::train::TrainError;
use astrogen::train::fit::ScoreBy;
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::{History, HistoryCsv, JsonLines, Progress, TensorBoard};
use astrogen::train::optim::AdamConfig;
use astrogen::train::run_dir::{empty_folder, numbered_folder};
use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use tch::Tensor;

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
    /// A folder of FITS, PNG, JPEG or TIFF files; simulated nebulae if left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Side of the images in pixels: a power of two from 32 to 512.
    #[arg(long, default_value_t = 64)]
    image_size: usize,
    /// Bands of the images.
    #[arg(long, default_value_t = 3)]
    channels: usize,
    /// Training steps; 2000 if neither this nor --epochs is given.
    #[arg(long, conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Passes over the data, instead of --steps.
    #[arg(long)]
    epochs: Option<u64>,
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
    /// How the limits of a frame are found: minmax, zscale, percentile:P,
    /// asymmetric:LOW,HIGH, manual:VMIN,VMAX. If left out, asymmetric:0.25,99.75 for FITS
    /// files, and pictures, which were stretched already, are taken as they are.
    #[arg(long)]
    interval: Option<Interval>,
    /// How pixels between the limits are spread: linear, sqrt, log[:a], asinh[:a], ... If
    /// left out, asinh:0.1 for FITS files.
    #[arg(long)]
    stretch: Option<Stretch>,
    /// Learning rate of both networks; the paper's is 2e-4, for its wider networks.
    #[arg(long, default_value_t = 5e-4)]
    lr: f64,
    /// Stop at the first file that cannot be used, instead of skipping it.
    #[arg(long)]
    strict: bool,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads of libtorch; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The run's folder; runs/nebula-dcgan-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, with the settings it began with (only --steps,
    /// --epochs, --device and --threads are heeded).
    #[arg(long, conflicts_with = "out")]
    resume: Option<PathBuf>,
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
    /// With the scaling of the median frame: how samples go back to physical units.
    pipeline: PipelineConfig,
    scaling: Scaling,
    unit: Option<String>,
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
    let device = arguments.device.resolve()?;
    set_threads(arguments.threads);

    // Data.
    model_config(arguments).validate()?; // before minutes go into reading files
    let earlier = arguments.resume.as_deref().map(RunDir::open).transpose()?;
    let earlier_config = earlier.as_ref().map(RunDir::read_config::<RunConfig>).transpose()?;
    let data = match &earlier_config {
        Some(config) => config.data.clone(),
        None => folder_config(arguments)?,
    };
    println!("reading {}", data.path.display());
    let folder = ImageFolder::open(&data)?;
    println!("{}", folder.report());

    // Settings.
    let mut config = match earlier_config {
        Some(config) => config,
        None => run_config(arguments, data, &folder),
    };
    let mut batches = Batches::new(folder.train(), &config.batches, device)?;
    if let Some(epochs) = arguments.epochs {
        config.fit.steps = epochs.saturating_mul(batches.steps_per_epoch());
    } else if let Some(steps) = arguments.steps {
        config.fit.steps = steps;
    }
    config.fit.check()?;

    // Model and optimisers.
    seed_everything(config.fit.seed);
    let mut algorithm = DcganStep::new(&config.model, &config.algorithm, device)?;

    // The run's folder.
    let run = match (earlier, &arguments.out) {
        (Some(run), _) => run,
        (None, Some(path)) => RunDir::create(path)?,
        (None, None) => RunDir::create_next("runs".as_ref(), "nebula-dcgan")?,
    };
    run.write_config(&config)?;

    // Loop.
    let latent = algorithm.average().latent(64);
    let real = (0..4).map(|_| batches.next_batch()).collect::<Result<Vec<_>, _>>()?;
    let real = Tensor::cat(&real, 0);
    let score_latent = algorithm.average().latent(real.size()[0]);
    save_grid(&real.slice(0, 0, 64, 1), None, run.join("samples/real.png"))?;
    let mut draw = |algorithm: &DcganStep, event: &Event| match event {
        Event::Sample { step } => draw_progress(&run, algorithm.average(), &latent, *step),
        _ => Ok(()),
    };
    let mut score = ScoreBy(|algorithm: &DcganStep| {
        let fake = algorithm.average().sample(&score_latent)?;
        let distance = sliced_wasserstein(&real, &fake, &SlicedWassersteinConfig::default(), 0);
        Ok(distance.map_err(TrainError::observer)?.mean)
    });
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let mut json = JsonLines::open(run.join("log.jsonl"))?;
    let mut board = TensorBoard::create(run.path())?;
    let mut progress = Progress::default();
    let observers: &mut [&mut dyn Observer<DcganStep>] =
        &mut [&mut history, &mut json, &mut board, &mut progress, &mut score, &mut draw];
    println!("training on {device:?} into {}", run.path().display());
    let stop = StopSignal::on_ctrl_c()?;
    let outcome = fit(&mut algorithm, &mut batches, &run, &config.fit, &stop, observers)?;
    draw_progress(&run, algorithm.average(), &latent, outcome.step)?;
    let how = if outcome.interrupted { "stopped" } else { "finished" };
    println!("{how} after {} steps", outcome.step);
    println!("  grid     {}", run.sample_path(outcome.step, "png").display());
    println!("  losses   {}", run.join("losses.png").display());
    println!("  weights  {}", run.join(DcganGenerator::FILE).display());
    if let Some((step, score)) = run.best_checkpoint()? {
        let best = run.join("best").join(DcganGenerator::FILE);
        println!("  best     {}: sliced Wasserstein {score:.1} at step {step}", best.display());
    }
    Ok(())
}

/// What to train on: the folder that was asked for, or simulated nebulae in the cache.
fn folder_config(arguments: &TrainArguments) -> Result<FolderConfig> {
    let path = match &arguments.data {
        Some(path) => std::path::absolute(path)?, // a resume may start in another folder
        None => {
            let cache = dirs::cache_dir().context("no cache folder; give --data")?;
            let size = (arguments.image_size * 3 / 2).max(96);
            let folder = cache.join("astrogen").join(format!("nebulae-{size}px"));
            println!("simulating 1000 nebulae into {} (once)", folder.display());
            simulate_nebulae(&folder, &NebulaConfig { size, ..NebulaConfig::default() }, 1000, 1)?;
            folder
        }
    };
    let as_told = arguments.interval.is_some() || arguments.stretch.is_some();
    let defaults = FolderConfig::default();
    Ok(FolderConfig {
        path,
        image_size: arguments.image_size,
        channels: arguments.channels,
        pipeline: PipelineConfig {
            interval: arguments.interval.clone().unwrap_or(defaults.pipeline.interval),
            stretch: arguments.stretch.unwrap_or(defaults.pipeline.stretch),
            ..defaults.pipeline
        },
        pictures: defaults.pictures.filter(|_| !as_told),
        seed: arguments.seed,
        strict: arguments.strict,
        ..FolderConfig::default()
    })
}

fn model_config(arguments: &TrainArguments) -> DcganConfig {
    let features = arguments.features;
    DcganConfig {
        image_size: arguments.image_size as i64,
        channels: arguments.channels as i64,
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
            loss: AdversarialConfig { real_label: arguments.real_label, ..paper.loss },
            ..paper
        },
        batches: BatchConfig {
            batch_size: arguments.batch_size,
            augment: Augment::Dihedral,
            seed: arguments.seed,
            ..BatchConfig::default()
        },
        fit: FitConfig {
            steps: 2000,
            sample_interval: 100,
            checkpoint_interval: 200,
            seed: arguments.seed,
            ..FitConfig::default()
        },
        data,
        pipeline: folder.pipeline().config().clone(),
        scaling: folder.scaling().clone(),
        unit: folder.unit().map(str::to_owned),
    }
}

/// The grid of the same latents, and the loss curves so far.
fn draw_progress(
    run: &RunDir,
    generator: &DcganGenerator,
    latent: &Tensor,
    step: u64,
) -> Result<(), TrainError> {
    let images = generator.sample(latent)?;
    save_grid(&images, None, run.sample_path(step, "png")).map_err(TrainError::observer)?;
    let Ok(history) = History::open(&run.join("history.csv")) else { return Ok(()) };
    let series: Vec<Series> = history
        .losses
        .iter()
        .filter(|(name, _)| name.ends_with("_loss"))
        .map(|(name, values)| {
            let steps = history.steps.iter().map(|&step| step as f64);
            Series::new(name.clone(), steps.zip(values.iter().copied()))
        })
        .collect();
    save_curves(run.join("losses.png"), "DCGAN losses", "step", "loss", &series)
        .map_err(TrainError::observer)
}

fn sample(arguments: &SampleArguments) -> Result<()> {
    if arguments.count < 1 {
        bail!("--count must be at least 1, got {}", arguments.count);
    }
    let device = arguments.device.resolve()?;
    let run = RunDir::open(&arguments.run)?;
    let config: RunConfig = run.read_config()?;
    let generator = DcganGenerator::load(run.path(), device)?;
    let out = match &arguments.out {
        Some(path) => {
            empty_folder(path)?;
            path.clone()
        }
        None => numbered_folder(run.path(), "generated")?,
    };

    seed_everything(arguments.seed);
    let images = generator.sample(&generator.latent(arguments.count))?;
    save_grid(&images, None, out.join("grid.png"))?;
    let pipeline = Pipeline::new(config.pipeline)?;
    let model = fingerprint(&generator.named_tensors())?;
    let origin = export::Origin { model, seed: arguments.seed, unit: config.unit };
    let files = export::save_fits(&images, &pipeline, &config.scaling, &origin, &out)?;
    println!("grid.png and {} FITS files in {}", files.len(), out.display());
    Ok(())
}
