//! A Parquet file whose footer was held against its length.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::serialized_reader::SerializedPageReader;

use super::pages::Pages;
use crate::CatalogError;
use crate::read::guard;
use astrogen_fits::format::open_file;

/// An opened file.
pub(in crate::read) struct ParquetFile {
    pub(super) path: PathBuf,
    pub(super) metadata: ParquetMetaData,
    file: Arc<File>,
}

impl ParquetFile {
    pub(in crate::read) fn open(path: &Path) -> Result<ParquetFile, CatalogError> {
        let file = open_file(path)?;
        let len = file.metadata().map_err(|source| CatalogError::io("read", path, source))?.len();
        let metadata = guarded(|| ParquetMetaDataReader::new().parse_and_finish(&file))
            .map_err(|error: ParquetError| failed(path, &error))?;
        let opened = ParquetFile { path: path.to_owned(), metadata, file: Arc::new(file) };
        opened.check(len)?;
        Ok(opened)
    }

    /// Refuses a footer that promises more than the file holds.
    fn check(&self, len: u64) -> Result<(), CatalogError> {
        let mut rows = 0_i64;
        for (number, group) in self.metadata.row_groups().iter().enumerate() {
            rows = rows.saturating_add(group.num_rows());
            for column in group.columns() {
                let start = dictionary(column).unwrap_or(i64::MAX).min(column.data_page_offset());
                let end = start.checked_add(column.compressed_size());
                let inside = end.and_then(|end| u64::try_from(end).ok()).filter(|&end| end <= len);
                if inside.is_none() || group.num_rows() < 0 {
                    let name = column.column_path().string();
                    return Err(CatalogError::Truncated {
                        path: self.path.clone(),
                        what: format!("column {name:?} of row group {number}"),
                        expected: end.map_or(0, |end| end.max(0) as u128),
                        got: len,
                    });
                }
            }
        }
        let claimed = self.metadata.file_metadata().num_rows();
        if rows != claimed {
            return Err(CatalogError::Damaged {
                path: self.path.clone(),
                reason: format!("its footer claims {claimed} rows, its row groups {rows}"),
            });
        }
        Ok(())
    }

    /// Refuses a column that is packed in a way that is not read.
    pub(super) fn check_codec(&self, column: usize) -> Result<(), CatalogError> {
        let lzo = |group: &RowGroupMetaData| group.column(column).compression() == Compression::LZO;
        if !self.metadata.row_groups().iter().any(lzo) {
            return Ok(());
        }
        let name = self.metadata.file_metadata().schema_descr().column(column).path().string();
        Err(CatalogError::Format {
            path: self.path.clone(),
            expected: "Parquet packed by snappy, gzip, brotli, lz4, zstd or not at all",
            got: format!("LZO in column {name:?}; write the table with one of these codecs"),
        })
    }

    /// A reader of a column of a row group.
    pub(super) fn column(&self, group: usize, column: usize) -> Result<ColumnReader, ParquetError> {
        let descriptor = self.metadata.file_metadata().schema_descr().column(column);
        let group = self.metadata.row_group(group);
        let chunk = group.column(column);
        // Some writers say 0 for no dictionary.
        let chunk =
            chunk.clone().into_builder().set_dictionary_page_offset(dictionary(chunk)).build()?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let unpacked = u64::try_from(chunk.uncompressed_size()).unwrap_or(0);
        let pages = Pages { file: self.file.clone(), unpacked };
        let pages = SerializedPageReader::new(Arc::new(pages), &chunk, rows, None)?;
        Ok(get_column_reader(descriptor, Box::new(pages)))
    }
}

/// Why rows cannot be read.
pub(super) enum Refusal {
    /// They are sound, but no numbers.
    Content(String),
    /// The crate `parquet` cannot read them.
    Broken(ParquetError),
}

impl From<ParquetError> for Refusal {
    fn from(error: ParquetError) -> Refusal {
        Refusal::Broken(error)
    }
}

/// Where a column's dictionary is, if it has one: a file begins with its format's name.
fn dictionary(column: &ColumnChunkMetaData) -> Option<i64> {
    column.dictionary_page_offset().filter(|offset| *offset != 0)
}

/// Runs a step of the crate `parquet`, which panics at some damage.
pub(super) fn guarded<T, E: From<ParquetError>>(
    step: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    guard::guarded(step, || {
        ParquetError::General("its pages contradict each other".to_owned()).into()
    })
}

/// Damage, unless the crate `parquet` says that it lacks something.
pub(super) fn failed(path: &Path, error: &ParquetError) -> CatalogError {
    let path = path.to_owned();
    let (words, damage) = match error {
        ParquetError::NYI(words) => (words.clone(), false),
        ParquetError::General(words) => (words.clone(), !words.contains("encrypt")),
        other => (other.to_string(), true),
    };
    if damage {
        let reason = format!("{words}; fetch or copy the file again");
        return CatalogError::Damaged { path, reason };
    }
    CatalogError::Format {
        path,
        expected: "plain Parquet",
        got: format!("what is not read here ({words}); write the table in a plainer way"),
    }
}
