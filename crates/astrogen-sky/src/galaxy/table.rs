//! How a galaxy's stars are written down: NumPy arrays, and tables with names and units.

use super::{COLUMNS, Galaxy, UNITS};
use crate::error::SkyError;
use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use astrogen_stars::StarArrayWriter;
use ndarray::{Array2, ArrayView1, Axis};
use std::path::Path;

/// Stars written to a table at a time.
const AT_A_TIME: usize = 1 << 16;

impl Galaxy {
    /// Writes `stars` `[11, n]` as a table with the columns [`COLUMNS`] in [`UNITS`]: FITS,
    /// Parquet or HDF5, by the name's ending (see [`CatalogWriter::create`]). The header says
    /// the seed and the masses.
    ///
    /// # Errors
    /// [`SkyError::Setting`] for another number of rows, [`SkyError::Catalog`] for another
    /// ending or if the disk refuses.
    pub fn save_table(&self, path: impl AsRef<Path>, stars: &Array2<f32>) -> Result<(), SkyError> {
        check(stars)?;
        let mut header = Header::new();
        header.push("EXTNAME", "STARS", "");
        header.push("ORIGIN", "astrogen-sky", "simulated, not observed");
        header.push("SEED", self.seed.to_string(), "seed of the galaxy, as text");
        header.push("MSTARS", self.config.stellar_mass, "[solMass] all stars");
        header.push("MDARK", self.config.dark_mass, "[solMass] dark matter");
        header.push("MGAS", self.config.gas_mass, "[solMass] gas");
        let columns: Vec<NewColumn> = COLUMNS
            .into_iter()
            .zip(UNITS)
            .map(|(name, unit)| {
                let column = NewColumn::new(name, Storage::Float32);
                if unit.is_empty() { column } else { column.with_unit(unit) }
            })
            .collect();
        let mut writer = CatalogWriter::create(path, &columns, &header)?;
        for values in chunks(stars) {
            writer.write(&values)?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// Writes stars `[11, n]` as an `.npy` file of `f32`, whole or not at all.
///
/// # Errors
/// [`SkyError::Setting`] for another number of rows, [`SkyError::Stars`] if the disk refuses.
pub fn save_stars(path: impl AsRef<Path>, stars: &Array2<f32>) -> Result<(), SkyError> {
    check(stars)?;
    let mut writer = StarArrayWriter::create(path, stars.ncols() as u64)?;
    for values in chunks(stars) {
        writer.write(&values)?;
    }
    Ok(writer.finish()?)
}

/// The columns of some stars at a time.
fn chunks(stars: &Array2<f32>) -> impl Iterator<Item = Vec<Vec<f64>>> + '_ {
    stars.axis_chunks_iter(Axis(1), AT_A_TIME).map(|chunk| {
        let column = |row: ArrayView1<f32>| row.iter().map(|&value| value.into()).collect();
        chunk.outer_iter().map(column).collect()
    })
}

pub(super) fn check(stars: &Array2<f32>) -> Result<(), SkyError> {
    let got = format!("{:?}", stars.shape());
    SkyError::check("the shape of the stars", "[11, n]", got, stars.nrows() == COLUMNS.len())
}
