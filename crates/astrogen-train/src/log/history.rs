//! `history.csv`: one row per logged step; `scores.csv` beside it: one row per evaluated checkpoint.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::whole_lines::{retain_lines, whole_lines};
use crate::TrainError;
use crate::fit::{Event, Observer};

/// Appends `step`, `seconds` (of this session) and every loss to a CSV file, and the numbers of
/// every [evaluation](crate::Evaluation) that has some to `scores.csv` in the same folder.
///
/// A resumed run drops the rows after the checkpoint it goes on from: it is about to write
/// them again.
#[derive(Debug)]
pub struct HistoryCsv {
    began: Instant,
    losses: Rows,
    scores: Rows,
}

impl HistoryCsv {
    /// Writes to this file, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let losses = Rows { path: path.into(), writer: None };
        let scores = Rows { path: losses.path.with_file_name("scores.csv"), writer: None };
        Self { began: Instant::now(), losses, scores }
    }

    /// The same with the numbers of evaluations in this file.
    #[must_use]
    pub fn with_scores(mut self, path: impl Into<PathBuf>) -> Self {
        self.scores.path = path.into();
        self
    }
}

impl<S> Observer<S> for HistoryCsv {
    fn observe(&mut self, _: &S, event: &Event) -> Result<(), TrainError> {
        let seconds = self.began.elapsed().as_secs_f64();
        match *event {
            Event::Started { step, again, .. } => {
                self.losses.rewind(step)?;
                self.scores.rewind(if again { step.saturating_sub(1) } else { step })
            }
            Event::Logged { step, losses } => self.losses.append(step, seconds, losses),
            Event::Evaluated { step, evaluation } if !evaluation.numbers.is_empty() => {
                self.scores.append(step, seconds, &evaluation.numbers)
            }
            _ => Ok(()),
        }
    }
}

/// A CSV file that grows by a row at a time.
#[derive(Debug)]
struct Rows {
    path: PathBuf,
    /// The open file, and the names of its columns behind step and seconds.
    writer: Option<(csv::Writer<File>, Vec<String>)>,
}

impl Rows {
    fn error(&self, error: csv::Error) -> TrainError {
        match error.into_kind() {
            csv::ErrorKind::Io(source) => TrainError::Io { path: self.path.clone(), source },
            kind => TrainError::Log { path: self.path.clone(), reason: format!("{kind:?}") },
        }
    }

    /// Keeps the whole rows up to `step`, below a whole row of names; else nothing.
    fn rewind(&mut self, step: u64) -> Result<(), TrainError> {
        self.writer = None;
        let mut columns = None;
        retain_lines(&self.path, |number, line| {
            let mut cells = line.split(',');
            let (first, count) = (cells.next().unwrap_or_default(), 1 + cells.count());
            if number == 0 && first == "step" {
                columns = Some(count);
                return true;
            }
            columns == Some(count) && first.parse::<u64>().is_ok_and(|logged| logged <= step)
        })
    }

    fn append(
        &mut self,
        step: u64,
        seconds: f64,
        numbers: &[(impl AsRef<str>, f64)],
    ) -> Result<(), TrainError> {
        let (mut writer, columns) = match self.writer.take() {
            Some(writer) => writer,
            None => self.open(numbers)?,
        };
        let of = |column: &String| numbers.iter().find(|(name, _)| name.as_ref() == column);
        let values = columns.iter().map(|column| of(column).map_or(f64::NAN, |(_, value)| *value));
        let values = values.map(|value| value.to_string());
        writer
            .write_record([step.to_string(), format!("{seconds:.3}")].into_iter().chain(values))
            .and_then(|()| Ok(writer.flush()?))
            .map_err(|error| self.error(error))?;
        self.writer = Some((writer, columns));
        Ok(())
    }

    /// Opens the file at its end and writes the header if it is new. A file that is there keeps the
    /// columns it has, those of an earlier version say: numbers without one are in `log.jsonl` alone.
    fn open(
        &self,
        numbers: &[(impl AsRef<str>, f64)],
    ) -> Result<(csv::Writer<File>, Vec<String>), TrainError> {
        let file = OpenOptions::new().append(true).create(true).open(&self.path);
        let file = file.map_err(TrainError::io(&self.path))?;
        let is_new = file.metadata().map_err(TrainError::io(&self.path))?.len() == 0;
        let mut writer = csv::Writer::from_writer(file);
        if !is_new {
            let mut reader =
                csv::Reader::from_path(&self.path).map_err(|error| self.error(error))?;
            let names = reader.headers().map_err(|error| self.error(error))?;
            return Ok((writer, names.iter().skip(2).map(str::to_owned).collect()));
        }
        let names: Vec<String> = numbers.iter().map(|(name, _)| name.as_ref().to_owned()).collect();
        let all = ["step", "seconds"].into_iter().chain(names.iter().map(|name| &name[..]));
        writer.write_record(all).map_err(|error| self.error(error))?;
        Ok((writer, names))
    }
}

/// A history read back, for plots and comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Steps of the rows.
    pub steps: Vec<u64>,
    /// Each loss by name, one value per row.
    pub losses: Vec<(String, Vec<f64>)>,
}

impl History {
    /// Reads a `history.csv`, or a `scores.csv`: its whole rows, since a run may be writing one.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let named = |error: &dyn std::fmt::Display| TrainError::Log {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        std::fs::metadata(path).map_err(|error| named(&error))?;
        let text = whole_lines(path)?.join("\n");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| named(&error))?.clone();
        if header.get(0) != Some("step") || header.get(1) != Some("seconds") {
            return Err(named(&"a history begins with the columns step and seconds"));
        }
        let mut history = Self {
            steps: Vec::new(),
            losses: header.iter().skip(2).map(|name| (name.to_owned(), Vec::new())).collect(),
        };
        for row in reader.records() {
            let row = row.map_err(|error| named(&error))?;
            history.steps.push(row[0].parse().map_err(|error| named(&error))?);
            for ((_, values), text) in history.losses.iter_mut().zip(row.iter().skip(2)) {
                values.push(text.parse().map_err(|error| named(&error))?);
            }
        }
        Ok(history)
    }
}
