//! HATS: catalogues of the whole sky as Parquet files, a file a HEALPix pixel.
//!
//! ```text
//! catalogue/
//!   hats.properties  properties                  what it is; both are the same
//!   partition_info.csv                           its pixels
//!   dataset/_common_metadata  dataset/_metadata  the columns, and where rows are
//!   dataset/Norder=5/Dir=10000/Npix=12004.parquet
//! ```
//!
//! Pixels are in nested order, the deeper the more rows there are. The first column, `_healpix_29`, is
//! the pixel of order 29 of each row, by which rows are sorted; of those in pixel `N` of order `K` it is
//! `N` after a shift by `2 (29 - K)` bits to the right. The layout is that of the IVOA's note of 2025 and
//! of the Python packages `hats` and `lsdb`.
//!
//! A [`HatsCatalog`] knows the folder; [`Catalog::open`](crate::Catalog::open) takes the folder for one
//! catalogue, whose rows are those of its partitions along the sky. A [`HatsWriter`] writes one, a
//! partition at a time, each whole, so that the work can be stopped, gone on with, and shared.

mod footer;
mod pixel;
mod properties;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use crate::CatalogError;
pub use pixel::{HatsPixel, healpix_index};
use properties::Properties;
pub use writer::{HatsConfig, HatsWriter};

/// The index column.
pub const INDEX: &str = "_healpix_29";

const PROPERTIES: [&str; 2] = ["hats.properties", "properties"];
const PARTITIONS: &str = "partition_info.csv";
/// What the names of partitions end in.
const SUFFIX: &str = ".parquet";

/// A HATS catalogue in a folder.
#[derive(Debug, Clone)]
pub struct HatsCatalog {
    path: PathBuf,
    properties: Properties,
    partitions: Vec<HatsPartition>,
}

/// A partition of a HATS catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HatsPartition {
    /// Its pixel.
    pub pixel: HatsPixel,
    /// Its file, or a folder of files.
    pub path: PathBuf,
}

impl HatsCatalog {
    /// Whether a folder is a HATS catalogue, or a collection with one.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        let names = PROPERTIES.iter().chain([&COLLECTION]);
        names.into_iter().any(|name| folder.join(name).is_file())
    }

    /// Opens a catalogue, or the one that a collection is about. Reads no rows.
    ///
    /// # Errors
    /// `Io` where a file cannot be read, `Format` for a folder that is no catalogue of rows, `Damaged` for
    /// partitions that are not there.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, CatalogError> {
        let folder = folder.as_ref();
        let collection = folder.join(COLLECTION);
        if collection.is_file() {
            let properties = Properties::read(&collection)?;
            let inner = properties.get("hats_primary_table_url").unwrap_or_default();
            // A name below this folder and nothing else.
            let plain = |part| matches!(part, std::path::Component::Normal(_));
            if inner.is_empty() || !Path::new(inner).components().all(plain) {
                return Err(CatalogError::Format {
                    path: collection,
                    expected: "a collection that names the folder of its catalogue \
                               (hats_primary_table_url)",
                    got: format!("{inner:?}"),
                });
            }
            return Self::of(folder.join(inner));
        }
        Self::of(folder.to_owned())
    }

    fn of(path: PathBuf) -> Result<Self, CatalogError> {
        let found = PROPERTIES.iter().map(|name| path.join(name)).find(|path| path.is_file());
        let Some(file) = found else {
            return Err(CatalogError::Format {
                path,
                expected: "the folder of a HATS catalogue, with hats.properties",
                got: "a folder without it".to_owned(),
            });
        };
        let properties = Properties::read(&file)?;
        let kind = properties.get("dataproduct_type").unwrap_or("object");
        if !["object", "source", "margin"].contains(&kind) {
            return Err(CatalogError::Format {
                path: file,
                expected: "a HATS catalogue of objects or sources",
                got: format!("a HATS table of kind {kind:?}"),
            });
        }
        let suffix = properties.get("hats_npix_suffix").unwrap_or(SUFFIX);
        let mut pixels = pixels(&path, suffix)?;
        pixels.sort_unstable();
        pixels.dedup();
        let partition = |pixel: HatsPixel| {
            let path = path.join(pixel.path(suffix));
            match path.exists() {
                true => Ok(HatsPartition { pixel, path }),
                false => Err(CatalogError::Damaged {
                    path,
                    reason: "this partition is listed and not there; fetch or copy it again"
                        .to_owned(),
                }),
            }
        };
        let partitions = pixels.into_iter().map(partition).collect::<Result<_, _>>()?;
        Ok(Self { path, properties, partitions })
    }

    /// The catalogue's folder: of a collection the one inside.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.properties.get("obs_collection")
    }

    /// The columns of right ascension and declination.
    #[must_use]
    pub fn position(&self) -> Option<(&str, &str)> {
        self.properties.get("hats_col_ra").zip(self.properties.get("hats_col_dec"))
    }

    /// Its rows, if it says.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.properties.get("hats_nrows")?.parse().ok()
    }

    /// Its partitions, along the sky.
    #[must_use]
    pub fn partitions(&self) -> &[HatsPartition] {
        &self.partitions
    }
}

/// What makes a folder a collection: a catalogue with margins and indexes beside it.
const COLLECTION: &str = "collection.properties";

/// The pixels that are listed, or found where there is no list.
fn pixels(folder: &Path, suffix: &str) -> Result<Vec<HatsPixel>, CatalogError> {
    let list = folder.join(PARTITIONS);
    if !list.is_file() {
        return found(&folder.join("dataset"), suffix);
    }
    let refuse =
        |error: csv::Error| CatalogError::Damaged { path: list.clone(), reason: error.to_string() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&list).map_err(refuse)?;
    let names = reader.headers().map_err(refuse)?.clone();
    let column = |name: &str| {
        names.iter().position(|own| own.trim() == name).ok_or_else(|| CatalogError::Damaged {
            path: list.clone(),
            reason: format!("expected columns Norder and Npix, got {names:?}"),
        })
    };
    let (order, number) = (column("Norder")?, column("Npix")?);
    let rows = reader.records().map(|row| {
        let row = row.map_err(refuse)?;
        let cell = |column| row.get(column).unwrap_or_default();
        HatsPixel::parse(cell(order), cell(number), &list)
    });
    rows.collect()
}

/// The pixels that folders and files are named by, along the sky: those of partitions end in `suffix`
/// and nothing else, so that a copy beside one is none.
fn found(dataset: &Path, suffix: &str) -> Result<Vec<HatsPixel>, CatalogError> {
    let named = |folder: &Path, key: &str, suffix: &str| {
        let io = |source| CatalogError::io("read", folder, source);
        let mut named = Vec::new();
        for entry in fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let number = name.strip_prefix(key).and_then(|name| name.strip_suffix(suffix));
            if let Some(number) = number
                && number.bytes().all(|byte| byte.is_ascii_digit())
            {
                named.push((number.to_owned(), path));
            }
        }
        Ok::<_, CatalogError>(named)
    };
    let mut pixels = Vec::new();
    for (order, folder) in named(dataset, "Norder=", "")? {
        for (_, folder) in named(&folder, "Dir=", "")? {
            for (number, path) in named(&folder, "Npix=", suffix.trim_end_matches('/'))? {
                pixels.push(HatsPixel::parse(&order, &number, &path)?);
            }
        }
    }
    pixels.sort_unstable();
    pixels.dedup();
    Ok(pixels)
}
