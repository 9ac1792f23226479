//! A cell that is read, and the number that its text spells.

use crate::angle::Angle;
use astrogen_fits::numbers::Numbers;

/// Words for a value that is not there, in lower case.
const MISSING: [&str; 7] = ["", "nan", "null", "none", "na", "n/a", "--"];

/// Whole numbers up to here are exact in `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is read of every row: an element of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// The column's position in the file.
    pub(super) column: usize,
    pub(super) element: usize,
    /// Elements that the column has in each row.
    pub(super) length: usize,
    /// Set where it is a right ascension or declination, which texts may spell in their own
    /// ways.
    pub(super) angle: Option<Angle>,
}

impl Cell {
    /// Appends the element's number of a JSON array of `length` numbers, or says what the text is.
    pub(super) fn append_of(
        &self,
        array: &[u8],
        length: usize,
        out: &mut Numbers,
    ) -> Result<(), String> {
        let array = String::from_utf8_lossy(array).replace(['[', ']'], "");
        let elements: Vec<&str> = array.split(',').collect();
        match elements.get(self.element) {
            _ if array.trim().is_empty() => self.append(b"", out),
            Some(element) if elements.len() == length => self.append(element.as_bytes(), out),
            _ => Err(format!("{} elements for {length}", elements.len())),
        }
    }

    /// Appends the number that a text spells, NaN if it says that there is none; otherwise
    /// says what it holds.
    pub(super) fn append(&self, text: &[u8], out: &mut Numbers) -> Result<(), String> {
        match number(text) {
            Ok(value) if value.abs() >= EXACT => match whole(text) {
                Some(whole) => out.push_whole(whole),
                None => out.values.push(value),
            },
            Ok(value) => out.values.push(value),
            Err(got) => {
                let text = std::str::from_utf8(text).unwrap_or_default().trim();
                match self.angle.and_then(|angle| angle.sexagesimal(text)) {
                    Some(value) => out.values.push(value),
                    None => return Err(got),
                }
            }
        }
        Ok(())
    }
}

/// A whole number of 64 bits, with a sign or without.
fn whole(text: &[u8]) -> Option<i128> {
    let whole: i128 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    (i64::MIN.into()..=u64::MAX.into()).contains(&whole).then_some(whole)
}

/// The number in a cell, NaN if it says that there is none; otherwise what it holds.
pub(super) fn number(cell: &[u8]) -> Result<f64, String> {
    let cell = cell.trim_ascii();
    let text = std::str::from_utf8(cell).unwrap_or("\u{fffd}");
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let word = text.to_ascii_lowercase();
    match word.as_str() {
        "true" => Ok(1.0),
        "false" => Ok(0.0),
        word if MISSING.contains(&word) => Ok(f64::NAN),
        _ => {
            let start: String = String::from_utf8_lossy(cell).chars().take(40).collect();
            Err(format!("{start:?}"))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn cells_spell_numbers_or_their_absence() {
        for (cell, want) in [
            ("1.5", 1.5),
            (" -2e-3 ", -0.002),
            ("+7", 7.0),
            ("inf", f64::INFINITY),
            ("True", 1.0),
            ("FALSE", 0.0),
        ] {
            assert_eq!(number(cell.as_bytes()).unwrap(), want);
        }
        for cell in ["", "  ", "nan", "NaN", "-nan", "NULL", "None", "NA", "--"] {
            assert!(number(cell.as_bytes()).is_ok_and(f64::is_nan), "{cell}");
        }
        assert_eq!(number(b"twelve").unwrap_err(), "\"twelve\"");
        assert_eq!(number(b"1,5").unwrap_err(), "\"1,5\"");
        assert!(number(&[0xff, 0xfe]).is_err());
    }
}
