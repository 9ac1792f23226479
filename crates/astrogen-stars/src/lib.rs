#![doc = include_str!("../README.md")]
//!
//! # What is read
//!
//! [`GalaxyFile::read`] tells a file by its content.
//!
//! | file | columns | units |
//! | --- | --- | --- |
//! | `.npy` of shape `[11, N]`, any float or integer type, C or Fortran order | [`COLUMNS`] by their place | [`UNITS`] |
//! | FITS, CSV, ECSV, Parquet, HDF5, NumPy records | by the spellings below or a [`Layout`] | the file's, else the spelling's, else [`UNITS`] |
//! | HDF5 with a group `Header` | a simulation's data sets in `PartType4` or a [`Layout`] | by the attributes of the data sets and the header |
//!
//! Spellings, their case as here (`z` is a place, `Z` a mass fraction):
//!
//! | column | spellings |
//! | --- | --- |
//! | `x` (`y`, `z` alike) | `x`, `x_kpc`, `x_pc`, `x_Mpc`, `x_mpc` |
//! | `vx` (`vy`, `vz` alike) | `vx`, `vx_kms`, `vx_km_s` |
//! | `metals` | `metals`, `Z`, `metal_mass_fraction` |
//! | `feh` | `feh`, `FeH`, `fe_h`, `[Fe/H]` |
//! | `ofe` | `ofe`, `OFe`, `o_fe`, `[O/Fe]` |
//! | `mass` | `mass`, `mass_msun`, `mass_Msun`, `mass_solMass` |
//! | `age` | `age`, `age_gyr`, `age_Gyr`, `age_myr`, `age_Myr`, `age_yr` |
//!
//! # Snapshots
//!
//! | | IllustrisTNG, Illustris | EAGLE |
//! | --- | --- | --- |
//! | `x y z` | `Coordinates` | `Coordinates` |
//! | `vx vy vz` | `Velocities` | `Velocity` |
//! | `mass` | `Masses`, else the header's `MassTable` | `Mass` |
//! | `metals` | `GFM_Metallicity` | `SmoothedMetallicity`, else `Metallicity` |
//! | `feh`, `ofe` | `GFM_Metals` 0, 4, 8 | `SmoothedElementAbundance/Hydrogen`, `Oxygen`, `Iron`, else `ElementAbundance/...` |
//! | `age` | `GFM_StellarFormationTime` | `StellarFormationTime` |
//! | units | `value a^a_scaling h^h_scaling to_cgs` of each data set; without these attributes comoving kpc/h, km sqrt(a)/s, 1e10 Msun/h | `value a^aexp-scale-exponent h^h-scale-exponent CGSConversionFactor` |
//!
//! A kpc has 3.085678e21 cm and a solar mass 1.989e33 g, as in these simulations. Masses are those
//! now, not at birth. \[Fe/H\] and \[O/Fe\] are of number ratios over the Sun's
//! ([`SOLAR_OXYGEN`], [`SOLAR_IRON`]). Ages are those at the snapshot, by
//! [`Cosmology::age`] with the header's parameters. Particles born at a scale factor of 0 or less are
//! wind: they are left out and counted ([`Galaxy::wind`]). The number of rows is that of the data sets,
//! whatever the header's `NumPart_ThisFile` says. Of a snapshot of several files
//! (`NAME.0.hdf5`, ...) all are read. A galaxy across the edge of its periodic box is put together,
//! then brought to the origin and to rest ([`Center`]).

mod center;
mod clean;
mod cosmology;
mod error;
mod file;
mod galaxy;
mod layout;
mod metals;
mod parameters;
mod quantile;
mod read;
mod rotate;
mod units;
mod write;

pub use clean::{CleaningConfig, CleaningReport};
pub use cosmology::Cosmology;
pub use error::StarsError;
pub use file::GalaxyFile;
pub use galaxy::{COLUMNS, Galaxy, UNITS};
pub use layout::{Center, ColumnSource, Layout};
pub use metals::{SOLAR_IRON, SOLAR_OXYGEN};
pub use parameters::{GalaxyParameter, Parameter, ParameterFn};
pub use rotate::rotate_to_principal_axis;
pub use write::StarArrayWriter;

// What a galaxy's stars and errors are made of.
pub use astrogen_catalog::{CatalogError, Columns};
