//! The one error of this crate, sorted by who is at fault: the caller, the weights, or the machine.

use astrogen_nn::NnError;

/// Everything that can go wrong with a flow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: String,
        /// What was given.
        got: String,
    },

    /// A tensor of the wrong shape was given to a flow.
    #[error("{what} must have shape {expected}, got {got:?}")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// The shape or shapes that fit.
        expected: String,
        /// The shape that was given.
        got: Vec<i64>,
    },

    /// A flow that needs a context has none, or one that needs none has one.
    #[error("the flow takes {expected} context values, got {got}: {hint}")]
    Context {
        /// The context values that it takes.
        expected: i64,
        /// What was given.
        got: String,
        /// What to do.
        hint: &'static str,
    },

    /// A density that is zero, or no number, wherever it was asked for.
    #[error(
        "row {row} has no density on the grid: is the feature in its own unit, and the grid where it can be?"
    )]
    NoDensity {
        /// The row, from 0.
        row: i64,
    },

    /// A mask that does not fit its network.
    #[error("transform {index} does not fit: {reason}")]
    Misfit {
        /// Its place in the flow, from 0.
        index: usize,
        /// What does not fit.
        reason: String,
    },

    /// Weights that make a transform no bijection.
    #[error("transform {index} cannot be inverted: {reason}")]
    Singular {
        /// Its place in the flow, from 0.
        index: usize,
        /// What is wrong with its weights.
        reason: String,
    },

    /// Tensors that are none of the flows that can be imported, or that leave open which.
    #[error("{origin} cannot be imported: {reason}")]
    Import {
        /// Where they came from.
        origin: String,
        /// What does not fit, or what to name.
        reason: String,
    },

    /// A network could not be built, saved or loaded.
    #[error(transparent)]
    Nn(#[from] NnError),

    /// libtorch refused an operation, for want of memory say.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for FlowError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}

impl FlowError {
    /// What a config is refused with where a network of `astrogen-nn` is built of it.
    pub(crate) fn into_nn(self) -> NnError {
        match self {
            Self::Setting { name, rule, got } => NnError::Setting { name, rule, got },
            Self::Nn(error) => error,
            other => NnError::Setting { name: "flow", rule: other.to_string(), got: String::new() },
        }
    }
}
