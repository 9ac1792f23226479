//! Rows of a Parquet file.

use std::path::{Path, PathBuf};

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::Rows;
use super::cell::Cell;
use crate::CatalogError;
use crate::description::{Description, PARQUET_KEY};
use crate::names::ColumnInfo;
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::Storage;

mod file;
mod length;
mod pages;
mod shape;
mod values;

pub(super) use file::ParquetFile;
use file::{Refusal, failed, guarded};
use shape::Shape;
use values::{Meaning, append};

/// Elements of lists read at a time.
const ELEMENTS: usize = 1 << 20;

/// What the footer of a Parquet file says, held against the file's length.
pub(crate) fn footer(path: &Path) -> Result<ParquetMetaData, CatalogError> {
    Ok(ParquetFile::open(path)?.metadata)
}

/// The columns and rows of a Parquet file. A column inside a group is called `group.column`;
/// units are those that astropy writes, or none.
pub(super) fn describe(path: &Path) -> Result<(Vec<ColumnInfo>, Option<u64>), CatalogError> {
    let file = ParquetFile::open(path)?;
    let metadata = file.metadata.file_metadata();
    let all = (0..metadata.schema_descr().num_columns()).filter_map(file.columns());
    Ok((all.collect(), u64::try_from(metadata.num_rows()).ok()))
}

/// The length of the lists of a column of files: that of the first file that has one, otherwise the
/// least that it can be.
pub(super) fn length<'a>(paths: impl IntoIterator<Item = &'a PathBuf>, column: usize) -> usize {
    let mut least = 0;
    for path in paths {
        // What cannot be opened is refused when it is read.
        let Ok(file) = ParquetFile::open(path) else { continue };
        if let Some(length) = length::length(&file, column) {
            return length;
        }
        least = least.max(length::least(&file.metadata, column));
    }
    least
}

impl ParquetFile {
    /// What finds a column by its number, if it is there.
    pub(super) fn columns(&self) -> impl Fn(usize) -> Option<ColumnInfo> {
        let metadata = &self.metadata;
        let pairs = metadata.file_metadata().key_value_metadata().into_iter().flatten();
        let mut texts = pairs.filter(|pair| pair.key == PARQUET_KEY);
        let yaml = texts.find_map(|pair| pair.value.as_deref());
        let description = yaml.and_then(|yaml| Description::parse(yaml).ok()).unwrap_or_default();
        move |number| {
            let column = metadata.file_metadata().schema_descr().columns().get(number)?;
            let is_list = column.max_rep_level() > 0;
            let told = if is_list { length::told(metadata, number) } else { Some(1) };
            let least = told.unwrap_or_else(|| length::least(metadata, number));
            let shape = Shape::of(column, least);
            let meaning = Meaning::of(column);
            let refusal = meaning.err().or(shape.as_ref().err().copied());
            let name = shape::name(metadata, column);
            Some(ColumnInfo {
                unit: description.unit(&name).map(str::to_owned),
                name,
                stored_as: column.physical_type().to_string(),
                storage: meaning.map_or(Storage::Float64, |meaning| meaning.storage(column)),
                length: shape.as_ref().map_or(1, |shape| shape.length),
                is_least: told.is_none() && shape.is_ok(),
                refusal: refusal.map(str::to_owned),
            })
        }
    }
}

/// A Parquet file read from its first row on.
pub(super) struct ParquetRows {
    file: ParquetFile,
    columns: Vec<(Cell, Meaning, Shape)>,
    /// Readers of the chosen columns of the current row group.
    readers: Vec<ColumnReader>,
    next_group: usize,
    /// Rows of the current row group that are still to be read.
    left: usize,
}

impl ParquetRows {
    pub(super) fn of(file: ParquetFile, cells: Vec<Cell>) -> Result<ParquetRows, CatalogError> {
        let schema = file.metadata.file_metadata().schema_descr();
        let mut columns = Vec::new();
        for cell in cells {
            file.check_codec(cell.column)?;
            let meaning = Meaning::of(&schema.column(cell.column));
            let shape = Shape::of(&schema.column(cell.column), cell.length);
            let (meaning, shape) =
                meaning.and_then(|meaning| Ok((meaning, shape?))).map_err(|reason| {
                    CatalogError::Damaged { path: file.path.clone(), reason: reason.to_owned() }
                })?;
            columns.push((cell, meaning, shape));
        }
        Ok(ParquetRows { file, columns, readers: Vec::new(), next_group: 0, left: 0 })
    }

    fn next_group(&mut self) -> Result<(), ParquetError> {
        let rows = self.file.metadata.row_group(self.next_group).num_rows();
        self.left = usize::try_from(rows).unwrap_or(0);
        let reader =
            |(cell, ..): &(Cell, Meaning, Shape)| self.file.column(self.next_group, cell.column);
        self.readers = self.columns.iter().map(reader).collect::<Result<_, _>>()?;
        self.next_group += 1;
        Ok(())
    }
}

impl Rows for ParquetRows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let mut read = 0;
        while read < rows {
            if self.left == 0 {
                if self.next_group == self.file.metadata.num_row_groups() {
                    break;
                }
                let opened: Result<_, ParquetError> = guarded(|| self.next_group());
                opened.map_err(|error| failed(&self.file.path, &error))?;
                continue;
            }
            let longest = self.columns.iter().map(|(_, _, shape)| shape.length).max();
            let at_a_time = (ELEMENTS / longest.unwrap_or(1).max(1)).max(1);
            let count = self.left.min(rows - read).min(at_a_time);
            let columns = self.readers.iter_mut().zip(&self.columns).zip(out.iter_mut());
            for ((reader, (cell, meaning, shape)), out) in columns {
                let appended = guarded(|| append(reader, cell, (*meaning, shape), count, out));
                appended.map_err(|refusal| match refusal {
                    Refusal::Broken(error) => failed(&self.file.path, &error),
                    Refusal::Content(reason) => {
                        let schema = self.file.metadata.file_metadata().schema_descr();
                        let name = shape::name(&self.file.metadata, &schema.column(cell.column));
                        CatalogError::Column { path: self.file.path.clone(), name, reason }
                    }
                })?;
            }
            read += count;
            self.left -= count;
        }
        Ok(read)
    }
}
