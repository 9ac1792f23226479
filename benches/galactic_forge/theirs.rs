//! The other side: a process of `theirs.py`, which trains in PyTorch.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// A flow that PyTorch trains; it ends with this.
pub(crate) struct Theirs {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Theirs {
    /// By an interpreter with so many threads, of the stars in `file`; `schedule` is one of the
    /// script's.
    pub(crate) fn start(
        (python, threads): (&Path, usize),
        file: &Path,
        flow: &str,
        schedule: &str,
        steps: u64,
    ) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/galactic_forge/theirs.py");
        let mut child = Command::new(python)
            .arg("-B")
            .arg(script)
            .arg(file)
            .args([flow, schedule, &steps.to_string(), &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", python.display()))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.context("it was started with pipes")?;
        Ok(Self { child, requests, answers: BufReader::new(answers) })
    }

    /// So many steps; seconds.
    pub(crate) fn train(&mut self, steps: u64) -> Result<f64> {
        self.ask(&format!("train {steps}"))
    }

    /// Draws so many stars, each for conditions of its own; seconds.
    pub(crate) fn sample(&mut self, count: usize) -> Result<f64> {
        self.ask(&format!("sample {count}"))
    }

    /// The mean log-likelihood of the stars of each galaxy that is judged; NaN where it is not finite.
    pub(crate) fn judge(&mut self) -> Result<Vec<f64>> {
        let means: Vec<Option<f64>> = self.ask("judge")?;
        Ok(means.into_iter().map(|mean| mean.unwrap_or(f64::NAN)).collect())
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &str) -> Result<T> {
        writeln!(self.requests, "{request}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer)
            .with_context(|| format!("{request} was answered by {answer:?}"))
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
