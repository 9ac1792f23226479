//! The variable-length columns of a binary table that hold compressed tiles (FITS standard
//! 4.0, sections 7.3 and 10.1).

use super::form::{Form, width};
use super::header::Header;
use super::value::Value;

/// The column of compressed tiles.
pub(super) const COMPRESSED: &str = "COMPRESSED_DATA";
/// The column of tiles that did not compress, packed by GZIP.
pub(super) const GZIPPED: &str = "GZIP_COMPRESSED_DATA";
/// The column of tiles that did not compress, in old files.
pub(super) const UNCOMPRESSED: &str = "UNCOMPRESSED_DATA";

/// A column of variable-length arrays: where in a row its descriptors are.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// The letter of the type of an array's elements.
    element: u8,
    offset: usize,
    /// Bytes in each half of a descriptor: 4 (`P`) or 8 (`Q`).
    half: usize,
}

/// One array in the heap, as its descriptor claims.
pub(super) struct Array {
    /// Elements.
    pub(super) count: u64,
    /// Bytes of all elements.
    pub(super) bytes: u128,
    /// Where in the heap it starts.
    pub(super) offset: u64,
}

/// The variable-length columns that hold tiles, the compressed ones first. `element` is the
/// letter of the type of a compressed stream's elements.
pub(super) fn columns(
    table: &Header,
    row_bytes: usize,
    element: u8,
) -> Result<Vec<Column>, String> {
    const NAMES: [&str; 3] = [COMPRESSED, GZIPPED, UNCOMPRESSED];
    let fields = integer(table, "TFIELDS")?.unwrap_or(0);
    let mut found = Vec::new();
    let mut offset = 0_usize;
    for field in 1..=fields.min(999) {
        let form = text(table, &format!("TFORM{field}"))?;
        let refuse = || format!("TFORM{field}: expected a column of a binary table, got {form:?}");
        let parsed = Form::parse(form).ok_or_else(refuse)?;
        let title = text(table, &format!("TTYPE{field}"))?;
        if let Some(name) = NAMES.into_iter().find(|name| title.eq_ignore_ascii_case(name)) {
            let (half, letter) = match (parsed.code, parsed.element) {
                (b'P', Some(letter)) if parsed.repeat == 1 => (4, letter),
                (b'Q', Some(letter)) if parsed.repeat == 1 => (8, letter),
                _ => {
                    return Err(format!(
                        "TFORM{field}: expected 1P. or 1Q. for {name}, got {form:?}"
                    ));
                }
            };
            if width_of_element(letter).is_none() {
                return Err(refuse());
            }
            // cfitsio would convert the elements of a stream, or scale them.
            let streams = match name {
                COMPRESSED => Some(element),
                GZIPPED => Some(b'B'),
                _ => None,
            };
            if let Some(element) = streams {
                if letter != element {
                    let element = char::from(element);
                    return Err(format!(
                        "TFORM{field}: expected 1P{element} or 1Q{element} for {name}, got {form:?}"
                    ));
                }
                for (keyword, neutral) in [("TSCAL", 1.0), ("TZERO", 0.0)] {
                    let keyword = format!("{keyword}{field}");
                    if sole(table, &keyword)?.is_some()
                        && table.get::<f64>(&keyword) != Some(neutral)
                    {
                        return Err(format!("{keyword}: expected {neutral} for {name}"));
                    }
                }
            }
            found.push(Column { name, offset, half, element: letter });
        }
        offset = offset.checked_add(parsed.bytes).ok_or_else(refuse)?;
    }
    if offset != row_bytes {
        return Err(format!(
            "NAXIS1: expected {offset}, the width of its columns, got {row_bytes}"
        ));
    }
    if !found.iter().any(|column| column.name == COMPRESSED) {
        return Err("expected a column COMPRESSED_DATA, found none".to_owned());
    }
    found.sort_by_key(|column| NAMES.iter().position(|name| *name == column.name));
    Ok(found)
}

impl Column {
    /// The array of one row.
    pub(super) fn array(&self, row: &[u8]) -> Array {
        let number = |at: usize| {
            let bytes = &row[at..at + self.half];
            bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let count = number(self.offset);
        let element = width_of_element(self.element).unwrap_or(16);
        Array {
            count,
            bytes: u128::from(count) * element as u128,
            offset: number(self.offset + self.half),
        }
    }
}

fn width_of_element(letter: u8) -> Option<usize> {
    if matches!(letter, b'P' | b'Q') { None } else { width(letter) }
}

/// The value of a card, which must be the only one of its keyword: of several, cfitsio may
/// take another one than was checked here.
pub(super) fn sole<'a>(table: &'a Header, keyword: &str) -> Result<Option<&'a Value>, String> {
    let mut values = table
        .iter()
        .filter(|card| card.keyword.eq_ignore_ascii_case(keyword))
        .map(|card| &card.value);
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(format!("{keyword}: expected one card, got several")),
    }
}

pub(super) fn integer(table: &Header, keyword: &str) -> Result<Option<i64>, String> {
    match sole(table, keyword)? {
        None => Ok(None),
        // Nothing but digits: of other spellings cfitsio does not read all that we would.
        Some(Value::Integer(value)) => Ok(Some(*value)),
        Some(other) => Err(format!("{keyword}: expected a whole number, got {other}")),
    }
}

/// A text, empty where there is no card.
pub(super) fn text<'a>(table: &'a Header, keyword: &str) -> Result<&'a str, String> {
    match sole(table, keyword)? {
        None => Ok(""),
        Some(Value::Text(value)) => Ok(value),
        Some(other) => Err(format!("{keyword}: expected a text, got {other}")),
    }
}

/// Fails if there is a card of this keyword that holds no number.
pub(super) fn check_real(table: &Header, keyword: &str) -> Result<(), String> {
    match sole(table, keyword)? {
        None | Some(Value::Integer(_) | Value::Real(_)) => Ok(()),
        Some(other) => Err(format!("{keyword}: expected a number, got {other}")),
    }
}
