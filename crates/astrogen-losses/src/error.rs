//! What can go wrong with a loss.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LossError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What was given.
        got: String,
    },
}
