//! A map in memory, and its values at positions.

use super::blocks::Blocks;
use super::coordinates::Coordinates;
use super::grid::{Grid, Ordering, check_positions};
use crate::CatalogError;

/// One or several HEALPix maps over the same pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SkyMap {
    pub(super) grid: Grid,
    pub(super) coordinates: Coordinates,
    pub(super) blocks: Blocks,
    pub(super) names: Vec<String>,
    /// The values of each map by slot, NaN where it has none.
    pub(super) values: Vec<Vec<f32>>,
}

impl SkyMap {
    /// Full-sky maps, each with its name and the values of all `12 nside^2` pixels in
    /// `ordering`.
    ///
    /// # Errors
    /// `Setting` for a wrong nside, `Shape` for another number of values.
    pub fn full(
        nside: u32,
        ordering: Ordering,
        coordinates: Coordinates,
        maps: Vec<(String, Vec<f32>)>,
    ) -> Result<SkyMap, CatalogError> {
        let grid = Grid::new(nside)?;
        check_lengths(&maps, grid.len() as usize)?;
        let names = maps.iter().map(|(name, _)| name.clone()).collect();
        let mut made = SkyMap::empty(grid, coordinates, Blocks::full(grid), names);
        for number in 0..grid.len() {
            let values = maps.iter().map(|(_, values)| values[number as usize]);
            made.put(grid.nested(ordering, number), values);
        }
        Ok(made)
    }

    /// Maps of a part of the sky, each with its name and the values of these pixels, which
    /// are numbered in `ordering`.
    ///
    /// # Errors
    /// `Setting` for a wrong nside, `Shape` for another number of values, `Rows` for a
    /// pixel outside the sky or given twice.
    pub fn partial(
        nside: u32,
        ordering: Ordering,
        coordinates: Coordinates,
        pixels: &[u64],
        maps: Vec<(String, Vec<f32>)>,
    ) -> Result<SkyMap, CatalogError> {
        let grid = Grid::new(nside)?;
        check_lengths(&maps, pixels.len())?;
        let refuse = |reason: String| CatalogError::Rows { reason };
        if let Some(pixel) = pixels.iter().find(|&&pixel| pixel >= grid.len()) {
            return Err(refuse(format!(
                "expected pixels below {} (nside {nside}), got {pixel}",
                grid.len()
            )));
        }
        let nested: Vec<u64> = pixels.iter().map(|&pixel| grid.nested(ordering, pixel)).collect();
        let mut sorted = nested.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let pixel = grid.number(ordering, twice[0]);
            return Err(refuse(format!("expected each pixel once, got pixel {pixel} twice")));
        }
        let mut blocks = Blocks::new(grid);
        nested.iter().for_each(|&pixel| blocks.mark(pixel));
        blocks.settle();
        let names = maps.iter().map(|(name, _)| name.clone()).collect();
        let mut made = SkyMap::empty(grid, coordinates, blocks, names);
        for (row, &pixel) in nested.iter().enumerate() {
            made.put(pixel, maps.iter().map(|(_, values)| values[row]));
        }
        Ok(made)
    }

    /// Maps without values in these blocks.
    pub(super) fn empty(
        grid: Grid,
        coordinates: Coordinates,
        blocks: Blocks,
        names: Vec<String>,
    ) -> SkyMap {
        let values = vec![vec![f32::NAN; blocks.len()]; names.len()];
        SkyMap { grid, coordinates, blocks, names, values }
    }

    /// Sets the value of a pixel in each map. Its block is there.
    pub(super) fn put(&mut self, pixel: u64, values: impl Iterator<Item = f32>) {
        if let Some(slot) = self.blocks.slot(pixel) {
            for (map, value) in self.values.iter_mut().zip(values) {
                map[slot] = value;
            }
        }
    }

    /// The pixels of the sky at this map's resolution.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The coordinates in which the pixels are laid out.
    pub fn coordinates(&self) -> Coordinates {
        self.coordinates
    }

    /// The names of the maps, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Bytes that the values and their index take.
    pub fn memory(&self) -> usize {
        4 * self.blocks.len() * self.values.len() + 4 * self.blocks.index_len()
    }

    /// The pixels (NESTED) at right ascensions and declinations in degrees, ra from -180 to
    /// 360; positions are turned into the map's own coordinates first. Maps of the same grid
    /// and coordinates have the same pixels.
    ///
    /// # Errors
    /// `Rows` for a position outside the range, `Shape` for arrays of different lengths.
    pub fn pixels(&self, ra: &[f64], dec: &[f64]) -> Result<Vec<u64>, CatalogError> {
        check_positions(ra, dec)?;
        let pixel = |(&ra, &dec): (&f64, &f64)| {
            let (lon, lat) = self.coordinates.from_equatorial(ra, dec);
            self.grid.pixel(lon, lat)
        };
        Ok(ra.iter().zip(dec).map(pixel).collect())
    }

    /// The value of the map of this position in [`SkyMap::names`] at a pixel (NESTED), NaN
    /// where it has none or there is no such map.
    pub fn value(&self, map: usize, pixel: u64) -> f64 {
        let value = self.values.get(map).and_then(|map| map.get(self.blocks.slot(pixel)?));
        value.map_or(f64::NAN, |&value| value.into())
    }

    /// The values of the named map at right ascensions and declinations in degrees, NaN where
    /// it has none.
    ///
    /// # Errors
    /// As [`SkyMap::pixels`], and `Rows` for a map of another name.
    pub fn lookup(&self, map: &str, ra: &[f64], dec: &[f64]) -> Result<Vec<f64>, CatalogError> {
        let map =
            self.names.iter().position(|own| own.eq_ignore_ascii_case(map)).ok_or_else(|| {
                CatalogError::Rows {
                    reason: format!("no sky map {map:?}: expected one of {:?}", self.names),
                }
            })?;
        let pixels = self.pixels(ra, dec)?;
        Ok(pixels.into_iter().map(|pixel| self.value(map, pixel)).collect())
    }

    /// The pixels (NESTED) that have a value in at least one map, in order.
    pub fn occupied(&self) -> impl Iterator<Item = u64> + '_ {
        let some = |slot: usize| self.values.iter().any(|map| !map[slot].is_nan());
        self.blocks.pixels().filter(move |(_, slot)| some(*slot)).map(|(pixel, _)| pixel)
    }
}

fn check_lengths(maps: &[(String, Vec<f32>)], expected: usize) -> Result<(), CatalogError> {
    let shape = |expected, got| CatalogError::Shape { what: "sky map".to_owned(), expected, got };
    if maps.is_empty() {
        return Err(shape("at least one map".to_owned(), "none".to_owned()));
    }
    match maps.iter().find(|(_, values)| values.len() != expected) {
        None => Ok(()),
        Some((name, values)) => {
            Err(shape(format!("{expected} values"), format!("{} in {name:?}", values.len())))
        }
    }
}
