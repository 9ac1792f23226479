//! `log.jsonl`: every event as one line of JSON, for machines.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::StepLines;
use crate::TrainError;
use crate::fit::{Event, Observer};

/// Appends each event, with the time in seconds since 1970, to a file.
///
/// A resumed run drops the events after the checkpoint it goes on from: they are about to come
/// again.
#[derive(Debug)]
pub struct JsonLines(StepLines);

impl JsonLines {
    /// Appends to this file, which need not exist.
    ///
    /// # Errors
    /// None at present: the file is opened with the first event.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        Ok(Self(StepLines::new(path)))
    }
}

impl<S> Observer<S> for JsonLines {
    fn observe(&mut self, _: &S, event: &Event) -> Result<(), TrainError> {
        let mut line = match *event {
            Event::Started { step, steps, again } => {
                self.0.retain(|of, line| {
                    of < step || (of == step && !(again && line["event"] == "saved"))
                })?;
                json!({"event": "started", "step": step, "steps": steps})
            }
            Event::Warned { message } => json!({"event": "warned", "message": message}),
            Event::Logged { step, losses } => {
                json!({"event": "logged", "step": step, "losses": object(losses)})
            }
            Event::Sample { step } => json!({"event": "sample", "step": step}),
            Event::Saved { step, path, score } => {
                let file = path.file_name().map(|name| name.to_string_lossy());
                let value = score.map(|score| score.value);
                let mut line =
                    json!({"event": "saved", "step": step, "path": file, "score": value});
                if let Some(score) = score.filter(|score| !score.numbers.is_empty()) {
                    line["numbers"] = object(&score.numbers);
                }
                line
            }
            Event::Finished { step, interrupted } => {
                json!({"event": "finished", "step": step, "interrupted": interrupted})
            }
        };
        // A clock before 1970 is no reason to stop a run.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        line["time"] = now.as_secs_f64().into();
        self.0.append(&line)
    }
}

/// Named numbers as a JSON object.
fn object(numbers: &[(&'static str, f64)]) -> Value {
    numbers.iter().map(|&(name, value)| (name.to_owned(), Value::from(value))).collect()
}
