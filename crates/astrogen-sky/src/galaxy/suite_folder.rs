//! A folder of simulated galaxies, made in parallel and recognised when it is there.

use super::suite::{SuiteConfig, SuiteGalaxy};
use super::table::save_stars;
use crate::claim::Claim;
use crate::error::SkyError;
use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that says what a finished folder was made from.
pub const MANIFEST: &str = "galaxies.json";

/// The table with a row for each galaxy.
pub const GALAXIES: &str = "galaxies.fits";

/// The value of a galaxy in a column.
type Get = fn(&SuiteGalaxy) -> f64;

/// The columns of the table of galaxies after the number: name, unit and value.
const COLUMNS: [(&str, &str, Get); 20] = [
    ("m_dark", "solMass", |of| of.galaxy.config().dark_mass),
    ("m_stars", "solMass", |of| of.galaxy.config().stellar_mass),
    ("m_gas", "solMass", |of| of.galaxy.config().gas_mass),
    ("early", "", |of| f64::from(u8::from(of.early))),
    ("r_half", "kpc", |of| of.half_mass_radius),
    ("thin", "", |of| of.galaxy.config().thin.share),
    ("thick", "", |of| of.galaxy.config().thick.share),
    ("bulge", "", |of| of.galaxy.config().bulge.share),
    ("halo", "", |of| of.galaxy.config().halo.share),
    ("length", "kpc", |of| of.galaxy.config().thin.length),
    ("height", "kpc", |of| of.galaxy.config().thin.height),
    ("r_bulge", "kpc", |of| of.galaxy.config().bulge.radius),
    ("age_thin", "Gyr", |of| of.galaxy.config().thin.population.age),
    ("age_bulge", "Gyr", |of| of.galaxy.config().bulge.population.age),
    ("feh_thin", "dex", |of| of.galaxy.config().thin.population.metallicity),
    ("feh_bulge", "dex", |of| of.galaxy.config().bulge.population.metallicity),
    ("field", "kpc", |of| of.view.field),
    ("incl", "deg", |of| of.view.inclination),
    ("pos_angle", "deg", |of| of.view.position_angle),
    ("dust", "", |of| of.view.dust),
];

/// A galaxy's row in the table.
type Row = [f64; COLUMNS.len()];

/// What a folder was made from; folders whose manifests are the same hold the same files.
#[derive(Serialize)]
struct Manifest<'a> {
    /// Grows when the same settings and seed come to give other galaxies.
    simulation: u32,
    config: &'a SuiteConfig,
    seed: u64,
}

/// The files of one galaxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteFiles {
    /// The galaxy's name.
    pub id: String,
    /// `stars/ID_DARKMASS.npy`: stars `[11, n]`, as GalacticFlow reads them.
    pub stars: PathBuf,
    /// `images/ID.png`: the picture.
    pub image: PathBuf,
    /// `tables/ID.fits`: the stars as a table with names and units.
    pub table: PathBuf,
}

impl SuiteFiles {
    fn of(member: &SuiteGalaxy, folder: &Path) -> Self {
        let id = member.id.clone();
        Self {
            stars: folder.join(format!("stars/{id}_{}.npy", member.dark_mass())),
            image: folder.join(format!("images/{id}.png")),
            table: folder.join(format!("tables/{id}.fits")),
            id,
        }
    }

    fn are_there(&self) -> bool {
        [&self.stars, &self.image, &self.table].into_iter().all(|path| path.exists())
    }
}

/// Whether a folder was filled with the suite of these settings and this seed.
pub(crate) fn is_complete(folder: &Path, config: &SuiteConfig, seed: u64) -> bool {
    Claim::is_finished(folder, MANIFEST, &Manifest { simulation: 1, config, seed })
}

/// Simulates a suite into a folder, on all threads of rayon's pool, and returns the galaxies'
/// files in order.
///
/// The folder has the folders `stars`, `images` and `tables` (see [`SuiteFiles`]), each with one
/// file a galaxy, and [`GALAXIES`], a table with a row for each galaxy: its number, masses, type,
/// shares, sizes, ages, metals and how it is looked at. Each file is written whole, then
/// renamed; the manifest [`MANIFEST`] (settings and seed as JSON) comes last. Called again with
/// the same arguments, the function keeps every file that is there and makes the missing ones; called
/// while another program fills the folder, it waits for that.
///
/// # Errors
/// [`SkyError::Setting`] for a setting out of its range, [`SkyError::Folder`] if the folder
/// holds galaxies of other settings (nothing is overwritten), [`SkyError::Io`] and
/// [`SkyError::Catalog`] if writing fails.
pub fn simulate_galaxies(
    folder: &Path,
    config: &SuiteConfig,
    seed: u64,
) -> Result<Vec<SuiteFiles>, SkyError> {
    config.validate()?;
    let (files, rows): (Vec<SuiteFiles>, Vec<Row>) = (0..config.galaxies)
        .into_par_iter()
        .map(|number| {
            let member = config.member(number, seed)?;
            Ok((SuiteFiles::of(&member, folder), COLUMNS.map(|(_, _, get)| get(&member))))
        })
        .collect::<Result<Vec<_>, SkyError>>()?
        .into_iter()
        .unzip();

    let galaxies = folder.join(GALAXIES);
    let paths = files.iter().flat_map(|files| [&files.stars, &files.image, &files.table]);
    let paths: Vec<PathBuf> = paths.chain([&galaxies]).cloned().collect();
    let claim = Claim::lay(folder, MANIFEST, &Manifest { simulation: 1, config, seed }, &paths)?;
    for name in ["stars", "images", "tables"] {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(|source| SkyError::Io {
            action: "cannot make the folder",
            path,
            source,
        })?;
    }
    files
        .par_iter()
        .enumerate()
        .filter(|(_, files)| !files.are_there())
        .try_for_each(|(number, files)| save(&config.member(number, seed)?, files, config.stars))?;
    if !galaxies.exists() {
        save_galaxies(&galaxies, &rows, seed)?;
    }
    claim.finish()?;
    Ok(files)
}

/// Writes the files of one galaxy that are missing.
fn save(member: &SuiteGalaxy, files: &SuiteFiles, count: usize) -> Result<(), SkyError> {
    let stars = member.galaxy.stars(count);
    if !files.stars.exists() {
        save_stars(&files.stars, &stars)?;
    }
    if !files.table.exists() {
        member.galaxy.save_table(&files.table, &stars)?;
    }
    if !files.image.exists() {
        member.image(&stars)?.save_png(&files.image)?;
    }
    Ok(())
}

/// Writes the table of the galaxies.
fn save_galaxies(path: &Path, rows: &[Row], seed: u64) -> Result<(), SkyError> {
    let mut header = Header::new();
    header.push("EXTNAME", "GALAXIES", "");
    header.push("ORIGIN", "astrogen-sky", "simulated, not observed");
    header.push("SEED", seed.to_string(), "seed of the suite, as text");
    let mut described = vec![NewColumn::new("number", Storage::Int64)];
    described.extend(COLUMNS.map(|(name, unit, _)| {
        let column = NewColumn::new(name, Storage::Float64);
        if unit.is_empty() { column } else { column.with_unit(unit) }
    }));
    let mut values: Vec<Vec<f64>> = vec![(0..rows.len()).map(|number| number as f64).collect()];
    values.extend((0..COLUMNS.len()).map(|column| rows.iter().map(|row| row[column]).collect()));
    let mut writer = CatalogWriter::create(path, &described, &header)?;
    writer.write(&values)?;
    writer.finish()?;
    Ok(())
}
