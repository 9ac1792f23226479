//! Mutates files and opens them by this crate's three doors: whatever is in a file, it is
//! opened or refused, without a panic, a crash, a hang, or more memory than its size explains.
//!
//!     cargo run --release -p astrogen-preprocess --example fuzz -- --door image --count 10000
//!
//! An input is a function of the seeds, of `--seed` and of its index: `--first INDEX --count 1`
//! opens one again. Inputs are opened in a child process, so that a crash in C code is seen
//! too. What fails is kept in a folder, and the exit status is 1.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

mod bound;
mod cards;
mod child;
mod door;
mod hunt;
mod inputs;
mod made;
mod memory;
mod mutate;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::door::Door;
use crate::inputs::Inputs;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Opens mutated files by a door of astrogen-preprocess.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// How the files are opened.
    #[arg(long)]
    door: Door,
    /// Folders of files to mutate, beside those that the program makes; repeatable. Files
    /// above 256 KiB are left out.
    #[arg(long)]
    seeds: Vec<PathBuf>,
    /// How many inputs are opened.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The index of the first input.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The seed of the mutations.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder of inputs that failed.
    #[arg(long, default_value = "target/fuzz")]
    keep: PathBuf,
    /// Opens the inputs in this process and reports to another one.
    #[arg(long, hide = true)]
    child: bool,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let inputs = Inputs::new(arguments.door, &arguments.seeds, arguments.seed)?;
    let range = arguments.first..arguments.first.saturating_add(arguments.count);
    if arguments.child {
        child::run(arguments.door, &inputs, range)?;
        return Ok(ExitCode::SUCCESS);
    }
    let summary = hunt::run(&arguments, &inputs, range)?;
    println!("{summary}");
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
