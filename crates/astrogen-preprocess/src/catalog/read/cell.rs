//! The number that a text cell spells.

/// Words for a value that is not there, in lower case.
const MISSING: [&str; 7] = ["", "nan", "null", "none", "na", "n/a", "--"];

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
