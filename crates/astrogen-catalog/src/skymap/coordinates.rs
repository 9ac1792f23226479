//! The coordinate systems of maps, and how positions turn from one into another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::CatalogError;

/// The coordinate system in which a map's pixels are laid out (`COORDSYS`).
///
/// Rotations are those of J2000: Galactic by the matrix of the Hipparcos catalogue (ESA
/// SP-1200, 1997, section 1.5.3), ecliptic by the mean obliquity 23.4392911 degrees. They are
/// good to a tenth of a second of arc, far below a pixel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// Right ascension and declination, ICRS or J2000 (`C`, `Q`, `J2000`, `FK5`, `ICRS`).
    #[default]
    Equatorial,
    /// Galactic longitude and latitude (`G`).
    Galactic,
    /// Ecliptic longitude and latitude of J2000 (`E`).
    Ecliptic,
}

/// Galactic axes (rows) in equatorial coordinates.
const GALACTIC: [[f64; 3]; 3] = [
    [-0.054_875_560_4, -0.873_437_090_2, -0.483_835_015_5],
    [0.494_109_427_9, -0.444_829_630_0, 0.746_982_244_5],
    [-0.867_666_149_0, -0.198_076_373_4, 0.455_983_776_2],
];

/// Sine and cosine of the mean obliquity at J2000, 84381.448 seconds of arc.
const OBLIQUITY: (f64, f64) = (0.397_777_155_931_913_7, 0.917_482_062_069_181_8);

/// Ecliptic axes (rows) in equatorial coordinates.
const ECLIPTIC: [[f64; 3]; 3] =
    [[1.0, 0.0, 0.0], [0.0, OBLIQUITY.1, OBLIQUITY.0], [0.0, -OBLIQUITY.0, OBLIQUITY.1]];

impl Coordinates {
    /// The longitude and latitude in these coordinates of a right ascension and declination,
    /// all in degrees.
    pub fn from_equatorial(self, ra: f64, dec: f64) -> (f64, f64) {
        match self.axes() {
            None => (ra, dec),
            Some(axes) => {
                let position = vector(ra, dec);
                angles(
                    [0, 1, 2]
                        .map(|axis| (0..3).map(|along| axes[axis][along] * position[along]).sum()),
                )
            }
        }
    }

    /// The right ascension and declination of a longitude and latitude in these coordinates,
    /// all in degrees.
    pub fn to_equatorial(self, lon: f64, lat: f64) -> (f64, f64) {
        match self.axes() {
            None => (lon, lat),
            Some(axes) => {
                let position = vector(lon, lat);
                angles(
                    [0, 1, 2]
                        .map(|along| (0..3).map(|axis| axes[axis][along] * position[axis]).sum()),
                )
            }
        }
    }

    fn axes(self) -> Option<&'static [[f64; 3]; 3]> {
        match self {
            Coordinates::Equatorial => None,
            Coordinates::Galactic => Some(&GALACTIC),
            Coordinates::Ecliptic => Some(&ECLIPTIC),
        }
    }

    /// The system that a `COORDSYS` names.
    pub(super) fn named(name: &str) -> Option<Coordinates> {
        match name.trim().to_ascii_uppercase().as_str() {
            "C" | "Q" | "EQ" | "EQU" | "CEL" | "CELESTIAL" | "EQUATORIAL" | "ICRS" | "FK5"
            | "J2000" | "J2000.0" | "RADEC" => Some(Coordinates::Equatorial),
            "G" | "GAL" | "GALACTIC" => Some(Coordinates::Galactic),
            "E" | "ECL" | "ECLIPTIC" => Some(Coordinates::Ecliptic),
            _ => None,
        }
    }

    /// The letter of `COORDSYS`.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Coordinates::Equatorial => "C",
            Coordinates::Galactic => "G",
            Coordinates::Ecliptic => "E",
        }
    }
}

impl FromStr for Coordinates {
    type Err = CatalogError;

    /// Reads what a `COORDSYS` may be, in any case.
    fn from_str(text: &str) -> Result<Coordinates, CatalogError> {
        Coordinates::named(text).ok_or_else(|| CatalogError::Unknown {
            kind: "coordinates",
            got: text.to_owned(),
            known: "equatorial, galactic, ecliptic",
        })
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Coordinates::Equatorial => "equatorial",
            Coordinates::Galactic => "Galactic",
            Coordinates::Ecliptic => "ecliptic",
        })
    }
}

fn vector(lon: f64, lat: f64) -> [f64; 3] {
    let (lon, lat) = (lon.to_radians(), lat.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn angles([x, y, z]: [f64; 3]) -> (f64, f64) {
    (y.atan2(x).to_degrees().rem_euclid(360.0), z.atan2(x.hypot(y)).to_degrees())
}
