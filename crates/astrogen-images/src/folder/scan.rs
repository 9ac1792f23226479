//! Which files of a folder are images.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use astrogen_fits::FitsError;
use astrogen_preprocess::{Frame, FrameOptions, PreprocessError};
use walkdir::WalkDir;

use super::report::Skipped;
use crate::{ImagesError, SkipReason};

/// Extensions taken for images, in any case.
const IMAGES: [&str; 9] = ["fits", "fit", "fts", "fz", "png", "jpg", "jpeg", "tif", "tiff"];

/// Extensions of whole-file compression, read through to the extension before them.
const COMPRESSED: [&str; 3] = ["gz", "bz2", "z"];

/// What is looked for, in words.
pub(super) const LOOKED_FOR: &str = "FITS, PNG, JPEG and TIFF files (by the extensions fits, fit, \
     fts, fz, gz, bz2, Z, png, jpg, jpeg, tif, tiff, or by their content)";

/// What is in a folder and everything below it.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Files that should be images, by path, whatever order the file system lists them in.
    pub(super) images: Vec<PathBuf>,
    /// How many files are something else.
    pub(super) other: usize,
    /// Entries that the system does not show.
    pub(super) unreadable: Vec<Skipped>,
}

/// Lists `folder` recursively; links are followed, hidden folders and those of runs left alone. A file that
/// several names lead to is one, by the first of them, and else something else.
pub(super) fn scan(folder: &Path) -> Result<Scan, ImagesError> {
    let listed = std::fs::read_dir(folder);
    listed.map_err(|source| ImagesError::Folder { path: folder.to_owned(), source })?;

    let mut scan = Scan::default();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    let walk = walk.filter_entry(|entry| {
        let is_other = || is_hidden(entry.path()) || is_run(entry.path());
        entry.depth() == 0 || !entry.file_type().is_dir() || !is_other()
    });
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if entry.file_type().is_file() && is_image(entry.path()) => {
                scan.images.push(entry.into_path());
            }
            Ok(_) => scan.other += 1,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                scan.unreadable.push(Skipped { path, reason: SkipReason::Io(error.into()) });
            }
        }
    }
    scan.images.sort_unstable();
    let listed = scan.images.len();
    let mut seen = HashSet::new();
    scan.images.retain(|path| path.canonicalize().map_or(true, |path| seen.insert(path)));
    scan.other += listed - scan.images.len();
    scan.unreadable.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(scan)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether it is the folder of a run, whose pictures are no data.
fn is_run(folder: &Path) -> bool {
    let holds = |name: &str| folder.join(name).exists();
    holds("config.json") && (holds("data.json") || holds("checkpoints"))
}

/// Whether the name, or where it says nothing the content, is that of an image.
fn is_image(path: &Path) -> bool {
    if is_hidden(path) {
        return false;
    }
    let mut kind = extension(path);
    if COMPRESSED.contains(&kind.as_str()) {
        kind = extension(&path.with_extension(""));
        if kind.is_empty() {
            return true; // `m51.gz`: only decoding can tell
        }
    }
    IMAGES.contains(&kind.as_str()) || has_image_content(path)
}

/// The extension in lower case; empty where there is none.
fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

/// Whether a file of any name starts like an image, be it a damaged one.
fn has_image_content(path: &Path) -> bool {
    use PreprocessError::{Fits, Format};
    let info = Frame::info(path, &FrameOptions::default());
    !matches!(info, Err(Format { .. } | Fits(FitsError::Format { .. } | FitsError::Io { .. })))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_name_or_content_and_come_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        let images = [
            "B.FITS",
            "a.fit",
            "a|b.fits",
            "b.fts.gz",
            "c.Z",
            "d.fits.BZ2",
            "e.fits.fz",
            "m51[1].fits",
            "sub/deeper/x.TIF",
            "sub/y.jpeg",
            "z.png",
        ];
        for name in images.iter().rev() {
            write(name, b"anything");
        }
        write("noext", b"SIMPLE  =                    T");
        write("picture.dat", b"\x89PNG\r\n\x1a\n");
        for name in [".hidden.fits", ".git/x.fits", "credits.csv", "table.csv.gz", "notes", "empty"]
        {
            write(name, if name == "empty" { b"" } else { b"words" });
        }

        let scan = scan(folder.path()).unwrap();
        let relative = scan.images.iter().map(|path| path.strip_prefix(folder.path()).unwrap());
        let mut expected: Vec<PathBuf> = images.iter().map(PathBuf::from).collect();
        expected.extend(["noext".into(), "picture.dat".into()]);
        expected.sort();
        assert_eq!(relative.collect::<Vec<_>>(), expected);
        // .hidden.fits, credits.csv, table.csv.gz, notes and empty; .git is never entered
        assert_eq!(scan.other, 5);
        assert!(scan.unreadable.is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_or_is_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nothing");
        let message = scan(&missing).unwrap_err().to_string();
        assert!(message.contains("nothing") && message.contains("No such file"), "{message}");
        std::fs::write(&missing, b"a file").unwrap();
        let message = scan(&missing).unwrap_err().to_string();
        assert!(message.contains("Not a directory"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_two_names_is_one_and_a_run_is_no_data() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["best", "run/samples", "run/checkpoints", "more"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["m51.fits", "run/samples/real.png", "run/config.json", "more/config.json"] {
            std::fs::write(at(name), b"anything").unwrap();
        }
        std::fs::write(at("more/x.png"), b"anything").unwrap();
        std::os::unix::fs::symlink(at("m51.fits"), at("best/a.fits")).unwrap();
        std::os::unix::fs::symlink(at("more"), at("zz")).unwrap();
        let scan = scan(folder.path()).unwrap();
        assert_eq!(scan.images, [at("best/a.fits"), at("more/x.png")]);
        // One name of each file again, and config.json by two.
        assert_eq!(scan.other, 4);
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_link_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("gone.fits")).unwrap();
        let scan = scan(folder.path()).unwrap();
        assert!(scan.images.is_empty());
        let path = &scan.unreadable[0].path;
        assert!(path.ends_with("gone.fits"), "{}", path.display());
    }
}
