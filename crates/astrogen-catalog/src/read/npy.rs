//! Rows of a NumPy array: a record array, whose fields are the columns, or a plain one of shape
//! `[rows, columns]` or `[rows]`, whose columns are called by their number, from `0` on.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar, TypeStr};

use super::Rows;
use super::cell::Cell;
use super::guard::guarded;
use super::half::half;
use crate::CatalogError;
use crate::names::ColumnInfo;
use astrogen_fits::format::open_file;
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::Storage;

/// Bytes of a header at most, and how deep it may nest: its library's parser trusts both.
const HEADER: u64 = 1 << 16;
const DEEPEST: usize = 32;

/// Columns of a plain array at most.
const COLUMNS: u64 = 1 << 16;

/// Bytes that are read at a time, but for a single row of more.
const PART: u64 = 1 << 20;

/// The columns and rows of an array.
pub(super) fn describe(
    path: &Path,
    transposed: bool,
) -> Result<(Vec<ColumnInfo>, Option<u64>), CatalogError> {
    let array = Array::open(path, transposed)?;
    Ok((array.columns.into_iter().map(|column| column.info).collect(), Some(array.rows)))
}

/// An array, and where its numbers are.
struct Array {
    file: File,
    columns: Vec<Column>,
    rows: u64,
    /// The place of the first number, and how far apart rows are.
    start: u64,
    stride: u64,
}

/// A column, and where it lies.
struct Column {
    info: ColumnInfo,
    number: Option<Number>,
    /// The place of its first number, from the array's.
    offset: u64,
}

/// How a number is stored.
#[derive(Debug, Clone, Copy)]
struct Number {
    kind: TypeChar,
    size: usize,
    is_big: bool,
}

impl Array {
    /// Opens an array; a transposed one is of shape `[columns, rows]`.
    fn open(path: &Path, transposed: bool) -> Result<Array, CatalogError> {
        let mut file = open_file(path)?;
        let fail = |source| CatalogError::io("read", path, source);
        let length = file.metadata().map_err(fail)?.len();
        let header = header(path, &mut file, length)?;
        let start = file.stream_position().map_err(fail)?;
        let refuse = |got: String| CatalogError::Format {
            path: path.to_owned(),
            expected: match transposed {
                true => "a NumPy array of numbers, of shape [columns, rows]",
                false => {
                    "a NumPy array of numbers, of records or of shape [rows] or [rows, columns]"
                }
            },
            got,
        };
        let damaged = || CatalogError::Damaged {
            path: path.to_owned(),
            reason: "its shape is beyond all memory".to_owned(),
        };
        let stored = header.shape();
        let reversed: Vec<u64> = stored.iter().rev().copied().collect();
        let shape = if transposed { &reversed } else { stored };
        let empty = header.dtype().num_bytes() == Some(0) || matches!(shape, [_, 0]);
        if empty {
            return Err(refuse("an array without columns".to_owned()));
        }
        if header.uses_pickled_array() {
            return Err(refuse("Python objects, which are never run here".to_owned()));
        }
        let item = header.dtype().num_bytes().ok_or_else(damaged)? as u64;
        let (rows, columns, stride) = match (header.dtype(), shape) {
            (DType::Record(fields), &[rows]) if !transposed => (rows, of_fields(fields), item),
            (DType::Plain(number), &[rows]) if !transposed => {
                (rows, of_numbers(&number, 1, 0), item)
            }
            (DType::Plain(number), &[rows, count]) if count <= COLUMNS => {
                let rows_first = (header.order() == Order::C) != transposed;
                let step =
                    if rows_first { item } else { rows.checked_mul(item).ok_or_else(damaged)? };
                let stride =
                    if rows_first { count.checked_mul(item).ok_or_else(damaged)? } else { item };
                step.checked_mul(count).ok_or_else(damaged)?;
                (rows, of_numbers(&number, count, step), stride)
            }
            (dtype, _) => return Err(refuse(format!("{} of shape {stored:?}", dtype.descr()))),
        };
        let numbers = shape.iter().try_fold(item, |all, &size| all.checked_mul(size));
        let end = numbers.and_then(|numbers| numbers.checked_add(start)).ok_or_else(damaged)?;
        if end > length {
            return Err(CatalogError::Truncated {
                path: path.to_owned(),
                what: "its array".to_owned(),
                expected: end.into(),
                got: length,
            });
        }
        Ok(Array { file, columns, rows, start, stride })
    }
}

/// The header of a file that is at its start; behind it, the file is at its first number.
fn header(path: &Path, file: &mut File, length: u64) -> Result<NpyHeader, CatalogError> {
    let fail = |source| CatalogError::io("read", path, source);
    let damaged = |reason: String| CatalogError::Damaged { path: path.to_owned(), reason };
    let mut start = [0; 12];
    file.read_exact(&mut start[..8]).map_err(fail)?;
    // Version 1 has two bytes for the length of its text, later ones four.
    let wide = start[6] > 1;
    file.read_exact(&mut start[8..if wide { 12 } else { 10 }]).map_err(fail)?;
    let size = u64::from(u32::from_le_bytes([start[8], start[9], start[10], start[11]]));
    if size > HEADER.min(length) {
        return Err(damaged(format!("its header claims {size} bytes")));
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).map_err(fail)?;
    let mut depth = 0_usize;
    for byte in &text {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(damaged("its header nests too deep".to_owned()));
        }
    }
    let head = &start[..if wide { 12 } else { 10 }];
    let whole = [head, &text].concat();
    guarded(
        || NpyHeader::from_reader(whole.as_slice()).map_err(|error| damaged(error.to_string())),
        || damaged("its header cannot be understood".to_owned()),
    )
}

/// The fields of a record.
fn of_fields(fields: Vec<npyz::Field>) -> Vec<Column> {
    let mut offset = 0;
    let columns = fields.into_iter().map(|field| {
        let (mut dtype, mut length) = (&field.dtype, 1_usize);
        while let DType::Array(count, inner) = dtype {
            length = length.saturating_mul(usize::try_from(*count).unwrap_or(usize::MAX));
            dtype = inner;
        }
        let (number, refusal) = match dtype {
            DType::Plain(of) => Number::of(of),
            _ => (None, Some("holds records".to_owned())),
        };
        let stored_as = dtype.descr();
        let (name, storage) = (field.name, Storage::Float64);
        let info =
            ColumnInfo { name, unit: None, stored_as, storage, length, is_least: false, refusal };
        let column = Column { info, number, offset };
        // Of all fields together it fits.
        offset += field.dtype.num_bytes().unwrap_or(0) as u64;
        column
    });
    columns.collect()
}

/// So many columns of one kind, called by their numbers.
fn of_numbers(of: &TypeStr, count: u64, step: u64) -> Vec<Column> {
    let (number, refusal) = Number::of(of);
    let column = |i: u64| {
        let (name, stored_as) = (i.to_string(), of.to_string());
        let (storage, refusal) = (Storage::Float64, refusal.clone());
        let info = ColumnInfo {
            name,
            unit: None,
            stored_as,
            storage,
            length: 1,
            is_least: false,
            refusal,
        };
        Column { info, number, offset: i * step }
    };
    (0..count).map(column).collect()
}

impl Number {
    /// How a number of this type is stored, or why it is none.
    fn of(of: &TypeStr) -> (Option<Number>, Option<String>) {
        let size = of.num_bytes().unwrap_or(0);
        let fits = match of.type_char() {
            TypeChar::Float => matches!(size, 2 | 4 | 8),
            TypeChar::Int | TypeChar::Uint => matches!(size, 1 | 2 | 4 | 8),
            TypeChar::Bool => size == 1,
            _ => false,
        };
        if !fits {
            return (None, Some(format!("holds {of}")));
        }
        let is_big = of.endianness() == Endianness::Big;
        (Some(Number { kind: of.type_char(), size, is_big }), None)
    }

    /// Appends the number that bytes mean.
    fn append(self, bytes: &[u8], out: &mut Numbers) {
        let next = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        let bits = match self.is_big {
            true => bytes.iter().fold(0, next),
            false => bytes.iter().rev().fold(0, next),
        };
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (TypeChar::Float, 2) => out.values.push(half(bits as u16)),
            (TypeChar::Float, 4) => out.values.push(f32::from_bits(bits as u32).into()),
            (TypeChar::Float, _) => out.values.push(f64::from_bits(bits)),
            (TypeChar::Int, _) => {
                out.push_whole(((bits << unused).cast_signed() >> unused).into());
            }
            _ => out.push_whole(bits.into()),
        }
    }
}

/// An array read from its first row on.
pub(super) struct NpyRows {
    path: PathBuf,
    array: Array,
    /// Of each cell how it is stored and the place of its first number.
    cells: Vec<(Number, u64)>,
    next: u64,
}

impl NpyRows {
    pub(super) fn open(
        path: &Path,
        transposed: bool,
        cells: Vec<Cell>,
    ) -> Result<NpyRows, CatalogError> {
        let array = Array::open(path, transposed)?;
        let place = |cell: &Cell| {
            let column = &array.columns[cell.column];
            // Names of columns that hold no numbers are refused before.
            column
                .number
                .map(|number| (number, column.offset + cell.element as u64 * number.size as u64))
        };
        let cells = cells.iter().filter_map(place).collect();
        Ok(NpyRows { path: path.to_owned(), array, cells, next: 0 })
    }

    /// The bytes of some rows, from the first cell's to the last one's.
    fn bytes(&mut self, rows: Range<u64>, span: Range<u64>) -> Result<Vec<u8>, CatalogError> {
        let Array { file, start, stride, .. } = &mut self.array;
        let fail = |source| CatalogError::io("read", &self.path, source);
        let count = (rows.end - rows.start - 1) * *stride + (span.end - span.start);
        file.seek(SeekFrom::Start(*start + rows.start * *stride + span.start)).map_err(fail)?;
        let mut bytes = vec![0; count as usize];
        file.read_exact(&mut bytes).map_err(fail)?;
        Ok(bytes)
    }
}

impl Rows for NpyRows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let end = self.next.saturating_add(rows as u64).min(self.array.rows);
        let count = (end - self.next) as usize;
        let stride = self.array.stride.max(1);
        let part = (PART / stride).max(1);
        // Cells of one row lie side by side, or each column by itself.
        let whole = self.cells.iter().all(|(number, at)| at + number.size as u64 <= stride);
        let groups = if whole && !self.cells.is_empty() {
            let first = self.cells.iter().map(|(_, at)| *at).min().unwrap_or(0);
            let last = self.cells.iter().map(|(number, at)| at + number.size as u64).max();
            vec![(0..self.cells.len(), first..last.unwrap_or(first))]
        } else {
            let alone = self.cells.iter().enumerate();
            alone.map(|(i, (number, at))| (i..i + 1, *at..at + number.size as u64)).collect()
        };
        for (cells, span) in groups {
            let mut row = self.next;
            while row < end {
                let until = (row + part).min(end);
                let bytes = self.bytes(row..until, span.clone())?;
                for bytes in bytes.chunks(stride as usize) {
                    for ((number, at), out) in
                        self.cells[cells.clone()].iter().zip(&mut out[cells.clone()])
                    {
                        let at = (at - span.start) as usize;
                        number.append(&bytes[at..at + number.size], out);
                    }
                }
                row = until;
            }
        }
        self.next = end;
        Ok(count)
    }
}
