//! What can go wrong with a network or its weights, sorted by who is at fault.

use std::fmt;
use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NnError {
    // The caller.
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed, and what is near where that helps.
        rule: String,
        /// What was given.
        got: String,
    },
    /// A tensor of the wrong shape was given to a network.
    #[error("{what} must have shape {expected}, got {got:?}")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// The shape or shapes that fit.
        expected: String,
        /// The shape that was given.
        got: Vec<i64>,
    },
    /// A variable store holds a variable of this name already.
    #[error(
        "the variable store already holds `{name}`: give each network a variable store or \
         a path of its own"
    )]
    NameTaken {
        /// The variable's name.
        name: String,
    },
    /// A tensor's name cannot stand in a weights file.
    #[error("`{name}` cannot name a tensor in a weights file: {reason}")]
    InvalidName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A network's config cannot be written into its weights file.
    #[error("the config of {model} cannot be saved as JSON: {reason}")]
    ConfigNotJson {
        /// What weights files call the network.
        model: &'static str,
        /// Why not.
        reason: String,
    },

    // The file.
    /// A folder without the weights file that a run directory has.
    #[error(
        "no {file} in {folder}: expected a run directory that holds one, or the path of a \
         weights file"
    )]
    NoWeights {
        /// The folder.
        folder: PathBuf,
        /// The file that was looked for.
        file: String,
    },
    /// Reading or writing failed.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, "read" say.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The file is no whole weights file, or holds something else than weights.
    #[error("{path} {reason}")]
    InvalidFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do, to be read behind the path.
        reason: String,
    },
    /// The file does not say which network it holds, or holds another.
    #[error("{path} holds {got}, expected {expected}")]
    WrongModel {
        /// The file.
        path: PathBuf,
        /// The network that was asked for.
        expected: String,
        /// What the file says it holds.
        got: String,
    },
    /// The file is whole, but its config is none of the network's: of another version, say.
    #[error(
        "the config in the metadata {} of {path} is none of a {model} ({reason}): it was written by \
         another version of the program, or changed",
        crate::weights::CONFIG_KEY
    )]
    UnknownConfig {
        /// The file.
        path: PathBuf,
        /// What weights files call the network.
        model: String,
        /// What is not understood.
        reason: String,
    },
    /// The weights are not those of this network.
    #[error("{origin} does not fit the network:{mismatch}")]
    Mismatch {
        /// Where the weights came from.
        origin: String,
        /// Every difference.
        mismatch: WeightMismatch,
    },

    // libtorch.
    /// libtorch refused an operation, for want of memory say.
    #[error("libtorch failed to {action}: {reason}")]
    Torch {
        /// What was tried.
        action: String,
        /// libtorch's own message, without the stack it appends.
        reason: String,
    },
}

impl NnError {
    /// libtorch's error in words: what was tried, and its message's first line; the rest is a C++
    /// stack.
    pub fn torch(action: impl Into<String>, error: &tch::TchError) -> Self {
        let message = error.to_string();
        let reason = message.lines().next().unwrap_or_default().to_owned();
        Self::Torch { action: action.into(), reason }
    }
}

/// Differences of a kind that are shown.
const SHOWN: usize = 32;

/// How the weights that were given differ from those of a network: every difference, in
/// the order of the names. Shown are the first 32 of a kind, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightMismatch {
    /// Names the network has and the weights lack, each with its shape.
    pub missing: Vec<String>,
    /// Names the weights have and the network lacks, each with its shape.
    pub unexpected: Vec<String>,
    /// Names of both with another shape or element type, each with what was expected and
    /// what was got.
    pub different: Vec<String>,
}

impl WeightMismatch {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.different.is_empty()
    }
}

impl fmt::Display for WeightMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("different", &self.different),
        ];
        for (title, entries) in lists.iter().filter(|(_, entries)| !entries.is_empty()) {
            write!(f, "\n  {title} ({}):", entries.len())?;
            for entry in entries.iter().take(SHOWN) {
                write!(f, "\n    {entry}")?;
            }
            if entries.len() > SHOWN {
                write!(f, "\n    and {} more", entries.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}
