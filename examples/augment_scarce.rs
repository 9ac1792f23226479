//! Says whether generated images raise the held-out score of a classifier that has few labelled ones.
//!
//! ```text
//! cargo run --release --example augment_scarce             # simulated galaxies, with and without arms
//! cargo run --release --example augment_scarce -- --data galaxies --labels labels.csv --classes Elliptical,Edge_on
//! ```

use anyhow::Result;
use astrogen::report::write_page;
use astrogen::runtime::tune_allocator;
use astrogen::scarce::augment_scarce;
use astrogen_cli::{Scarce, ScarceArguments, say};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Says whether generated images help a classifier that has few labelled ones")]
struct Arguments {
    #[command(flatten)]
    of: ScarceArguments,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tune_allocator();

    // Labelled images, of a folder or simulated, and the settings.
    let Scarce { run, config, images, device } = arguments.of.open()?;

    // In every split: a generator of each class, then one classifier on the few images alone, one with
    // generated images beside them, one with as many more real ones.
    let report = augment_scarce(&run, &config, &images, device, &mut |line| say(line))?;
    say(report);
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}
