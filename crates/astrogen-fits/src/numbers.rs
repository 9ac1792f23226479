//! Columns of numbers in which whole numbers of 64 bits stay exact.

use std::cmp::Ordering;

/// Numbers as `f64`, with what rounding took from them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// The numbers, rounded to `f64`.
    pub values: Vec<f64>,
    /// What rounding took from whole ones.
    pub rest: Rest,
}

/// What is to be added to the values of a column for the whole numbers that they stand for,
/// row by row: other than 0 only beyond 2^53. Rows beyond its end have 0.
#[derive(Debug, Clone, Default)]
pub struct Rest(Vec<i16>);

/// Rows of a column, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The numbers, rounded to `f64`.
    pub values: &'a [f64],
    rest: &'a [i16],
}

impl Numbers {
    /// Appends a whole number, exact from -2^64 to 2^64.
    pub fn push_whole(&mut self, whole: i128) {
        // Exact up to 2^53, and much faster.
        if let Ok(small) = i64::try_from(whole)
            && small.unsigned_abs() <= 1 << 53
        {
            self.values.push(small as f64);
            return;
        }
        let value = whole as f64;
        // Beyond 2^64 neighbouring `f64` are 4096 apart or more.
        let rest = i16::try_from(whole - value as i128).unwrap_or(0);
        if rest != 0 {
            self.rest.0.resize(self.values.len(), 0);
            self.rest.0.push(rest);
        }
        self.values.push(value);
    }

    /// Appends these rows.
    pub fn extend(&mut self, rows: View) {
        self.rest.append(self.values.len(), &Rest(rows.rest.to_vec()));
        self.values.extend_from_slice(rows.values);
    }

    /// Drops all rows.
    pub fn clear(&mut self) {
        self.values.clear();
        self.rest.0.clear();
    }

    /// All rows.
    pub fn view(&self) -> View<'_> {
        View { values: &self.values, rest: &self.rest.0 }
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(values: Vec<f64>) -> Numbers {
        Numbers { values, rest: Rest::default() }
    }
}

impl Rest {
    /// What belongs to a row.
    fn of(&self, row: usize) -> i16 {
        self.0.get(row).copied().unwrap_or(0)
    }

    /// Keeps the rows for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let mut row = 0;
        self.0.retain(|_| {
            row += 1;
            keep(row - 1)
        });
    }

    /// The same with row `order[k]` in place `k`.
    #[must_use]
    pub fn reordered(&self, order: &[usize]) -> Rest {
        match self.0.is_empty() {
            true => Rest::default(),
            false => Rest(order.iter().map(|&row| self.of(row)).collect()),
        }
    }

    /// Appends the rest of more rows, behind `rows`.
    pub fn append(&mut self, rows: usize, more: &Rest) {
        if !more.0.is_empty() {
            self.0.resize(rows, 0);
            self.0.extend_from_slice(&more.0);
        }
    }
}

impl PartialEq for Rest {
    fn eq(&self, other: &Rest) -> bool {
        (0..self.0.len().max(other.0.len())).all(|row| self.of(row) == other.of(row))
    }
}

impl<'a> View<'a> {
    /// The rows of a column with its rest.
    pub fn new(values: &'a [f64], rest: &'a Rest) -> View<'a> {
        View { values, rest: &rest.0 }
    }

    /// Some of the rows.
    pub fn slice(self, rows: std::ops::Range<usize>) -> View<'a> {
        let end = self.rest.len();
        let rest = &self.rest[rows.start.min(end)..rows.end.min(end)];
        View { values: &self.values[rows], rest }
    }

    /// How the number of a row compares with another; `None` where either is NaN.
    pub fn compare(self, row: usize, other: f64) -> Option<Ordering> {
        let rest = self.rest.get(row).copied().unwrap_or(0);
        Some(self.values[row].partial_cmp(&other)?.then(rest.cmp(&0)))
    }

    /// The whole number of a row; `None` for NaN, a fraction, and what is beyond 2^64.
    pub fn whole(self, row: usize) -> Option<i128> {
        const LARGEST: f64 = 18_446_744_073_709_551_616.0;
        let value = self.values[row];
        let rest = self.rest.get(row).copied().unwrap_or(0);
        (value.fract() == 0.0 && value.abs() <= LARGEST).then(|| value as i128 + i128::from(rest))
    }
}

impl<'a> From<&'a [f64]> for View<'a> {
    fn from(values: &'a [f64]) -> View<'a> {
        View { values, rest: &[] }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whole_numbers_stay_exact(
            wholes in prop::collection::vec(prop_oneof![
                any::<i64>().prop_map(i128::from), any::<u64>().prop_map(i128::from), -9_i128..9,
            ], 1..40),
            cut in 0_usize..40, threshold in any::<i64>(),
        ) {
            let mut numbers = Numbers::default();
            wholes.iter().for_each(|&whole| numbers.push_whole(whole));
            let cut = cut.min(wholes.len());
            let mut joined = Numbers::default();
            joined.extend(numbers.view().slice(0..cut));
            joined.extend(numbers.view().slice(cut..wholes.len()));
            prop_assert_eq!(&joined, &numbers);
            let threshold = threshold as f64;
            for (row, whole) in wholes.iter().enumerate() {
                prop_assert_eq!(joined.view().whole(row), Some(*whole));
                let order = whole.cmp(&(threshold as i128));
                prop_assert_eq!(joined.view().compare(row, threshold), Some(order));
            }
            joined.rest.retain(|row| row >= cut);
            let kept = View::new(&numbers.values[cut..], &joined.rest);
            for (row, whole) in wholes[cut..].iter().enumerate() {
                prop_assert_eq!(kept.whole(row), Some(*whole));
            }
        }
    }

    #[test]
    fn what_is_no_whole_number() {
        let numbers = Numbers::from(vec![0.5, f64::NAN, f64::INFINITY, 1e30]);
        assert!((0..4).all(|row| numbers.view().whole(row).is_none()));
        assert_eq!(numbers.view().compare(1, 0.0), None);
    }
}
