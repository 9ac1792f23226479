//! Rows by the value of a column: `FLAGS==0`, `MAG_I<22.5`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use crate::CatalogError;
use astrogen_fits::numbers::View;

/// How a value has to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Relation {
    /// Two characters before one, so that `<=` is not read as `<`.
    const SIGNS: [(&'static str, Relation); 6] = [
        ("==", Relation::Equal),
        ("!=", Relation::NotEqual),
        ("<=", Relation::LessOrEqual),
        (">=", Relation::GreaterOrEqual),
        ("<", Relation::Less),
        (">", Relation::Greater),
    ];

    fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, own)| *own == self).map_or("", |(sign, _)| sign)
    }
}

/// A rule that rows have to pass: a column, a comparison and a number. Written, on command
/// lines and in configurations, as `COLUMN<NUMBER` with one of `== != < <= > >=`. A row
/// without a value passes no filter.
///
/// ```
/// use astrogen_catalog::ColumnFilter;
///
/// let filter: ColumnFilter = "MAG_I < 22.5".parse().unwrap();
/// assert!(filter.passes(22.0) && !filter.passes(22.5) && !filter.passes(f64::NAN));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColumnFilter {
    /// The column.
    pub column: String,
    /// How its value compares with `value` in the rows that pass.
    pub relation: Relation,
    /// The number compared with.
    pub value: f64,
}

impl ColumnFilter {
    /// Whether a row with this value passes.
    pub fn passes(&self, value: f64) -> bool {
        self.passes_row([value].as_slice().into(), 0)
    }

    /// Which rows of the filter's column pass; whole numbers of 64 bits are compared exactly.
    ///
    /// # Errors
    /// `Rows` if there is no such column.
    pub fn passing(&self, columns: &Columns) -> Result<Vec<bool>, CatalogError> {
        let view = columns.view(&self.column)?;
        Ok((0..columns.len()).map(|row| self.passes_row(view, row)).collect())
    }

    pub(super) fn passes_row(&self, column: View, row: usize) -> bool {
        let Some(order) = column.compare(row, self.value) else {
            return false;
        };
        match self.relation {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl FromStr for ColumnFilter {
    type Err = CatalogError;

    fn from_str(text: &str) -> Result<Self, CatalogError> {
        let refuse = || CatalogError::Setting {
            name: "filter",
            rule: "COLUMN==NUMBER, or with one of != < <= > >=",
            got: format!("{text:?}"),
        };
        let (at, sign, relation) = Relation::SIGNS
            .iter()
            .filter_map(|(sign, relation)| Some((text.find(sign)?, *sign, *relation)))
            .min_by_key(|(at, sign, _)| (*at, 2 - sign.len()))
            .ok_or_else(refuse)?;
        let column = text[..at].trim().to_owned();
        let number = text[at + sign.len()..].trim();
        let value: f64 = number.parse().map_err(|_| refuse())?;
        if number.parse().is_ok_and(|whole: i128| whole != value as i128) {
            return Err(CatalogError::Setting {
                name: "filter",
                rule: "a whole number that 64-bit floating point holds exactly, as all are up to 2^53",
                got: format!("{text:?}"),
            });
        }
        if column.is_empty() || value.is_nan() {
            return Err(refuse());
        }
        Ok(ColumnFilter { column, relation, value })
    }
}

impl fmt::Display for ColumnFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.column, self.relation.sign(), self.value)
    }
}

impl TryFrom<String> for ColumnFilter {
    type Error = CatalogError;

    fn try_from(text: String) -> Result<Self, CatalogError> {
        text.parse()
    }
}

impl From<ColumnFilter> for String {
    fn from(filter: ColumnFilter) -> String {
        filter.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_written() {
        for (text, written) in [
            ("FLAGS==0", "FLAGS == 0"),
            ("MAG_I<22.5", "MAG_I < 22.5"),
            (" z >= -1e3 ", "z >= -1000"),
            ("z<=inf", "z <= inf"),
            ("FLUX[2]!=0", "FLUX[2] != 0"),
        ] {
            let filter: ColumnFilter = text.parse().unwrap();
            assert_eq!(filter.to_string(), written);
            assert_eq!(written.parse::<ColumnFilter>().unwrap(), filter);
            let json = serde_json::to_string(&filter).unwrap();
            assert_eq!(serde_json::from_str::<ColumnFilter>(&json).unwrap(), filter);
        }
        for bad in ["", "FLAGS", "FLAGS=0", "==0", "a<b", "a<nan", "a<1<2"] {
            let message = bad.parse::<ColumnFilter>().unwrap_err().to_string();
            assert!(message.contains("filter: expected COLUMN==NUMBER"), "{message}");
        }
    }

    #[test]
    fn a_row_without_a_value_passes_no_filter() {
        for sign in ["==", "!=", "<", "<=", ">", ">="] {
            let filter: ColumnFilter = format!("a{sign}0").parse().unwrap();
            assert!(!filter.passes(f64::NAN), "{sign}");
            let passes = [-1.0, 0.0, 1.0].map(|value| filter.passes(value));
            let want = match sign {
                "==" => [false, true, false],
                "!=" => [true, false, true],
                "<" => [true, false, false],
                "<=" => [true, true, false],
                ">" => [false, false, true],
                _ => [false, true, true],
            };
            assert_eq!(passes, want, "{sign}");
        }
    }
}
