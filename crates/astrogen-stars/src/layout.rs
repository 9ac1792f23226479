//! Where a galaxy's stars are in a file, and what they are called there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::{Conversion, Quantity, Scaling, parse};
use crate::{COLUMNS, StarsError};

/// Where a galaxy's stars are in a file and what they are called there. By default, that is found
/// by the file's own conventions: the names that snapshots of known simulations have, the
/// spellings of tables.
///
/// ```
/// use astrogen_stars::{ColumnSource, Layout};
///
/// let mut layout = Layout::default();
/// layout.columns.insert("x".into(), ColumnSource::new("pos[0]").with_unit("Mpc"));
/// layout.columns.insert("metals".into(), ColumnSource::new("z_met").with_factor(0.0134));
/// assert!(layout.validate().is_ok());
/// layout.columns.insert("age".into(), ColumnSource::new("t").with_unit("furlong"));
/// assert!(layout.validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    /// By the name that a column gets, where it comes from: one of
    /// [`COLUMNS`] instead of what the file's conventions say, or a column beyond these.
    pub columns: BTreeMap<String, ColumnSource>,
    /// The group of an HDF5 file that holds the stars; `None`, the default, is `PartType4` of a
    /// snapshot and the only table of another file.
    pub group: Option<String>,
    /// Where the galaxy's centre is; `None`, the default, is [`Center::ShrinkingSphere`] for a
    /// snapshot and [`Center::AsStored`] for arrays and tables, which are centred already.
    pub center: Option<Center>,
    /// Where a galaxy is centred, the radius in kpc within which the stars' mean velocity,
    /// weighted by mass, is taken for the galaxy's own. 10 by default.
    pub bulk_radius: f64,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { columns: BTreeMap::new(), group: None, center: None, bulk_radius: 10.0 }
    }
}

/// Where a column comes from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSource {
    /// The name in the file, in HDF5 the path below the group; an element of a vector is
    /// `NAME[i]`, from 0.
    pub name: String,
    /// Its unit, instead of what the file says: kpc, pc, Mpc, cm, km/s, Msun, g, Gyr, Myr, yr, a number
    /// before it (`1e10 Msun`), comoving lengths (`ckpc`), `/h` behind a length or a mass, `km
    /// sqrt(a)/s`; for ages also `scale_factor`: that of the star's birth. Those of cosmology take a
    /// snapshot's header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What its numbers are to be multiplied by to be in the unit of [`UNITS`](crate::UNITS),
    /// instead of a unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
}

impl ColumnSource {
    /// The column of this name, in the unit that the file says.
    pub fn new(name: impl Into<String>) -> ColumnSource {
        ColumnSource { name: name.into(), unit: None, factor: None }
    }

    /// The same column in this unit.
    pub fn with_unit(self, unit: impl Into<String>) -> ColumnSource {
        ColumnSource { unit: Some(unit.into()), ..self }
    }

    /// The same column, to be multiplied by this.
    pub fn with_factor(self, factor: f64) -> ColumnSource {
        ColumnSource { factor: Some(factor), ..self }
    }

    /// What the layout says of its numbers, if it says anything.
    pub(crate) fn conversion(&self, column: &str) -> Result<Option<Conversion>, StarsError> {
        let name = format!("columns.{column}");
        match (&self.unit, self.factor) {
            (Some(_), Some(_)) => Err(StarsError::Setting {
                name,
                rule: "a unit or a factor".to_owned(),
                got: "both".to_owned(),
            }),
            (None, Some(factor)) => {
                let fine = factor.is_finite() && factor != 0.0;
                StarsError::check(&name, "a finite factor other than 0", factor, fine)?;
                Ok(Some(Conversion::Scale(Scaling::by(factor))))
            }
            (Some(unit), None) => match parse(unit, Quantity::of(column)) {
                Some(conversion) => Ok(Some(conversion)),
                None => Err(StarsError::Setting {
                    name,
                    rule: match Quantity::of(column) {
                        Some(quantity) => format!("one of the units {}", quantity.known()),
                        None => "a unit of length, velocity, mass or time".to_owned(),
                    },
                    got: unit.clone(),
                }),
            },
            (None, None) => Ok(None),
        }
    }
}

/// Where a galaxy's centre is. What is centred is brought to rest as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Center {
    /// Positions and velocities stay as the file has them.
    AsStored,
    /// The centre of mass of the stars within a sphere that shrinks around it (Power et al. 2003,
    /// MNRAS 338, 14): from all stars on, the radius is reduced by 5% at a time while at least 100
    /// stars and 1% of all are within it.
    ShrinkingSphere,
    /// This place, in physical kpc and the file's directions.
    At([f64; 3]),
}

impl Layout {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Setting` for an unknown unit, a unit and a factor of one column, a name that is empty, a
    /// centre or a radius that is not finite or a radius of 0 or less.
    pub fn validate(&self) -> Result<(), StarsError> {
        for (column, source) in &self.columns {
            StarsError::check("columns", "names that are not empty", "\"\"", !column.is_empty())?;
            let fine = !source.name.is_empty();
            StarsError::check(&format!("columns.{column}"), "a name in the file", "\"\"", fine)?;
            source.conversion(column)?;
        }
        let radius = self.bulk_radius;
        let fine = radius > 0.0 && radius.is_finite();
        StarsError::check("bulk_radius", "a radius above 0 kpc", radius, fine)?;
        if let Some(Center::At(place)) = self.center {
            let fine = place.iter().all(|own| own.is_finite());
            StarsError::check("center.at", "three finite numbers", format!("{place:?}"), fine)?;
        }
        Ok(())
    }

    /// The columns beyond the standard ones.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&String, &ColumnSource)> {
        self.columns.iter().filter(|(column, _)| !COLUMNS.contains(&column.as_str()))
    }
}
