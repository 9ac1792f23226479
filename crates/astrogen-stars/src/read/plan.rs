//! Which columns of a catalogue are read, and what becomes of their numbers.

use std::fs;
use std::path::Path;

use astrogen_catalog::{Catalog, Columns};

use crate::units::{Conversion, Quantity, Scaling};
use crate::{COLUMNS, Layout, StarsError};

/// Rows read at a time.
const AT_A_TIME: usize = 1 << 16;

/// A column that is read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The name that it gets.
    pub(super) column: String,
    /// The name that it has.
    pub(super) name: String,
    /// What its numbers are multiplied by.
    pub(super) factor: f64,
}

/// Reads columns, each number multiplied once, a part of the file at a time.
pub(super) fn read(catalog: &Catalog, sources: &[Source]) -> Result<Columns, StarsError> {
    let mut names: Vec<&str> = Vec::new();
    let mut places = Vec::new();
    for source in sources {
        let place = names.iter().position(|name| *name == source.name);
        places.push(place.unwrap_or(names.len()));
        if place.is_none() {
            names.push(&source.name);
        }
    }
    // A file of so many bytes may hold more rows, packed; it holds no fewer than it says.
    let bytes = fs::metadata(catalog.path()).map_or(0, |file| file.len());
    let rows = catalog.rows().unwrap_or(0).min(bytes) as usize;
    let mut read: Vec<Vec<f64>> = sources.iter().map(|_| Vec::with_capacity(rows)).collect();
    for chunk in catalog.chunks(&names, AT_A_TIME)? {
        let chunk = chunk?;
        for ((read, source), place) in read.iter_mut().zip(sources).zip(&places) {
            let values = chunk.values()[*place].iter();
            match source.factor == 1.0 {
                true => read.extend(values),
                false => read.extend(values.map(|value| value * source.factor)),
            }
        }
    }
    let named = sources.iter().map(|source| source.column.clone());
    Ok(Columns::new(named.zip(read))?)
}

/// What a unit in a file means for a column.
pub(super) fn of_unit(
    path: &Path,
    column: &str,
    name: &str,
    unit: &str,
) -> Result<Conversion, StarsError> {
    let quantity = Quantity::of(column);
    crate::units::parse(unit, quantity).ok_or_else(|| StarsError::Unit {
        path: path.to_owned(),
        column: name.to_owned(),
        reason: format!(
            "is in {unit:?}, expected one of {}; name its unit or factor in the layout",
            quantity.map_or("the units of length, velocity, mass and time", Quantity::known)
        ),
    })
}

/// The factor of a conversion that takes no cosmology.
pub(super) fn plain(path: &Path, name: &str, conversion: Conversion) -> Result<f64, StarsError> {
    match conversion {
        Conversion::Scale(scaling) if !scaling.is_cosmological() => Ok(scaling.factor),
        _ => Err(StarsError::Unit {
            path: path.to_owned(),
            column: name.to_owned(),
            reason:
                "is in a unit of cosmology, which takes a snapshot's header; expected one without \
                     scale factor and h"
                    .to_owned(),
        }),
    }
}

/// The columns that a layout names beyond the standard ones, with what it or the file says of
/// their units: without any, the numbers stay as they are.
pub(super) fn others(
    path: &Path,
    catalog: &Catalog,
    layout: &Layout,
) -> Result<Vec<(String, String, Conversion)>, StarsError> {
    let one = |(column, source): (&String, &crate::ColumnSource)| {
        let unit = unit(catalog, &source.name);
        let conversion = match (source.conversion(column)?, unit) {
            (Some(conversion), _) => conversion,
            (None, Some(unit)) => of_unit(path, column, &source.name, unit)?,
            (None, None) => Conversion::Scale(Scaling::by(1.0)),
        };
        Ok((column.clone(), source.name.clone(), conversion))
    };
    layout.others().map(one).collect()
}

/// The unit that the file gives a column.
pub(super) fn unit<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a str> {
    let whole = name.split_once('[').map_or(name, |(name, _)| name);
    let of = |name: &str| catalog.columns().iter().find(|info| info.name == name);
    of(name).or_else(|| of(whole))?.unit.as_deref()
}

/// Columns in the order of the standard ones, then the others.
pub(super) fn order<T>(sources: &mut [T], column: impl Fn(&T) -> &str) {
    let place = |name: &str| COLUMNS.iter().position(|own| *own == name);
    sources.sort_by_key(|source| place(column(source)).unwrap_or(COLUMNS.len()));
}

/// The error of a file without a column.
pub(super) fn lacking(path: &Path, catalog: &Catalog, column: &str, known: &str) -> StarsError {
    const LISTED: usize = 30;
    let names: Vec<String> =
        catalog.columns().iter().take(LISTED).map(|info| format!("{:?}", info.name)).collect();
    StarsError::Column {
        path: path.to_owned(),
        reason: format!(
            "has no column for {column:?}: expected one of {known}; name it in the layout; there are: {}",
            names.join(", ")
        ),
    }
}
