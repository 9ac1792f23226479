//! One field of a table's rows: its type, its place, and how its numbers are scaled.

use crate::FitsError;
use crate::form::{Form, width};
use crate::header::Header;
use crate::numbers::Numbers;
use crate::plain::{StoredScale, convert};

/// A column as the header describes it.
#[derive(Debug, Clone)]
pub struct Field {
    /// `TTYPEn`, or `COLUMNn` where there is none.
    pub name: String,
    /// `TUNITn`.
    pub unit: Option<String>,
    /// `TFORMn`.
    pub stored_as: String,
    pub(crate) form: Form,
    pub(super) offset: usize,
    scaling: StoredScale,
}

impl Field {
    /// The field `number` (from 1), at `offset` in a row; `None` for a form that the standard
    /// does not know.
    ///
    /// # Errors
    /// `Card` for a scaling that is no number, or a name or unit that is no text.
    pub(super) fn new(
        header: &Header,
        number: i64,
        stored_as: &str,
        offset: usize,
    ) -> Result<Option<Field>, FitsError> {
        let Some(form) = Form::parse(stored_as) else {
            return Ok(None);
        };
        let text = |stem: &str| -> Result<Option<String>, FitsError> {
            let text: Option<&str> = header.try_get(&format!("{stem}{number}"))?;
            Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
        };
        let keywords = ["TSCAL", "TZERO", "TNULL"].map(|stem| format!("{stem}{number}"));
        let mut field = Field {
            name: text("TTYPE")?.unwrap_or_else(|| format!("COLUMN{number}")),
            unit: text("TUNIT")?,
            stored_as: stored_as.to_owned(),
            form,
            offset,
            scaling: StoredScale::NONE,
        };
        if field.is_integer() || matches!(form.code, b'E' | b'D') {
            let keywords = keywords.each_ref().map(String::as_str);
            field.scaling = StoredScale::of(header, keywords, field.is_integer())?;
        }
        Ok(Some(field))
    }

    /// How many numbers a row holds; a text counts as one.
    pub fn length(&self) -> usize {
        if self.form.code == b'A' { 1 } else { self.form.repeat }
    }

    /// Whether a row holds characters.
    pub fn is_text(&self) -> bool {
        self.form.code == b'A'
    }

    /// Whether a row holds whole numbers.
    pub fn is_integer(&self) -> bool {
        matches!(self.form.code, b'B' | b'I' | b'J' | b'K')
    }

    /// Why the field cannot be read as numbers, if it cannot.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.form.code {
            b'P' | b'Q' => Some("holds arrays of variable length"),
            b'C' | b'M' => Some("holds complex numbers"),
            _ => None,
        }
    }

    /// Where `count` elements from `first` on lie in a row, in bytes. Bits have no bytes of
    /// their own: all of the field's are given.
    pub(super) fn place(&self, first: usize, count: usize) -> std::ops::Range<usize> {
        match (self.form.code, width(self.form.code)) {
            (b'X' | b'A', _) | (_, None) => self.offset..self.offset + self.form.bytes,
            (_, Some(width)) => self.offset + first * width..self.offset + (first + count) * width,
        }
    }

    /// Appends `count` elements from `first` on of each row to `out`. `bytes` holds what
    /// [`Field::place`] says of all rows; the field is neither text nor refused.
    pub(super) fn decode(&self, bytes: &[u8], first: usize, count: usize, out: &mut Numbers) {
        let bitpix = match self.form.code {
            b'X' => {
                for row in bytes.chunks_exact(self.form.bytes.max(1)) {
                    let bit = |bit: usize| f64::from(row[bit / 8] >> (7 - bit % 8) & 1);
                    out.values.extend((first..first + count).map(bit));
                }
                return;
            }
            b'L' => {
                out.values.extend(bytes.iter().map(|byte| match byte {
                    b'T' => 1.0,
                    b'F' => 0.0,
                    _ => f64::NAN,
                }));
                return;
            }
            b'B' => 8,
            b'I' => 16,
            b'J' => 32,
            b'K' => match self.scaling.whole() {
                Some(scaling) => return wholes(bytes, scaling, out),
                None => 64,
            },
            b'E' => -32,
            _ => -64,
        };
        convert(bytes, bitpix, &self.scaling, &mut out.values);
    }
}

/// Appends 64-bit integers, to which a whole number is added.
fn wholes(bytes: &[u8], (zero, blank): (i128, Option<i64>), out: &mut Numbers) {
    for bytes in bytes.as_chunks().0 {
        let stored = i64::from_be_bytes(*bytes);
        if blank == Some(stored) {
            out.values.push(f64::NAN);
        } else {
            out.push_whole(i128::from(stored) + zero);
        }
    }
}
