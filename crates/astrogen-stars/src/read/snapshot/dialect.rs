//! What the data sets of known simulations are called and what their numbers mean.

use std::path::Path;

use astrogen_catalog::Hdf5Attributes;

use super::header::Header;
use crate::StarsError;
use crate::units::{Quantity, Scaling};

/// Names of the columns of stars' particles, in the order in which they are preferred.
const NAMES: [(&str, &[&str]); 9] = [
    ("x", &["Coordinates[0]"]),
    ("y", &["Coordinates[1]"]),
    ("z", &["Coordinates[2]"]),
    ("vx", &["Velocities[0]", "Velocity[0]"]),
    ("vy", &["Velocities[1]", "Velocity[1]"]),
    ("vz", &["Velocities[2]", "Velocity[2]"]),
    ("metals", &["GFM_Metallicity", "SmoothedMetallicity", "Metallicity"]),
    ("mass", &["Masses", "Mass"]),
    (BIRTH, &["GFM_StellarFormationTime", "StellarFormationTime"]),
];

/// Mass fractions of elements: hydrogen, oxygen, iron.
const ELEMENTS: [[&str; 3]; 3] = [
    ["GFM_Metals[0]", "GFM_Metals[4]", "GFM_Metals[8]"],
    [
        "SmoothedElementAbundance/Hydrogen",
        "SmoothedElementAbundance/Oxygen",
        "SmoothedElementAbundance/Iron",
    ],
    ["ElementAbundance/Hydrogen", "ElementAbundance/Oxygen", "ElementAbundance/Iron"],
];

/// Names of what is read beside the columns, which no layout can spell.
pub(super) const BIRTH: &str = "\0birth";
pub(super) const FRACTIONS: [&str; 3] = ["\0hydrogen", "\0oxygen", "\0iron"];

/// The names in the file of a column and of elements, of those that `has` says it has.
pub(super) fn name_of(column: &str, has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let (_, names) = NAMES.iter().find(|(own, _)| *own == column)?;
    names.iter().copied().find(|name| has(name))
}

/// The names of hydrogen, oxygen and iron, if all are there.
pub(super) fn elements(has: impl Fn(&str) -> bool) -> Option<[&'static str; 3]> {
    ELEMENTS.into_iter().find(|names| names.iter().all(|name| has(name)))
}

/// What the numbers of a data set mean, by its own attributes, or without these by Illustris'
/// conventions where the file follows them.
///
/// # Errors
/// `Unit` where neither says.
pub(super) fn scaling(
    path: &Path,
    name: &str,
    quantity: Quantity,
    attributes: &Hdf5Attributes,
    header: &Header,
    is_illustris: bool,
) -> Result<Scaling, StarsError> {
    let own = |name: &str| attributes.get(name).and_then(|values| values.first()).copied();
    let spelled = [
        ["a_scaling", "h_scaling", "to_cgs"],
        ["aexp-scale-exponent", "h-scale-exponent", "CGSConversionFactor"],
    ];
    let refuse = |reason: String| StarsError::Unit {
        path: path.to_owned(),
        column: name.to_owned(),
        reason: format!("{reason}; name its unit or factor in the layout"),
    };
    for [a, h, cgs] in spelled {
        let (Some(a), Some(h), Some(cgs)) = (own(a), own(h), own(cgs)) else {
            continue;
        };
        // What has no unit has the factor 0 in one simulation, 1 in the other.
        let is_plain = a == 0.0 && h == 0.0 && (cgs == 0.0 || cgs == 1.0);
        return match quantity {
            Quantity::Number | Quantity::Fraction if is_plain => Ok(Scaling::by(1.0)),
            Quantity::Number | Quantity::Fraction => {
                Err(refuse(format!("has a unit of {cgs} cgs, expected a number without one")))
            }
            _ if cgs > 0.0 && [a, h, cgs].iter().all(|own| own.is_finite()) => {
                Ok(Scaling { factor: cgs / quantity.cgs(), a, h })
            }
            _ => Err(refuse(format!("says that its unit is {cgs} in cgs, expected one above 0"))),
        };
    }
    match (is_illustris, quantity) {
        (true, _) => Ok(header.illustris(quantity)),
        (false, Quantity::Number | Quantity::Fraction) => Ok(Scaling::by(1.0)),
        _ => Err(refuse(
            "is in an unknown unit: expected attributes a_scaling, h_scaling and to_cgs as \
             IllustrisTNG has them, aexp-scale-exponent, h-scale-exponent and CGSConversionFactor as \
             EAGLE has them, or the data sets GFM_... of Illustris beside it"
                .to_owned(),
        )),
    }
}
