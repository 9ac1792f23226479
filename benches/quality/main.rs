//! Generators that are trained for the same time on the same images, and how good their samples are.
//!
//! ```text
//! cargo bench --bench quality -- --python "$(cargo xtask python)"                    # simulated nebulae
//! cargo bench --bench quality -- --python "$(cargo xtask python)" -- --data FOLDER
//! cargo bench --bench quality -- --only sharp --train "wide=--recipe sharp --features 32"
//! cargo bench --bench quality -- --run "mine=runs/nebula-dcgan-1"             # a run that is there
//! ```
//!
//! The article's DCGAN here and in PyTorch, with the same images and as many steps, a WGAN-GP, the
//! sharp recipe, a narrow R3GAN and whatever else the example's options can say, a few steps each in turn,
//! so that a machine that others share is as slow to one as to the next. Each is held against images that it
//! was not trained on: new nebulae, or of a folder all images, which are few, a fifth of them held out (or what
//! `--held-out` says behind `--`). What is written: a table in Markdown, all numbers in `quality.json`, and grids of
//! samples.

mod candidate;
mod finished;
mod images;
mod report;
mod training;

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use astrogen::models::DcganConfig;
use astrogen::plot::{LabelledGrid, save_grid};
use astrogen::runtime::{seed_everything, set_threads, tune_allocator};
use astrogen::train::pace::steps_within;
use astrogen_cli::say;
use clap::Parser;
use tch::Tensor;

use crate::candidate::{Candidate, Sampled, Theirs};
use crate::finished::FinishedRun;
use crate::images::{all, of_folder, unseen_nebulae};
use crate::report::{Judge, Row};
use crate::training::Training;

/// Turns that the training is cut into.
const TURNS: u64 = 30;

/// Images of each in `samples.png`.
const SHOWN: i64 = 8;

#[derive(Parser)]
struct Arguments {
    /// The interpreter of `cargo xtask python`; without it PyTorch's DCGAN is left out.
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
    /// Of first weights and latents: trainings of several seeds differ by more than intervals over
    /// samples say.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only these, of dcgan, pytorch, wgan-gp, sharp and r3gan; all if left out, or none beside --run.
    /// PyTorch's takes as many steps as dcgan.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Train this too: a name, and options of `nebula_dcgan`. May be given again and again.
    #[arg(long, value_name = "NAME=OPTIONS")]
    train: Vec<Training>,
    /// Judge this too: a name, and the folder of a run of `nebula_dcgan` or `cosmos_wgan_gp`, whose
    /// generator is held against the same images. May be given again and again.
    #[arg(long, value_name = "NAME=FOLDER")]
    run: Vec<FinishedRun>,
    /// Samples of each that are held against as many reals.
    #[arg(long, default_value_t = 500)]
    samples: usize,
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

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Arguments { python, only, run, .. } = &arguments;
    if python.is_none() && only.is_empty() && run.is_empty() {
        say("give --python \"$(cargo xtask python)\", or name those of --only");
        return Ok(());
    }
    tune_allocator();
    let threads = set_threads(arguments.threads);
    fs::create_dir_all(&arguments.out)?;

    // Images, as the examples' options say.
    let named = arguments.images.iter().any(|option| option.starts_with("--data"));
    // Cargo's word to a bench comes last, behind the examples' options too.
    let mut options = arguments.images.clone();
    options.retain(|option| option != "--bench");
    if named && !options.iter().any(|option| option.starts_with("--held-out")) {
        options.extend(["--held-out", "0.2"].map(str::to_owned));
    }
    let (folder, data) = training::open(&options)?;
    let (reals, unseen) =
        if named { of_folder(&folder)? } else { unseen_nebulae(&data, 2 * arguments.samples)? };
    let training = all(&folder.train())?;
    let judge = Judge { reals: &reals, unseen: &unseen, training: &training };
    judge.check()?;
    save_grid(&reals.slice(0, 0, 64, 1), None, arguments.out.join("real.png"))?;

    // As many steps as fill the time, by the first ones of networks of their own, before anything else
    // is at work.
    let presets = Training::presets(arguments.features, arguments.batch_size);
    let names: Vec<&str> = presets.iter().map(|preset| &*preset.name).chain(["pytorch"]).collect();
    if let Some(name) = arguments.only.iter().find(|name| !names.contains(&&***name)) {
        bail!("--only {name}: name some of {}", names.join(", "));
    }
    let wanted = |name: &str| match only.is_empty() {
        true => run.is_empty(),
        false => only.iter().any(|wanted| wanted == name),
    };
    let presets = presets.into_iter().filter(|preset| wanted(&preset.name));
    let mut candidates: Vec<Trained<dyn Candidate>> = Vec::new();
    for training in presets.chain(arguments.train.iter().cloned()) {
        seed_everything(arguments.seed);
        let mut tried = training.start(&folder, &options, None)?;
        let steps = steps_within(60.0 * arguments.minutes, |steps| tried.train(steps))?;
        say(format_args!("{}: {steps} steps fill {} min", training.name, arguments.minutes));
        seed_everything(arguments.seed);
        let candidate = training.start(&folder, &options, Some(steps))?;
        candidates.push(Trained { steps, seconds: None, candidate });
    }
    let file = arguments.out.join("training.safetensors");
    if let (Some(python), true, true) = (&arguments.python, wanted("dcgan"), wanted("pytorch")) {
        Tensor::write_safetensors(&[("images", &training)], &file)?;
        let numbers = [arguments.batch_size, threads, arguments.seed as usize];
        let width = arguments.features;
        let model = DcganConfig {
            generator_features: width,
            discriminator_features: width,
            ..DcganConfig::default()
        };
        let model = DcganConfig {
            image_size: data.image_size as i64,
            channels: data.channels as i64,
            ..model
        };
        let candidate = Box::new(Theirs::start(python, &file, &model, numbers)?);
        let steps = candidates[0].steps;
        candidates.insert(1, Trained { steps, seconds: None, candidate });
    }
    let turns = if candidates.is_empty() { 0 } else { TURNS };
    for turn in 0..turns {
        for of in &mut candidates {
            let steps = of.steps * (turn + 1) / TURNS - of.steps * turn / TURNS;
            let seconds = of.candidate.train(steps)?;
            *of.seconds.get_or_insert_default() += seconds;
        }
        say(format_args!("turn {} of {TURNS}", turn + 1));
    }

    let mut trained: Vec<Trained<dyn Sampled>> = candidates
        .into_iter()
        .map(|Trained { steps, seconds, candidate }| Trained {
            steps,
            seconds,
            candidate: candidate as _,
        })
        .collect();
    for run in run {
        trained.push(run.open(&data, named)?);
    }
    say(report::HEAD);
    let mut rows: Vec<Row> = Vec::new();
    let mut shown = vec![("reals".to_owned(), reals.slice(0, 0, SHOWN, 1))];
    for Trained { steps, seconds, mut candidate } in trained {
        seed_everything(1);
        for (name, samples) in candidate.sample(reals.size()[0] / 2)? {
            let picture = name.to_lowercase().replace([' ', ','], "-").replace("--", "-");
            let picture = arguments.out.join(format!("{picture}.png"));
            save_grid(&samples.slice(0, 0, 64, 1), None, picture)?;
            shown.push((name.clone(), samples.slice(0, 0, SHOWN, 1)));
            let row = Row { name, steps, seconds, found: judge.of(&samples)? };
            say(&row);
            rows.push(row);
            fs::write(arguments.out.join("quality.json"), serde_json::to_string_pretty(&rows)?)?;
        }
    }
    let (row_labels, images): (Vec<String>, Vec<Tensor>) = shown.into_iter().unzip();
    LabelledGrid { row_labels, ..LabelledGrid::default() }
        .save(&Tensor::cat(&images, 0), arguments.out.join("samples.png"))?;
    if file.exists() {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// A generator that is trained for so many steps, which took so many seconds here.
struct Trained<C: ?Sized> {
    steps: u64,
    seconds: Option<f64>,
    candidate: Box<C>,
}
