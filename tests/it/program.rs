//! An example as its users start it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use astrogen::distributed::World;
use astrogen::sky::{NebulaConfig, simulate_nebulae};

/// An example's program, built with this test's settings.
pub(crate) struct Program(PathBuf);

impl Program {
    /// Builds the example `name`.
    pub(crate) fn build(name: &str) -> Self {
        // With the whole workspace's features, which all that is compiled for these tests has.
        let status = cargo()
            .args(["build", "--quiet", "--workspace", "--example", name, "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the example builds");
        // This test is TARGET/debug/deps/it-HASH.
        let this = std::env::current_exe().expect("the test's own path");
        Self(this.ancestors().nth(2).expect("two folders up").join("examples").join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(arguments);
        let first = arguments.first().copied().unwrap_or("train");
        if first.starts_with("--") || ["train", "search"].contains(&first) {
            // One thread each: these tests run side by side.
            command.args(["--device", "cpu", "--threads", "1"]);
        }
        command
    }

    /// What it says, if it succeeds.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the example starts");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    /// What each of two processes says that a launcher started together, in this folder.
    pub(crate) fn together(&self, folder: &Path, arguments: &[&str]) -> [Output; 2] {
        let port = World::free_port().expect("a port");
        let start = |rank| {
            let mut command = self.command(arguments);
            // Long enough for the slowest machine; not half an hour where one of them is lost.
            let within = Duration::from_secs(180);
            let world =
                World { join: within, wait: within, ..World::on_this_machine(rank, 2, port) };
            command.envs(world.variables());
            command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("the example starts")
        };
        [0, 1].map(start).map(|process| process.wait_with_output().expect("it ends"))
    }

    /// The same with nobody who reads its standard output, as after `| head`.
    pub(crate) fn succeed_unread(&self, arguments: &[&str]) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = self.command(arguments).stdout(writer).output().expect("the example starts");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }

    /// What it says when it is refused, in words and not by a panic.
    pub(crate) fn refuse(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.0).args(arguments).output().expect("the example starts");
        let told = text(&output);
        assert!(!output.status.success(), "{arguments:?} was accepted: {told}");
        assert!(!told.contains("panicked"), "{arguments:?}: {told}");
        told
    }
}

/// A cargo command without what cargo told this test about itself: the build scripts of others would
/// take that for changes, and torch-sys be compiled anew, there and back.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Everything a program said.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub(crate) fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Twelve small nebulae and a file that is none.
pub(crate) fn nebulae(folder: &Path, size: usize) -> PathBuf {
    let data = folder.join("data");
    let config = NebulaConfig { size, ..NebulaConfig::default() };
    simulate_nebulae(&data, &config, 12, 3).expect("nebulae");
    fs::write(data.join("broken.fits"), "SIMPLE  = but not really").expect("written");
    data
}
