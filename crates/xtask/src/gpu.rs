//! `cargo xtask gpu`: whether a GPU computes what the CPU computes, and how fast beside PyTorch on it.
//!
//! The checks are the tests of `tests/it/gpu`, which print a line each; the times are those of
//! [`peers`] with both sides on the GPU. Both make one table.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::peers::{self, Report};
use crate::say::{note, say};
use crate::setup::{self, Request};
use crate::{cargo, cuda};

/// How a test's line of a check begins.
const CHECK: &str = "gpu-check\t";

/// What a test compared.
#[derive(Debug, PartialEq)]
struct Check {
    name: String,
    /// How far apart GPU and CPU were, relative to the larger, and how far they may be.
    found: f64,
    tolerance: f64,
}

impl Check {
    /// From a line that a test printed, if it is one of a check.
    fn parse(line: &str) -> Option<Self> {
        // The name of the test may stand before it, on the same line.
        let mut words = line[line.find(CHECK)? + CHECK.len()..].split('\t');
        let name = words.next()?.to_owned();
        let mut number = || words.next()?.trim().parse().ok();
        Some(Self { name, found: number()?, tolerance: number()? })
    }

    fn holds(&self) -> bool {
        self.found <= self.tolerance
    }
}

/// The whole table.
struct Table {
    checks: Vec<Check>,
    times: Report,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        writeln!(f, "{:<width$}    apart  allowed", "against the CPU")?;
        for check in &self.checks {
            let Check { name, found, tolerance } = check;
            let verdict = if check.holds() { "" } else { "  WRONG" };
            writeln!(f, "{name:<width$}  {found:>7.0e}  {tolerance:>7.0e}{verdict}")?;
        }
        write!(f, "\n{}", self.times)
    }
}

/// Checks and times the first GPU, prints the table and writes it to `target/peers/gpu.txt`; where there is
/// none, says so, which is no failure.
pub(crate) fn run() -> Result<ExitCode> {
    if let Some(why) = cuda::missing() {
        note(format_args!("No GPU to check: {why}. Nothing was done."));
        return Ok(ExitCode::SUCCESS);
    }
    let libtorch = setup::run(Request::Cuda)?;
    note("Building and running the checks of the GPU against the CPU.");
    let (output, passed) = cargo::checks(libtorch.as_ref(), "it", "gpu::")?;
    let checks: Vec<Check> = output.lines().filter_map(Check::parse).collect();
    if checks.is_empty() {
        note(output);
        note("The checks did not come to a GPU: see above, and `cargo xtask doctor`.");
        return Ok(ExitCode::FAILURE);
    }
    let times = peers::measure(&peers::Options::on_gpu(), libtorch.as_ref())?;
    let table = Table { checks, times }.to_string();
    let path = peers::folder().join("gpu.txt");
    peers::write_whole(&path, table.as_bytes())?;
    say(&table);
    if !passed {
        note(output);
        note("A check failed: see above.");
        return Ok(ExitCode::FAILURE);
    }
    note(format_args!("Written to {}", path.display()));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read_from_what_tests_print() {
        let line = "test gpu::steps::flows ... gpu-check\tstep of a flow\t1.5e-4\t1e-3";
        let check = Check::parse(line).unwrap();
        assert_eq!(check, Check { name: "step of a flow".into(), found: 1.5e-4, tolerance: 1e-3 });
        assert!(check.holds());
        assert!(!Check::parse("gpu-check\tx\t2e-3\t1e-3").unwrap().holds());
        assert!(!Check::parse("gpu-check\tx\tNaN\t1e-3").unwrap().holds());
        for other in ["test result: ok", "gpu-check\tx", "gpu-check\tx\ta\tb"] {
            assert_eq!(Check::parse(other), None);
        }
    }
}
