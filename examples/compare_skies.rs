//! Says in which numbers two skies differ, a simulation and a survey say.
//!
//! ```text
//! cargo run --release --example compare_skies                      # simulated nebulae, sharp and blurred
//! cargo run --release --example compare_skies -- simulation survey --image-size 64
//! ```

use std::time::Instant;

use anyhow::Result;
use astrogen::report::{SkyComparison, write_page};
use astrogen::runtime::tune_allocator;
use astrogen_cli::{CompareArguments, say};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Says in which numbers two folders of images differ")]
struct Arguments {
    #[command(flatten)]
    of: CompareArguments,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tune_allocator();
    let network = arguments.of.network.open()?;
    let (run, [first, second]) = arguments.of.open()?;
    say("comparing");
    let started = Instant::now();
    let (first, second) = ((&*first.name, &first.images), (&*second.name, &second.images));
    let comparison = SkyComparison::of(&run, first, second, network.as_ref())?;
    say(format_args!("{comparison}  in {:.1} s", started.elapsed().as_secs_f64()));
    say(format_args!("report: {}", write_page(&run)?.display()));
    Ok(())
}
