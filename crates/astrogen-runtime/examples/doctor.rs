//! Prints what a program of this workspace finds when it starts: libtorch, threads, allocator and
//! CUDA, each fault with its mend. Leaves with status 1 if something hinders work on the CPU.
//!
//! ```text
//! cargo run -p astrogen-runtime --example doctor
//! ```

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    astrogen_runtime::tune_allocator();
    let report = astrogen_runtime::doctor();
    // The finding counts even if nobody reads it.
    let _ = write!(std::io::stdout(), "{report}");
    ExitCode::from(u8::from(!report.faults().is_empty()))
}
