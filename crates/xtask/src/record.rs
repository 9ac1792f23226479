//! Checks installed packages against pip's own lists.
//!
//! Each package's `NAME-VERSION.dist-info/RECORD` lists its files as
//! `path,sha256=...,size` (PyPA "Recording installed projects"). Comparing sizes costs
//! a fraction of a second and finds files that are missing or cut short.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Checks that every package of `requirements` (`name==version`) is installed in `site`
/// and that every file of every package there has its recorded size. Returns how many
/// files were compared.
pub(crate) fn verify(site: &Path, requirements: &[&str]) -> Result<usize> {
    let entries = fs::read_dir(site).with_context(|| format!("cannot read {}", site.display()))?;
    let mut records = Vec::new();
    for entry in entries {
        let record = entry?.path().join("RECORD");
        if record.is_file() {
            records.push(record);
        }
    }
    for requirement in requirements {
        let release = release(requirement)?;
        let is_installed = |record: &PathBuf| is_of(record, &release);
        ensure!(
            records.iter().any(is_installed),
            "{requirement} is not installed in {} (no {release}.dist-info/RECORD)",
            site.display()
        );
    }
    let mut compared = 0;
    for record in records {
        let text = fs::read_to_string(&record)
            .with_context(|| format!("cannot read {}", record.display()))?;
        for line in text.lines() {
            compared += usize::from(compare(site, line)?);
        }
    }
    Ok(compared)
}

/// Whether a RECORD is that of a release, or of a build of it that has a local version (`2.13.0+cpu`), as
/// other indexes than PyPI have them.
fn is_of(record: &Path, release: &str) -> bool {
    let folder = record.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let rest = folder.and_then(|folder| folder.strip_suffix(".dist-info")?.strip_prefix(release));
    rest.is_some_and(|local| local.is_empty() || local.starts_with('+'))
}

/// A requirement as the folder of its RECORD begins, `NAME-VERSION`.
fn release(requirement: &str) -> Result<String> {
    let Some((name, version)) = requirement.split_once("==") else {
        bail!("requirement {requirement:?} is not of the form name==version");
    };
    Ok(format!("{}-{version}", name.replace('-', "_")))
}

/// Compares one line of a RECORD with the disk; false where the line holds no size
/// (byte code, the RECORD itself) or names a file outside `site` (scripts).
fn compare(site: &Path, line: &str) -> Result<bool> {
    let mut fields = line.rsplitn(3, ',');
    let (size, _hash, name) = (fields.next(), fields.next(), fields.next());
    let (Some(Ok(size)), Some(name)) = (size.map(str::parse::<u64>), name) else {
        return Ok(false);
    };
    // A name with a comma or a quote is quoted as in CSV.
    let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_owned(),
    };
    if name.starts_with("../") || name.starts_with('/') {
        return Ok(false);
    }
    let path = site.join(&name);
    let found = fs::metadata(&path)
        .with_context(|| format!("{} is listed by pip but missing", path.display()))?
        .len();
    ensure!(found == size, "{} holds {found} bytes where pip recorded {size}", path.display());
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        let info = site.path().join("nvidia_cuda_runtime-13.0.96.dist-info");
        fs::create_dir_all(&info).unwrap();
        fs::write(site.path().join("lib.so"), "12345").unwrap();
        fs::write(site.path().join("odd, name"), "1").unwrap();
        let record = "lib.so,sha256=abc,5\n\"odd, name\",sha256=abc,1\n../../bin/run,sha256=abc,7\n\
                      __pycache__/x.pyc,,\nnvidia_cuda_runtime-13.0.96.dist-info/RECORD,,\n";
        fs::write(info.join("RECORD"), record).unwrap();
        site
    }

    #[test]
    fn files_of_the_recorded_size_pass() {
        assert_eq!(verify(site().path(), &["nvidia-cuda-runtime==13.0.96"]).unwrap(), 2);
    }

    #[test]
    fn a_file_cut_short_is_named_with_both_sizes() {
        let site = site();
        fs::write(site.path().join("lib.so"), "123").unwrap();
        let message = verify(site.path(), &[]).unwrap_err().to_string();
        assert!(message.contains("lib.so holds 3 bytes where pip recorded 5"), "{message}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let site = site();
        fs::remove_file(site.path().join("odd, name")).unwrap();
        let message = verify(site.path(), &[]).unwrap_err().to_string();
        assert!(message.contains("odd, name is listed by pip but missing"), "{message}");
    }

    #[test]
    fn a_build_of_a_release_is_that_release() {
        let site = site();
        fs::create_dir(site.path().join("torch-2.13.0+cpu.dist-info")).unwrap();
        fs::write(site.path().join("torch-2.13.0+cpu.dist-info/RECORD"), "lib.so,,5\n").unwrap();
        assert_eq!(verify(site.path(), &["torch==2.13.0"]).unwrap(), 3);
        for other in ["torch==2.13", "torch==2.1"] {
            assert!(verify(site.path(), &[other]).is_err(), "{other}");
        }
    }

    #[test]
    fn a_missing_package_and_another_version_are_refused() {
        for requirement in ["torch==2.13.0", "nvidia-cuda-runtime==13.0.97"] {
            let message = verify(site().path(), &[requirement]).unwrap_err().to_string();
            assert!(message.contains(&format!("{requirement} is not installed")), "{message}");
        }
    }
}
