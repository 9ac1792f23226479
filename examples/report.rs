//! Writes a run's page again, report.html in its folder: of any run, also while it trains.
//!
//! ```text
//! cargo run --release --example report -- runs/nebula-dcgan-1
//! ```

use std::path::PathBuf;

use anyhow::Result;
use astrogen::report::write_page;
use astrogen::train::RunDir;
use astrogen_cli::say;
use clap::Parser;

/// Writes what is in the folders of runs as pages for a browser.
#[derive(Parser)]
struct Arguments {
    /// Folders of runs.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
}

fn main() -> Result<()> {
    for path in Arguments::parse().runs {
        say(format_args!("report: {}", write_page(&RunDir::open(&path)?)?.display()));
    }
    Ok(())
}
