//! The user's cache folder, named here for all crates that keep something in it.

use std::path::PathBuf;

/// astrogen's folder in the user's cache folder, if the user has one: `$XDG_CACHE_HOME/astrogen`, else
/// that of the system, as `~/.cache/astrogen` on Linux. It need not exist.
///
/// Simulated skies are kept there, and frames that are decoded once and do not fit into memory.
pub fn cache_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let named = named.filter(|path| path.is_absolute());
    named.or_else(dirs::cache_dir).map(|cache| cache.join("astrogen"))
}
