//! The pixels of one resolution, and their numbers in the two orders.

use std::fmt;
use std::str::FromStr;

use cdshealpix::nested::{self, Layer};
use serde::{Deserialize, Serialize};

use crate::CatalogError;

/// The order in which pixels are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// Along rings of equal latitude, from the north pole.
    Ring,
    /// Along the quadtree in each of the twelve base pixels.
    Nested,
}

impl FromStr for Ordering {
    type Err = CatalogError;

    /// Reads `ring`, `nested` or `nest`, in any case.
    fn from_str(text: &str) -> Result<Ordering, CatalogError> {
        match text.trim().to_ascii_uppercase().as_str() {
            "RING" => Ok(Ordering::Ring),
            "NESTED" | "NEST" => Ok(Ordering::Nested),
            _ => Err(CatalogError::Unknown {
                kind: "ordering",
                got: text.to_owned(),
                known: "ring, nested",
            }),
        }
    }
}

impl fmt::Display for Ordering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ordering::Ring => "RING",
            Ordering::Nested => "NESTED",
        })
    }
}

/// The `12 nside^2` pixels of a resolution. Pixels are NESTED numbers unless said otherwise.
///
/// ```
/// use astrogen_catalog::skymap::{Grid, Ordering};
///
/// let grid = Grid::new(4096).unwrap();
/// let pixel = grid.pixel(30.0, -45.0);
/// assert_eq!(grid.nested(Ordering::Ring, grid.number(Ordering::Ring, pixel)), pixel);
/// let (lon, lat) = grid.centre(pixel);
/// assert!((lon - 30.0).abs() < 0.02 && (lat + 45.0).abs() < 0.02);
/// ```
#[derive(Clone, Copy)]
pub struct Grid {
    depth: u8,
    layer: &'static Layer,
}

impl Grid {
    /// The largest nside: pixels of 6 seconds of arc.
    pub const MAX_NSIDE: u32 = 1 << 15;

    /// The pixels of an nside.
    ///
    /// # Errors
    /// `Setting` for an nside that is no power of two from 1 to 32768.
    pub fn new(nside: u32) -> Result<Grid, CatalogError> {
        if !nside.is_power_of_two() || nside > Grid::MAX_NSIDE {
            return Err(CatalogError::Setting {
                name: "nside",
                rule: "a power of two from 1 to 32768",
                got: nside.to_string(),
            });
        }
        let depth = nside.trailing_zeros() as u8;
        Ok(Grid { depth, layer: nested::get(depth) })
    }

    /// The number of pixels along the side of a base pixel.
    pub fn nside(&self) -> u32 {
        1 << self.depth
    }

    /// How many pixels there are.
    pub fn len(&self) -> u64 {
        12 << (2 * self.depth)
    }

    /// Never: every grid has pixels.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The pixel at a longitude and latitude in degrees. A latitude beyond a pole is taken
    /// as the pole; a position exactly on an edge is in either pixel, as rounding has it.
    ///
    /// # Panics
    /// If a number is not finite: there is no such place.
    pub fn pixel(&self, lon: f64, lat: f64) -> u64 {
        assert!(
            lon.is_finite() && lat.is_finite(),
            "expected a place on the sky, got {lon}, {lat}"
        );
        self.layer.hash(lon.to_radians(), lat.clamp(-90.0, 90.0).to_radians())
    }

    /// The longitude and latitude of a pixel's centre in degrees.
    ///
    /// # Panics
    /// If there is no such pixel.
    pub fn centre(&self, pixel: u64) -> (f64, f64) {
        assert!(pixel < self.len(), "pixel {pixel} of {}", self.len());
        let (lon, lat) = self.layer.center(pixel);
        (lon.to_degrees(), lat.to_degrees())
    }

    /// The pixel that has this number in an order.
    ///
    /// # Panics
    /// If there is no such pixel.
    pub fn nested(&self, ordering: Ordering, number: u64) -> u64 {
        assert!(number < self.len(), "pixel {number} of {}", self.len());
        match ordering {
            Ordering::Ring => self.layer.from_ring(number),
            Ordering::Nested => number,
        }
    }

    /// The number that a pixel has in an order.
    ///
    /// # Panics
    /// If there is no such pixel.
    pub fn number(&self, ordering: Ordering, pixel: u64) -> u64 {
        assert!(pixel < self.len(), "pixel {pixel} of {}", self.len());
        match ordering {
            Ordering::Ring => self.layer.to_ring(pixel),
            Ordering::Nested => pixel,
        }
    }

    pub(super) fn depth(&self) -> u8 {
        self.depth
    }
}

impl PartialEq for Grid {
    fn eq(&self, other: &Grid) -> bool {
        self.depth == other.depth
    }
}

impl Eq for Grid {}

impl fmt::Debug for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grid {{ nside: {} }}", self.nside())
    }
}

/// Fails unless there is a declination in range for every right ascension in range.
pub(super) fn check_positions(ra: &[f64], dec: &[f64]) -> Result<(), CatalogError> {
    if ra.len() != dec.len() {
        return Err(CatalogError::Shape {
            what: "positions".to_owned(),
            expected: format!("a declination for each of {} right ascensions", ra.len()),
            got: dec.len().to_string(),
        });
    }
    let inside =
        |(ra, dec): (&f64, &f64)| (-180.0..=360.0).contains(ra) && (-90.0..=90.0).contains(dec);
    match ra.iter().zip(dec).position(|position| !inside(position)) {
        None => Ok(()),
        Some(row) => Err(CatalogError::Rows {
            reason: format!(
                "row {row} (from 0): expected ra from -180 to 360 and dec from -90 to 90 in degrees, \
                 got ra {} and dec {}; drop such rows, or check which columns are ra and dec",
                ra[row], dec[row]
            ),
        }),
    }
}
