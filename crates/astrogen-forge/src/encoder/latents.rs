//! The latents of galaxies, and their files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use astrogen_catalog::{Catalog, CatalogOptions};
use atomic_write_file::AtomicWriteFile;
use ndarray::{Array2, ArrayView1};
use npyz::{WriteOptions, WriterBuilder};

use crate::ForgeError;

/// What the name of a file has behind the galaxy's id, before `.npy`.
const SUFFIX: &str = "_latent";

/// The latents of galaxies.
///
/// ```
/// use astrogen_forge::Latents;
/// use ndarray::array;
///
/// let folder = tempfile::tempdir()?;
/// let ids = vec!["g1".to_owned(), "g2".to_owned()];
/// let latents = Latents { ids, values: array![[0.5, 1.0, -2.0], [0.0, 3.0, 1.5]] };
/// latents.save(folder.path())?;
/// assert!(folder.path().join("g2_latent.npy").exists());
/// assert_eq!(Latents::open(folder.path())?, latents);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Latents {
    /// The ids of the galaxies.
    pub ids: Vec<String>,
    /// A row for each galaxy, `[G, L]`.
    pub values: Array2<f32>,
}

impl Latents {
    /// The latents of a folder, by id: files `ID_latent.npy` or `ID.npy`, each of `[L]` numbers. Other
    /// files are left alone.
    ///
    /// # Errors
    /// [`ForgeError::Unusable`] for a folder without such files, two files of one galaxy, and one of
    /// another shape or number of latents, or with a number that is not finite;
    /// [`ForgeError::Catalog`] for one that cannot be read; [`ForgeError::Io`] for the folder.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ForgeError> {
        let folder = folder.as_ref();
        let fail = |source| io_error("cannot read the folder", folder, source);
        let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
        let mut paths = fs::read_dir(folder).map_err(fail)?;
        let paths = paths.try_fold(Vec::new(), |mut paths, entry| -> io::Result<_> {
            paths.push(entry?.path());
            Ok(paths)
        });
        let mut paths = paths.map_err(fail)?;
        paths.sort_unstable();
        for path in paths {
            let Some(id) = id_of(&path) else { continue };
            if let Some(other) = files.insert(id.clone(), path.clone()) {
                let reason = format!("{} has latents of {id} too: keep one", other.display());
                return Err(ForgeError::Unusable { path, reason });
            }
        }
        let mut values = Vec::new();
        let mut first: Option<(&PathBuf, usize)> = None;
        for path in files.values() {
            let row = read(path)?;
            let &mut (other, latents) = first.get_or_insert((path, row.len()));
            if row.len() != latents {
                let (got, other) = (row.len(), other.display());
                let reason = format!("expected {latents} latents, as in {other}, got {got}");
                return Err(ForgeError::Unusable { path: path.clone(), reason });
            }
            values.extend(row);
        }
        let Some((_, latents)) = first else {
            let reason = "no latents: expected files ID_latent.npy or ID.npy".to_owned();
            return Err(ForgeError::Unusable { path: folder.to_owned(), reason });
        };
        let ids: Vec<String> = files.into_keys().collect();
        let values = Array2::from_shape_vec((ids.len(), latents), values);
        // Each row has as many numbers as the first.
        let values = values.unwrap_or_default();
        Ok(Self { ids, values })
    }

    /// The latents of a galaxy, `[L]`.
    pub fn get(&self, id: &str) -> Option<ArrayView1<'_, f32>> {
        let row = self.ids.iter().position(|other| other == id)?;
        (row < self.values.nrows()).then(|| self.values.row(row))
    }

    /// Writes a file `ID_latent.npy` for each galaxy, `[L]` in single precision, to a folder, which is
    /// made if it is not there. A file that is there already stays: with the same numbers it is left
    /// as it is, with others nothing is written.
    ///
    /// # Errors
    /// [`ForgeError::Exists`] for a file with other latents; [`ForgeError::Setting`] where ids and
    /// rows differ in number, for an id that stands twice or is no name of a file, and for numbers
    /// that are not finite; [`ForgeError::Io`] where the disk refuses.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ForgeError> {
        self.validate()?;
        let folder = folder.as_ref();
        fs::create_dir_all(folder)
            .map_err(|source| io_error("cannot make the folder", folder, source))?;
        let mut missing = Vec::new();
        for (id, row) in self.ids.iter().zip(self.values.rows()) {
            let path = folder.join(format!("{id}{SUFFIX}.npy"));
            if !path.exists() {
                missing.push((path, row));
            } else if !read(&path).is_ok_and(|old| row.iter().eq(&old)) {
                return Err(ForgeError::Exists { path });
            }
        }
        missing.iter().try_for_each(|(path, row)| {
            write(path, row).map_err(|source| io_error("cannot write", path, source))
        })
    }

    fn validate(&self) -> Result<(), ForgeError> {
        let refuse = |name, rule: String, got: String| Err(ForgeError::Setting { name, rule, got });
        let rows = self.values.nrows();
        if rows != self.ids.len() {
            return refuse("ids", format!("{rows}, as many as rows"), self.ids.len().to_string());
        }
        let is_name = |id: &str| !id.is_empty() && !id.contains(['/', '\\', '\0']);
        if let Some(id) = self.ids.iter().find(|id| !is_name(id)) {
            return refuse("ids", "names of files".to_owned(), format!("{id:?}"));
        }
        let mut sorted: Vec<&String> = self.ids.iter().collect();
        sorted.sort_unstable();
        if let Some(two) = sorted.windows(2).find(|two| two[0] == two[1]) {
            return refuse("ids", "different ones".to_owned(), format!("{} twice", two[0]));
        }
        let finite = |row: ArrayView1<f32>| row.iter().all(|value| value.is_finite());
        match self.ids.iter().zip(self.values.rows()).find(|(_, row)| !finite(*row)) {
            Some((id, row)) => refuse("latents", "finite".to_owned(), format!("{row} of {id}")),
            None => Ok(()),
        }
    }
}

/// The id in the name of a file of latents.
fn id_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".npy")?;
    let id = name.strip_suffix(SUFFIX).unwrap_or(name);
    (!id.is_empty() && !id.starts_with('.')).then(|| id.to_owned())
}

/// The latents in a file.
fn read(path: &Path) -> Result<Vec<f32>, ForgeError> {
    let refuse = |reason| ForgeError::Unusable { path: path.to_owned(), reason };
    let catalog = Catalog::open(path, &CatalogOptions::default())?;
    // An array [L] is a table of one column, without a name of its own.
    let [column] = catalog.columns() else {
        let (rows, columns) = (catalog.rows().unwrap_or_default(), catalog.columns().len());
        return Err(refuse(format!("expected latents of shape [L], got [{rows}, {columns}]")));
    };
    let (columns, _) = catalog.read(&[&column.name])?;
    let values: Vec<f32> = columns.values().iter().flatten().map(|&value| value as f32).collect();
    if values.is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(refuse(format!("latent {at} is {}, expected finite ones", values[at]))),
        None => Ok(values),
    }
}

/// Writes latents to a file, whole or not at all.
fn write(path: &Path, row: &ArrayView1<f32>) -> io::Result<()> {
    let mut file = AtomicWriteFile::open(path)?;
    let mut bytes = Vec::new();
    let options = WriteOptions::new().default_dtype().shape(&[row.len() as u64]);
    let mut writer = options.writer(&mut bytes).begin_nd()?;
    writer.extend(row.iter())?;
    writer.finish()?;
    file.write_all(&bytes)?;
    file.commit()
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> ForgeError {
    ForgeError::Io { action, path: path.to_owned(), source }
}
