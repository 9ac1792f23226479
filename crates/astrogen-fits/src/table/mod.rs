//! Rows of an uncompressed binary table: fields of fixed width, one row after the other
//! (FITS standard 4.0, section 7.3).
//!
//! [`FitsFile::table`] describes a table, [`FitsFile::read_spans`] reads elements of its fields;
//! [`TableWriter`] writes one, rows as they come. Every size that the header claims is held
//! against the file's length and against the other sizes before anything is allocated.
//!
//! ```
//! use astrogen_fits::numbers::Numbers;
//! use astrogen_fits::table::{NewColumn, Span, Storage, TableWriter};
//! use astrogen_fits::{FitsFile, Header};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("stars.fits");
//! let columns = [NewColumn::new("ID", Storage::Int64), NewColumn::new("MAG", Storage::Float32)];
//! let mut writer = TableWriter::create(&path, &columns, &Header::new())?;
//! writer.write(&[[1.0, 2.0][..].into(), [20.5, f64::NAN][..].into()])?;
//! assert_eq!(writer.finish()?, 2);
//!
//! let mut file = FitsFile::open(&path)?;
//! let table = file.table(None)?;
//! assert_eq!((table.rows, table.fields[1].name.as_str()), (2, "MAG"));
//! let spans = [Span { field: 1, first: 0, count: 1 }];
//! let mut out = [Numbers::default()];
//! let no_text = |_: usize, _: &[u8], _: &mut Numbers| Err("a text".to_owned());
//! file.read_spans(&table, 0..2, &spans, no_text, &mut out)?;
//! assert_eq!(out[0].values[0], 20.5);
//! # Ok::<(), astrogen_fits::FitsError>(())
//! ```

mod column;
mod field;
mod head;
mod read;
mod writer;

pub use column::{NewColumn, Storage, check_columns, check_rows};
pub use field::Field;
pub use read::Span;
pub use writer::TableWriter;

use super::columns::{integer, text};
use super::file::FitsFile;
use super::hdu::{Hdu, HduKind};
use super::select::HduSelector;
use crate::FitsError;

/// A binary table whose header was found sound.
#[derive(Debug, Clone)]
pub struct Table {
    /// The HDU's position in the file.
    pub hdu: usize,
    /// Rows.
    pub rows: u64,
    /// The fields of a row, in order.
    pub fields: Vec<Field>,
    row_bytes: usize,
}

impl FitsFile {
    /// The chosen binary table, or with `None` the first; where that holds the header cards of
    /// an LDAC catalogue, its table of objects.
    ///
    /// # Errors
    /// `Hdu` if there is none, `Truncated` if the file ends before its last row, `Damaged`
    /// if its header contradicts itself.
    pub fn table(&self, selector: Option<&HduSelector>) -> Result<Table, FitsError> {
        let found = match selector {
            Some(selector) => self.hdus.iter().find(|hdu| selector.selects(hdu)),
            None => {
                let mut tables =
                    self.hdus.iter().filter(|hdu| hdu.kind == HduKind::BinaryTable).peekable();
                let named = |hdu: &Hdu, name: &str| hdu.name.as_deref() == Some(name);
                match tables.peek() {
                    Some(first) if named(first, "LDAC_IMHEAD") => {
                        tables.find(|hdu| named(hdu, "LDAC_OBJECTS"))
                    }
                    _ => tables.next(),
                }
            }
        };
        let hdu = found.ok_or_else(|| {
            self.refuse(match selector {
                Some(selector) => format!("no HDU {selector}"),
                None => "no HDU holds a binary table".to_owned(),
            })
        })?;
        if hdu.kind != HduKind::BinaryTable {
            return Err(self.refuse(format!("HDU {} holds no binary table", hdu.index)));
        }
        let damaged = |reason: String| self.source.damaged(format!("HDU {}: {reason}", hdu.index));
        let packed = hdu.header.try_get("ZTABLE").map_err(|error| damaged(error.to_string()))?;
        if packed == Some(true) {
            return Err(self.refuse(format!(
                "HDU {} is a tile-compressed table (ZTABLE), expected a plain one; unpack it with \
                 funpack first",
                hdu.index
            )));
        }
        hdu.check_extent(&self.source)?;
        layout(hdu).map_err(damaged)
    }
}

/// The fields of a table, which must fill its rows.
fn layout(hdu: &Hdu) -> Result<Table, String> {
    let &[row_bytes, rows] = hdu.axes.as_slice() else {
        return Err(format!("NAXIS: expected 2 for a table, got {}", hdu.axes.len()));
    };
    if hdu.bitpix != 8 {
        return Err(format!("BITPIX: expected 8 for a table, got {}", hdu.bitpix));
    }
    if hdu.data_bytes < u128::from(row_bytes) * u128::from(rows) {
        return Err("GCOUNT: expected 1 for a table".to_owned());
    }
    let count = integer(&hdu.header, "TFIELDS")?.unwrap_or(0);
    if !(0..=999).contains(&count) {
        return Err(format!("TFIELDS: expected a number from 0 to 999, got {count}"));
    }
    let mut fields = Vec::new();
    let mut offset = 0_usize;
    for number in 1..=count {
        let form = text(&hdu.header, &format!("TFORM{number}"))?;
        let refuse = || format!("TFORM{number}: expected a column of a binary table, got {form:?}");
        let field = Field::new(&hdu.header, number, form, offset);
        let field = field.map_err(|error| error.to_string())?.ok_or_else(refuse)?;
        offset = offset.checked_add(field.form.bytes).ok_or_else(refuse)?;
        fields.push(field);
    }
    if offset as u64 != row_bytes {
        return Err(format!(
            "NAXIS1: expected {offset}, the width of its columns, got {row_bytes}"
        ));
    }
    // A row of no bytes could be repeated without end.
    let rows = if offset == 0 { 0 } else { rows };
    Ok(Table { hdu: hdu.index, rows, fields, row_bytes: offset })
}
