//! Writes maps as the binary tables that HEALPix programs read.

use std::path::Path;

use super::grid::Ordering;
use super::map::SkyMap;
use crate::CatalogError;
use crate::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;

/// The value of a pixel without one, in files.
pub const UNSEEN: f64 = -1.6375e30;

/// Pixels written at a time.
const AT_A_TIME: usize = 1 << 16;

/// Which pixels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of the sky, in order; [`UNSEEN`] where there is no value.
    Full,
    /// Those with a value in at least one map, with a column `PIXEL`.
    Partial,
}

/// Whether a number stands for none: NaN, or [`UNSEEN`] to the precision of `f32`.
pub(super) fn is_missing(value: f64) -> bool {
    value.is_nan() || (value - UNSEEN).abs() <= 1e-5 * -UNSEEN
}

impl SkyMap {
    /// Writes all maps, a column each, as 32-bit floating point. The name has to end in
    /// `.fits` or `.fit`.
    ///
    /// # Errors
    /// As [`CatalogWriter`].
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        ordering: Ordering,
        coverage: Coverage,
    ) -> Result<(), CatalogError> {
        let path = path.as_ref();
        let ending = path.extension().is_some_and(|ending| {
            ["fits", "fit"].iter().any(|known| ending.eq_ignore_ascii_case(known))
        });
        if !ending {
            return Err(CatalogError::Setting {
                name: "sky map to write",
                rule: "a name that ends in .fits or .fit",
                got: path.display().to_string(),
            });
        }
        let maps = self.names.iter().map(|name| NewColumn::new(name, Storage::Float32));
        match coverage {
            Coverage::Full => {
                let columns: Vec<NewColumn> = maps.collect();
                let mut writer =
                    CatalogWriter::create(path, &columns, &self.header(ordering, coverage))?;
                self.write_pixels(&mut writer, ordering, 0..self.grid.len(), false)?;
                writer.finish().map(|_| ())
            }
            Coverage::Partial => {
                let pixel = NewColumn::new("PIXEL", Storage::Int64);
                let columns: Vec<NewColumn> = [pixel].into_iter().chain(maps).collect();
                let mut writer =
                    CatalogWriter::create(path, &columns, &self.header(ordering, coverage))?;
                let number = |pixel| self.grid.number(ordering, pixel);
                let mut numbers: Vec<u64> = self.occupied().map(number).collect();
                numbers.sort_unstable();
                self.write_pixels(&mut writer, ordering, numbers.into_iter(), true)?;
                writer.finish().map(|_| ())
            }
        }
    }

    /// Writes pixels, given by their numbers in `ordering`, with the numbers or without.
    fn write_pixels(
        &self,
        writer: &mut CatalogWriter,
        ordering: Ordering,
        mut numbers: impl Iterator<Item = u64>,
        with_numbers: bool,
    ) -> Result<(), CatalogError> {
        loop {
            let chunk: Vec<u64> = numbers.by_ref().take(AT_A_TIME).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            let mut columns: Vec<Vec<f64>> = Vec::new();
            if with_numbers {
                columns.push(chunk.iter().map(|&number| number as f64).collect());
            }
            let pixels: Vec<u64> =
                chunk.iter().map(|&number| self.grid.nested(ordering, number)).collect();
            for map in 0..self.names.len() {
                let value = |&pixel: &u64| match self.value(map, pixel) {
                    value if value.is_nan() => UNSEEN,
                    value => value,
                };
                columns.push(pixels.iter().map(value).collect());
            }
            writer.write(&columns)?;
        }
    }

    fn header(&self, ordering: Ordering, coverage: Coverage) -> Header {
        let (scheme, object) = match coverage {
            Coverage::Full => ("IMPLICIT", "FULLSKY"),
            Coverage::Partial => ("EXPLICIT", "PARTIAL"),
        };
        let mut header = Header::new();
        header.push("PIXTYPE", "HEALPIX", "HEALPix pixelisation");
        header.push("ORDERING", ordering.to_string(), "RING or NESTED");
        header.push("NSIDE", self.grid.nside(), "resolution");
        if coverage == Coverage::Full {
            header.push("FIRSTPIX", 0, "first pixel");
            header.push("LASTPIX", self.grid.len() as i64 - 1, "last pixel");
        }
        header.push("INDXSCHM", scheme, "IMPLICIT or EXPLICIT");
        header.push("OBJECT", object, "FULLSKY or PARTIAL");
        header.push("COORDSYS", self.coordinates.letter(), "C, G or E");
        header
    }
}
