//! `log.jsonl`: every event as one line of JSON, for machines.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tch::Device;

use super::StepLines;
use crate::TrainError;
use crate::fit::{Evaluation, Event, Observer};

/// Appends each event, with the time in seconds since 1970, to a file; that a session started, with its
/// device and its [environment](astrogen_runtime::Environment).
///
/// A resumed run drops the events after the checkpoint it goes on from: they are about to come
/// again.
#[derive(Debug)]
pub struct JsonLines(StepLines);

impl JsonLines {
    /// Appends to this file, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(StepLines::new(path))
    }
}

impl<S> Observer<S> for JsonLines {
    fn observe(&mut self, _: &S, event: &Event) -> Result<(), TrainError> {
        let mut line = match *event {
            Event::Started { step, steps, again, device } => {
                self.0.retain(|of, line| {
                    of < step || (of == step && !(again && comes_again(line)))
                })?;
                json!({
                    "event": "started",
                    "step": step,
                    "steps": steps,
                    "device": name(device),
                    "environment": astrogen_runtime::environment(),
                })
            }
            Event::Warned { message } => json!({"event": "warned", "message": message}),
            Event::Logged { step, losses } => {
                json!({"event": "logged", "step": step, "losses": object(losses)})
            }
            Event::Sample { step } => json!({"event": "sample", "step": step}),
            Event::Evaluated { step, evaluation } => {
                let mut line = evaluated(evaluation);
                line["event"] = "evaluated".into();
                line["step"] = step.into();
                if let Some(remark) = &evaluation.remark {
                    line["remark"] = remark.as_str().into();
                }
                line
            }
            Event::Saved { step, path, evaluation } => {
                let mut line = evaluation.map_or_else(|| json!({"score": null}), evaluated);
                line["event"] = "saved".into();
                line["step"] = step.into();
                line["path"] = path.file_name().map(|name| name.to_string_lossy()).into();
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

/// A device as command lines name it.
fn name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Whether an event is one of those that a session does again for its last checkpoint.
fn comes_again(line: &Value) -> bool {
    line["event"] == "evaluated" || line["event"] == "saved"
}

/// Score and numbers of an evaluation.
fn evaluated(evaluation: &Evaluation) -> Value {
    let mut line = json!({"score": evaluation.score});
    if !evaluation.numbers.is_empty() {
        line["numbers"] = object(&evaluation.numbers);
    }
    line
}

/// Named numbers as a JSON object.
fn object(numbers: &[(impl AsRef<str>, f64)]) -> Value {
    let named = numbers.iter().map(|(name, value)| (name.as_ref().to_owned(), (*value).into()));
    Value::Object(named.collect())
}
