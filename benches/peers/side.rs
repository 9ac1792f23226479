//! What answers the requests.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tch::Device;

use crate::inputs::{Inputs, compute_on, device, wait};
use crate::row::{Entry, Row};

/// A timed repetition has as many runs as fit into this many seconds, but at least one.
const SHORTEST: f64 = 0.3;
/// A run of so many seconds or more is warmed up by one.
const LONG: f64 = 10.0;

/// The requests of `cargo xtask peers`.
#[derive(Deserialize)]
#[serde(tag = "request", rename_all = "lowercase")]
enum Request {
    Hello { threads: usize, device: String },
    Rows,
    Prepare { row: String, file: PathBuf },
    Check,
    Warm,
    Time,
}

/// The rows and the one that is ready.
pub(crate) struct Side {
    rows: &'static [Entry],
    row: Option<Box<dyn Row>>,
    /// Runs in a repetition.
    runs: u32,
}

impl Side {
    pub(crate) fn new(rows: &'static [Entry]) -> Self {
        Self { rows, row: None, runs: 1 }
    }

    /// The answer to a line.
    pub(crate) fn answer(&mut self, line: &str) -> Result<Value> {
        match serde_json::from_str(line)? {
            Request::Hello { threads, device } => {
                compute_on(&device)?;
                let threads = astrogen::runtime::set_threads(Some(threads));
                let libtorch = astrogen::runtime::libtorch::inspect().version;
                Ok(json!({ "libtorch": libtorch, "threads": threads }))
            }
            Request::Rows => {
                let rows = self.rows.iter();
                Ok(rows
                    .filter(|row| device() == Device::Cpu || row.takes_gpu())
                    .map(|row| json!({ "name": row.name, "tolerance": row.tolerance }))
                    .collect())
            }
            Request::Prepare { row, file } => {
                // The last row's memory is free before the next one takes its own.
                self.row = None;
                let entry = self.rows.iter().find(|entry| entry.name == row);
                let entry = entry.with_context(|| format!("there is no row {row}"))?;
                self.row = Some((entry.prepare)(&Inputs::read(&file)?)?);
                Ok(Value::Null)
            }
            Request::Check => {
                let outputs = self.row()?.check()?;
                for (name, value) in &outputs {
                    ensure!(value.is_finite(), "{name} is {value}");
                }
                Ok(json!(outputs))
            }
            Request::Warm => {
                let started = Instant::now();
                self.repeat(1)?;
                self.runs = 1;
                if started.elapsed().as_secs_f64() > LONG {
                    return Ok(Value::Null);
                }
                let started = Instant::now();
                let mut runs = 0;
                while runs == 0 || started.elapsed().as_secs_f64() < SHORTEST {
                    self.repeat(1)?;
                    runs += 1;
                }
                self.runs = runs;
                Ok(Value::Null)
            }
            Request::Time => {
                let started = Instant::now();
                self.repeat(self.runs)?;
                Ok(json!(started.elapsed().as_secs_f64() / f64::from(self.runs)))
            }
        }
    }

    fn row(&mut self) -> Result<&mut Box<dyn Row>> {
        self.row.as_mut().context("no row is prepared")
    }

    fn repeat(&mut self, runs: u32) -> Result<()> {
        let row = self.row()?;
        (0..runs).try_for_each(|_| row.run())?;
        wait();
        Ok(())
    }
}
