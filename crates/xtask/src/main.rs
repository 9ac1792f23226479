//! One-command set-up and checks of the astrogen workspace.
//!
//! `cargo xtask test` and `cargo xtask demo` set up libtorch by themselves and then
//! run; `setup` does only the set-up, `doctor` says what is wrong and how to mend it,
//! `python` and `golden` remake the reference values of the tests, `peers` times ours and
//! PyTorch in turn, `gpu` checks and times a GPU. It links no libtorch, so it builds in seconds.

mod cache;
mod cargo;
mod config;
mod cuda;
mod doctor;
mod environment;
mod golden;
mod gpu;
mod libtorch;
mod machine;
mod peers;
mod pip;
mod platform;
mod program;
mod python;
mod record;
mod report;
mod say;
mod setup;
mod wheel;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::say::{note, say};
use crate::setup::Request;

/// One-command set-up and checks of the astrogen workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch libtorch (once for all clones) and tell cargo where it is
    Setup {
        /// Set up the libtorch that runs on NVIDIA GPUs (about 4.5 GB on disk)
        #[arg(long, conflicts_with = "cpu")]
        cuda: bool,
        /// Set up the CPU libtorch (about 1.2 GB on disk), also in place of the CUDA one
        #[arg(long)]
        cpu: bool,
    },
    /// Set up, then train the small nebula DCGAN: examples/nebula_dcgan.rs
    Demo {
        /// Arguments of the example
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Set up, then run every test of the workspace, documentation examples included
    Test {
        /// Arguments of the test programs, such as --nocapture or a part of a test's name
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Say what was found on this machine and, for whatever is wrong, the exact mend
    Doctor,
    /// Time our programs and PyTorch's in turn; writes target/peers/report.json
    Peers(peers::Options),
    /// Check a GPU against the CPU and time it beside PyTorch; says so where there is none
    Gpu,
    /// Make the Python environment of the golden scripts and the peers, print its interpreter
    Python,
    /// Remake the golden values: run crates/*/tests/golden/*.py
    Golden {
        /// Only scripts whose path holds this text
        name: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            note(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Setup { cuda, cpu } => {
            let request = match (cuda, cpu) {
                (true, _) => Request::Cuda,
                (_, true) => Request::Cpu,
                _ => Request::Any,
            };
            setup::run(request)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo { args } => {
            let libtorch = setup::run(Request::Any)?;
            note(
                "Building the demo. The first time this takes several minutes: torch-sys compiles \
                 its C++ glue once for the release profile.",
            );
            cargo::demo(libtorch.as_ref(), &args)
        }
        Command::Test { args } => {
            let libtorch = setup::run(Request::Any)?;
            note(
                "Building and running all tests. The first time this takes several minutes: \
                 torch-sys compiles its C++ glue and cfitsio is built from source.",
            );
            cargo::test(libtorch.as_ref(), &args)
        }
        Command::Doctor => doctor::run(),
        Command::Peers(options) => {
            peers::run(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Gpu => gpu::run(),
        Command::Python => {
            say(python::environment()?.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Golden { name } => {
            golden::run(name.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
