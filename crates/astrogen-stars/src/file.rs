//! The files that galaxies are in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::read::{self, parts};
use crate::{Galaxy, Layout, StarsError};

/// Endings of the files that are looked for in a folder.
const ENDINGS: [&str; 10] =
    ["npy", "fits", "fit", "csv", "ecsv", "parquet", "pq", "hdf5", "h5", "hdf"];
/// Endings behind those, of packed files.
const PACKED: [&str; 3] = ["gz", "bz2", "Z"];

/// The least that a number in a file's name is to be to be dark matter, in solar masses.
const LEAST_DARK_MASS: f64 = 1e5;

/// The file of a galaxy.
///
/// Its name is the galaxy's id, up to the ending: `g0007.fits`, `snap_099.0.hdf5` (the first file
/// of a snapshot of several, whose id is `snap_099`). A mass of dark matter may follow it, in solar
/// masses with an exponent or a point, 1e5 or more: `g0007_1.2340e12.npy`. So `illustris1_420815`
/// is an id as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct GalaxyFile {
    /// The galaxy's name.
    pub id: String,
    /// The file, or the first of those of its snapshot.
    pub path: PathBuf,
    /// The mass of the galaxy's dark matter in solar masses, where the file's name says it.
    pub dark_mass: Option<f64>,
}

impl GalaxyFile {
    /// The files of a folder that end as star arrays, tables and snapshots do, sorted by id, one a
    /// galaxy; of a file, that one whatever its ending. Folders inside it are not looked into.
    ///
    /// # Errors
    /// `Io` if there is no such file or folder, `NoFiles` for a folder without galaxies, `Twice` for
    /// two files of one galaxy.
    pub fn find(path: &Path) -> Result<Vec<GalaxyFile>, StarsError> {
        let fail = |source| StarsError::io("read", path, source);
        if !fs::metadata(path).map_err(fail)?.is_dir() {
            return Ok(vec![GalaxyFile::of(path)]);
        }
        let mut paths = Vec::new();
        let mut folders = Vec::new();
        for entry in fs::read_dir(path).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(name);
            } else if !name.starts_with('.') && stem(&name).is_some() {
                paths.push(path);
            }
        }
        paths.sort();
        let mut found: Vec<(GalaxyFile, bool)> = Vec::new();
        for path in paths {
            let is_part = parts::is_part(&path);
            let file = GalaxyFile::of(&path);
            // The other files of a snapshot are read with its first.
            let ending = file.path.extension();
            let same = |own: &&(GalaxyFile, bool)| {
                is_part && own.1 && own.0.id == file.id && own.0.path.extension() == ending
            };
            if found.iter().find(same).is_none() {
                found.push((file, is_part));
            }
        }
        let mut files: Vec<GalaxyFile> = found.into_iter().map(|(file, _)| file).collect();
        files.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.path.cmp(&b.path)));
        if let Some([first, second]) = files.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(StarsError::Twice {
                id: first.id.clone(),
                first: first.path.clone(),
                second: second.path.clone(),
            });
        }
        if files.is_empty() {
            let inside = match folders.iter().any(|name| name == "stars") {
                true => "; its folder \"stars\" may",
                false => "",
            };
            return Err(StarsError::NoFiles {
                path: path.to_owned(),
                reason: format!("expected files that end in {}{inside}", ENDINGS.join(", ")),
            });
        }
        Ok(files)
    }

    /// The file at a path, by its name.
    fn of(path: &Path) -> GalaxyFile {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut id = stem(&name).unwrap_or(&name);
        if parts::is_part(path) {
            id = parts::split(id).map_or(id, |(snapshot, _)| snapshot);
        }
        let mass = id.rsplit_once('_').and_then(|(id, mass)| Some((id, dark_mass(mass)?)));
        let (id, dark_mass) = match mass {
            Some((id, mass)) if !id.is_empty() => (id, Some(mass)),
            _ => (id, None),
        };
        GalaxyFile { id: id.to_owned(), path: path.to_owned(), dark_mass }
    }

    /// Reads the galaxy, as a [`Layout`] or the conventions of its file say.
    ///
    /// # Errors
    /// `Setting` as [`Layout::validate`], `Catalog` for a file that cannot be read or lacks a named
    /// column, `Shape` for an array of another shape, `Column`, `Unit` and `Header` for a file that
    /// does not say what its numbers are, `Missing` for a snapshot that is not whole, `NoStars` for
    /// no stars, `Stars` for stars that cannot be centred.
    pub fn read(&self, layout: &Layout) -> Result<Galaxy, StarsError> {
        layout.validate()?;
        let (stars, wind) = read::read(&self.path, layout)?;
        Ok(Galaxy {
            id: self.id.clone(),
            stars,
            dark_mass: self.dark_mass,
            path: self.path.clone(),
            wind,
        })
    }
}

/// A name without its ending, if that is a known one.
fn stem(name: &str) -> Option<&str> {
    let (mut stem, mut ending) = name.rsplit_once('.')?;
    if PACKED.contains(&ending) {
        (stem, ending) = stem.rsplit_once('.')?;
    }
    let known = ENDINGS.iter().any(|own| own.eq_ignore_ascii_case(ending));
    (known && !stem.is_empty()).then_some(stem)
}

/// The mass that a part of a name spells.
fn dark_mass(text: &str) -> Option<f64> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    let spelled = starts && text.contains(['.', 'e', 'E']);
    let mass: f64 = text.parse().ok().filter(|_| spelled)?;
    (mass.is_finite() && mass >= LEAST_DARK_MASS).then_some(mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ids_and_masses() {
        for (name, id, mass) in [
            ("g0007_1.2340e12.npy", "g0007", Some(1.234e12)),
            ("g7_9.80e+11.npy", "g7", Some(9.8e11)),
            ("g7_1234000000000.0.npy", "g7", Some(1.234e12)),
            ("g0007.npy", "g0007", None),
            ("illustris1_420815.csv", "illustris1_420815", None),
            ("sim_2.0.csv.gz", "sim_2.0", None),
            ("_1e12.npy", "_1e12", None),
            ("g_e12.npy", "g_e12", None),
            ("a.b.FITS", "a.b", None),
            ("strange", "strange", None),
        ] {
            let file = GalaxyFile::of(Path::new(name));
            assert_eq!((file.id.as_str(), file.dark_mass), (id, mass), "{name}");
        }
    }
}
