//! Writes a HATS catalogue, a partition at a time.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use astrogen_fits::table::{NewColumn, Storage};
use astrogen_fits::{Header, create_whole};

use super::footer::Footers;
use super::properties::Properties;
use super::{HatsPixel, INDEX, PARTITIONS, PROPERTIES, SUFFIX};
use crate::{CatalogError, CatalogWriter};

/// What of an unfinished catalogue has to be the same when the work goes on.
const BEGUN: &str = "begun.txt";
/// What its name begins with while it is written.
const TEMPORARY: &str = ".begun.txt.";

/// What a new HATS catalogue is.
#[derive(Debug, Clone)]
pub struct HatsConfig {
    /// Its name.
    pub name: String,
    /// The columns of right ascension and declination, in degrees, among its own.
    pub position: [String; 2],
    /// More properties, by their keys.
    pub properties: Vec<(String, String)>,
}

impl HatsConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Setting` for no name, and for one column that is both coordinates.
    pub fn validate(&self) -> Result<(), CatalogError> {
        let refuse = |name, rule, got: &str| {
            Err(CatalogError::Setting { name, rule, got: format!("{got:?}") })
        };
        if self.name.trim().is_empty() {
            return refuse("name of the catalogue", "a text", &self.name);
        }
        match &self.position {
            [ra, dec] if ra == dec => refuse("position", "the names of two columns", ra),
            _ => Ok(()),
        }
    }
}

/// A HATS catalogue being written into a folder.
///
/// Each partition appears whole; until [`finish`](Self::finish) the folder is no catalogue, and may be gone on
/// with, by several programs at a time. Settings are kept in it: they have to be the same then.
///
/// ```
/// use astrogen_catalog::hats::{HatsConfig, HatsPixel, HatsWriter, INDEX};
/// use astrogen_catalog::{Catalog, CatalogOptions, Columns, NewColumn, Storage};
/// use astrogen_fits::Header;
///
/// let folder = tempfile::tempdir()?;
/// let config = HatsConfig {
///     name: "mock".into(),
///     position: ["ra".into(), "dec".into()],
///     properties: Vec::new(),
/// };
/// let columns = [NewColumn::new("ra", Storage::Float64), NewColumn::new("dec", Storage::Float64)];
/// let writer = HatsWriter::create(folder.path().join("mock"), &config, &columns, &Header::new())?;
/// let pixel = HatsPixel::new(0, 4).ok_or("a pixel")?;
/// let mut rows = Columns::new([("ra", vec![0.5, 1.0]), ("dec", vec![0.0, 0.1])])?;
/// rows.push_integers(INDEX, vec![Some((4 << 58) + 1), Some((4 << 58) + 2)])?;
/// let mut partition = writer.partition(pixel)?;
/// partition.write_columns(&rows)?;
/// partition.finish()?;
/// assert_eq!(writer.finish()?, 2);
///
/// let mock = Catalog::open(folder.path().join("mock"), &CatalogOptions::default())?;
/// assert_eq!(mock.read(&["ra"])?.0.column("ra")?, [0.5, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HatsWriter {
    path: PathBuf,
    config: HatsConfig,
    /// The index, then the others.
    columns: Vec<NewColumn>,
    header: Header,
}

impl HatsWriter {
    /// Begins a catalogue of these columns, beside the index, in a folder that is empty or not there, or goes
    /// on with one that was begun with the same settings.
    ///
    /// # Errors
    /// `Setting` for settings that do not [hold](HatsConfig::validate), a folder that holds something else or a catalogue that was begun otherwise, and
    /// where the position is not among the columns; `Io` where the disk refuses.
    pub fn create(
        path: impl Into<PathBuf>,
        config: &HatsConfig,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<Self, CatalogError> {
        config.validate()?;
        let path = path.into();
        for name in &config.position {
            if !columns.iter().any(|column| column.name == *name) {
                return Err(CatalogError::Setting {
                    name: "position",
                    rule: "the names of two of the columns",
                    got: format!("{name:?}"),
                });
            }
        }
        let index = NewColumn::new(INDEX, Storage::Int64);
        let columns: Vec<NewColumn> = [index].into_iter().chain(columns.iter().cloned()).collect();
        let writer = Self { path, config: config.clone(), columns, header: header.clone() };
        writer.begin()?;
        Ok(writer)
    }

    fn begin(&self) -> Result<(), CatalogError> {
        let io = |source| CatalogError::io("write", &self.path, source);
        fs::create_dir_all(&self.path).map_err(io)?;
        let (begun, settings) = (self.path.join(BEGUN), self.settings());
        let refuse = |got: String| CatalogError::Setting {
            name: "folder of the catalogue to write",
            rule: "empty, or begun with the same settings",
            got,
        };
        match fs::read_to_string(&begun) {
            Ok(own) if own == settings => return Ok(()),
            Ok(own) => {
                let differing = own.lines().zip(settings.lines()).find(|(own, new)| own != new);
                let (own, new) = differing.unwrap_or((&own, &settings));
                let path = self.path.display();
                return Err(refuse(format!("{path}, begun with {own:?} and not with {new:?}")));
            }
            Err(_) if self.holds_else().map_err(io)? => {
                // Another program may have begun at the same moment.
                match fs::read_to_string(&begun) {
                    Ok(own) if own == settings => return Ok(()),
                    _ => return Err(refuse(self.path.display().to_string())),
                }
            }
            Err(_) => {}
        }
        self.write(BEGUN, settings.as_bytes())
    }

    /// Whether the folder holds something else than settings that are being written: another program
    /// begins at the same moment, or was killed then.
    fn holds_else(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if !name.to_string_lossy().starts_with(TEMPORARY) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A line each.
    fn settings(&self) -> String {
        let columns = self
            .columns
            .iter()
            .map(|column| format!("column {} {:?} {:?}", column.name, column.storage, column.unit));
        let cards = self.header.iter().map(|card| format!("{} {:?}", card.keyword, card.value));
        let properties = self.config.properties.iter().map(|(key, value)| format!("{key}={value}"));
        let position = format!("position {:?}", self.config.position);
        let name = format!("name {}", self.config.name);
        let lines = [name, position].into_iter().chain(columns).chain(cards).chain(properties);
        lines.map(|line| line.replace('\n', " ") + "\n").collect()
    }

    /// The catalogue's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a partition is there.
    #[must_use]
    pub fn has(&self, pixel: HatsPixel) -> bool {
        self.path.join(pixel.file()).is_file()
    }

    /// Begins a partition, which is there when it is [finished](CatalogWriter::finish): rows with the index
    /// first, sorted by it.
    ///
    /// # Errors
    /// As [`CatalogWriter::create`].
    pub fn partition(&self, pixel: HatsPixel) -> Result<CatalogWriter, CatalogError> {
        let path = self.path.join(pixel.file());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| CatalogError::io("write", folder, source))?;
        }
        CatalogWriter::create(path, &self.columns, &self.header)
    }

    /// Makes a catalogue of the partitions that are there; its rows.
    ///
    /// # Errors
    /// `Rows` where there is none, `Damaged` for a file that is no partition, `Io` where the disk
    /// refuses.
    pub fn finish(&self) -> Result<u64, CatalogError> {
        let dataset = self.path.join("dataset");
        let pixels = if dataset.is_dir() { super::found(&dataset, SUFFIX)? } else { Vec::new() };
        if pixels.is_empty() {
            return Err(CatalogError::Rows {
                reason: format!("{} has no partition: no row was written", self.path.display()),
            });
        }
        let (mut footers, mut bytes) = (Footers::default(), 0);
        let mut list = "Norder,Npix\n".to_owned();
        for pixel in &pixels {
            let path = self.path.join(pixel.file());
            let file = pixel.file();
            let name = file.strip_prefix("dataset").unwrap_or(&file).to_string_lossy().into_owned();
            footers.add(&path, &name)?;
            bytes += fs::metadata(&path)
                .map_err(|source| CatalogError::io("read", &path, source))?
                .len();
            list += &format!("{},{}\n", pixel.order(), pixel.number());
        }
        let failed = |error| {
            CatalogError::io(
                "write",
                &dataset,
                std::io::Error::other::<parquet::errors::ParquetError>(error),
            )
        };
        let (rows, properties) = (footers.rows(), self.properties(&pixels, &footers, bytes));
        self.write("dataset/_common_metadata", &footers.common().map_err(failed)?)?;
        self.write("dataset/_metadata", &footers.whole().map_err(failed)?)?;
        self.write(PARTITIONS, list.as_bytes())?;
        for name in PROPERTIES {
            self.write(name, properties.text().as_bytes())?;
        }
        Ok(rows)
    }

    fn properties(&self, pixels: &[HatsPixel], footers: &Footers, bytes: u64) -> Properties {
        let mut properties = Properties::default();
        for (key, value) in &self.config.properties {
            properties.set(key, value);
        }
        let [ra, dec] = &self.config.position;
        properties.set("obs_collection", &self.config.name);
        properties.set("dataproduct_type", "object");
        properties.set("hats_nrows", footers.rows());
        properties.set("hats_max_rows", footers.most_rows);
        properties.set("hats_col_ra", ra);
        properties.set("hats_col_dec", dec);
        properties.set("hats_col_healpix", INDEX);
        properties.set("hats_col_healpix_order", 29);
        properties.set("hats_npix_suffix", SUFFIX);
        let deepest = pixels.iter().map(|pixel| pixel.order()).max();
        properties.set("hats_order", deepest.unwrap_or_default());
        properties.set("hats_version", "v1.0");
        properties.set("hats_estsize", bytes.div_ceil(1024));
        properties.set("hats_builder", concat!("astrogen ", env!("CARGO_PKG_VERSION")));
        properties.set("moc_sky_fraction", pixels.iter().map(|pixel| pixel.area()).sum::<f64>());
        properties
    }

    /// Writes a file: whole, or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CatalogError> {
        let path = self.path.join(name);
        let write = || {
            let mut file = create_whole(&path)?;
            file.write_all(bytes)?;
            file.commit()
        };
        write().map_err(|source| CatalogError::io("write", &path, source))
    }
}
