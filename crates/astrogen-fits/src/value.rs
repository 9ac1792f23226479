//! The typed value of a header card.

use std::fmt;

/// The value of one header card, in the types of the FITS standard (section 4.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `T` or `F`.
    Logical(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// A floating-point number, or a whole number too large for [`Value::Integer`].
    Real(f64),
    /// A pair (real part, imaginary part).
    Complex(f64, f64),
    /// A character string without trailing blanks, pieced together from `CONTINUE`
    /// cards; also the text of a `COMMENT`, `HISTORY` or blank card.
    Text(String),
    /// A card without a value.
    Undefined,
}

impl Value {
    /// Reads the value field of a card: everything after the value indicator `= `.
    /// Returns the value and the comment behind the slash.
    pub(super) fn parse(field: &str) -> (Value, String) {
        let field = field.trim_start();
        if let Some(quoted) = field.strip_prefix('\'') {
            let (text, rest) = unquote(quoted);
            let comment = rest.trim_start().strip_prefix('/').unwrap_or("").trim();
            return (Value::Text(text), comment.to_owned());
        }
        let (value, comment) = field.split_once('/').unwrap_or((field, ""));
        (Value::parse_bare(value.trim()), comment.trim().to_owned())
    }

    fn parse_bare(text: &str) -> Value {
        match text {
            "" => Value::Undefined,
            "T" => Value::Logical(true),
            "F" => Value::Logical(false),
            _ => {
                if let Ok(integer) = text.parse() {
                    return Value::Integer(integer);
                }
                if let Some(real) = parse_real(text) {
                    return Value::Real(real);
                }
                let pair = text
                    .strip_prefix('(')
                    .and_then(|inner| inner.strip_suffix(')'))
                    .and_then(|inner| inner.split_once(','));
                if let Some((re, im)) = pair
                    && let (Some(re), Some(im)) = (parse_real(re.trim()), parse_real(im.trim()))
                {
                    return Value::Complex(re, im);
                }
                Value::Text(text.to_owned())
            }
        }
    }
}

/// As messages name a value: `2.0`, `T`, `the text '2.0'`, `no value`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Logical(true) => f.write_str("T"),
            Value::Logical(false) => f.write_str("F"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Real(value) => write!(f, "{value:?}"),
            Value::Complex(re, im) => write!(f, "({re:?}, {im:?})"),
            Value::Text(text) => write!(f, "the text '{text}'"),
            Value::Undefined => f.write_str("no value"),
        }
    }
}

/// Splits `it''s'  / comment` into the text before the closing quote and the rest.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        match rest.split_once('\'') {
            Some((before, after)) => {
                text.push_str(before);
                match after.strip_prefix('\'') {
                    Some(after) => {
                        text.push('\'');
                        rest = after;
                    }
                    None => {
                        text.truncate(text.trim_end_matches(' ').len());
                        return (text, after);
                    }
                }
            }
            None => {
                text.push_str(rest.trim_end());
                return (text, "");
            }
        }
    }
}

/// A decimal number with Fortran's `D` exponents allowed, but no words such as `nan`.
fn parse_real(text: &str) -> Option<f64> {
    let numeric = text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-.EeDd".contains(&b));
    numeric.then(|| text.replace(['D', 'd'], "E").parse().ok()).flatten()
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Logical(value)
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                Value::Integer(value.into())
            }
        }
    )*};
}
from_integer!(u8, i16, u16, i32, u32, i64);

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Value::Real(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

/// A card's value is of another type than the one asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct OtherType {
    /// The type asked for, in words: "a number".
    pub expected: &'static str,
}

impl TryFrom<&Value> for bool {
    type Error = OtherType;
    fn try_from(value: &Value) -> Result<Self, OtherType> {
        match value {
            Value::Logical(value) => Ok(*value),
            _ => Err(OtherType { expected: "T or F" }),
        }
    }
}

/// A real without a fraction (`16.0`) is a whole number too.
impl TryFrom<&Value> for i64 {
    type Error = OtherType;
    fn try_from(value: &Value) -> Result<Self, OtherType> {
        /// Up to here every whole number has its own real.
        const EXACT: f64 = (1_u64 << 53) as f64;
        match value {
            Value::Integer(value) => Ok(*value),
            Value::Real(value) if value.fract() == 0.0 && value.abs() <= EXACT => Ok(*value as i64),
            _ => Err(OtherType { expected: "a whole number" }),
        }
    }
}

/// Whole numbers are read as `f64` too, since writers often drop the `.0`.
impl TryFrom<&Value> for f64 {
    type Error = OtherType;
    fn try_from(value: &Value) -> Result<Self, OtherType> {
        match value {
            Value::Real(value) => Ok(*value),
            Value::Integer(value) => Ok(*value as f64),
            _ => Err(OtherType { expected: "a number" }),
        }
    }
}

impl<'a> TryFrom<&'a Value> for &'a str {
    type Error = OtherType;
    fn try_from(value: &'a Value) -> Result<Self, OtherType> {
        match value {
            Value::Text(value) => Ok(value),
            _ => Err(OtherType { expected: "a text in quotes" }),
        }
    }
}

impl TryFrom<&Value> for String {
    type Error = OtherType;
    fn try_from(value: &Value) -> Result<Self, OtherType> {
        <&str>::try_from(value).map(str::to_owned)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_standard_is_read() {
        let text = |text: &str| Value::Text(text.to_owned());
        let table = [
            ("                   T / yes", Value::Logical(true), "yes"),
            ("                   F", Value::Logical(false), ""),
            ("                 -42 / n", Value::Integer(-42), "n"),
            ("+7", Value::Integer(7), ""),
            ("9223372036854775808", Value::Real(9_223_372_036_854_775_808.0), ""),
            ("1.5D-3", Value::Real(1.5e-3), ""),
            ("1.E5", Value::Real(1e5), ""),
            (".5", Value::Real(0.5), ""),
            ("(1, -2.5)", Value::Complex(1.0, -2.5), ""),
            ("'it''s a / slash'   / quoted", text("it's a / slash"), "quoted"),
            ("'padded  '", text("padded"), ""),
            ("''", text(""), ""),
            ("'no end", text("no end"), ""),
            ("      / no value", Value::Undefined, "no value"),
            ("nan", text("nan"), ""),
            ("2000-01-01", text("2000-01-01"), ""),
        ];
        for (field, value, comment) in table {
            assert_eq!(Value::parse(field), (value, comment.to_owned()), "{field}");
        }
    }
}
