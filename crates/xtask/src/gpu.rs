//! `cargo xtask gpu`: whether a GPU computes what the CPU computes, and how fast beside PyTorch on it.
//!
//! The checks are the tests of `tests/it/gpu`, which print a line each; the times are those of
//! [`peers`] with both sides on the GPU. Both make one table.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::peers;
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

/// What was compared, as a table.
struct Checks(Vec<Check>);

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|check| check.name.len()).max().unwrap_or_default();
        writeln!(f, "{:<width$}    apart  allowed", "against the CPU")?;
        for check in &self.0 {
            let Check { name, found, tolerance } = check;
            let verdict = if check.holds() { "" } else { "  WRONG" };
            writeln!(f, "{name:<width$}  {found:>7.0e}  {tolerance:>7.0e}{verdict}")?;
        }
        Ok(())
    }
}

/// Checks and times the first GPU, prints the table and writes it to `target/peers/gpu.txt`; where there is
/// none, says so, which is no failure.
pub(crate) fn run() -> Result<ExitCode> {
    if let Some(why) = cuda::missing() {
        note(format_args!("No GPU to check: {why}. Nothing was done."));
        return Ok(ExitCode::SUCCESS);
    }
    let libtorch = match setup::run(Request::Any)? {
        Some(libtorch) if cuda::is_whole(&libtorch) => Some(libtorch),
        _ => setup::run(Request::Cuda)?,
    };
    note("Building and running the checks of the GPU against the CPU.");
    let (output, passed) = cargo::checks(libtorch.as_ref(), "it", "gpu::")?;
    let checks = Checks(output.lines().filter_map(Check::parse).collect());
    if checks.0.is_empty() {
        note(output);
        note("The checks did not come to a GPU: see above, and `cargo xtask doctor`.");
        return Ok(ExitCode::FAILURE);
    }
    if !passed {
        note(output);
    }
    // Written before anything is timed, which takes a network and minutes.
    say(&checks);
    std::fs::create_dir_all(peers::folder())?;
    let path = peers::folder().join("gpu.txt");
    peers::write_whole(&path, checks.to_string().as_bytes())?;
    let times = peers::measure(&peers::Options::on_gpu(), libtorch.as_ref())?;
    say(&times);
    peers::write_whole(&path, format!("{checks}\n{times}").as_bytes())?;
    note(format_args!("Written to {}", path.display()));
    if !passed {
        note("A check failed: see above.");
    }
    let timed = times.left_out.iter().all(|row| row.peer == peers::OPTIONAL_PEER);
    Ok(if passed && timed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
