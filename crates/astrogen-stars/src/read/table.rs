//! Tables whose columns have names: FITS, CSV, Parquet, HDF5 and NumPy records.

use std::path::Path;

use astrogen_catalog::{Catalog, CatalogOptions, Columns};

use super::plan::{self, Source, lacking};
use crate::units::{Conversion, Quantity, Scaling};
use crate::{COLUMNS, Layout, StarsError};

/// The spellings by which a standard column is recognised, its case as here; a unit in it holds
/// where the file gives none.
fn spellings(column: &str) -> Vec<(String, f64)> {
    let (stem, endings): (&str, &[(&str, f64)]) = match column {
        "x" | "y" | "z" => {
            (column, &[("", 1.0), ("_kpc", 1.0), ("_pc", 1e-3), ("_Mpc", 1e3), ("_mpc", 1e3)])
        }
        "vx" | "vy" | "vz" => (column, &[("", 1.0), ("_kms", 1.0), ("_km_s", 1.0)]),
        "metals" => ("", &[("metals", 1.0), ("Z", 1.0), ("metal_mass_fraction", 1.0)]),
        "feh" => ("", &[("feh", 1.0), ("FeH", 1.0), ("fe_h", 1.0), ("[Fe/H]", 1.0)]),
        "ofe" => ("", &[("ofe", 1.0), ("OFe", 1.0), ("o_fe", 1.0), ("[O/Fe]", 1.0)]),
        "mass" => (column, &[("", 1.0), ("_msun", 1.0), ("_Msun", 1.0), ("_solMass", 1.0)]),
        "age" => (
            column,
            &[
                ("", 1.0),
                ("_gyr", 1.0),
                ("_Gyr", 1.0),
                ("_myr", 1e-3),
                ("_Myr", 1e-3),
                ("_yr", 1e-9),
            ],
        ),
        _ => (column, &[]),
    };
    endings.iter().map(|(ending, factor)| (format!("{stem}{ending}"), *factor)).collect()
}

/// Reads the columns that a table has.
pub(super) fn read(path: &Path, layout: &Layout) -> Result<Columns, StarsError> {
    let options = CatalogOptions { group: layout.group.clone(), ..CatalogOptions::default() };
    let catalog = Catalog::open(path, &options)?;
    let mut sources = Vec::new();
    for (place, column) in COLUMNS.into_iter().enumerate() {
        match source(path, &catalog, layout, column)? {
            Some(source) => sources.push(source),
            None if place < 6 => {
                let known: Vec<String> =
                    spellings(column).into_iter().map(|(name, _)| format!("{name:?}")).collect();
                return Err(lacking(path, &catalog, column, &known.join(", ")));
            }
            None => {}
        }
    }
    for (column, name, conversion) in plan::others(path, &catalog, layout)? {
        let factor = plan::plain(path, &name, conversion)?;
        sources.push(Source { column, name, factor });
    }
    plan::read(&catalog, &sources)
}

/// The column of a table that is a standard one.
fn source(
    path: &Path,
    catalog: &Catalog,
    layout: &Layout,
    column: &str,
) -> Result<Option<Source>, StarsError> {
    if let Some(named) = layout.columns.get(column) {
        let conversion = match (named.conversion(column)?, plan::unit(catalog, &named.name)) {
            (Some(conversion), _) => conversion,
            (None, Some(unit)) => plan::of_unit(path, column, &named.name, unit)?,
            (None, None) => Conversion::Scale(Scaling::by(spelled_factor(column, &named.name))),
        };
        let factor = plan::plain(path, &named.name, conversion)?;
        return Ok(Some(Source { column: column.to_owned(), name: named.name.clone(), factor }));
    }
    let spelled = spellings(column);
    let found: Vec<&(String, f64)> = spelled
        .iter()
        .filter(|(name, _)| catalog.columns().iter().any(|info| info.name == *name))
        .collect();
    let (name, implied) = match found.as_slice() {
        [] => return Ok(None),
        [(name, factor)] => (name, *factor),
        [first, second, ..] => {
            return Err(StarsError::Column {
                path: path.to_owned(),
                reason: format!(
                    "has columns {:?} and {:?}, which both may be {column:?}: name one in the layout",
                    first.0, second.0
                ),
            });
        }
    };
    let Some(unit) = plan::unit(catalog, name) else {
        return Ok(Some(Source { column: column.to_owned(), name: name.clone(), factor: implied }));
    };
    let factor = plan::plain(path, name, plan::of_unit(path, column, name, unit)?)?;
    // `x_pc` in kpc is one or the other.
    let says_unit = name.contains('_')
        && !matches!(Quantity::of(column), Some(Quantity::Number | Quantity::Fraction));
    if says_unit && (factor / implied - 1.0).abs() > 1e-9 {
        return Err(StarsError::Unit {
            path: path.to_owned(),
            column: name.clone(),
            reason: format!(
                "is in {unit:?}, which its name contradicts; name its unit in the layout"
            ),
        });
    }
    Ok(Some(Source { column: column.to_owned(), name: name.clone(), factor }))
}

/// The factor of a spelling with a unit in it, and 1 of any other name.
fn spelled_factor(column: &str, name: &str) -> f64 {
    spellings(column).into_iter().find(|(own, _)| own == name).map_or(1.0, |(_, factor)| factor)
}
