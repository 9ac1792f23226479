//! The files a survey would hand out: its catalogue and its sky maps.

use super::{BANDS, CONDITIONS, SELECTION, Survey, SurveyConfig};
use crate::claim::Claim;
use crate::error::SkyError;
use astrogen_catalog::skymap::{Coverage, Ordering};
use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The file that says what a finished folder was made from.
pub const MANIFEST: &str = "survey.json";

/// The catalogue's file.
pub const CATALOGUE: &str = "catalogue.fits";

/// What a folder was made from; folders whose manifests are the same hold the same files.
#[derive(Serialize)]
struct Manifest<'a> {
    /// Grows when the same settings and seed come to give other numbers.
    simulation: u32,
    config: &'a SurveyConfig,
    seed: u64,
}

/// Rows of the catalogue written at a time.
const AT_A_TIME: usize = 1 << 16;

/// How each map is written: both orders occur, and both forms.
const MAPS: [(&str, Ordering, Coverage); 9] = [
    (CONDITIONS[0], Ordering::Ring, Coverage::Partial),
    (CONDITIONS[1], Ordering::Ring, Coverage::Partial),
    (CONDITIONS[2], Ordering::Ring, Coverage::Partial),
    (CONDITIONS[3], Ordering::Nested, Coverage::Partial),
    (CONDITIONS[4], Ordering::Nested, Coverage::Partial),
    (CONDITIONS[5], Ordering::Nested, Coverage::Partial),
    (SELECTION[0], Ordering::Ring, Coverage::Full),
    (SELECTION[1], Ordering::Ring, Coverage::Partial),
    (SELECTION[2], Ordering::Nested, Coverage::Partial),
];

/// The files of the maps, in the order of [`MAPS`].
fn map_files(folder: &Path) -> [PathBuf; 9] {
    MAPS.map(|(name, ..)| folder.join(format!("{name}.fits")))
}

/// Whether a folder holds all files of the survey of these settings and seed.
pub(crate) fn is_complete(folder: &Path, config: &SurveyConfig, seed: u64) -> bool {
    Claim::is_finished(folder, MANIFEST, &Manifest { simulation: 1, config, seed })
        && folder.join(CATALOGUE).exists()
        && map_files(folder).iter().all(|path| path.exists())
}

impl Survey {
    /// Writes the survey's files into a folder, which is made if need be.
    ///
    /// - [`CATALOGUE`]: a FITS table with the columns `ID`, `RA`, `DEC` (degrees),
    ///   `TRUE_MAG_R`, `_I`, `_Z` and `MEAS_MAG_R`, `_I`, `_Z`, a row for every galaxy, clean
    ///   or not;
    /// - a HEALPix map `NAME.fits` for each name in [`CONDITIONS`] and [`SELECTION`], with one
    ///   column of the same name in capitals: the noise and the foreground as explicit pixels
    ///   in RING order, the seeing and the bad regions as explicit pixels in NESTED order, the
    ///   footprint over the full sky in RING order.
    ///
    /// Each file is written whole, then renamed; the manifest [`MANIFEST`] (settings and seed
    /// as JSON) comes last. Called again with the same survey, the function keeps every file
    /// that is there and writes the missing ones; called while another program fills the folder, it
    /// waits for that.
    ///
    /// # Errors
    /// [`SkyError::Folder`] if the folder holds files of another survey (nothing is
    /// overwritten), [`SkyError::Io`] and [`SkyError::Fits`] if writing fails.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), SkyError> {
        let folder = folder.as_ref();
        let catalogue = folder.join(CATALOGUE);
        let maps = map_files(folder);
        let files: Vec<PathBuf> = maps.iter().chain([&catalogue]).cloned().collect();
        let manifest = Manifest { simulation: 1, config: &self.config, seed: self.seed };
        let claim = Claim::lay(folder, MANIFEST, &manifest, &files)?;
        if !catalogue.exists() {
            self.save_catalogue(&catalogue)?;
        }
        MAPS.par_iter().zip(&maps).filter(|(_, path)| !path.exists()).try_for_each(
            |(&(name, ordering, coverage), path)| {
                self.maps.map(name)?.write(path, ordering, coverage)?;
                Ok::<(), SkyError>(())
            },
        )?;
        claim.finish()
    }

    fn save_catalogue(&self, path: &Path) -> Result<(), SkyError> {
        let mut columns = vec![NewColumn::new("ID", Storage::Int64)];
        for name in ["RA", "DEC"] {
            columns.push(NewColumn::new(name, Storage::Float64).with_unit("deg"));
        }
        for kind in ["TRUE", "MEAS"] {
            for band in BANDS {
                let name = format!("{kind}_MAG_{}", band.to_uppercase());
                columns.push(NewColumn::new(name, Storage::Float32).with_unit("mag"));
            }
        }
        let mut header = Header::new();
        header.push("EXTNAME", "CATALOGUE", "");
        header.push("ORIGIN", "astrogen-sky", "simulated, not observed");
        header.push("SEED", self.seed.to_string(), "seed of the simulation, as text");
        let mut writer = CatalogWriter::create(path, &columns, &header)?;
        let count = self.ra.len();
        for first in (0..count).step_by(AT_A_TIME) {
            let rows = first..count.min(first + AT_A_TIME);
            let mut values: Vec<Vec<f64>> = vec![
                rows.clone().map(|id| id as f64).collect(),
                self.ra[rows.clone()].to_vec(),
                self.dec[rows.clone()].to_vec(),
            ];
            for magnitudes in [&self.true_magnitudes, &self.observed_magnitudes] {
                for band in magnitudes.columns() {
                    values.push(rows.clone().map(|row| band[row].into()).collect());
                }
            }
            writer.write(&values)?;
        }
        writer.finish()?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_survey_is_complete_once_all_its_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let config = SurveyConfig { galaxies: 20, nside: 64, ..SurveyConfig::default() };
        assert!(!is_complete(folder.path(), &config, 3));
        Survey::simulate(&config, 3).unwrap().save(folder.path()).unwrap();
        assert!(is_complete(folder.path(), &config, 3));
        assert!(!is_complete(folder.path(), &config, 4));
        std::fs::remove_file(folder.path().join("footprint.fits")).unwrap();
        assert!(!is_complete(folder.path(), &config, 3));
    }
}
