//! HEALPix maps: a number for every pixel of equal area on the sky, or of a part of it
//! (Gorski et al. 2005, ApJ 622, 759).
//!
//! [`SkyMap::open`] reads a map from FITS, full-sky or partial, in RING or NESTED order, and
//! [`SkyMap::lookup`] gives its values at positions in degrees, NaN where the map has none
//! (`UNSEEN`, NaN, or outside a partial map). [`Selection`] says which positions a survey's
//! footprint, foreground and bad-region maps leave clean, [`SplitConfig`] which are held out
//! for validation. [`SkyMap::write`] writes a map.
//!
//! In memory pixels are NESTED, in blocks of neighbours of which only the occupied ones are
//! there: a partial map takes the memory of its part, a look-up two reads. Values are `f32`.
//! Pixel numbers come from the crate `cdshealpix`.
//!
//! ```
//! use astrogen_catalog::skymap::{Coordinates, Coverage, Ordering, SkyMap, SkyMapOptions};
//!
//! let seeing = (0..12 * 8 * 8).map(|pixel| pixel as f32).collect();
//! let map =
//!     SkyMap::full(8, Ordering::Ring, Coordinates::Equatorial, vec![("FWHM".into(), seeing)])
//!         .unwrap();
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("seeing.fits");
//! map.write(&path, Ordering::Nested, Coverage::Full).unwrap();
//!
//! let options = SkyMapOptions { nside: Some(8), ..SkyMapOptions::default() };
//! let map = SkyMap::open(&path, &options).unwrap();
//! // The first pixel in RING order is at the north pole, the last at the south pole.
//! assert_eq!(map.lookup("FWHM", &[45.0, 315.0], &[89.0, -89.0]).unwrap(), [0.0, 767.0]);
//! ```

mod blocks;
mod coordinates;
mod grid;
mod map;
mod read;
mod selection;
mod split;
mod write;

pub use coordinates::Coordinates;
pub use grid::{Grid, Ordering};
pub use map::SkyMap;
pub use read::{SkyMapDefaults, SkyMapOptions};
pub use selection::Selection;
pub use split::{SplitBy, SplitConfig};
pub use write::{Coverage, UNSEEN};
