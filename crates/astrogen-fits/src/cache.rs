//! The user's cache folder, named here for all crates that keep something in it.

use std::path::PathBuf;

/// astrogen's folder in the user's cache folder, `$XDG_CACHE_HOME/astrogen` or
/// `~/.cache/astrogen` on Linux, if the user has one. It need not exist.
///
/// Simulated skies are kept there, and frames that are decoded once and do not fit into memory.
pub fn cache_folder() -> Option<PathBuf> {
    dirs::cache_dir().map(|cache| cache.join("astrogen"))
}
