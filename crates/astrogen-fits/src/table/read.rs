//! Elements out of the rows of a table, a cache-sized piece of the file at a time.

use std::ops::Range;

use super::{Field, Table};
use crate::FitsError;
use crate::file::FitsFile;
use crate::numbers::Numbers;

/// Bytes of rows read at a time, if a row is no longer.
const CHUNK: usize = 1 << 20;

/// Consecutive elements of one field: the same ones of every row.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The field's position.
    pub field: usize,
    /// The first element.
    pub first: usize,
    /// How many elements; 1 for a text.
    pub count: usize,
}

impl FitsFile {
    /// Appends each span's values in rows `rows` to the column of the same position in
    /// `out`, NaN where there is none. Texts are read by `text`, given the span's position,
    /// which says what it cannot read.
    ///
    /// The spans lie inside fields that [`Field::refusal`] does not refuse, the rows inside
    /// the table.
    pub fn read_spans(
        &mut self,
        table: &Table,
        rows: Range<u64>,
        spans: &[Span],
        text: impl Fn(usize, &[u8], &mut Numbers) -> Result<(), String>,
        out: &mut [Numbers],
    ) -> Result<(), FitsError> {
        let data_start = self.hdus[table.hdu].data_start;
        let at_a_time = (CHUNK / table.row_bytes.max(1)).max(1) as u64;
        let mut buffer = Vec::new();
        let mut gathered = Vec::new();
        let mut row = rows.start;
        while row < rows.end {
            let count = at_a_time.min(rows.end - row) as usize;
            buffer.resize(count * table.row_bytes, 0);
            let offset = data_start + row * table.row_bytes as u64;
            if self.source.read_at(offset, &mut buffer)? < buffer.len() {
                return Err(self.source.damaged("it became shorter while it was read"));
            }
            for (number, (span, out)) in spans.iter().zip(out.iter_mut()).enumerate() {
                let field = &table.fields[span.field];
                let place = field.place(span.first, span.count);
                let cells = buffer.chunks_exact(table.row_bytes).map(|row| &row[place.clone()]);
                if field.is_text() {
                    for (index, cell) in (row..).zip(cells) {
                        text(number, trimmed(cell), out).map_err(|got| FitsError::Column {
                            path: self.source.path.clone(),
                            name: field.name.clone(),
                            reason: format!("has no number in row {index} (from 0): got {got}"),
                        })?;
                    }
                    continue;
                }
                decode(field, span, cells, &mut gathered, out);
            }
            row += count as u64;
        }
        Ok(())
    }
}

/// Puts the cells of one field side by side and decodes them together.
fn decode<'a>(
    field: &Field,
    span: &Span,
    cells: impl Iterator<Item = &'a [u8]>,
    gathered: &mut Vec<u8>,
    out: &mut Numbers,
) {
    gathered.clear();
    for cell in cells {
        gathered.extend_from_slice(cell);
    }
    field.decode(gathered, span.first, span.count, out);
}

/// A text ends at the first zero; blanks behind it mean nothing.
fn trimmed(cell: &[u8]) -> &[u8] {
    let end = cell.iter().position(|&byte| byte == 0).unwrap_or(cell.len());
    cell[..end].trim_ascii()
}
