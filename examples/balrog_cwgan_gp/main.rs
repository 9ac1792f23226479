//! Emulates how a survey measures galaxies: trains a conditional Wasserstein GAN on a matched
//! catalogue and maps of the observing conditions, judges it, and generates observed
//! magnitudes for any other catalogue.
//!
//! ```text
//! cargo run --release --example balrog_cwgan_gp            # a simulated survey, whole way
//! cargo run --release --example balrog_cwgan_gp -- train --catalog matched.fits \
//!     --true r_true i_true --observed r_meas i_meas --ra ra --dec dec \
//!     --condition fwhm_r=fwhm_r.fits --condition fwhm_i=fwhm_i.fits
//! cargo run --release --example balrog_cwgan_gp -- evaluate runs/balrog-cwgan-gp-1
//! cargo run --release --example balrog_cwgan_gp -- emulate runs/balrog-cwgan-gp-1 \
//!     --catalog galaxies.parquet --out observed.parquet
//! cargo run --release --example balrog_cwgan_gp -- search --space space.json --trials 20
//! ```

mod emulate;
mod emulator;
mod evaluate;
#[path = "../shared/figure.rs"]
mod figure;
mod figures;
mod files;
mod held_out;
mod metrics;
mod search;
mod settings;
mod simulated;
mod table;
mod train;

use anyhow::Result;
use astrogen::runtime::tune_allocator;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Emulates how a survey measures galaxies, by a conditional WGAN-GP")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    train: settings::TrainArguments,
}

#[derive(Subcommand)]
enum Mode {
    /// Trains an emulator and judges it; what is done if no mode is named.
    Train(Box<settings::TrainArguments>),
    /// Judges a trained emulator on the rows that were held out from its training.
    Evaluate(evaluate::EvaluateArguments),
    /// Generates observed features for a catalogue of any length.
    Emulate(Box<emulate::EmulateArguments>),
    /// Trains with many settings and lists them by score.
    Search(Box<search::SearchArguments>),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tune_allocator();
    match arguments.mode {
        None => train::train(&arguments.train),
        Some(Mode::Train(arguments)) => train::train(&arguments),
        Some(Mode::Evaluate(arguments)) => evaluate::evaluate(&arguments),
        Some(Mode::Emulate(arguments)) => emulate::emulate(&arguments),
        Some(Mode::Search(arguments)) => search::search(&arguments),
    }
}
