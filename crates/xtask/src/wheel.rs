//! libtorch out of the PyPI wheel of torch, kept in the user's cache.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cache::{self, Folder};
use crate::libtorch::{Libtorch, VERSION};
use crate::machine;
use crate::pip::{Python, TORCH_PYTHONS};
use crate::platform::{Platform, TORCH};
use crate::record;
use crate::say::note;

/// The wheel's part for CPUs where there is no wheel: a folder of its name is of no use.
const NO_WHEEL: &[&str] = &[TORCH];

/// Which of the two libtorch folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Cpu,
    Cuda,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Variant::Cpu => "cpu",
            Variant::Cuda => "cuda",
        })
    }
}

impl Variant {
    const ALL: [Variant; 2] = [Variant::Cpu, Variant::Cuda];

    /// Whether the package index has a wheel for this machine that serves as libtorch.
    pub(crate) fn is_available(self) -> bool {
        Platform::here().is_some_and(|platform| self == Variant::Cpu || platform.cuda)
    }

    /// The packages that are installed.
    fn requirements(self) -> &'static [&'static str] {
        match self {
            Variant::Cpu => Platform::here().map_or(NO_WHEEL, |platform| platform.cpu),
            Variant::Cuda => &[TORCH],
        }
    }

    fn folder(self, cache: &Path) -> Folder {
        let requirements = self.requirements().join("\n");
        let name = format!("libtorch-{VERSION}-{self}");
        Folder::new(cache, &name, format!("{name}\n{requirements}\n"))
    }

    /// Where the variant lies in `cache`, made or not: the folder that `LIBTORCH` names.
    pub(crate) fn root(self, cache: &Path) -> PathBuf {
        self.folder(cache).path().join("torch")
    }

    /// The variant in `cache` that a folder named by `LIBTORCH` is, if it is one.
    pub(crate) fn of(cache: &Path, root: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| {
            let own = variant.root(cache);
            own == root || own.canonicalize().is_ok_and(|own| own == root)
        })
    }

    /// Whether the variant in `cache` is whole.
    pub(crate) fn is_whole(self, cache: &Path) -> bool {
        self.folder(cache).is_whole()
    }

    /// Compares the installed packages with pip's lists; returns the number of files.
    pub(crate) fn verify(self, site: &Path) -> Result<usize> {
        record::verify(site, self.requirements())
    }

    /// The variant in the user's cache, fetched when it is not there or not whole.
    pub(crate) fn fetch(self) -> Result<Libtorch> {
        let cache = cache::directory()?;
        let folder = self.folder(&cache);
        folder.complete(
            |site| {
                self.verify(site)?;
                Libtorch::open(&site.join("torch")).map(|_| ())
            },
            |site, scratch| self.install(site, scratch),
        )?;
        Libtorch::open(&self.root(&cache))
    }

    fn install(self, site: &Path, scratch: &Path) -> Result<()> {
        let python = Python::find()?;
        let (download, disk, gigabytes) = match self {
            Variant::Cpu => Platform::here().map_or(("0.5 GB", "1.2 GB", 2.5), |here| here.size),
            Variant::Cuda => ("about 3 GB", "4.5 GB", 9.0),
        };
        if let Some(free) = machine::free_gigabytes(site)
            && free < gigabytes
        {
            bail!(no_space(site, free, gigabytes));
        }
        note(format_args!(
            "Fetching libtorch {VERSION} for {self}: {download} to download, {disk} on disk, \
             once for all clones. Half a minute on a fast line."
        ));
        python.install(&[], &self.arguments(site, &python), scratch)
    }

    /// What follows `pip install`.
    fn arguments(self, site: &Path, python: &Python) -> Vec<String> {
        let mut args = vec!["--target".to_owned(), site.display().to_string()];
        if !python.minor().is_some_and(|minor| TORCH_PYTHONS.contains(&minor)) {
            // The C++ libraries are the same in the wheel of any Python.
            args.extend(["--python-version".to_owned(), "3.12".to_owned()]);
        }
        if self == Variant::Cpu {
            args.push("--no-deps".to_owned());
        }
        args.extend(self.requirements().iter().map(|&package| package.to_owned()));
        args
    }
}

fn no_space(folder: &Path, free: f64, needed: f64) -> String {
    format!(
        "{} has {free:.1} GB free; fetching and unpacking libtorch needs {needed} GB. Free some, \
         or point XDG_CACHE_HOME to a larger disk",
        folder.display()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::fs;

    /// What pip leaves of the CPU variant, in small.
    fn installed(site: &Path) {
        crate::libtorch::tests::fake(&site.join("torch"), "2.13.0+cu130");
        fs::write(site.join("torch/lib/libtorch.so"), "whole").unwrap();
        for requirement in Variant::Cpu.requirements() {
            let name = requirement.replace("==", "-").replace("-cuda-", "_cuda_");
            let info = site.join(format!("{name}.dist-info"));
            fs::create_dir_all(&info).unwrap();
            fs::write(info.join("RECORD"), "torch/lib/libtorch.so,sha256=x,5\n").unwrap();
        }
    }

    #[test]
    fn an_installed_variant_without_the_marker_is_not_whole() {
        let cache = tempfile::tempdir().unwrap();
        let site = cache.path().join("libtorch-2.13.0-cpu");
        installed(&site);
        assert_eq!(Variant::Cpu.root(cache.path()), site.join("torch"));
        assert_eq!(Variant::of(cache.path(), &site.join("torch")), Some(Variant::Cpu));
        assert_eq!(Variant::of(cache.path(), Path::new("/opt/libtorch")), None);
        assert!(!Variant::Cpu.is_whole(cache.path()));
        assert_eq!(Variant::Cpu.verify(&site).unwrap(), 3);
        fs::write(site.join("torch/lib/libtorch.so"), "who").unwrap();
        assert!(Variant::Cpu.verify(&site).is_err());
    }

    #[test]
    fn pip_is_asked_for_exactly_the_cpu_subset() {
        let python = |version: &str| Python::parse("python3", version, "pip 23.2.1");
        let args = Variant::Cpu.arguments(Path::new("/t"), &python("Python 3.11.7")).join(" ");
        assert_eq!(
            args,
            "--target /t --no-deps torch==2.13.0 nvidia-cuda-runtime==13.0.96 \
             nvidia-cuda-cupti==13.0.85"
        );
        let args = Variant::Cuda.arguments(Path::new("/t"), &python("Python 3.9.2")).join(" ");
        assert_eq!(args, "--target /t --python-version 3.12 torch==2.13.0");
    }

    #[test]
    fn a_full_disk_is_told_with_both_numbers() {
        let message = no_space(Path::new("/c"), 0.71, 2.5);
        assert!(message.contains("0.7 GB free") && message.contains("needs 2.5 GB"), "{message}");
        assert!(message.contains("XDG_CACHE_HOME"), "{message}");
    }
}
