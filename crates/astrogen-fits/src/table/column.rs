//! Columns to be written, and how their numbers are stored.

use serde::{Deserialize, Serialize};

use crate::FitsError;
use crate::numbers::View;

/// How the numbers of a column are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// 32-bit floating point: seven digits.
    #[default]
    Float32,
    /// 64-bit floating point.
    Float64,
    /// 32-bit whole numbers; NaN is stored as null.
    Int32,
    /// 64-bit whole numbers; NaN is stored as null.
    Int64,
    /// 64-bit whole numbers from 0; NaN is stored as null.
    Unsigned64,
}

impl Storage {
    /// The whole numbers that can be stored; the lowest, or without a sign the largest, is kept
    /// for null.
    fn integers(self) -> Option<std::ops::RangeInclusive<i128>> {
        match self {
            Storage::Int32 => Some(-i128::from(i32::MAX)..=i32::MAX.into()),
            Storage::Int64 => Some(-i128::from(i64::MAX)..=i64::MAX.into()),
            Storage::Unsigned64 => Some(0..=i128::from(u64::MAX) - 1),
            Storage::Float32 | Storage::Float64 => None,
        }
    }
}

/// A column of a catalogue to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its unit, in FITS as `TUNIT`, in Parquet as astropy writes it.
    pub unit: Option<String>,
    /// How its numbers are stored.
    pub storage: Storage,
}

impl NewColumn {
    /// A column without a unit.
    pub fn new(name: impl Into<String>, storage: Storage) -> NewColumn {
        NewColumn { name: name.into(), unit: None, storage }
    }

    /// The same column with a unit.
    pub fn with_unit(self, unit: impl Into<String>) -> NewColumn {
        NewColumn { unit: Some(unit.into()), ..self }
    }
}

/// Refuses columns that no table can have: none or more than 999, an empty name, or one that is
/// taken.
///
/// # Errors
/// `Shape`.
pub fn check_columns(columns: &[NewColumn]) -> Result<(), FitsError> {
    let refuse = |got: String| {
        let what = "columns to write".to_owned();
        let expected = "1 to 999 columns, each with a name of its own".to_owned();
        Err(FitsError::Shape { what, expected, got })
    };
    if !(1..=999).contains(&columns.len()) {
        return refuse(columns.len().to_string());
    }
    for (number, column) in columns.iter().enumerate() {
        let same = |other: &NewColumn| other.name.eq_ignore_ascii_case(&column.name);
        if column.name.trim() != column.name
            || column.name.is_empty()
            || columns[..number].iter().any(same)
        {
            return refuse(format!("{:?} as name of column {number} (from 0)", column.name));
        }
    }
    Ok(())
}

/// Refuses rows, the first of which is row `first` of the table, that these columns cannot store.
/// Returns how many there are.
///
/// # Errors
/// `Shape` for another number of columns or columns of several lengths, `Rows` for a fraction or
/// too large a number in a column of whole numbers.
pub fn check_rows(columns: &[NewColumn], values: &[View], first: u64) -> Result<usize, FitsError> {
    let shape = |expected: String, got: String| {
        let what = "columns to write".to_owned();
        Err(FitsError::Shape { what, expected, got })
    };
    if values.len() != columns.len() {
        return shape(columns.len().to_string(), values.len().to_string());
    }
    let rows = values.first().map_or(0, |values| values.values.len());
    if let Some(odd) = values.iter().find(|column| column.values.len() != rows) {
        return shape(format!("{rows} rows in each"), odd.values.len().to_string());
    }
    for (column, values) in columns.iter().zip(values) {
        check_integers(column, *values, first)?;
    }
    Ok(rows)
}

fn check_integers(column: &NewColumn, values: View, first: u64) -> Result<(), FitsError> {
    let Some(range) = column.storage.integers() else {
        return Ok(());
    };
    let odd = |&row: &usize| {
        !values.values[row].is_nan()
            && values.whole(row).is_none_or(|whole| !range.contains(&whole))
    };
    match (0..values.values.len()).find(odd) {
        None => Ok(()),
        Some(row) => Err(FitsError::Rows {
            reason: format!(
                "row {} (from 0) of column {:?}: expected a whole number from {} to {}, got {}; \
                 store it as floating point",
                first + row as u64,
                column.name,
                range.start(),
                range.end(),
                values.whole(row).map_or(values.values[row].to_string(), |whole| whole.to_string())
            ),
        }),
    }
}
