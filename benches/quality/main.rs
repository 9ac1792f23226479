//! Generators that are trained for the same time on the same images, and how good their samples are.
//!
//! ```text
//! cargo bench --bench quality -- --python "$(cargo xtask python)"                    # simulated nebulae
//! cargo bench --bench quality -- --python "$(cargo xtask python)" -- --data FOLDER
//! ```
//!
//! The article's DCGAN here and in PyTorch, with the same images and as many steps, a WGAN-GP, the
//! sharp recipe and a narrow R3GAN with their examples' settings, a few steps each in turn, so that a machine that others
//! share is as slow to one as to the next. Each is held against images that it was not trained on:
//! new nebulae, or of a folder all images, which are few, a fifth of them held out. What is written: a
//! table in Markdown, all numbers in `quality.json`, and grids of samples.

mod candidate;
mod report;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use astrogen::data::{Augment, BatchConfig, Batches, Images};
use astrogen::images::{FolderConfig, ImageFolder};
use astrogen::models::WganConfig;
use astrogen::plot::{LabelledGrid, save_grid};
use astrogen::runtime::{seed_everything, set_threads, tune_allocator};
use astrogen::sky::{NebulaConfig, simulate_nebulae};
use astrogen::train::{
    AdamConfig, DcganStep, RelativisticStep, RelativisticStepConfig, Schedule, WganGpStep,
    WganGpStepConfig,
};
use astrogen_cli::{
    DcganArguments, DcganRecipe, ImageArguments, ImageConfig, Networks, RunArguments,
    WganArguments, nebula_size, say,
};
use clap::{Args, Parser};
use tch::{Device, Tensor};

use crate::candidate::{Candidate, Ours, Theirs};
use crate::report::{Judge, Row};

/// Turns that the training is cut into.
const TURNS: u64 = 30;

/// Steps at a time of which the rate is measured.
const TRIED: u64 = 10;

/// R3GAN for minutes on a CPU: a twenty-fourth of the authors' width, and a learning rate and a weight of
/// the penalties with which a few thousand small batches lead somewhere.
const R3GAN: &[&str] = &[
    "--recipe",
    "r3gan",
    "--features",
    "32",
    "--batch-size",
    "16",
    "--lr",
    "2e-3",
    "--gamma",
    "0.5",
];

/// Images of each in `samples.png`.
const SHOWN: i64 = 8;

#[derive(Parser)]
struct Arguments {
    /// The interpreter of `cargo xtask python`.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Minutes that each of ours is trained.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Width of the article's DCGAN and of the WGAN-GP; 64 in the article.
    #[arg(long, default_value_t = 32)]
    features: i64,
    /// Images of a batch of theirs; 64 in the article.
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Threads of either side; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Of first weights and batches: trainings of several seeds differ by more than intervals over
    /// samples say.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only these, of dcgan, pytorch, wgan-gp, sharp and r3gan; all if left out. PyTorch's takes as many
    /// steps as dcgan.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where pictures and numbers are written.
    #[arg(long, default_value = "target/quality")]
    out: PathBuf,
    /// Which images: options of the examples, after `--`.
    #[arg(last = true)]
    images: Vec<String>,
    /// What cargo says to a bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Parser)]
struct Example<N: Args> {
    #[command(flatten)]
    images: ImageArguments,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    networks: N,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Some(python) = &arguments.python else {
        say("give --python \"$(cargo xtask python)\"");
        return Ok(());
    };
    tune_allocator();
    let threads = set_threads(arguments.threads);
    fs::create_dir_all(&arguments.out)?;
    let named = arguments.images.iter().any(|option| option.starts_with("--data"));

    // Settings and images of the examples.
    let width = arguments.features.to_string();
    let size = arguments.batch_size.to_string();
    let common = ["--features", &width, "--batch-size", &size];
    let held_out: &[&str] = if named { &["--held-out", "0.2"] } else { &[] };
    let (folder, article) =
        dcgan(&arguments, &[&["--recipe", "article"], &common[..], held_out].concat())?;
    let (_, sharp) = dcgan(&arguments, &[&["--recipe", "sharp"], held_out].concat())?;
    let (_, r3gan) = dcgan(&arguments, &[R3GAN, held_out].concat())?;
    let (_, wgan) = {
        let given = options(&arguments, &[&common[..], held_out].concat());
        let Example::<WganArguments> { images, run, networks } = Example::try_parse_from(given)?;
        networks.config(&images, &run)?
    };
    let (reals, unseen) = if named { of_folder(&folder)? } else { unseen_nebulae(&article.data)? };
    let training = all(&folder.train())?;
    save_grid(&reals.slice(0, 0, 64, 1), None, arguments.out.join("real.png"))?;

    // As many steps as fill the time, by the first ones of networks of their own, before anything else
    // is at work.
    let seconds = 60.0 * arguments.minutes;
    let makers: [(&str, &Maker); 4] = [
        ("dcgan", &|_| article_dcgan(&folder, &article)),
        ("wgan-gp", &|_| wgan_gp(&folder, &wgan)),
        ("sharp", &|steps| sharp_gan(&folder, &sharp, steps)),
        ("r3gan", &|steps| r3gan_gan(&folder, &r3gan, steps)),
    ];
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|n| n == name);
    let mut candidates = Vec::new();
    for (_, make) in makers.into_iter().filter(|(name, _)| wanted(name)) {
        seed_everything(arguments.seed);
        let steps = steps_of(&mut *make(1000)?, seconds)?;
        candidates.push(Trained { steps, seconds: 0.0, candidate: make(steps)? });
    }
    let file = arguments.out.join("training.safetensors");
    Tensor::write_safetensors(&[("images", &training)], &file)?;
    let theirs = wanted("dcgan") && wanted("pytorch");
    if let (true, DcganRecipe::Article(Networks { model, .. })) = (theirs, &article.networks) {
        let numbers = [arguments.batch_size, threads, arguments.seed as usize];
        let candidate = Box::new(Theirs::start(python, &file, model, numbers)?);
        let steps = candidates[0].steps;
        candidates.insert(1, Trained { steps, seconds: 0.0, candidate });
    }
    for turn in 0..TURNS {
        for of in &mut candidates {
            let steps = of.steps * (turn + 1) / TURNS - of.steps * turn / TURNS;
            of.seconds += of.candidate.train(steps)?;
        }
        say(format_args!("turn {} of {TURNS}", turn + 1));
    }

    let judge = Judge { reals: &reals, unseen: &unseen, training: &training };
    say(report::HEAD);
    let mut rows = Vec::new();
    let mut shown = vec![("reals".to_owned(), reals.slice(0, 0, SHOWN, 1))];
    for Trained { steps, seconds, mut candidate } in candidates {
        seed_everything(1);
        for (name, samples) in candidate.sample(reals.size()[0] / 2)? {
            let picture = name.to_lowercase().replace([' ', ','], "-").replace("--", "-");
            let picture = arguments.out.join(format!("{picture}.png"));
            save_grid(&samples.slice(0, 0, 64, 1), None, picture)?;
            shown.push((name.to_owned(), samples.slice(0, 0, SHOWN, 1)));
            let row = Row { name: name.to_owned(), steps, seconds, found: judge.of(&samples)? };
            say(&row);
            rows.push(row);
        }
    }
    let (row_labels, images): (Vec<String>, Vec<Tensor>) = shown.into_iter().unzip();
    LabelledGrid { row_labels, ..LabelledGrid::default() }
        .save(&Tensor::cat(&images, 0), arguments.out.join("samples.png"))?;
    fs::write(arguments.out.join("quality.json"), serde_json::to_string_pretty(&rows)?)?;
    Ok(fs::remove_file(file)?)
}

/// What the command line of an example would be.
fn options(arguments: &Arguments, own: &[&str]) -> Vec<String> {
    let own = own.iter().map(|&option| option.to_owned());
    // Cargo's word to a bench comes last, behind the examples' options too.
    let images = arguments.images.iter().filter(|&option| option != "--bench").cloned();
    ["example".to_owned()].into_iter().chain(images).chain(own).collect()
}

fn dcgan(arguments: &Arguments, own: &[&str]) -> Result<(ImageFolder, ImageConfig<DcganRecipe>)> {
    let given = options(arguments, own);
    let Example::<DcganArguments> { images, run, networks } = Example::try_parse_from(given)?;
    Ok(networks.config(&images, &run)?)
}

fn batches<N>(folder: &ImageFolder, config: &ImageConfig<N>) -> Result<Batches> {
    Ok(Batches::new(folder.train(), &config.batches, Device::Cpu)?)
}

/// A generator that is trained for so many steps, which took so many seconds.
struct Trained {
    steps: u64,
    seconds: f64,
    candidate: Box<dyn Candidate>,
}

/// Makes a generator that is to be trained for so many steps.
type Maker<'a> = dyn Fn(u64) -> Result<Box<dyn Candidate>> + 'a;

fn article_dcgan(
    folder: &ImageFolder,
    config: &ImageConfig<DcganRecipe>,
) -> Result<Box<dyn Candidate>> {
    let DcganRecipe::Article(Networks { model, algorithm }) = &config.networks else {
        bail!("the article's recipe was asked for");
    };
    let step = DcganStep::new(model, algorithm, Device::Cpu)?;
    let (batches, last) = (batches(folder, config)?, Some(model.clone()));
    Ok(Box::new(Ours { name: "DCGAN", step, batches, last }))
}

fn wgan_gp(
    folder: &ImageFolder,
    config: &ImageConfig<Networks<WganConfig, WganGpStepConfig>>,
) -> Result<Box<dyn Candidate>> {
    let Networks { model, algorithm } = &config.networks;
    let step = WganGpStep::new(model, algorithm, Device::Cpu)?;
    Ok(Box::new(Ours { name: "WGAN-GP", step, batches: batches(folder, config)?, last: None }))
}

/// The sharp recipe, whose learning rate falls over all steps.
fn sharp_gan(
    folder: &ImageFolder,
    config: &ImageConfig<DcganRecipe>,
    steps: u64,
) -> Result<Box<dyn Candidate>> {
    let DcganRecipe::Sharp(Networks { model, algorithm }) = &config.networks else {
        bail!("the sharp recipe was asked for");
    };
    let mut algorithm = algorithm.clone();
    for optimizer in [&mut algorithm.generator_optimizer, &mut algorithm.critic_optimizer] {
        optimizer.schedule = Schedule::Linear { steps, end: 0.1 };
    }
    let step = RelativisticStep::new(model, &algorithm, Device::Cpu)?;
    Ok(Box::new(Ours { name: "sharp", step, batches: batches(folder, config)?, last: None }))
}

/// R3GAN, whose settings fall over all steps.
fn r3gan_gan(
    folder: &ImageFolder,
    config: &ImageConfig<DcganRecipe>,
    steps: u64,
) -> Result<Box<dyn Candidate>> {
    let DcganRecipe::R3gan(Networks { model, algorithm }) = &config.networks else {
        bail!("R3GAN was asked for");
    };
    let of_steps = RelativisticStepConfig::r3gan(model.image_size, steps);
    let adam = AdamConfig { lr: algorithm.generator_optimizer.lr, ..of_steps.generator_optimizer };
    let algorithm = RelativisticStepConfig {
        generator_optimizer: adam,
        critic_optimizer: adam,
        gamma: algorithm.gamma,
        ..of_steps
    };
    let step = RelativisticStep::r3gan(model, &algorithm, Device::Cpu)?;
    Ok(Box::new(Ours { name: "R3GAN", step, batches: batches(folder, config)?, last: None }))
}

/// How many steps take so many seconds, by the median of a few at a time.
fn steps_of(candidate: &mut dyn Candidate, budget: f64) -> Result<u64> {
    candidate.train(TRIED)?;
    let mut seconds: Vec<f64> = Vec::new();
    while seconds.len() < 5 || seconds.iter().sum::<f64>() < 0.03 * budget {
        seconds.push(candidate.train(TRIED)?);
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    Ok((TRIED as f64 * budget / median).round() as u64)
}

/// Images of a folder: all of them, which are few, and those that were held out.
fn of_folder(folder: &ImageFolder) -> Result<(Tensor, Tensor)> {
    let [training, held_out] = [all(&folder.train())?, all(&folder.validation())?];
    Ok((Tensor::cat(&[&training, &held_out], 0), held_out))
}

/// A thousand nebulae that nothing was trained on; the last of them stand for the unseen ones.
fn unseen_nebulae(data: &FolderConfig) -> Result<(Tensor, Tensor)> {
    let folder = tempfile::tempdir()?;
    let config = NebulaConfig { size: nebula_size(data.image_size), ..NebulaConfig::default() };
    simulate_nebulae(folder.path(), &config, 1000, 3)?;
    let data = FolderConfig { path: folder.path().to_owned(), ..data.clone() };
    let images = all(&ImageFolder::open(&data)?.train())?;
    let unseen = images.slice(0, 700, None, 1);
    Ok((images, unseen))
}

/// The images of a data set, `[N, C, H, W]`, in its order.
fn all(set: &std::sync::Arc<dyn astrogen::data::Dataset<Batch = Images>>) -> Result<Tensor> {
    let config = BatchConfig { batch_size: 1, augment: Augment::None, ..BatchConfig::default() };
    let mut batches = Batches::new(set.clone(), &config, Device::Cpu)?;
    let images: Vec<Tensor> = (0..set.len())
        .map(|_| batches.next_batch().map(|Images(image)| image))
        .collect::<Result<_, _>>()
        .context("an image cannot be read")?;
    Ok(Tensor::cat(&images, 0))
}
