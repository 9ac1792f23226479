//! What a libtorch folder holds: its version, its C++ ABI, its libraries.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The libtorch version that the workspace's tch is made for.
pub(crate) const VERSION: &str = "2.13.0";

/// A libtorch folder of the pinned version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Libtorch {
    /// The folder with `include/` and `lib/`, which is what `LIBTORCH` names.
    pub(crate) root: PathBuf,
    /// The version with its build tag, such as `2.13.0+cu130`.
    pub(crate) version: String,
}

impl Libtorch {
    /// Looks at a folder; refuses one without libraries or headers and one of another
    /// version than [`VERSION`].
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let library = root.join("lib").join(library_name("torch_cpu"));
        ensure!(
            library.is_file(),
            "{} is not a libtorch folder: there is no {}",
            root.display(),
            library.display()
        );
        ensure!(
            root.join("include").is_dir(),
            "{} is not a whole libtorch folder: its headers (include/) are missing",
            root.display()
        );
        let root =
            root.canonicalize().with_context(|| format!("cannot resolve {}", root.display()))?;
        let version = version_of(&root).with_context(|| {
            format!(
                "cannot tell the version of the libtorch in {}: neither version.py nor \
                 build-version nor torch/headeronly/version.h is there",
                root.display()
            )
        })?;
        ensure!(
            release(&version) == VERSION,
            "{} holds libtorch {version}, but this workspace is pinned to {VERSION}",
            root.display()
        );
        Ok(Self { root, version })
    }

    /// The folder with the shared libraries.
    pub(crate) fn lib(&self) -> PathBuf {
        self.root.join("lib")
    }

    /// Whether the libraries use the C++11 ABI of libstdc++: its mangled names hold
    /// `__cxx11`. `None` where the library cannot be read, and on systems with another C++ library.
    pub(crate) fn cxx11_abi(&self) -> Option<bool> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let bytes = fs::read(self.lib().join(library_name("c10"))).ok()?;
        let mark = b"__cxx11";
        Some(bytes.windows(mark.len()).any(|window| window == mark))
    }
}

/// The file name of a shared library on this system: `torch_cpu` -> `libtorch_cpu.so`.
pub(crate) fn library_name(name: &str) -> String {
    format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")
}

/// The release of a version: without the build tag behind the plus sign.
fn release(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

/// The version a libtorch folder states: a wheel in `version.py`, an unpacked archive
/// in `build-version`, any in its headers.
fn version_of(root: &Path) -> Option<String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    read("version.py")
        .and_then(|text| version_in_python(&text))
        .or_else(|| read("build-version").map(|text| text.trim().to_owned()))
        .or_else(|| read("include/torch/headeronly/version.h").and_then(|t| version_in_header(&t)))
        .or_else(|| {
            read("include/torch/csrc/api/include/torch/version.h")
                .and_then(|text| version_in_header(&text))
        })
        .filter(|version| !version.is_empty())
}

/// Reads `__version__ = '2.13.0+cu130'`.
fn version_in_python(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let rest = line.strip_prefix("__version__")?.trim_start();
        // A type annotation may stand between the name and the value.
        Some(rest.split_once('=')?.1.trim())
    })?;
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// Reads `#define TORCH_VERSION_MAJOR 2` and its two companions.
fn version_in_header(text: &str) -> Option<String> {
    let part = |name: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let is_it = words.next() == Some("#define") && words.next() == Some(name);
            words.next().filter(|_| is_it)?.parse::<u32>().ok()
        })
    };
    let major = part("TORCH_VERSION_MAJOR")?;
    let minor = part("TORCH_VERSION_MINOR")?;
    let patch = part("TORCH_VERSION_PATCH")?;
    Some(format!("{major}.{minor}.{patch}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod tests {
    use super::*;

    /// A folder that looks like libtorch from outside.
    pub(crate) fn fake(root: &Path, version: &str) {
        fs::create_dir_all(root.join("lib")).unwrap();
        fs::create_dir_all(root.join("include")).unwrap();
        fs::write(root.join("lib").join(library_name("torch_cpu")), "").unwrap();
        let symbol = "_ZNSt7__cxx1112basic_string";
        fs::write(root.join("lib").join(library_name("c10")), symbol).unwrap();
        fs::write(root.join("version.py"), format!("__version__ = '{version}'\n")).unwrap();
    }

    #[test]
    fn versions_are_read_from_all_three_places() {
        let python =
            "__all__ = ['__version__', 'cuda']\n__version__ = '2.13.0+cu130'\ndebug = False\n";
        assert_eq!(version_in_python(python).unwrap(), "2.13.0+cu130");
        assert_eq!(version_in_python("__version__: str = \"2.1.2\"").unwrap(), "2.1.2");
        assert_eq!(version_in_python("version = 3"), None);
        let header = "#define TORCH_VERSION_MAJOR 2\n/// x\n#define TORCH_VERSION_MINOR 13\n\
                      #define TORCH_VERSION_PATCH 1\n";
        assert_eq!(version_in_header(header).unwrap(), "2.13.1");
        assert_eq!(version_in_header("#define TORCH_VERSION_MAJOR 2"), None);

        let archive = tempfile::tempdir().unwrap();
        fake(archive.path(), "");
        fs::remove_file(archive.path().join("version.py")).unwrap();
        fs::write(archive.path().join("build-version"), "2.13.0+cpu\n").unwrap();
        assert_eq!(Libtorch::open(archive.path()).unwrap().version, "2.13.0+cpu");
    }

    #[test]
    fn the_pinned_version_is_taken_with_any_build_tag() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["2.13.0", "2.13.0+cpu", "2.13.0+cu130"] {
            fake(folder.path(), version);
            let libtorch = Libtorch::open(folder.path()).unwrap();
            assert_eq!(libtorch.version, version);
            assert_eq!(libtorch.cxx11_abi(), Some(true));
        }
    }

    #[test]
    fn another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["2.12.1+cu130", "2.13.1", "2.13.0a0", "1.0"] {
            fake(folder.path(), version);
            let message = Libtorch::open(folder.path()).unwrap_err().to_string();
            let expected =
                format!("holds libtorch {version}, but this workspace is pinned to 2.13.0");
            assert!(message.contains(&expected), "{message}");
        }
    }

    #[test]
    fn a_folder_without_libraries_headers_or_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let message = |text: &str| {
            let message = format!("{:#}", Libtorch::open(folder.path()).unwrap_err());
            assert!(message.contains(text), "{message}");
        };
        message("is not a libtorch folder");
        fake(folder.path(), "2.13.0");
        fs::remove_file(folder.path().join("version.py")).unwrap();
        message("cannot tell the version");
        fs::remove_dir(folder.path().join("include")).unwrap();
        message("headers (include/) are missing");
    }

    #[test]
    fn the_pin_belongs_to_the_locked_tch() {
        // tch 0.26 wants libtorch 2.13.0; whoever moves one has to move the other.
        let lock = fs::read_to_string(crate::workspace::root().join("Cargo.lock")).unwrap();
        assert!(
            lock.contains("name = \"torch-sys\"\nversion = \"0.26."),
            "tch moved: look at VERSION"
        );
    }
}
