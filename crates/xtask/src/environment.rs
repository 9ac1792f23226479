//! Environment variables that get between cargo and the set-up.

use std::path::{Path, PathBuf};

use crate::config::rpath;
use crate::libtorch::{Libtorch, library_name};
use crate::report::Report;

/// Variables that make torch-sys build against something else than the set-up.
const OVERRIDES: [&str; 6] = [
    "LIBTORCH_USE_PYTORCH",
    "LIBTORCH_INCLUDE",
    "LIBTORCH_LIB",
    "LIBTORCH_CXX11_ABI",
    "LIBTORCH_STATIC",
    "LIBTORCH_BYPASS_VERSION_CHECK",
];

/// Variables that replace the flags in `.cargo/libtorch.toml`.
const FLAGS: [&str; 4] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTDOCFLAGS", "CARGO_ENCODED_RUSTDOCFLAGS"];

/// Adds the conflicts of this shell's environment with the set-up to the report.
pub(crate) fn check(report: &mut Report, libtorch: Option<&Libtorch>) {
    let before = report.wrongs();
    for name in OVERRIDES {
        if let Ok(value) = std::env::var(name) {
            report.wrong(
                "environment",
                format!("{name}={value} makes torch-sys build against something else"),
                &format!("unset {name}"),
            );
        }
    }
    if let Some(libtorch) = libtorch {
        let folders: Vec<PathBuf> = std::env::var_os("LD_LIBRARY_PATH")
            .map(|value| std::env::split_paths(&value).collect())
            .unwrap_or_default();
        flags(report, &libtorch.lib(), &folders, |name| std::env::var(name).ok());
        other_libtorch(report, &libtorch.lib(), &folders);
    }
    if report.wrongs() == before {
        report.fine("environment", "no variable gets in the way");
    }
}

/// Flags from the environment replace those of the set-up, and with them the rpath.
fn flags(
    report: &mut Report,
    lib: &Path,
    folders: &[PathBuf],
    variable: impl Fn(&str) -> Option<String>,
) {
    let rpath = rpath(lib);
    for name in FLAGS {
        let Some(value) = variable(name) else {
            continue;
        };
        // rustc takes `-Clink-arg=...` as well as `-C link-arg=...`.
        if value.contains(&rpath) || folders.iter().any(|folder| folder == lib) {
            report
                .note("environment", format!("{name} is set, and libtorch is found all the same"));
            continue;
        }
        let what = if name.contains("DOC") { "documentation tests" } else { "programs" };
        let mut mend = format!("unset {name}");
        if !name.starts_with("CARGO") {
            mend.push_str(&format!("\nor export {name}=\"${name} -C {rpath}\""));
        }
        mend.push_str(&format!("\nor export LD_LIBRARY_PATH='{}'", lib.display()));
        mend.push_str("\n(`cargo xtask test` and `cargo xtask demo` run in any case)");
        report.wrong(
            "environment",
            format!(
                "{name} replaces the set-up's flags: {what} do not find libtorch when they run"
            ),
            &mend,
        );
    }
}

/// A folder on the search path with another libtorch wins over the rpath.
fn other_libtorch(report: &mut Report, lib: &Path, folders: &[PathBuf]) {
    let holds = |folder: &Path| {
        ["torch_cpu", "c10"].iter().any(|name| folder.join(library_name(name)).exists())
    };
    for folder in folders {
        if folder == lib || folder.canonicalize().is_ok_and(|folder| folder == lib) {
            // From here on the right one is found first.
            return;
        }
        if holds(folder) {
            report.wrong(
                "environment",
                format!("LD_LIBRARY_PATH leads to another libtorch first: {}", folder.display()),
                "take that folder out of LD_LIBRARY_PATH, or unset LD_LIBRARY_PATH",
            );
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn with_flags(value: &str, folders: &[PathBuf]) -> Report {
        let mut report = Report::default();
        flags(&mut report, Path::new("/t/lib"), folders, |name| {
            (name == "RUSTFLAGS").then(|| value.to_owned())
        });
        report
    }

    #[test]
    fn rustflags_without_the_rpath_are_wrong_and_the_mend_is_exact() {
        let report = with_flags("-C target-cpu=native", &[]);
        assert_eq!(report.wrongs(), 1);
        let text = report.to_string();
        for mend in [
            "unset RUSTFLAGS",
            "export RUSTFLAGS=\"$RUSTFLAGS -C link-arg=-Wl,-rpath,/t/lib\"",
            "export LD_LIBRARY_PATH='/t/lib'",
        ] {
            assert!(text.contains(mend), "{mend} in {text}");
        }
    }

    #[test]
    fn rustflags_with_the_rpath_or_the_search_path_will_do() {
        assert_eq!(with_flags("-O -C link-arg=-Wl,-rpath,/t/lib", &[]).wrongs(), 0);
        assert_eq!(with_flags("-O", &["/t/lib".into()]).wrongs(), 0);
    }

    #[test]
    fn another_libtorch_on_the_search_path_is_wrong() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(theirs.path().join(library_name("torch_cpu")), "").unwrap();
        let wrongs = |folders: &[&Path]| {
            let folders: Vec<PathBuf> = folders.iter().map(|path| path.to_path_buf()).collect();
            let mut report = Report::default();
            other_libtorch(&mut report, ours.path(), &folders);
            report.wrongs()
        };
        assert_eq!(wrongs(&[]), 0);
        assert_eq!(wrongs(&[theirs.path()]), 1);
        assert_eq!(wrongs(&[ours.path(), theirs.path()]), 0);
        assert_eq!(wrongs(&[Path::new("/usr/lib")]), 0);
    }
}
