//! A file of JSON lines, each of a step.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use super::whole_lines::retain_lines;
use crate::TrainError;

/// A file of lines `{"step": 12, ...}` that a resumed run takes up where it goes on.
#[derive(Debug)]
pub struct StepLines {
    path: PathBuf,
    file: Option<File>,
}

impl StepLines {
    /// Writes to this file, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None }
    }

    /// Keeps the whole lines that are wanted, by their step and contents.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn retain(&mut self, wanted: impl Fn(u64, &Value) -> bool) -> Result<(), TrainError> {
        self.file = None;
        retain_lines(&self.path, |_, line| {
            let line = serde_json::from_str::<Value>(line).unwrap_or_default();
            line["step"].as_u64().is_none_or(|step| wanted(step, &line)) && !line.is_null()
        })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, line: &Value) -> Result<(), TrainError> {
        let write = |file: &mut File| writeln!(file, "{line}");
        let mut file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)
                .map_err(TrainError::io(&self.path))?,
        };
        write(&mut file).map_err(TrainError::io(&self.path))?;
        self.file = Some(file);
        Ok(())
    }
}
