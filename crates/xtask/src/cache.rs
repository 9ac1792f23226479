//! Folders in the user's cache that are whole or not there at all.
//!
//! A folder is filled under another name, checked, given a marker file as the last
//! thing written into it, and only then renamed to its own name. A folder without the
//! marker is never taken for a whole one. One file lock a folder keeps two set-ups
//! apart; the system drops it when its holder dies.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::say::note;

/// The file that says a folder is whole; it holds the folder's stamp.
const MARKER: &str = ".astrogen-whole";

/// The folder `astrogen` in the user's cache directory, shared by all clones.
pub(crate) fn directory() -> Result<PathBuf> {
    directory_from(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME"))
}

/// `$XDG_CACHE_HOME/astrogen`, else `$HOME/.cache/astrogen`. A relative
/// `XDG_CACHE_HOME` counts as unset, as the XDG base directory specification asks.
fn directory_from(xdg: Option<OsString>, home: Option<OsString>) -> Result<PathBuf> {
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|p| p.is_absolute());
    absolute(xdg)
        .or_else(|| absolute(home).map(|home| home.join(".cache")))
        .map(|cache| cache.join("astrogen"))
        .context(
            "no cache directory: neither XDG_CACHE_HOME nor HOME holds an absolute path; set one, \
             for example `export XDG_CACHE_HOME=/some/folder`",
        )
}

/// A folder of the cache with the stamp that its marker must hold.
pub(crate) struct Folder {
    path: PathBuf,
    stamp: String,
}

impl Folder {
    /// The folder `name` in `cache`, whole when its marker holds exactly `stamp`.
    pub(crate) fn new(cache: &Path, name: &str, stamp: String) -> Self {
        Self { path: cache.join(name), stamp }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder carries the marker with the right stamp.
    pub(crate) fn is_whole(&self) -> bool {
        fs::read_to_string(self.path.join(MARKER)).is_ok_and(|text| text == self.stamp)
    }

    /// Makes the folder whole if it is not.
    ///
    /// `check` judges a filled folder. A folder that stands under the name without the
    /// marker (copied there by hand) is kept when `check` passes it and replaced when it
    /// does not. `build` fills the folder given first and may use the second as scratch
    /// space; whatever it leaves behind when it fails is removed.
    pub(crate) fn complete(
        &self,
        check: impl Fn(&Path) -> Result<()>,
        build: impl FnOnce(&Path, &Path) -> Result<()>,
    ) -> Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let cache = self.path.parent().context("a cache folder has a parent")?;
        fs::create_dir_all(cache).with_context(|| {
            format!(
                "cannot make the cache directory {}; point XDG_CACHE_HOME to a folder you may write",
                cache.display()
            )
        })?;
        let _lock = self.lock()?;
        if self.is_whole() {
            return Ok(());
        }
        self.sweep(cache);
        if self.path.exists() {
            match check(&self.path) {
                Ok(()) => return self.mark(&self.path),
                Err(why) => note(format_args!(
                    "{} is not whole and is made again: {why:#}",
                    self.path.display()
                )),
            }
        }
        let partial = self.sibling(&format!("partial-{}", std::process::id()));
        let made = self.make(&partial, check, build);
        // What is left over is swept by the next set-up, should it not go away now.
        let _ = fs::remove_dir_all(&partial);
        made
    }

    fn make(
        &self,
        partial: &Path,
        check: impl Fn(&Path) -> Result<()>,
        build: impl FnOnce(&Path, &Path) -> Result<()>,
    ) -> Result<()> {
        let (tree, scratch) = (partial.join("tree"), partial.join("scratch"));
        for folder in [&tree, &scratch] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        build(&tree, &scratch)?;
        check(&tree).context("what was fetched is not whole; run the command again")?;
        // One flush for some ten thousand files: a power cut after the rename finds them all.
        let _ = Command::new("sync").arg("-f").arg(&tree).status();
        self.mark(&tree)?;
        if self.path.exists() {
            fs::rename(&self.path, partial.join("replaced"))
                .with_context(|| format!("cannot move {} away", self.path.display()))?;
        }
        fs::rename(&tree, &self.path)
            .with_context(|| format!("cannot rename {} to {}", tree.display(), self.path.display()))
    }

    /// Writes the marker: under another name first, on disk before it is renamed.
    fn mark(&self, folder: &Path) -> Result<()> {
        let marker = folder.join(MARKER);
        let temporary = folder.join(format!("{MARKER}-{}", std::process::id()));
        File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(self.stamp.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &marker))
            .with_context(|| format!("cannot write {}", marker.display()))
    }

    /// Takes the folder's lock, waiting for another set-up that holds it.
    fn lock(&self) -> Result<File> {
        let path = self.sibling("lock");
        let file = File::create(&path)
            .with_context(|| format!("cannot write {}; is the folder yours?", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                note(format_args!(
                    "Another set-up is making {}; waiting for it.",
                    self.path.display()
                ));
                file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
            }
            Err(TryLockError::Error(error)) => note(format_args!(
                "note: this file system has no locks ({error}); do not run two set-ups at a time"
            )),
        }
        Ok(file)
    }

    /// Removes what interrupted set-ups left; call it only with the lock held.
    fn sweep(&self, cache: &Path) {
        let Some(prefix) = self.sibling("partial-").file_name().map(OsString::from) else {
            return;
        };
        for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// `<path>.<ending>`: beside the folder, thus on the same file system.
    fn sibling(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn check(folder: &Path) -> Result<()> {
        anyhow::ensure!(
            folder.join("a").exists() && folder.join("b").exists(),
            "a or b is missing"
        );
        Ok(())
    }

    fn build(tree: &Path, _: &Path) -> Result<()> {
        fs::write(tree.join("a"), "1")?;
        fs::write(tree.join("b"), "2")?;
        Ok(())
    }

    fn names(cache: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(cache)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_cache_directory_follows_the_xdg_rules() {
        let of = |xdg: Option<&str>, home: Option<&str>| {
            directory_from(xdg.map(Into::into), home.map(Into::into))
        };
        assert_eq!(of(Some("/x"), Some("/h")).unwrap(), Path::new("/x/astrogen"));
        assert_eq!(of(None, Some("/h")).unwrap(), Path::new("/h/.cache/astrogen"));
        assert_eq!(of(Some("relative"), Some("/h")).unwrap(), Path::new("/h/.cache/astrogen"));
        assert_eq!(of(Some(""), Some("/h")).unwrap(), Path::new("/h/.cache/astrogen"));
        let message = of(None, None).unwrap_err().to_string();
        assert!(message.contains("export XDG_CACHE_HOME="), "{message}");
    }

    #[test]
    fn a_built_folder_is_whole_and_nothing_else_stays() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        assert!(!folder.is_whole());
        folder.complete(check, build).unwrap();
        assert!(folder.is_whole());
        assert_eq!(names(cache.path()), ["lib", "lib.lock"]);
        folder.complete(check, |_, _| panic!("a whole folder is not built again")).unwrap();
    }

    #[test]
    fn a_failed_build_leaves_no_folder() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        let error = folder
            .complete(check, |tree, _| {
                fs::write(tree.join("a"), "1")?;
                anyhow::bail!("the network went away")
            })
            .unwrap_err();
        assert!(error.to_string().contains("the network went away"));
        assert_eq!(names(cache.path()), ["lib.lock"]);
    }

    #[test]
    fn a_build_that_forgets_a_file_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        let error =
            folder.complete(check, |tree, _| Ok(fs::write(tree.join("a"), "1")?)).unwrap_err();
        assert!(format!("{error:#}").contains("a or b is missing"), "{error:#}");
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_half_made_folder_is_not_taken_as_whole() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        fs::create_dir_all(folder.path()).unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        assert!(!folder.is_whole());
        folder.complete(check, build).unwrap();
        assert!(folder.path().join("b").exists());
        assert_eq!(names(cache.path()), ["lib", "lib.lock"]);
    }

    #[test]
    fn a_folder_copied_by_hand_is_kept_when_it_checks_out() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        fs::create_dir_all(folder.path()).unwrap();
        build(folder.path(), Path::new("")).unwrap();
        folder.complete(check, |_, _| panic!("nothing to build")).unwrap();
        assert!(folder.is_whole());
    }

    #[test]
    fn another_stamp_is_another_folder() {
        let cache = tempfile::tempdir().unwrap();
        Folder::new(cache.path(), "lib", "v1".into()).complete(check, build).unwrap();
        assert!(!Folder::new(cache.path(), "lib", "v2".into()).is_whole());
    }

    #[test]
    fn what_a_killed_set_up_left_is_swept() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(cache.path().join("lib.partial-4711/tree")).unwrap();
        fs::create_dir_all(cache.path().join("library.partial-1")).unwrap();
        let folder = Folder::new(cache.path(), "lib", "v1".into());
        assert!(!folder.is_whole());
        folder.complete(check, build).unwrap();
        assert_eq!(names(cache.path()), ["lib", "lib.lock", "library.partial-1"]);
    }

    #[test]
    fn two_set_ups_at_a_time_build_once() {
        let cache = tempfile::tempdir().unwrap();
        let builds = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let folder = Folder::new(cache.path(), "lib", "v1".into());
                    let count = |tree: &Path, scratch: &Path| {
                        builds.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(std::time::Duration::from_millis(20));
                        build(tree, scratch)
                    };
                    folder.complete(check, count).unwrap();
                    assert!(folder.is_whole());
                });
            }
        });
        assert_eq!(builds.load(Ordering::SeqCst), 1);
    }
}
