//! The Python environment: it makes the golden values and runs the peers of `cargo xtask peers`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cache::{self, Folder};
use crate::machine::free_gigabytes;
use crate::pip::{Python, TORCH_PYTHONS};
use crate::program::output;
use crate::record;
use crate::say::note;

/// The packages of the environment; golden values and peers' times come from exactly these.
const REQUIREMENTS: [&str; 16] = [
    "torch==2.13.0",
    "numpy==2.4.6",
    "astropy==8.0.2",
    "safetensors==0.8.0",
    "scipy==1.17.1",
    "healpy==1.20.1",
    "pyarrow==26.0.1",
    "pillow==13.0.0",
    "zuko==1.6.0",
    "scikit-learn==1.9.1",
    "statmorph==0.7.2",
    "photutils==3.0.0",
    "scikit-image==0.26.0",
    // torch-fidelity loads it, and each version is for one of torch.
    "torchvision==0.28.0",
    "torch-fidelity==0.4.0",
    "lsdb==0.11.1",
];

/// pip's option for the one package that comes as its source alone, in plain Python.
const FROM_SOURCE: &str = "--no-binary=statmorph";

/// The oldest Python minor version that has all of them.
const OLDEST: u32 = 11;

/// The environment's interpreter; the environment is made when it is not there or
/// not whole.
pub(crate) fn environment() -> Result<PathBuf> {
    let python = Python::find()?;
    ensure!(
        python.minor().is_some_and(|minor| (OLDEST..=*TORCH_PYTHONS.end()).contains(&minor)),
        wrong_version(&python.version)
    );
    // An environment belongs to the interpreter that it was made with.
    let stamp = format!("python {}\n{}\n", python.version, REQUIREMENTS.join("\n"));
    let folder = Folder::new(&cache::directory()?, "python", stamp);
    folder.complete(check, |tree, scratch| install(&python, tree, scratch))?;
    Ok(interpreter(folder.path()))
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn install(python: &Python, tree: &Path, scratch: &Path) -> Result<()> {
    if let Some(free) = free_gigabytes(tree)
        && free < 10.0
    {
        bail!(
            "{} has {free:.1} GB free; the Python environment needs 10 GB while it is made. Free \
             some, or point XDG_CACHE_HOME to a larger disk",
            tree.display()
        );
    }
    note(
        "Making the Python environment of the golden scripts and the peers: about 3 GB to download, \
         5 GB on disk, once for all clones. A few minutes.",
    );
    let tree_name = tree.display().to_string();
    // pip stays outside: Debian keeps what `venv` needs to put it inside in another package.
    python.run(&["-m", "venv", "--without-pip", &tree_name])?;
    let target = interpreter(tree).display().to_string();
    let wanted: Vec<&str> = [FROM_SOURCE].into_iter().chain(REQUIREMENTS).collect();
    python.install(&["--python", &target], &wanted, scratch).with_context(|| {
        format!("pip {} made no environment (22.3 or newer is needed)", python.pip)
    })
}

/// Every file as pip left it, and every package loads.
fn check(environment: &Path) -> Result<()> {
    let site = std::fs::read_dir(environment.join("lib"))
        .with_context(|| format!("{} is no Python environment", environment.display()))?
        .flatten()
        .map(|entry| entry.path().join("site-packages"))
        .find(|path| path.is_dir())
        .with_context(|| format!("{} has no site-packages", environment.display()))?;
    record::verify(&site, &REQUIREMENTS)?;
    let imports = "import torch, numpy, astropy, safetensors, scipy, healpy, pyarrow, PIL, zuko, \
                   sklearn, statmorph, torch_fidelity";
    ensure!(
        output(Command::new(interpreter(environment)).args(["-c", imports])).is_some(),
        "its interpreter cannot `{imports}`"
    );
    Ok(())
}

fn wrong_version(found: &str) -> String {
    format!(
        "the golden scripts and the peers need Python 3.{OLDEST} to 3.{}, and python3 is {found}. Put such a \
         python3 first on PATH, for example with `uv python install 3.12` or your system's packages",
        TORCH_PYTHONS.end()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn another_python_is_refused_with_what_is_needed() {
        let message = wrong_version("3.9.2");
        assert!(message.contains("Python 3.11 to 3.14, and python3 is 3.9.2"), "{message}");
    }

    #[test]
    fn a_folder_that_is_no_environment_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).unwrap_err().to_string().contains("is no Python environment"));
        std::fs::create_dir_all(folder.path().join("lib/python3.11/site-packages")).unwrap();
        assert!(
            check(folder.path())
                .unwrap_err()
                .to_string()
                .contains("torch==2.13.0 is not installed")
        );
    }

    #[test]
    fn torch_is_the_one_that_is_linked() {
        assert!(REQUIREMENTS.contains(&format!("torch=={}", crate::libtorch::VERSION).as_str()));
    }
}
