//! Files of PyTorch's `torch.save`: tensors in dicts, and nothing that would have to be executed.
//!
//! Such a file is a zip archive of a pickle and of the tensors' bytes. A pickle is a program, and
//! what PyTorch does with one is what its author wants. Here it is read by a machine that knows
//! dicts, lists, tuples, texts, numbers, bools, `None` and tensors; a file that names any other
//! class or function is refused with that name.
//!
//! A file may be a state_dict, or hold one, as checkpoints do beside the state of the optimizer:
//!
//! ```no_run
//! use astrogen_nn::weights::{self, Value};
//!
//! let file = weights::read_pytorch("checkpoint.pth")?;
//! if let Some(Value::Int(epoch)) = file.value.get("epoch") {
//!     assert!(*epoch > 0);
//! }
//! let tensors = file.state_dict(Some("model_state_dict"))?;
//! assert_eq!(tensors["net.0.weight"].size(), [64, 3]);
//! # Ok::<(), astrogen_nn::NnError>(())
//! ```

mod archive;
mod global;
mod machine;
mod opcode;
mod storage;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::Tensor;

use crate::NnError;
use archive::Archive;
pub use value::Value;

/// What all zip archives begin with.
const ZIP: &[u8] = b"PK\x03\x04";

/// What a file of PyTorch before 1.6 says of itself, behind its protocol.
const LEGACY: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// What a file of `torch.save` holds.
#[derive(Debug)]
pub struct PyTorchFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// The value that was saved.
    pub value: Value,
}

/// Reads a file of PyTorch's `torch.save` onto the CPU, `.pth` or `.pt`.
///
/// # Errors
/// [`NnError::Io`] where it cannot be read; [`NnError::InvalidFile`] where it is cut off, damaged,
/// of PyTorch before 1.6 or of another format, or holds anything but plain values and tensors.
pub fn read_pytorch(path: impl AsRef<Path>) -> Result<PyTorchFile, NnError> {
    let path = path.as_ref();
    parse(path, &super::bytes_of(path)?)
}

/// So many first bytes tell whether a file is one of PyTorch's.
pub(super) const FIRST: u64 = 2 + LEGACY.len() as u64;

/// Whether a file is one of PyTorch's, by its first bytes.
pub(super) fn is_pytorch(data: &[u8]) -> bool {
    data.starts_with(ZIP) || is_legacy(data)
}

fn is_legacy(data: &[u8]) -> bool {
    data.first() == Some(&0x80) && data.get(2..).is_some_and(|data| data.starts_with(LEGACY))
}

pub(super) fn parse(path: &Path, data: &[u8]) -> Result<PyTorchFile, NnError> {
    match value(data) {
        Ok(value) => Ok(PyTorchFile { path: path.to_owned(), value }),
        Err(reason) => Err(refused(path, &reason)),
    }
}

fn refused(path: &Path, reason: &str) -> NnError {
    NnError::InvalidFile { path: path.to_owned(), reason: format!("cannot be read: {reason}") }
}

fn value(data: &[u8]) -> Result<Value, String> {
    if is_legacy(data) {
        return Err("it was written by PyTorch before 1.6, or in its way: load it and save it \
                    again with PyTorch 1.6 or newer"
            .to_owned());
    }
    let mut archive = Archive::new(data)?;
    let pickle = archive.pickle()?;
    let made = machine::run(&pickle)?;
    value::tree(&made, pickle.len(), archive)
}

impl PyTorchFile {
    /// The dict of tensors of this name, `model_state_dict` say, with dots between the names of
    /// dicts in each other; or, without a name, the only one there is, be it the whole file.
    ///
    /// # Errors
    /// [`NnError::InvalidFile`] where there is none or, without a name, more than one; the message
    /// lists what there is.
    pub fn state_dict(&self, name: Option<&str>) -> Result<BTreeMap<String, Tensor>, NnError> {
        let mut all = Vec::new();
        state_dicts(&self.value, String::new(), &mut all);
        let found: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        let place = match name {
            Some(name) => found.iter().position(|found| *found == name),
            None => (all.len() == 1).then_some(0),
        };
        if let Some(place) = place {
            return Ok(all.swap_remove(place).1);
        }
        let list = found.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let reason = match (name, all.is_empty()) {
            (_, true) => format!(
                "it holds no dict of tensors, but {}: save one, `torch.save(net.state_dict(), path)`",
                contents(&self.value)
            ),
            (Some(name), _) => format!("it holds no dict of tensors `{name}`, but {list}"),
            (None, _) => format!("it holds several dicts of tensors, {list}: say which"),
        };
        Err(refused(&self.path, &reason))
    }
}

/// All dicts of nothing but tensors, by their names.
fn state_dicts(value: &Value, name: String, all: &mut Vec<(String, BTreeMap<String, Tensor>)>) {
    let Value::Dict(items) = value else { return };
    let tensors = items.iter().map(|item| match item {
        (Value::Text(name), Value::Tensor(tensor)) => Some((name.clone(), tensor.shallow_clone())),
        _ => None,
    });
    match tensors.collect::<Option<BTreeMap<_, _>>>() {
        Some(tensors) if !tensors.is_empty() => all.push((name, tensors)),
        _ => {
            for (key, value) in items {
                if let Value::Text(key) = key {
                    let dot = if name.is_empty() { "" } else { "." };
                    state_dicts(value, format!("{name}{dot}{key}"), all);
                }
            }
        }
    }
}

/// A value's first parts, in words.
fn contents(value: &Value) -> String {
    /// A message is to be read.
    const LISTED: usize = 8;
    let Value::Dict(items) = value else { return value.words() };
    let named = items.iter().filter_map(|(key, value)| match key {
        Value::Text(key) => Some(format!("`{key}` ({})", value.words())),
        _ => None,
    });
    let listed: Vec<String> = named.take(LISTED).collect();
    match (listed.len(), items.len()) {
        (0, _) => value.words(),
        (shown, all) if shown < all => format!("{} and {} more", listed.join(", "), all - shown),
        _ => listed.join(", "),
    }
}
