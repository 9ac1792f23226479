//! Hands over to cargo for the tests and the demo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::libtorch::Libtorch;
use crate::workspace;

/// `cargo test --workspace -- ARGS`.
pub(crate) fn test(libtorch: Option<&Libtorch>, args: &[String]) -> Result<ExitCode> {
    run(libtorch, &["test", "--workspace"], args)
}

/// `cargo run --release --example nebula_dcgan -- ARGS`.
pub(crate) fn demo(libtorch: Option<&Libtorch>, args: &[String]) -> Result<ExitCode> {
    run(libtorch, &["run", "--release", "--example", "nebula_dcgan"], args)
}

fn run(libtorch: Option<&Libtorch>, command: &[&str], args: &[String]) -> Result<ExitCode> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // By its manifest and not by its folder: the demo's relative paths are relative to
    // where it was called.
    cargo.args(command).arg("--manifest-path").arg(workspace::root().join("Cargo.toml"));
    cargo.arg("--").args(args);
    // What cargo told this program about itself would be taken for changes by the
    // build scripts of others.
    for (name, _) in std::env::vars_os() {
        if is_cargos_own(&name) {
            cargo.env_remove(name);
        }
    }
    if let Some(libtorch) = libtorch {
        cargo.env("LIBTORCH", &libtorch.root);
        // The rpath of .cargo/libtorch.toml is lost where RUSTFLAGS is set.
        let old = std::env::var_os("LD_LIBRARY_PATH");
        cargo.env("LD_LIBRARY_PATH", search_path(&libtorch.lib(), old));
    }
    hand_over(cargo)
}

/// Whether `cargo run` set this variable to describe the program it runs.
fn is_cargos_own(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// `lib` before the folders of an old search path.
fn search_path(lib: &Path, old: Option<OsString>) -> OsString {
    let rest: Vec<PathBuf> = old
        .iter()
        .flat_map(|old| std::env::split_paths(old))
        .filter(|path| !path.as_os_str().is_empty() && path != lib)
        .collect();
    let all = std::iter::once(lib.to_path_buf()).chain(rest);
    // The path was refused at set-up if it held a colon.
    std::env::join_paths(all).unwrap_or_else(|_| lib.as_os_str().to_owned())
}

/// Becomes cargo, so that Ctrl-C, signals and the exit code are cargo's own.
#[cfg(unix)]
fn hand_over(mut cargo: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = cargo.exec();
    Err(anyhow::Error::new(error).context("cannot run cargo"))
}

/// Runs cargo and passes its exit code on.
#[cfg(not(unix))]
fn hand_over(mut cargo: Command) -> Result<ExitCode> {
    use anyhow::Context;
    let status = cargo.status().context("cannot run cargo")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn libtorch_comes_first_in_the_search_path_and_once() {
        let lib = Path::new("/t/lib");
        assert_eq!(search_path(lib, None), "/t/lib");
        assert_eq!(search_path(lib, Some("/a:/t/lib::/b".into())), "/t/lib:/a:/b");
    }

    #[test]
    fn only_what_describes_this_package_is_hidden_from_cargo() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"] {
            assert!(is_cargos_own(name.as_ref()), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO", "CARGO_TARGET_DIR", "PATH"] {
            assert!(!is_cargos_own(name.as_ref()), "{name}");
        }
    }
}
