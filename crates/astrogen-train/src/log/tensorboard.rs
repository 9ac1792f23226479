//! TensorBoard event files: losses and the numbers of evaluations as scalars.
//!
//! An event file is a sequence of records, each `length (u64) | masked CRC-32C of it |
//! Event message | masked CRC-32C of it`, little-endian; the messages are protocol buffers.
//! Only the fields written here are declared.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::TrainError;
use crate::fit::{Event as FitEvent, Observer};

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// `status` 1 is START: what an earlier session wrote for later steps is void.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Writes `events.out.tfevents.TIME.astrogen` into a folder; each session of a run has its
/// own file, as TensorBoard expects.
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
}

impl TensorBoard {
    /// Begins a new event file in this folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(folder: &Path) -> Result<Self, TrainError> {
        let nanoseconds = since_1970().as_nanos();
        let path = folder.join(format!("events.out.tfevents.{nanoseconds}.astrogen"));
        let file = File::create_new(&path).map_err(TrainError::io(&path))?;
        let mut board = Self { path, file };
        board.write(0, What::FileVersion("brain.Event:2".to_owned()))?;
        Ok(board)
    }

    fn write_scalars(
        &mut self,
        step: u64,
        numbers: &[(impl AsRef<str>, f64)],
    ) -> Result<(), TrainError> {
        let scalar = |(name, value): &(_, f64)| Value {
            tag: AsRef::<str>::as_ref(name).to_owned(),
            simple_value: *value as f32,
        };
        let value = numbers.iter().map(scalar).collect();
        self.write(step, What::Summary(Summary { value }))
    }

    fn write(&mut self, step: u64, what: What) -> Result<(), TrainError> {
        let event = Event {
            wall_time: since_1970().as_secs_f64(),
            step: step.cast_signed(),
            what: Some(what),
        };
        self.file.write_all(&record(&event.encode_to_vec())).map_err(TrainError::io(&self.path))
    }
}

impl<S> Observer<S> for TensorBoard {
    fn observe(&mut self, _: &S, event: &FitEvent) -> Result<(), TrainError> {
        match *event {
            // Readers drop what they have from the step of a start on: the first one to come.
            FitEvent::Started { step, again, .. } => {
                let next = if again { step } else { step + 1 };
                self.write(next, What::SessionLog(SessionLog { status: 1 }))
            }
            FitEvent::Logged { step, losses } => self.write_scalars(step, losses),
            FitEvent::Evaluated { step, evaluation } if !evaluation.numbers.is_empty() => {
                self.write_scalars(step, &evaluation.numbers)
            }
            _ => Ok(()),
        }
    }
}

fn since_1970() -> std::time::Duration {
    // A clock before 1970 is no reason to stop a run.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// One record of an event file.
fn record(message: &[u8]) -> Vec<u8> {
    let masked = |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8);
    let length = (message.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(message.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(message);
    record.extend(masked(message).to_le_bytes());
    record
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_messages_have_the_published_wire_form() {
        let event = Event {
            wall_time: 0.0,
            step: 7,
            what: Some(What::Summary(Summary {
                value: vec![Value { tag: "loss".into(), simple_value: 0.5 }],
            })),
        };
        let expected = [
            0x10, 7, // field 2 (step), varint
            0x2a, 13, // field 5 (summary), 13 bytes
            0x0a, 11, // field 1 (value), 11 bytes
            0x0a, 4, b'l', b'o', b's', b's', // field 1 (tag)
            0x15, 0, 0, 0, 0x3f, // field 2 (simple_value), 0.5 as float32
        ];
        assert_eq!(event.encode_to_vec(), expected);
    }

    #[test]
    fn records_are_framed_by_length_and_masked_checksums() {
        let framed = record(b"123456789");
        assert_eq!(framed.len(), 8 + 4 + 9 + 4);
        assert_eq!(framed[..8], 9_u64.to_le_bytes());
        // CRC-32C of "123456789" is the published check value 0xE3069283.
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(framed[21..], masked.to_le_bytes());
    }
}
