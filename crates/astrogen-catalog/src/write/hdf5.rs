//! An HDF5 file of one group of data sets, in chunks of a fixed size whatever those of the caller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use astrogen_fits::numbers::{Numbers, View};
use astrogen_fits::table::{check_columns, check_rows};
use astrogen_fits::{Header, Value};
use hdf5_pure::{
    AttrValue, Dataset, DatasetBuilder, Error, File, FileAccessProperties, FileCreateProperties,
    FileLocking, MaxExtent, MemoryStrategy, SyncPolicy,
};
use tempfile::TempPath;

use super::{NewColumn, Storage};
use crate::CatalogError;

/// The group that holds the columns.
const GROUP: &str = "catalog";
/// Rows of a chunk: one of a column is 256 KiB.
const CHUNK: usize = 1 << 15;

/// An HDF5 file being written.
pub(super) struct Hdf5Table {
    path: PathBuf,
    /// The file under another name, beside the one that it gets; dropped, it is removed.
    temporary: TempPath,
    file: File,
    columns: Vec<NewColumn>,
    /// The columns in the file, once there are any.
    sets: Vec<Dataset>,
    rows: u64,
    /// Rows of the chunk that is not full yet.
    waiting: Vec<Numbers>,
}

impl Hdf5Table {
    pub(super) fn create(
        path: &Path,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<Hdf5Table, CatalogError> {
        check_columns(columns)?;
        check_names(columns)?;
        let io = |source| CatalogError::io("write", path, source);
        if path.is_dir() {
            return Err(io(io::ErrorKind::IsADirectory.into()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".")
            .suffix(".hdf5")
            .make_in(folder.unwrap_or(Path::new(".")), |path| fs::File::create_new(path))
            .map_err(io)?
            .into_temp_path();
        let access = FileAccessProperties::new()
            .with_locking(FileLocking::Disabled)
            .with_memory_strategy(MemoryStrategy::Bounded)
            .with_sync_policy(SyncPolicy::OnClose);
        let file = File::create_with_options(&temporary, FileCreateProperties::new(), access);
        let file = file.map_err(|error| failed(path, error))?;
        start(&file, columns, header).map_err(|error| failed(path, error))?;
        Ok(Hdf5Table {
            path: path.to_owned(),
            temporary,
            file,
            columns: columns.to_vec(),
            sets: Vec::new(),
            rows: 0,
            waiting: vec![Numbers::default(); columns.len()],
        })
    }

    pub(super) fn write(&mut self, values: &[View]) -> Result<(), CatalogError> {
        let rows = check_rows(&self.columns, values, self.rows)?;
        let mut start = 0;
        while start < rows {
            if self.waiting[0].values.len() == CHUNK {
                self.flush(true)?;
            }
            let end = rows.min(start + CHUNK - self.waiting[0].values.len());
            for (waiting, values) in self.waiting.iter_mut().zip(values) {
                waiting.extend(values.slice(start..end));
            }
            start = end;
        }
        self.rows += rows as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<u64, CatalogError> {
        self.flush(false)?;
        self.sets.clear();
        self.file.close().map_err(|error| failed(&self.path, error))?;
        let named = self.temporary.persist(&self.path);
        named.map_err(|error| CatalogError::io("write", &self.path, error.error))?;
        Ok(self.rows)
    }

    /// Writes the rows that wait; the first make the data sets, which grow if there are more.
    fn flush(&mut self, more: bool) -> Result<(), CatalogError> {
        let flushed = match self.sets.is_empty() {
            true => self.make(more),
            false => self.sets.iter_mut().zip(&self.waiting).zip(&self.columns).try_for_each(
                |((set, values), column)| set.append_raw(&bytes(column.storage, values.view())),
            ),
        };
        flushed.map_err(|error| failed(&self.path, error))?;
        self.waiting.iter_mut().for_each(Numbers::clear);
        Ok(())
    }

    fn make(&mut self, more: bool) -> Result<(), Error> {
        let group = self.file.group(GROUP)?;
        let mut sets = Vec::new();
        for (column, values) in self.columns.iter().zip(&self.waiting) {
            sets.push(group.create_dataset(&column.name, |set| {
                fill(set, column.storage, values.view());
                if more {
                    set.with_chunks(&[CHUNK as u64]).with_maxshape(&[MaxExtent::Unlimited]);
                }
                if let Some(unit) = &column.unit {
                    set.set_attr("unit", AttrValue::VarLenString(unit.clone()));
                }
                if let Some(null) = null(column.storage) {
                    set.set_attr("_FillValue", null);
                }
            })?);
        }
        self.file.commit()?;
        self.sets = sets;
        Ok(())
    }
}

/// Makes the groups, with the cards of a header as attributes.
fn start(file: &File, columns: &[NewColumn], header: &Header) -> Result<(), Error> {
    let group = file.root().create_group(GROUP)?;
    let mut texts: Vec<(&str, String)> = Vec::new();
    for card in header.iter() {
        let text = match &card.value {
            Value::Integer(value) => {
                group.set_attr(&card.keyword, AttrValue::I64(*value))?;
                continue;
            }
            Value::Real(value) => {
                group.set_attr(&card.keyword, AttrValue::F64(*value))?;
                continue;
            }
            Value::Text(text) => text.clone(),
            Value::Logical(value) => value.to_string(),
            Value::Complex(re, im) => format!("({re:?}, {im:?})"),
            Value::Undefined => String::new(),
        };
        // Cards of one keyword, such as comments, are the lines of one text.
        match texts.iter_mut().find(|(keyword, _)| *keyword == card.keyword) {
            Some((_, lines)) => *lines = format!("{lines}\n{text}"),
            None => texts.push((&card.keyword, text)),
        }
    }
    for (keyword, text) in texts {
        group.set_attr(keyword, AttrValue::VarLenString(text))?;
    }
    let mut made: Vec<&str> = Vec::new();
    for column in columns {
        for (end, _) in column.name.match_indices('/') {
            let inner = &column.name[..end];
            if !made.contains(&inner) {
                group.create_group(inner)?;
                made.push(inner);
            }
        }
    }
    file.commit()
}

/// Refuses names that no data set can have: one with slashes is in groups of that name.
fn check_names(columns: &[NewColumn]) -> Result<(), CatalogError> {
    for (number, column) in columns.iter().enumerate() {
        let is_group = columns.iter().any(|other| {
            other.name.strip_prefix(&column.name).is_some_and(|rest| rest.starts_with('/'))
        });
        if is_group || column.name.split('/').any(|part| ["", "."].contains(&part)) {
            return Err(CatalogError::Shape {
                what: "columns to write".to_owned(),
                expected: "names of HDF5 data sets, with groups before a slash".to_owned(),
                got: format!("{:?} as name of column {number} (from 0)", column.name),
            });
        }
    }
    Ok(())
}

/// What stands for no value among whole numbers: the one that is not written.
fn null(storage: Storage) -> Option<AttrValue> {
    match storage {
        Storage::Float32 | Storage::Float64 => None,
        Storage::Int32 => Some(AttrValue::I32(i32::MIN)),
        Storage::Int64 => Some(AttrValue::I64(i64::MIN)),
        Storage::Unsigned64 => Some(AttrValue::U64(u64::MAX)),
    }
}

/// Gives a new data set its first rows, and with them its type.
fn fill(set: &mut DatasetBuilder, storage: Storage, numbers: View) {
    use hdf5_pure::{make_f32_type, make_f64_type, make_i32_type, make_i64_type, make_u64_type};
    let datatype = match storage {
        Storage::Float32 => make_f32_type(),
        Storage::Float64 => make_f64_type(),
        Storage::Int32 => make_i32_type(),
        Storage::Int64 => make_i64_type(),
        Storage::Unsigned64 => make_u64_type(),
    };
    set.with_raw_data(datatype, bytes(storage, numbers), numbers.values.len() as u64);
}

/// The numbers as stored, the least significant byte first; whole ones are known to fit.
fn bytes(storage: Storage, numbers: View) -> Vec<u8> {
    let values = numbers.values.iter();
    let wholes = || (0..numbers.values.len()).map(|row| numbers.whole(row));
    match storage {
        Storage::Float32 => values.flat_map(|&value| (value as f32).to_le_bytes()).collect(),
        Storage::Float64 => values.flat_map(|value| value.to_le_bytes()).collect(),
        Storage::Int32 => {
            let stored = |whole: Option<i128>| whole.map_or(i32::MIN, |whole| whole as i32);
            wholes().flat_map(|whole| stored(whole).to_le_bytes()).collect()
        }
        Storage::Int64 => {
            let stored = |whole: Option<i128>| whole.map_or(i64::MIN, |whole| whole as i64);
            wholes().flat_map(|whole| stored(whole).to_le_bytes()).collect()
        }
        Storage::Unsigned64 => {
            let stored = |whole: Option<i128>| whole.map_or(u64::MAX, |whole| whole as u64);
            wholes().flat_map(|whole| stored(whole).to_le_bytes()).collect()
        }
    }
}

fn failed(path: &Path, error: Error) -> CatalogError {
    let source = match error {
        Error::Io(source) => source,
        other => io::Error::other(other),
    };
    CatalogError::io("write", path, source)
}
