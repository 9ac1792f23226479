//! Catalogues and sky maps as training data.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic and speak")]

mod contexts;
mod made;
mod matching;
mod of_rows;
mod rows;
mod scaling;
mod settings;
