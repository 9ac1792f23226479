//! Folders of image files: what becomes a sample, and what is said about the rest.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bad_files;
mod changes;
mod made;
mod memory;
mod samples;
mod scaling;
#[cfg(unix)]
mod scratch;
mod shrink;
mod split;
