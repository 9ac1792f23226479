//! Where this clone lies.

use std::path::{Path, PathBuf};

/// The root folder of the clone that `cargo xtask` was called in.
pub(crate) fn root() -> PathBuf {
    // cargo names the package it runs; the path at compile time serves a program
    // that is started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|path| path.ends_with("crates/xtask"))
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let root = package.ancestors().nth(2).unwrap_or(Path::new("."));
    root.to_path_buf()
}
