//! The form of a binary table's column (`TFORMn`): how many elements of which type a row
//! holds (FITS standard 4.0, section 7.3.1).

/// A `TFORMn` taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// Elements in a row; of `X` bits, of `A` characters.
    pub(super) repeat: usize,
    /// The letter of the type.
    pub(super) code: u8,
    /// What follows the letter: of `P` and `Q` the letter of the array's elements.
    pub(super) element: Option<u8>,
    /// Bytes in a row.
    pub(super) bytes: usize,
}

impl Form {
    /// Takes `1024E` or `PB(100)` apart; `None` for what the standard does not know.
    pub(super) fn parse(form: &str) -> Option<Form> {
        let digits = form.len() - form.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let repeat: usize = if digits == 0 { 1 } else { form[..digits].parse().ok()? };
        let mut letters = form.bytes().skip(digits);
        let code = letters.next()?;
        let bytes = match code {
            b'X' => repeat.div_ceil(8),
            code => width(code)?.checked_mul(repeat)?,
        };
        Some(Form { repeat, code, element: letters.next(), bytes })
    }
}

/// Bytes of one element of a type; `X` has none of its own.
pub(super) fn width(code: u8) -> Option<usize> {
    Some(match code {
        b'L' | b'B' | b'A' => 1,
        b'I' => 2,
        b'J' | b'E' => 4,
        b'K' | b'D' | b'C' | b'P' => 8,
        b'M' | b'Q' => 16,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_taken_apart() {
        let form = |repeat, code, element, bytes| Some(Form { repeat, code, element, bytes });
        assert_eq!(Form::parse("E"), form(1, b'E', None, 4));
        assert_eq!(Form::parse("1024E"), form(1024, b'E', None, 4096));
        assert_eq!(Form::parse("11X"), form(11, b'X', None, 2));
        assert_eq!(Form::parse("0D"), form(0, b'D', None, 0));
        assert_eq!(Form::parse("1PE(7)"), form(1, b'P', Some(b'E'), 8));
        for bad in ["", "7", "1Z", "99999999999999999999E", "9223372036854775807D"] {
            assert_eq!(Form::parse(bad), None, "{bad}");
        }
    }
}
