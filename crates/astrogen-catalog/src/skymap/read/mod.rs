//! Reads maps from the binary tables of FITS files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Ordering;
use super::blocks::Blocks;
use super::coordinates::Coordinates;
use super::grid::Grid;
use super::map::SkyMap;
use super::write::is_missing;
use crate::CatalogError;
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::{Span, Table};
use astrogen_fits::{FitsFile, HduKind, HduSelector, MEMORY_LIMIT};

mod layout;
use layout::Layout;

/// Values read at a time, if a row holds no more.
const AT_A_TIME: usize = 1 << 18;

/// Which maps of a file are read, and what is known of them. What is stated here has to agree
/// with the file where that says it too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SkyMapOptions {
    /// The HDU; `None`, the default, is the first binary table.
    pub hdu: Option<HduSelector>,
    /// The columns that are maps; none, the default, means all but that of pixel numbers.
    pub columns: Vec<String>,
    /// The column of pixel numbers in a partial map; `None`, the default, looks for one called
    /// `PIXEL`, `HPIX`, `IPIX`, `PIX`, `HEALPIX`, `INDEX` or nearly so, and where the file says
    /// that there is one takes the only one of whole numbers.
    pub pixel_column: Option<String>,
    /// The nside, if known.
    pub nside: Option<u32>,
    /// The order of the pixels, if known; needed where the file does not say.
    pub ordering: Option<Ordering>,
    /// The coordinates, if known; where neither says they are equatorial.
    pub coordinates: Option<Coordinates>,
    /// What holds where the file does not say it; nothing by default.
    pub defaults: SkyMapDefaults,
    /// The most bytes that the values may take; 4 GiB by default.
    pub limit: u64,
}

/// What holds of maps whose files do not say it. Where a file does, that counts: one set of
/// defaults serves the maps of several surveys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SkyMapDefaults {
    /// The order of the pixels. Default None: such a map is refused.
    pub ordering: Option<Ordering>,
    /// The coordinates, also of a `COORDSYS` that is not known. Default None: equatorial, and
    /// one that is not known is refused.
    pub coordinates: Option<Coordinates>,
    /// The nside of a partial map; a full sky of the right size says it. Default None: such a
    /// map is refused.
    pub nside: Option<u32>,
    /// The column of pixel numbers, looked for before the usual names. Default None.
    pub pixel_column: Option<String>,
    /// The HDU, in files of more than one binary table. Default None: the first of them.
    pub hdu: Option<HduSelector>,
}

impl Default for SkyMapOptions {
    fn default() -> Self {
        SkyMapOptions {
            hdu: None,
            columns: Vec::new(),
            pixel_column: None,
            nside: None,
            ordering: None,
            coordinates: None,
            defaults: SkyMapDefaults::default(),
            limit: MEMORY_LIMIT,
        }
    }
}

impl SkyMap {
    /// Reads maps from FITS: full-sky (a value, or a vector of them, a row) or partial (a
    /// column of pixel numbers), RING or NESTED. Values of -1.6375e30 (`UNSEEN`) and NaN are
    /// missing.
    ///
    /// # Errors
    /// All errors of reading a table; `SkyMap` for a table that is no map, or one of another
    /// nside, order or coordinates than stated; `Column` for a column that it lacks;
    /// `Damaged` for a pixel outside the sky or given twice; `TooLarge` above the limit.
    pub fn open(path: impl AsRef<Path>, options: &SkyMapOptions) -> Result<SkyMap, CatalogError> {
        let path = path.as_ref();
        let mut file = FitsFile::open(path)?;
        let tables = file.hdus().iter().filter(|hdu| hdu.kind == HduKind::BinaryTable);
        let default = options.defaults.hdu.as_ref().filter(|_| tables.count() > 1);
        let table = file.table(options.hdu.as_ref().or(default))?;
        let header = &file.hdus()[table.hdu].header;
        let layout = Layout::of(path, header, &table, options)?;
        let mut reading = Reading { path: path.to_owned(), file: &mut file, table, layout };
        let blocks = match reading.layout.pixels {
            None => Blocks::full(reading.layout.grid),
            Some(column) => reading.partial_blocks(column)?,
        };
        let Layout { grid, coordinates, names, .. } = &reading.layout;
        let claimed = 4 * blocks.len() as u128 * names.len() as u128;
        if claimed > options.limit.into() {
            let what = format!("{} sky maps of nside {}", names.len(), grid.nside());
            let path = path.to_owned();
            return Err(CatalogError::TooLarge { path, what, claimed, limit: options.limit });
        }
        let mut map = SkyMap::empty(*grid, *coordinates, blocks, names.clone());
        reading.fill(&mut map)?;
        Ok(map)
    }
}

/// A table that is read as maps.
struct Reading<'a> {
    path: PathBuf,
    file: &'a mut FitsFile,
    table: Table,
    layout: Layout,
}

impl Reading<'_> {
    /// Calls `each` with the number of the first value and the columns of `spans`, a piece of
    /// the table at a time.
    fn pieces(
        &mut self,
        spans: &[Span],
        mut each: impl FnMut(u64, &[Numbers]) -> Result<(), CatalogError>,
    ) -> Result<(), CatalogError> {
        let repeat = spans.first().map_or(1, |span| span.count).max(1);
        let rows = (AT_A_TIME / repeat).max(1) as u64;
        let mut columns = vec![Numbers::default(); spans.len()];
        let mut row = 0;
        while row < self.table.rows {
            let end = self.table.rows.min(row + rows);
            columns.iter_mut().for_each(Numbers::clear);
            let text = |_: usize, _: &[u8], _: &mut Numbers| Err("a text".to_owned());
            self.file.read_spans(&self.table, row..end, spans, text, &mut columns)?;
            each(row * repeat as u64, &columns)?;
            row = end;
        }
        Ok(())
    }

    /// The blocks of the pixels that a partial map lists.
    fn partial_blocks(&mut self, column: Span) -> Result<Blocks, CatalogError> {
        let Layout { grid, ordering, .. } = self.layout;
        let path = self.path.clone();
        let mut blocks = Blocks::new(grid);
        self.pieces(&[column], |first, columns| {
            for (row, &number) in columns[0].values.iter().enumerate() {
                let pixel = pixel(grid, ordering, number).ok_or_else(|| CatalogError::Damaged {
                    path: path.clone(),
                    reason: format!(
                        "row {} (from 0): expected a pixel from 0 to {} (nside {}), got {number}",
                        first + row as u64,
                        grid.len() - 1,
                        grid.nside()
                    ),
                })?;
                blocks.mark(pixel);
            }
            Ok(())
        })?;
        blocks.settle();
        Ok(blocks)
    }

    fn fill(&mut self, map: &mut SkyMap) -> Result<(), CatalogError> {
        let Layout { grid, ordering, pixels, ref maps, .. } = self.layout;
        let path = self.path.clone();
        let spans: Vec<Span> = pixels.into_iter().chain(maps.iter().copied()).collect();
        let value = |value: f64| if is_missing(value) { f32::NAN } else { value as f32 };
        // A bit a pixel that was given a value.
        let given = if pixels.is_some() { map.blocks.len().div_ceil(64) } else { 0 };
        let mut given = vec![0_u64; given];
        self.pieces(&spans, |first, columns| {
            let (numbers, columns) = columns.split_at(usize::from(pixels.is_some()));
            for row in 0..columns[0].values.len() {
                let number =
                    numbers.first().map_or((first + row as u64) as f64, |own| own.values[row]);
                let Some(pixel) = pixel(grid, ordering, number) else {
                    continue;
                };
                if pixels.is_some()
                    && let Some(slot) = map.blocks.slot(pixel)
                {
                    let bit = 1 << (slot % 64);
                    if given[slot / 64] & bit != 0 {
                        return Err(CatalogError::Damaged {
                            path: path.clone(),
                            reason: format!("expected each pixel once, got pixel {number} twice"),
                        });
                    }
                    given[slot / 64] |= bit;
                }
                map.put(pixel, columns.iter().map(|column| value(column.values[row])));
            }
            Ok(())
        })
    }
}

/// The pixel (NESTED) of a number in the file, if there is one.
fn pixel(grid: Grid, ordering: Ordering, number: f64) -> Option<u64> {
    let whole = number as u64;
    (whole as f64 == number && whole < grid.len()).then(|| grid.nested(ordering, whole))
}
