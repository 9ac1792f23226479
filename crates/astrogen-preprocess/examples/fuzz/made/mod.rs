//! The files to mutate that need no folder: made by this crate's writers and by those of the
//! libraries that read pictures and Parquet, and the small reference files of its tests.

mod fits;
mod maps;
mod pictures;
mod tables;

use std::error::Error;
use std::path::Path;

use crate::door::Door;

/// Files to mutate, or why they cannot be made.
type Files = Result<Vec<Vec<u8>>, Box<dyn Error>>;

/// The files for a door.
pub(crate) fn files(door: Door) -> Files {
    Ok(match door {
        Door::Image => [fits::images()?, pictures::all()?].concat(),
        Door::Catalogue => tables::all()?,
        Door::Map => maps::all()?,
    })
}

/// A file of the tests.
fn golden(owner: &str, name: &str) -> std::io::Result<Vec<u8>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read(crates.join(owner).join("tests/golden").join(name))
}

/// What `write` writes to a file of this name.
fn written<E>(
    name: &str,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<Vec<u8>, Box<dyn Error>>
where
    E: Error + 'static,
{
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    write(&path)?;
    Ok(std::fs::read(path)?)
}
