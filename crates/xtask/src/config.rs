//! The untracked `.cargo/libtorch.toml`, which `.cargo/config.toml` includes.
//!
//! It tells torch-sys where libtorch is (`LIBTORCH`) and programs where to find its
//! libraries when they run (an rpath): cargo itself adds only folders inside `target/`
//! to the library search path.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use atomic_write_file::AtomicWriteFile;

use crate::libtorch::Libtorch;
use crate::workspace;

/// Where the file lies.
pub(crate) fn path() -> PathBuf {
    workspace::root().join(".cargo/libtorch.toml")
}

/// The linker argument that makes programs find libtorch's libraries in `lib`.
pub(crate) fn rpath(lib: &Path) -> String {
    format!("link-arg=-Wl,-rpath,{}", lib.display())
}

/// The text of the file for a libtorch.
pub(crate) fn render(libtorch: &Libtorch) -> Result<String> {
    let root = libtorch.root.to_str().with_context(|| {
        format!("the path {} is not UTF-8, which cargo asks for", libtorch.root.display())
    })?;
    // A comma ends a linker option, a colon a search path, a dollar sign starts a
    // variable of the loader, a quote ends a TOML string.
    ensure!(
        !root.contains([',', ':', '$', '\'']) && !root.contains(char::is_control),
        "the path of libtorch, {root:?}, holds a character that the linker or cargo reads as \
         something else (one of , : $ '). Move it, or point XDG_CACHE_HOME to a folder with a \
         plain name"
    );
    let rpath = rpath(&libtorch.lib());
    Ok(format!(
        "# Written by `cargo xtask setup`; it writes this file anew when libtorch moves.\n\
         [env]\n\
         LIBTORCH = '{root}'\n\
         \n\
         [target.'cfg(unix)']\n\
         rustflags = ['-C', '{rpath}']\n\
         \n\
         [build]\n\
         rustdocflags = ['-C', '{rpath}']\n"
    ))
}

/// The libtorch folder that the file's text names.
pub(crate) fn recorded(text: &str) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.strip_prefix("LIBTORCH = "))?.trim();
    let inner = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
    let inner = inner.or_else(|| value.strip_prefix('"').and_then(|v| v.strip_suffix('"')));
    inner.map(PathBuf::from)
}

/// The libtorch folder that this clone was set up with.
pub(crate) fn current() -> Option<PathBuf> {
    recorded(&fs::read_to_string(path()).ok()?)
}

/// Writes `text` to `path`, whole and then renamed; leaves a file with that text alone.
/// Returns whether it wrote.
pub(crate) fn write(path: &Path, text: &str) -> Result<bool> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    AtomicWriteFile::open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.commit()
        })
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn libtorch(root: &str) -> Libtorch {
        Libtorch { root: PathBuf::from(root), version: "2.13.0".into() }
    }

    #[test]
    fn the_file_says_where_libtorch_is_and_how_programs_find_it() {
        let text = render(&libtorch("/home/a b/torch")).unwrap();
        for line in [
            "LIBTORCH = '/home/a b/torch'",
            "rustflags = ['-C', 'link-arg=-Wl,-rpath,/home/a b/torch/lib']",
            "rustdocflags = ['-C', 'link-arg=-Wl,-rpath,/home/a b/torch/lib']",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert_eq!(recorded(&text).unwrap(), Path::new("/home/a b/torch"));
    }

    #[test]
    fn both_kinds_of_quotes_are_read() {
        assert_eq!(recorded("[env]\nLIBTORCH = \"/t\"\n").unwrap(), Path::new("/t"));
        assert_eq!(recorded("[env]\n"), None);
        assert_eq!(recorded("LIBTORCH = '/t"), None);
    }

    #[test]
    fn a_path_that_the_linker_would_misread_is_refused() {
        for root in ["/a,b", "/a:b", "/a'b", "/$ORIGIN", "/a\nb"] {
            let message = render(&libtorch(root)).unwrap_err().to_string();
            assert!(message.contains("XDG_CACHE_HOME"), "{message}");
        }
    }

    #[test]
    fn an_unchanged_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libtorch.toml");
        assert!(write(&path, "a").unwrap());
        assert!(!write(&path, "a").unwrap());
        assert!(write(&path, "b").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
