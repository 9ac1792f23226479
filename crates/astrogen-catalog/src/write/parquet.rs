//! A Parquet file, Snappy-compressed, in row groups of a fixed size whatever the chunks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_fits::numbers::{Numbers, View};
use astrogen_fits::table::{NewColumn, Storage, check_columns, check_rows};
use astrogen_fits::{Header, Value, create_whole};
use atomic_write_file::AtomicWriteFile;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::CatalogError;
use crate::description::{PARQUET_KEY, describe};

/// Rows of a row group: a column of one is a megabyte.
const GROUP: usize = 1 << 17;

/// A Parquet file being written.
pub(super) struct ParquetTable {
    path: PathBuf,
    writer: SerializedFileWriter<AtomicWriteFile>,
    columns: Vec<NewColumn>,
    rows: u64,
    /// Rows of the group that is not full yet.
    waiting: Vec<Numbers>,
}

impl ParquetTable {
    pub(super) fn create(
        path: &Path,
        columns: &[NewColumn],
        header: &Header,
    ) -> std::result::Result<ParquetTable, CatalogError> {
        check_columns(columns)?;
        let fail = |error| failed(path, error);
        let schema = schema(columns).map_err(fail)?;
        let pairs = header.iter().map(|card| {
            let text = match &card.value {
                Value::Text(text) => text.clone(),
                Value::Logical(value) => value.to_string(),
                Value::Integer(value) => value.to_string(),
                Value::Real(value) => format!("{value:?}"),
                Value::Complex(re, im) => format!("({re:?}, {im:?})"),
                Value::Undefined => String::new(),
            };
            KeyValue::new(card.keyword.clone(), text)
        });
        let units = columns.iter().any(|column| column.unit.is_some());
        let units = units.then(|| KeyValue::new(PARQUET_KEY.to_owned(), describe(columns)));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_key_value_metadata(Some(pairs.chain(units).collect()))
            .build();
        let file = create_whole(path).map_err(|source| CatalogError::io("write", path, source))?;
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            .map_err(fail)?;
        let waiting = vec![Numbers::default(); columns.len()];
        let (path, columns) = (path.to_owned(), columns.to_vec());
        Ok(ParquetTable { path, writer, columns, rows: 0, waiting })
    }

    pub(super) fn write(&mut self, values: &[View]) -> std::result::Result<(), CatalogError> {
        let rows = check_rows(&self.columns, values, self.rows)?;
        let mut start = 0;
        while start < rows {
            let room = GROUP - self.waiting[0].values.len();
            let end = rows.min(start + room);
            for (waiting, values) in self.waiting.iter_mut().zip(values) {
                waiting.extend(values.slice(start..end));
            }
            if self.waiting[0].values.len() == GROUP {
                self.flush().map_err(|error| failed(&self.path, error))?;
            }
            start = end;
        }
        self.rows += rows as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> std::result::Result<u64, CatalogError> {
        if !self.waiting[0].values.is_empty() {
            self.flush().map_err(|error| failed(&self.path, error))?;
        }
        let file = self.writer.into_inner().map_err(|error| failed(&self.path, error))?;
        file.commit().map_err(|source| CatalogError::io("write", &self.path, source))?;
        Ok(self.rows)
    }

    /// Writes a row group.
    fn flush(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for (values, new) in self.waiting.iter_mut().zip(&self.columns) {
            let Some(mut column) = group.next_column()? else {
                return Err(ParquetError::General("the schema has too few columns".to_owned()));
            };
            put(&mut column, new.storage, values.view())?;
            column.close()?;
            values.clear();
        }
        group.close().map(|_| ())
    }
}

/// One column of a row group; whole numbers are known to fit.
fn put(column: &mut SerializedColumnWriter, storage: Storage, numbers: View) -> Result<()> {
    let values = numbers.values;
    let wholes = || (0..values.len()).filter_map(|row| numbers.whole(row));
    let levels = || values.iter().map(|value| i16::from(!value.is_nan())).collect::<Vec<_>>();
    match (storage, column.untyped()) {
        (Storage::Float32, ColumnWriter::FloatColumnWriter(writer)) => {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            writer.write_batch(&values, None, None)?;
        }
        (Storage::Float64, ColumnWriter::DoubleColumnWriter(writer)) => {
            writer.write_batch(values, None, None)?;
        }
        (Storage::Int32, ColumnWriter::Int32ColumnWriter(writer)) => {
            let values: Vec<i32> = wholes().map(|whole| whole as i32).collect();
            writer.write_batch(&values, Some(&levels()), None)?;
        }
        (Storage::Int64 | Storage::Unsigned64, ColumnWriter::Int64ColumnWriter(writer)) => {
            // Without a sign the same bits are stored.
            let values: Vec<i64> = wholes().map(|whole| whole as i64).collect();
            writer.write_batch(&values, Some(&levels()), None)?;
        }
        _ => return Err(ParquetError::General("the schema has another type".to_owned())),
    }
    Ok(())
}

fn schema(columns: &[NewColumn]) -> Result<Type> {
    let field = |column: &NewColumn| {
        let unsigned = LogicalType::integer(64, false);
        let (physical, repetition, logical) = match column.storage {
            Storage::Float32 => (Physical::FLOAT, Repetition::REQUIRED, None),
            Storage::Float64 => (Physical::DOUBLE, Repetition::REQUIRED, None),
            Storage::Int32 => (Physical::INT32, Repetition::OPTIONAL, None),
            Storage::Int64 => (Physical::INT64, Repetition::OPTIONAL, None),
            Storage::Unsigned64 => (Physical::INT64, Repetition::OPTIONAL, Some(unsigned)),
        };
        let field = Type::primitive_type_builder(&column.name, physical);
        field.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<_>>()?;
    Type::group_type_builder("catalog").with_fields(fields).build()
}

fn failed(path: &Path, error: ParquetError) -> CatalogError {
    CatalogError::io("write", path, std::io::Error::other(error))
}
