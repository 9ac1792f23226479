//! Ranks images by how odd a trained run finds them, and tries its scores on anomalies that are known.
//!
//! ```text
//! cargo run --release --example nebula_dcgan                             # a run to search by
//! cargo run --release --example find_anomalies -- runs/nebula-dcgan-1    # new nebulae
//! cargo run --release --example find_anomalies -- runs/nebula-dcgan-1 --data my_fits_folder
//! ```

use anyhow::Result;
use astrogen::anomaly::{Finder, Finds, Trial, train_autoencoder};
use astrogen::report::write_page;
use astrogen::runtime::tune_allocator;
use astrogen::train::log::Progress;
use astrogen::train::{DcganStep, GanStep, RelativisticStep, StopSignal, WganGpStep};
use astrogen_cli::{AnomalyArguments, AnomalySearch, DcganRecipe, ImageRecipe, Networks, say};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Ranks images by how odd a trained run finds them")]
struct Arguments {
    #[command(flatten)]
    of: AnomalyArguments,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tune_allocator();
    let search = arguments.of.open()?;
    let device = search.device;
    match &search.recipe {
        ImageRecipe::Dcgan(DcganRecipe::Sharp(Networks { model, algorithm })) => {
            find(RelativisticStep::new(model, algorithm, device)?, &search)
        }
        ImageRecipe::Dcgan(DcganRecipe::R3gan(Networks { model, algorithm })) => {
            find(RelativisticStep::r3gan(model, algorithm, device)?, &search)
        }
        ImageRecipe::Dcgan(DcganRecipe::Article(Networks { model, algorithm })) => {
            find(DcganStep::new(model, algorithm, device)?, &search)
        }
        ImageRecipe::Wgan(Networks { model, algorithm }) => {
            find(WganGpStep::new(model, algorithm, device)?, &search)
        }
    }
}

fn find<S: GanStep>(step: S, search: &AnomalySearch) -> Result<()> {
    let AnomalySearch { run, config, folder, names, images, .. } = search;
    let step = Finder::trained(step, &config.run)?;
    say("training an autoencoder on the images that the run was trained on");
    let stop = StopSignal::on_ctrl_c()?;
    let (training, device) = (search.training.clone(), search.device);
    let trained =
        train_autoencoder(run, config, training, device, &stop, &mut Progress::default())?;
    let Some(autoencoder) = trained else {
        say("stopped before the autoencoder was trained");
        return Ok(());
    };

    say(format_args!(
        "looking at {} images, and at half as many with an anomaly each",
        names.len()
    ));
    let finder = Finder::new(&step, &autoencoder, &config.inversion)?;
    let look = finder.look(images)?;
    let light = (folder.pipeline(), folder.scaling());
    let trial = Trial::run(&finder, images, &look, light, &config.inject)?;
    say(Finds::write(run, names, images, &look, trial)?);
    say(format_args!("report: {}", write_page(run)?.display()));
    Ok(())
}
