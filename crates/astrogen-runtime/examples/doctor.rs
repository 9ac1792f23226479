//! Prints what a program of this workspace finds when it starts: libtorch, threads, allocator and
//! CUDA, each fault with its mend. Leaves with status 1 if something hinders work on the CPU.
//!
//! ```text
//! cargo run -p astrogen-runtime --example doctor
//! ```
#![allow(clippy::print_stdout, reason = "a command talks to its user")]

use std::process::ExitCode;

fn main() -> ExitCode {
    astrogen_runtime::tune_allocator();
    let report = astrogen_runtime::doctor();
    print!("{report}");
    ExitCode::from(u8::from(!report.faults().is_empty()))
}
