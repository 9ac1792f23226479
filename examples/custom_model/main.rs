//! Trains two networks of your own, here those of `networks.rs`, by the WGAN-GP step.
//!
//! ```text
//! cargo run --release --example custom_model                         # simulated nebulae
//! cargo run --release --example custom_model -- --data my_fits_folder
//! cargo run --release --example custom_model -- --resume runs/custom-model-1 --steps 4000
//! ```

mod networks;

use anyhow::Result;
use astrogen::models::Network;
use astrogen::plot::save_grid;
use astrogen::prelude::*;
use astrogen::report::write_page;
use astrogen::train::{AdamConfig, WganGpStep, WganGpStepConfig};
use astrogen_cli::{ImageArguments, RunArguments, ended, parse, say};
use clap::Parser;
use networks::{MyCritic, MyGenerator, Sizes};
use serde::{Deserialize, Serialize};

/// Trains networks of your own on a folder of images.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    data: ImageArguments,
    #[command(flatten)]
    run: RunArguments,
}

/// Everything a run was made with: config.json in its folder.
#[derive(Serialize, Deserialize)]
struct RunConfig {
    data: FolderConfig,
    model: Sizes,
    #[serde(default)] // runs from before it was written
    algorithm: WganGpStepConfig,
    fit: FitConfig,
}

fn main() -> Result<()> {
    ended(train(parse()))
}

fn train(Arguments { data, run: arguments }: Arguments) -> Result<()> {
    let device = arguments.device()?;
    let fitting = arguments.fitting(&[])?; // nothing is evaluated
    let new = || -> Result<_> {
        let model = Sizes { image: data.shape(), latent: 64, width: 64 };
        let usual = WganGpStepConfig::default();
        let adam = AdamConfig { lr: 1e-3, ..usual.generator_optimizer };
        let algorithm =
            WganGpStepConfig { generator_optimizer: adam, critic_optimizer: adam, ..usual };
        let fit = FitConfig { steps: 2000, seed: arguments.seed(), ..FitConfig::default() };
        Ok(RunConfig { data: data.folder(arguments.seed())?, model, algorithm, fit })
    };
    let (earlier, config) = arguments.earlier()?.unzip();
    let mut config = config.map_or_else(new, Ok)?;
    let folder = ImageFolder::open(&config.data)?;
    let batches = BatchConfig { batch_size: 8, seed: config.fit.seed, ..BatchConfig::default() };
    let mut batches = Batches::new(folder.train(), &batches, device)?;
    config.fit.steps = arguments.steps(batches.steps_per_epoch()).unwrap_or(config.fit.steps);
    fitting.enter(&mut config.fit);
    config.fit.validate()?;

    seed_everything(config.fit.seed);
    let mut algorithm = WganGpStep::from_networks(
        |path| MyGenerator::build(&config.model, path),
        |path| MyCritic::build(&config.model, path),
        &config.algorithm,
        device,
    )?;

    let run = arguments.begin("custom-model", earlier, &config, &folder.summary())?;
    let (mut log, stop) = (RunLog::new(&run)?, StopSignal::on_ctrl_c()?);
    let step = fit(&mut algorithm, &mut batches, &run, &config.fit, &stop, &mut [&mut log])?.step;

    if !run.group().is_first() {
        return Ok(()); // of several processes one draws
    }
    let generator = MyGenerator::load(run.path(), device)?; // as any program that samples would
    seed_everything(config.fit.seed);
    let grid = run.sample_path(step, "png");
    save_grid(&generator.sample(&generator.latent(64))?, None, &grid)?;
    say(format_args!("trained {step} steps; samples are in {}", grid.display()));
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}
