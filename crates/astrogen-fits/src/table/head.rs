//! The headers of a file that holds one binary table.

use crate::FitsError;
use crate::ascii::is_printable;
use crate::card::push_card;
use crate::header::Header;
use crate::source::BLOCK;

/// A column to be written.
pub(crate) struct NewField<'a> {
    /// `TTYPEn`.
    pub(crate) name: &'a str,
    /// `TUNITn`.
    pub(crate) unit: Option<&'a str>,
    /// `TFORMn`.
    pub(crate) form: &'static str,
    /// `TZEROn`.
    pub(crate) zero: Option<f64>,
    /// `TNULLn`.
    pub(crate) null: Option<i64>,
}

/// The blocks in front of the rows: an empty primary HDU, then the table's header with the
/// cards of `header` that do not describe a layout. As long for any number of rows.
pub(crate) fn head(
    fields: &[NewField],
    row_bytes: usize,
    rows: u64,
    header: &Header,
) -> Result<Vec<u8>, FitsError> {
    let mut primary = Header::new();
    primary.push("SIMPLE", true, "conforms to the FITS standard");
    primary.push("BITPIX", 8, "");
    primary.push("NAXIS", 0, "no data in this HDU");
    primary.push("EXTEND", true, "");
    let mut bytes = Vec::new();
    primary.write(&mut bytes)?;
    close(&mut bytes);

    let mut table = Header::new();
    table.push("XTENSION", "BINTABLE", "binary table");
    table.push("BITPIX", 8, "");
    table.push("NAXIS", 2, "");
    table.push("NAXIS1", row_bytes as i64, "bytes in a row");
    table.push("NAXIS2", rows as i64, "rows");
    table.push("PCOUNT", 0, "");
    table.push("GCOUNT", 1, "");
    table.push("TFIELDS", fields.len() as i64, "columns");
    for (number, field) in (1..).zip(fields) {
        // Another name would be another column.
        if !is_printable(field.name) {
            return Err(FitsError::Card {
                keyword: format!("TTYPE{number}"),
                rule: "printable ASCII characters",
                got: format!("{:?}", field.name),
            });
        }
        table.push(format!("TTYPE{number}"), field.name, "");
        table.push(format!("TFORM{number}"), field.form, "");
        if let Some(unit) = field.unit {
            table.push(format!("TUNIT{number}"), unit, "");
        }
        if let Some(zero) = field.zero {
            table.push(format!("TZERO{number}"), zero, "");
        }
        if let Some(null) = field.null {
            table.push(format!("TNULL{number}"), null, "");
        }
    }
    table.write(&mut bytes)?;
    header.without_layout().write(&mut bytes)?;
    close(&mut bytes);
    Ok(bytes)
}

/// Ends a header and its block.
fn close(bytes: &mut Vec<u8>) {
    push_card(bytes, "END");
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
}
