//! Rows of a CSV file: a header row of names, then one line per row (RFC 4180). Lines that start
//! with `#` and empty lines are skipped, unless they are the header of ECSV.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::Rows;
use super::cell::{Cell, number};
use crate::CatalogError;
use crate::description::{DescribedColumn, Description};
use crate::names::ColumnInfo;
use astrogen_fits::format::{Format, open_file};
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::Storage;
use astrogen_fits::unpacker;

/// Bytes of the file's start in which the header row is looked for.
const HEAD: u64 = 1 << 20;
/// Bytes that a line may have.
const LONGEST_LINE: usize = 16 << 20;
/// Bytes that a row may have, which goes on over lines inside quotes.
const LONGEST_ROW: usize = 4 * LONGEST_LINE;

/// The columns of a CSV file; only its rows say what they hold.
pub(super) fn describe(
    path: &Path,
    packing: Option<Format>,
    delimiter: Option<char>,
) -> Result<Vec<ColumnInfo>, CatalogError> {
    let mut rows = CsvRows::open(path, packing, delimiter, Vec::new())?;
    let fail = |error| failed(path, error);
    let names = rows.reader.byte_headers().map_err(fail)?.clone();
    let names: Vec<String> =
        names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    if let Some(description) = &rows.description {
        return described(description, &names).map_err(|reason| damaged(path, reason));
    }
    if names.iter().all(|name| number(name.as_bytes()).is_ok()) {
        return Err(damaged(
            path,
            "expected a header row of column names first, got numbers".to_owned(),
        ));
    }
    let column = |name| ColumnInfo {
        name,
        unit: None,
        stored_as: "text".to_owned(),
        storage: Storage::Float64,
        length: 1,
        is_least: false,
        refusal: None,
    };
    Ok(names.into_iter().map(column).collect())
}

/// The columns of an ECSV file, if its header and its row of names agree.
fn described(description: &Description, names: &[String]) -> Result<Vec<ColumnInfo>, String> {
    let own: Vec<&String> = description.columns.iter().map(|column| &column.name).collect();
    if own.iter().zip(names).any(|(own, name)| *own != name) || own.len() != names.len() {
        return Err(format!(
            "its header describes the columns {own:?}, its first row names {names:?}; check the \
             delimiter, or correct one of them"
        ));
    }
    let column = |column: &DescribedColumn| ColumnInfo {
        name: column.name.clone(),
        unit: column.unit.clone(),
        stored_as: column.subtype.as_ref().unwrap_or(&column.datatype).clone(),
        storage: Storage::Float64,
        length: column.length().unwrap_or(1),
        is_least: false,
        refusal: column.length().err().map(str::to_owned),
    };
    Ok(description.columns.iter().map(column).collect())
}

/// A CSV file read from its first row on.
pub(super) struct CsvRows {
    path: PathBuf,
    reader: Reader<Lines>,
    /// The header of ECSV.
    description: Option<Description>,
    cells: Vec<Cell>,
    record: ByteRecord,
}

impl CsvRows {
    pub(super) fn open(
        path: &Path,
        packing: Option<Format>,
        delimiter: Option<char>,
        cells: Vec<Cell>,
    ) -> Result<CsvRows, CatalogError> {
        let file = open_file(path)?;
        let mut text: Box<dyn Read + Send> = match packing {
            None => Box::new(file),
            Some(packing) => match unpacker(packing, file) {
                Some((_, reader)) => reader,
                None => return Err(damaged(path, "expected a packed text".to_owned())),
            },
        };
        let mut head = Vec::new();
        (&mut text).take(HEAD).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
        let description = ecsv(&head)
            .map(|yaml| Description::parse(&yaml))
            .transpose()
            .map_err(|error| damaged(path, format!("its ECSV header is no YAML ({error})")))?;
        let own = description.as_ref().map(|own| own.delimiter.as_deref().unwrap_or(" "));
        let delimiter = match delimiter.or(own.and_then(|own| own.chars().next())) {
            Some(delimiter) => {
                u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
                    CatalogError::Setting {
                        name: "delimiter",
                        rule: "an ASCII character",
                        got: format!("{delimiter:?}"),
                    }
                })?
            }
            None => guess(&head),
        };
        let text = Box::new(Cursor::new(head).chain(text));
        let text = Lines { text, since: 0, of_row: 0, begins: None, is_quoted: false };
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(text);
        let path = path.to_owned();
        Ok(CsvRows { path, reader, description, cells, record: ByteRecord::new() })
    }

    /// The error of a row that has not as many cells as the header.
    fn ragged(&mut self, width: usize) -> CatalogError {
        let line = self.record.position().map_or(0, csv::Position::line);
        let got = self.record.len();
        let last = got < width && !self.reader.read_byte_record(&mut self.record).unwrap_or(true);
        let hint = if last {
            "the file ends in mid-row; fetch or copy it again"
        } else {
            "check its delimiters and quotes"
        };
        damaged(&self.path, format!("line {line}: expected {width} cells, got {got}; {hint}"))
    }
}

impl Rows for CsvRows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let width = self.reader.byte_headers().map_err(|error| failed(&self.path, error))?.len();
        for row in 0..rows {
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|error| failed(&self.path, error))? {
                return Ok(row);
            }
            self.reader.get_mut().of_row = 0;
            if self.record.len() != width {
                return Err(self.ragged(width));
            }
            for (cell, out) in self.cells.iter().zip(out.iter_mut()) {
                let described =
                    self.description.as_ref().and_then(|own| own.columns.get(cell.column));
                let text = &self.record[cell.column];
                let appended = match described {
                    Some(column) if column.subtype.is_some() => {
                        cell.append_of(text, column.length().unwrap_or(1), out)
                    }
                    _ => cell.append(text, out),
                };
                appended.map_err(|got| {
                    let line = self.record.position().map_or(0, csv::Position::line);
                    let names = self.reader.byte_headers().ok();
                    let name = names.and_then(|names| names.get(cell.column)).unwrap_or_default();
                    CatalogError::Column {
                        path: self.path.clone(),
                        name: String::from_utf8_lossy(name).trim().to_owned(),
                        reason: format!("has no number in line {line}: got {got}"),
                    }
                })?;
            }
        }
        Ok(rows)
    }
}

/// A text that ends in an error where a line or a row grows beyond what it can be, so that a file of
/// something else takes no more memory than that, nor one with a quote that is not closed.
struct Lines {
    text: Box<dyn Read + Send>,
    /// Bytes since the last end of a line.
    since: usize,
    /// Bytes since the last row, without those that were read with nothing but comments and empty lines.
    of_row: usize,
    /// What the line begins with that goes on.
    begins: Option<u8>,
    /// Whether a quote is open, as far as their number tells.
    is_quoted: bool,
}

/// Whether a byte ends a line.
fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

impl Lines {
    /// Takes up what was read.
    fn take(&mut self, read: &[u8]) {
        let begun = self.begins;
        let end = read.iter().rposition(is_end);
        (self.since, self.begins) = match end {
            Some(end) => (read.len() - end, read.get(end + 1).copied()),
            None => (self.since + read.len(), begun.or(read.first().copied())),
        };
        let mut lines = read.split(is_end).enumerate();
        let is_row = lines.any(|(place, line)| {
            let begins = begun.filter(|_| place == 0).or(line.first().copied());
            begins.is_some_and(|byte| byte != b'#')
        });
        if is_row || self.is_quoted {
            self.of_row += read.len();
            self.is_quoted ^= read.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
        }
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        self.take(&buffer[..count]);
        let reason = if self.since > LONGEST_LINE {
            "a line is longer than 16 MiB, which is no row of a table"
        } else if self.of_row > LONGEST_ROW {
            "a row is longer than 64 MiB; is a quote not closed?"
        } else {
            return Ok(count);
        };
        Err(io::Error::new(io::ErrorKind::FileTooLarge, reason))
    }
}

/// The YAML above the rows of an ECSV file, if it is one.
fn ecsv(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_start_matches('\u{feff}').trim_start().lines();
    let first = lines.next()?.strip_prefix('#')?.trim_start();
    if !first.starts_with("%ECSV") {
        return None;
    }
    let comments = lines.map_while(|line| line.strip_prefix('#'));
    Some(comments.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect())
}

/// The delimiter that the header row has most of; a comma if it has none.
fn guess(head: &[u8]) -> u8 {
    let header = head
        .split(|&byte| byte == b'\n')
        .find(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty());
    let count = |delimiter| {
        header.map_or(0, |header| header.iter().filter(|&&byte| byte == delimiter).count())
    };
    // Of equals the last: a comma.
    [b';', b'\t', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

fn failed(path: &Path, error: csv::Error) -> CatalogError {
    match error.into_kind() {
        ErrorKind::Io(error) => unreadable(path, &error),
        other => damaged(path, format!("{other:?}")),
    }
}

/// A stream breaks off where its packing is damaged or cut.
fn unreadable(path: &Path, error: &io::Error) -> CatalogError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return CatalogError::Format {
            path: path.to_owned(),
            expected: "a table in text",
            got: error.to_string(),
        };
    }
    damaged(path, format!("it cannot be read to its end ({error}); fetch or copy it again"))
}

fn damaged(path: &Path, reason: String) -> CatalogError {
    CatalogError::Damaged { path: path.to_owned(), reason }
}
