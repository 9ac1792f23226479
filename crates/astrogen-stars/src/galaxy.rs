//! A galaxy as the stars that it is made of.

use std::path::PathBuf;

use astrogen_catalog::Columns;

/// The standard columns, in the order of a star array's rows.
///
/// `metals` is the mass fraction of all metals (GalacticFlow's `Z`), `feh` and `ofe` are logarithms of number
/// ratios over the Sun's, `mass` is the mass now and `age` that at the snapshot.
pub const COLUMNS: [&str; 11] =
    ["x", "y", "z", "vx", "vy", "vz", "metals", "feh", "ofe", "mass", "age"];

/// The unit of each standard column.
pub const UNITS: [&str; 11] =
    ["kpc", "kpc", "kpc", "km/s", "km/s", "km/s", "", "dex", "dex", "solMass", "Gyr"];

/// A galaxy as stars.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Galaxy {
    /// Its name.
    pub id: String,
    /// A row for each star: the columns of [`COLUMNS`] that its file has, in their order and in
    /// [`UNITS`] (always `x` to `vz`), then those that a layout names beyond them.
    pub stars: Columns,
    /// The mass of its dark matter in solar masses, where the file's name says it.
    pub dark_mass: Option<f64>,
    /// The file that it came from.
    pub path: PathBuf,
    /// Particles of a snapshot that were left out because they are wind, not stars.
    pub wind: usize,
}
