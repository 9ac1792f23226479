//! `cargo xtask golden`: remakes the reference values of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::say::note;
use crate::{python, workspace};

/// Runs the scripts `crates/*/tests/golden/*.py` whose path holds `name`, each in its
/// own folder; a script writes its values beside itself.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let root = workspace::root();
    let all = scripts(&root)?;
    let chosen = choose(&all, name.unwrap_or_default())?;
    let interpreter = python::environment()?;
    for script in chosen {
        note(format_args!("Running {}", script.display()));
        let script = root.join(script);
        let status = Command::new(&interpreter)
            .arg(&script)
            .current_dir(script.parent().unwrap_or(&root))
            .status()
            .with_context(|| format!("cannot run {}", interpreter.display()))?;
        ensure!(status.success(), "{} failed ({status})", script.display());
    }
    note("Done. `git diff --stat` shows which values changed.");
    Ok(())
}

/// The golden scripts as sorted paths relative to `root`.
fn scripts(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let crates = root.join("crates");
    for entry in
        fs::read_dir(&crates).with_context(|| format!("cannot read {}", crates.display()))?
    {
        let folder = entry?.path().join("tests/golden");
        for script in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = script.path();
            if path.extension().is_some_and(|extension| extension == "py") {
                found.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Those of `all` whose path holds `name`; having none is an error that lists all.
fn choose<'a>(all: &'a [PathBuf], name: &str) -> Result<Vec<&'a PathBuf>> {
    let chosen: Vec<_> = all.iter().filter(|path| path.to_string_lossy().contains(name)).collect();
    ensure!(
        !chosen.is_empty(),
        "no golden script's path holds {name:?}; there are: {}",
        all.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    );
    Ok(chosen)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_sorted_and_chosen_by_name() {
        let root = tempfile::tempdir().unwrap();
        for file in ["b/tests/golden/dcgan.py", "a/tests/golden/zscale.py", "a/tests/golden/z.json"]
        {
            let path = root.path().join("crates").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let all = scripts(root.path()).unwrap();
        let names: Vec<_> = all.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, ["crates/a/tests/golden/zscale.py", "crates/b/tests/golden/dcgan.py"]);
        assert_eq!(choose(&all, "").unwrap().len(), 2);
        assert_eq!(choose(&all, "zscale").unwrap(), [&all[0]]);
        let message = choose(&all, "moon").unwrap_err().to_string();
        assert!(message.contains("\"moon\"") && message.contains("dcgan.py"), "{message}");
    }
}
