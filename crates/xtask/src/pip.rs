//! Finds Python with pip and runs it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::libtorch;
use crate::program::output;

/// The Python minor versions that the pinned torch has wheels for (3.10 to 3.14).
pub(crate) const TORCH_PYTHONS: std::ops::RangeInclusive<u32> = 10..=14;

/// A Python 3 interpreter that has pip.
#[derive(Debug)]
pub(crate) struct Python {
    /// What to call: `python3`.
    program: &'static str,
    /// Its version, such as `3.11.7`.
    pub(crate) version: String,
    /// Its pip's version, such as `23.2.1`.
    pub(crate) pip: String,
}

impl Python {
    /// The `python3` of the search path, with pip.
    pub(crate) fn find() -> Result<Self> {
        let program = "python3";
        let Some(version) = output(Command::new(program).arg("--version")) else {
            bail!(missing_python());
        };
        let Some(pip) = output(Command::new(program).args(["-m", "pip", "--version"])) else {
            bail!(missing_pip());
        };
        Ok(Self::parse(program, &version, &pip))
    }

    /// Reads `Python 3.11.7` and `pip 23.2.1 from ...`.
    pub(crate) fn parse(program: &'static str, version: &str, pip: &str) -> Self {
        let word = |text: &str| text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        Self { program, version: word(version), pip: word(pip) }
    }

    /// The minor version: 11 of 3.11.7.
    pub(crate) fn minor(&self) -> Option<u32> {
        self.version.split('.').nth(1)?.parse().ok()
    }

    /// Runs this interpreter; what it prints goes to standard error.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<()> {
        let mut command = Command::new(self.program);
        command.args(args).stdout(Stdio::from(io::stderr()));
        let status = command.status().with_context(|| format!("cannot run {}", self.program))?;
        anyhow::ensure!(status.success(), "{} failed ({status})", self.program);
        Ok(())
    }

    /// Runs `pip GLOBAL install ARGS`; unpacks in `scratch`, since a system's own
    /// folder for temporary files may be a small one in memory.
    pub(crate) fn install<S: AsRef<OsStr>>(
        &self,
        global: &[S],
        args: &[S],
        scratch: &Path,
    ) -> Result<()> {
        let status = Command::new(self.program)
            .args(["-m", "pip", "--disable-pip-version-check", "--no-input"])
            .args(global)
            .args(["install", "--only-binary=:all:", "--no-compile", "--no-warn-script-location"])
            .args(args)
            .env("TMPDIR", scratch)
            // A user's pip settings for other installs would contradict --target.
            .env("PIP_USER", "0")
            .env("PIP_REQUIRE_VIRTUALENV", "0")
            // Its warning about root is about the system's own packages.
            .env("PIP_ROOT_USER_ACTION", "ignore")
            .stdout(Stdio::from(io::stderr()))
            .status()
            .with_context(|| format!("cannot run {}", self.program))?;
        if !status.success() {
            bail!(pip_failed());
        }
        Ok(())
    }
}

/// How to come by a libtorch without pip.
fn by_hand() -> String {
    let version = libtorch::VERSION;
    format!(
        "or unpack a libtorch {version} yourself, for example\n  \
         https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-{version}%2Bcpu.zip\n\
         and `export LIBTORCH=/path/to/libtorch` before running the command again"
    )
}

fn missing_python() -> String {
    format!(
        "there is no python3, which fetches libtorch from the Python package index. Install it:\n  \
         Debian, Ubuntu:  sudo apt install python3 python3-pip\n  \
         Fedora:          sudo dnf install python3 python3-pip\n  \
         Arch:            sudo pacman -S python python-pip\n{}",
        by_hand()
    )
}

fn missing_pip() -> String {
    format!(
        "python3 is there but has no pip, which fetches libtorch. Install it:\n  \
         Debian, Ubuntu:  sudo apt install python3-pip\n  \
         Fedora:          sudo dnf install python3-pip\n  \
         Arch:            sudo pacman -S python-pip\n  \
         elsewhere:       python3 -m ensurepip --user\n{}",
        by_hand()
    )
}

fn pip_failed() -> String {
    format!(
        "pip could not install what was asked for; its own words stand above. Mend:\n  \
         no network:       run the command again when there is one; nothing half-made is kept\n  \
         package mirror:   export PIP_INDEX_URL=https://your.mirror/simple\n  \
         behind a proxy:   export HTTPS_PROXY=http://your.proxy:port\n  \
         no space left:    free some, or point XDG_CACHE_HOME to another disk\n{}",
        by_hand()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_message_names_the_mend() {
        assert!(missing_python().contains("sudo apt install python3 python3-pip"));
        assert!(missing_pip().contains("sudo apt install python3-pip\n"));
        assert!(pip_failed().contains("PIP_INDEX_URL"));
        for message in [missing_python(), missing_pip(), pip_failed()] {
            assert!(message.contains("export LIBTORCH="), "{message}");
            assert!(message.contains("libtorch-shared-with-deps-2.13.0%2Bcpu.zip"), "{message}");
        }
    }

    #[test]
    fn the_versions_are_read() {
        let python =
            Python::parse("python3", "Python 3.11.7", "pip 23.2.1 from /usr/lib (python 3.11)");
        assert_eq!((python.minor(), python.pip.as_str()), (Some(11), "23.2.1"));
        assert_eq!(Python::parse("python3", "Python 3.14.0rc1", "").minor(), Some(14));
        assert_eq!(Python::parse("python3", "", "").minor(), None);
    }
}
