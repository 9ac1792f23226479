//! Hands over to cargo for the tests and the demo, and has it build benches.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

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

/// Builds the bench `name` with the release profile: `cargo bench --bench NAME --no-run`.
/// The program finds libtorch by [`find_libtorch`].
pub(crate) fn bench(libtorch: Option<&Libtorch>, name: &str) -> Result<PathBuf> {
    let command = ["bench", "--bench", name, "--no-run"];
    let output = cargo(libtorch, &command)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the bench {name} was not built ({})", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages, name).with_context(|| format!("cargo named no program of bench {name}"))
}

/// What the tests of the program `name` whose names hold `filter` print, one after the other, and whether
/// all passed: `cargo test --workspace --test NAME FILTER`.
pub(crate) fn checks(
    libtorch: Option<&Libtorch>,
    name: &str,
    filter: &str,
) -> Result<(String, bool)> {
    let command = ["test", "--workspace", "--test", name, filter];
    let output = cargo(libtorch, &command)
        .args(["--", "--nocapture", "--test-threads", "1"])
        .output()
        .context("cannot run cargo")?;
    let said =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok((said.concat(), output.status.success()))
}

/// The program of a bench in what cargo says as lines of JSON.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == name && message["target"]["kind"][0] == "bench")
            .then(|| message["executable"].as_str().map(PathBuf::from))?
    })
}

/// Lets a program of the workspace find libtorch where its rpath does not: the rpath of
/// `.cargo/libtorch.toml` is lost where RUSTFLAGS is set.
pub(crate) fn find_libtorch(program: &mut Command, libtorch: Option<&Libtorch>) {
    if let Some(libtorch) = libtorch {
        let old = std::env::var_os("LD_LIBRARY_PATH");
        program.env("LD_LIBRARY_PATH", search_path(&libtorch.lib(), old));
    }
}

fn run(libtorch: Option<&Libtorch>, command: &[&str], args: &[String]) -> Result<ExitCode> {
    let mut cargo = cargo(libtorch, command);
    cargo.arg("--").args(args);
    hand_over(cargo)
}

/// A cargo command on this workspace, built with this libtorch.
fn cargo(libtorch: Option<&Libtorch>, command: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // By its manifest and not by its folder: the demo's relative paths are relative to
    // where it was called.
    cargo.args(command).arg("--manifest-path").arg(workspace::root().join("Cargo.toml"));
    // What cargo told this program about itself would be taken for changes by the
    // build scripts of others.
    for (name, _) in std::env::vars_os() {
        if is_cargos_own(&name) {
            cargo.env_remove(name);
        }
    }
    if let Some(libtorch) = libtorch {
        cargo.env("LIBTORCH", &libtorch.root);
    }
    find_libtorch(&mut cargo, libtorch);
    cargo
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
    fn the_program_of_a_bench_is_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"peers"},"executable":null}
            {"reason":"compiler-artifact","target":{"kind":["bench"],"name":"adam"},"executable":"/t/adam-1"}
            {"reason":"compiler-artifact","target":{"kind":["bench"],"name":"peers"},"executable":"/t/peers-1"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "peers"), Some(PathBuf::from("/t/peers-1")));
        assert_eq!(executable(messages, "preprocess"), None);
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
