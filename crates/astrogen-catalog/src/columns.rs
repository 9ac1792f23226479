//! Columns of numbers under their names.

use ndarray::Array2;

use super::names::nearest;
use crate::CatalogError;
use astrogen_fits::numbers::{Numbers, Rest, View};

/// Columns of one length, each under a name of its own.
///
/// Values are `f64`. Whole numbers of 64 bits that are beyond 2^53 are kept exactly beside them:
/// [`Columns::integers`] gives them,
/// [`CatalogWriter::write_columns`](super::CatalogWriter::write_columns) writes them.
///
/// ```
/// use astrogen_catalog::Columns;
///
/// let mut columns = Columns::new([("i", vec![22.0, 23.0]), ("r", vec![22.5, 23.1])]).unwrap();
/// columns.retain(|row| row == 1);
/// assert_eq!(columns.column("r").unwrap(), [23.1]);
/// assert_eq!(columns.to_array().dim(), (1, 2));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    names: Vec<String>,
    values: Vec<Vec<f64>>,
    rests: Vec<Rest>,
}

impl Columns {
    /// Columns from their names and values.
    ///
    /// # Errors
    /// `Shape` for columns of several lengths or two of one name.
    pub fn new<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, Vec<f64>)>,
    ) -> Result<Columns, CatalogError> {
        let mut made = Columns::default();
        for (name, values) in columns {
            made.push(name, values)?;
        }
        Ok(made)
    }

    /// Appends a column.
    ///
    /// # Errors
    /// `Shape` if its length is not that of the others, or its name is taken.
    pub fn push(&mut self, name: impl Into<String>, values: Vec<f64>) -> Result<(), CatalogError> {
        self.push_numbers(name.into(), values.into())
    }

    /// Appends a column of whole numbers, which stay exact; NaN where there is none.
    ///
    /// # Errors
    /// As [`Columns::push`], and `Rows` for a number outside -2^63 to 2^64 - 1.
    pub fn push_integers(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = Option<i128>>,
    ) -> Result<(), CatalogError> {
        let name = name.into();
        let mut numbers = Numbers::default();
        for value in values {
            match value {
                None => numbers.values.push(f64::NAN),
                Some(whole) if (i64::MIN.into()..=u64::MAX.into()).contains(&whole) => {
                    numbers.push_whole(whole);
                }
                Some(whole) => {
                    return Err(CatalogError::Rows {
                        reason: format!(
                            "column {name:?}: expected integers of 64 bits, got {whole}"
                        ),
                    });
                }
            }
        }
        self.push_numbers(name, numbers)
    }

    pub(super) fn push_numbers(
        &mut self,
        name: String,
        Numbers { values, rest }: Numbers,
    ) -> Result<(), CatalogError> {
        let refuse = |expected: String, got: String| CatalogError::Shape {
            what: format!("column {name:?}"),
            expected,
            got,
        };
        if !self.values.is_empty() && values.len() != self.len() {
            return Err(refuse(format!("{} rows", self.len()), values.len().to_string()));
        }
        if self.names.contains(&name) {
            return Err(refuse("a name of its own".to_owned(), "the name of another".to_owned()));
        }
        self.names.push(name);
        self.values.push(values);
        self.rests.push(rest);
        Ok(())
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns' values, in order; whole numbers beyond 2^53 rounded.
    pub fn values(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one column; whole numbers beyond 2^53 rounded.
    ///
    /// # Errors
    /// `Rows` if there is none of this name, with the nearest names.
    pub fn column(&self, name: &str) -> Result<&[f64], CatalogError> {
        self.position(name).map(|position| self.values[position].as_slice())
    }

    /// The values of one column, to be changed; whole numbers beyond 2^53 are rounded from
    /// then on.
    ///
    /// # Errors
    /// As [`Columns::column`].
    pub fn column_mut(&mut self, name: &str) -> Result<&mut [f64], CatalogError> {
        let position = self.position(name)?;
        self.rests[position] = Rest::default();
        Ok(self.values[position].as_mut_slice())
    }

    /// The whole numbers of one column, exact to 64 bits; `None` where there is no value.
    ///
    /// # Errors
    /// As [`Columns::column`], and `Rows` for a value that is no whole number.
    pub fn integers(&self, name: &str) -> Result<Vec<Option<i128>>, CatalogError> {
        let view = self.view(name)?;
        let integer = |row: usize| match view.whole(row) {
            None if !view.values[row].is_nan() => Err(CatalogError::Rows {
                reason: format!(
                    "row {row} (from 0) of column {name:?}: expected a whole number, got {}",
                    view.values[row]
                ),
            }),
            whole => Ok(whole),
        };
        (0..self.len()).map(integer).collect()
    }

    pub(super) fn view(&self, name: &str) -> Result<View<'_>, CatalogError> {
        let position = self.position(name)?;
        Ok(View::new(&self.values[position], &self.rests[position]))
    }

    fn position(&self, name: &str) -> Result<usize, CatalogError> {
        self.names.iter().position(|own| own == name).ok_or_else(|| CatalogError::Rows {
            reason: format!("no column {name:?}; {}", nearest(name, &self.names)),
        })
    }

    /// Keeps the rows for which `keep` says so, given their positions.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        self.rests.iter_mut().for_each(|rest| rest.retain(&keep));
        for values in &mut self.values {
            let mut row = 0;
            values.retain(|_| {
                row += 1;
                keep(row - 1)
            });
        }
    }

    /// Brings rows into the order of a column of whole numbers, those of one number as they are; rows
    /// without one come first.
    ///
    /// # Errors
    /// As [`integers`](Self::integers).
    pub fn sort_by_integers(&mut self, name: &str) -> Result<(), CatalogError> {
        let keys = self.integers(name)?;
        if keys.is_sorted() {
            return Ok(());
        }
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&row| keys[row]);
        for (values, rest) in self.values.iter_mut().zip(&mut self.rests) {
            *values = order.iter().map(|&row| values[row]).collect();
            *rest = rest.reordered(&order);
        }
        Ok(())
    }

    /// Appends the rows of columns of the same names.
    ///
    /// # Errors
    /// `Shape` if the names are others, or in another order.
    pub fn append(&mut self, mut other: Columns) -> Result<(), CatalogError> {
        if self.names != other.names {
            return Err(CatalogError::Shape {
                what: "columns to append".to_owned(),
                expected: format!("{:?}", self.names),
                got: format!("{:?}", other.names),
            });
        }
        for (rest, more) in self.rests.iter_mut().zip(&other.rests) {
            rest.append(self.values[0].len(), more);
        }
        for (values, more) in self.values.iter_mut().zip(&mut other.values) {
            values.append(more);
        }
        Ok(())
    }

    /// The columns side by side as `[rows, columns]`.
    pub fn to_array(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.len(), self.values.len()), |(row, column)| {
            self.values[column][row]
        })
    }
}

/// The names with their values, in order; whole numbers beyond 2^53 rounded.
impl IntoIterator for Columns {
    type Item = (String, Vec<f64>);
    type IntoIter = std::iter::Zip<std::vec::IntoIter<String>, std::vec::IntoIter<Vec<f64>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.names.into_iter().zip(self.values)
    }
}
