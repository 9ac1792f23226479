//! Snapshots of several files, `NAME.0.hdf5`, `NAME.1.hdf5`, ...

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use astrogen_catalog::{Hdf5Attributes, hdf5_attributes};

use super::HEADER;
use crate::StarsError;

/// Files of a snapshot at most.
const MOST: usize = 100_000;

/// A stem `NAME.3` as its name and number.
pub(crate) fn split(stem: &str) -> Option<(&str, usize)> {
    let (name, number) = stem.rsplit_once('.')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|_| digits && !name.is_empty())?;
    Some((name, number))
}

/// The name, number and ending of a file that may be one of several.
fn numbered(path: &Path) -> Option<(&str, usize, &str)> {
    let ending = path.extension().and_then(OsStr::to_str)?;
    let is_hdf5 = ["hdf5", "h5", "hdf"].iter().any(|own| own.eq_ignore_ascii_case(ending));
    let (name, number) = split(path.file_stem().and_then(OsStr::to_str)?)?;
    is_hdf5.then_some((name, number, ending))
}

/// Whether a file is one of several of a snapshot, by its name and its header.
pub(crate) fn is_part(path: &Path) -> bool {
    if numbered(path).is_none() {
        return false;
    }
    let headers = hdf5_attributes(path, &[HEADER]).unwrap_or_default();
    headers.first().and_then(Option::as_ref).is_some_and(|header| count(header) > 1)
}

/// How many files a snapshot has, as its header says.
fn count(header: &Hdf5Attributes) -> usize {
    let own = header.get("NumFilesPerSnapshot").and_then(|values| values.first());
    own.filter(|own| **own >= 1.0).map_or(1, |own| *own as usize)
}

/// All files of the snapshot that one is of. A file whose name has no number is all that there is: a
/// cut-out, whatever its header says.
///
/// # Errors
/// `Missing` for one that is not there, `Header` for a count of files that no snapshot has.
pub(super) fn all(path: &Path, header: &Hdf5Attributes) -> Result<Vec<PathBuf>, StarsError> {
    let files = count(header);
    let (Some((name, _, ending)), true) = (numbered(path), files > 1) else {
        return Ok(vec![path.to_owned()]);
    };
    if files > MOST {
        return Err(StarsError::Header {
            path: path.to_owned(),
            reason: format!("NumFilesPerSnapshot: expected at most {MOST}, got {files}"),
        });
    }
    let file = |number: usize| path.with_file_name(format!("{name}.{number}.{ending}"));
    let paths: Vec<PathBuf> = (0..files).map(file).collect();
    match paths.iter().find(|path| !path.exists()) {
        Some(missing) => Err(StarsError::Missing { path: missing.clone(), files }),
        None => Ok(paths),
    }
}
