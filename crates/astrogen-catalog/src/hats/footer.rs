//! The footers of partitions as one: `dataset/_metadata` and `dataset/_common_metadata`.

use std::io::Write;
use std::path::Path;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};

use crate::CatalogError;
use crate::read::footer;

/// What Parquet files begin and end with.
const MAGIC: &[u8] = b"PAR1";

/// The footers of files with the same columns.
#[derive(Debug, Default)]
pub(super) struct Footers {
    first: Option<FileMetaData>,
    groups: Vec<RowGroupMetaData>,
    rows: i64,
    /// Rows of the file that has most.
    pub(super) most_rows: i64,
}

impl Footers {
    /// Takes up the footer of a file, which is called `name` below the folder `dataset`.
    ///
    /// # Errors
    /// `Damaged` or `Truncated` where the footer is, or has other columns than the others.
    pub(super) fn add(&mut self, path: &Path, name: &str) -> std::result::Result<(), CatalogError> {
        self.take(footer(path)?, name).map_err(|error| CatalogError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    fn take(&mut self, metadata: ParquetMetaData, name: &str) -> Result<()> {
        let own = metadata.file_metadata();
        let first = self.first.get_or_insert_with(|| own.clone());
        if own.schema_descr() != first.schema_descr() {
            return Err(ParquetError::General(
                "its columns are not those of the others".to_owned(),
            ));
        }
        for group in metadata.row_groups() {
            let columns = group
                .columns()
                .iter()
                .map(|column| column.clone().into_builder().set_file_path(name.to_owned()).build());
            let columns = columns.collect::<Result<_>>()?;
            self.groups.push(group.clone().into_builder().set_column_metadata(columns).build()?);
        }
        self.rows += own.num_rows();
        self.most_rows = self.most_rows.max(own.num_rows());
        Ok(())
    }

    /// Rows of all files.
    pub(super) fn rows(&self) -> u64 {
        self.rows.max(0).unsigned_abs()
    }

    /// The columns, as a Parquet file without rows.
    pub(super) fn common(&self) -> Result<Vec<u8>> {
        self.file(0, Vec::new())
    }

    /// The columns, and where all rows are.
    pub(super) fn whole(self) -> Result<Vec<u8>> {
        let groups = self.groups.clone();
        self.file(self.rows, groups)
    }

    fn file(&self, rows: i64, groups: Vec<RowGroupMetaData>) -> Result<Vec<u8>> {
        let Some(first) = &self.first else {
            return Err(ParquetError::General("there is no partition".to_owned()));
        };
        let metadata = FileMetaData::new(
            first.version(),
            rows,
            first.created_by().map(str::to_owned),
            first.key_value_metadata().cloned(),
            first.schema_descr_ptr(),
            first.column_orders().cloned(),
        );
        let mut bytes = Vec::new();
        bytes.write_all(MAGIC)?;
        ParquetMetaDataWriter::new(&mut bytes, &ParquetMetaData::new(metadata, groups)).finish()?;
        Ok(bytes)
    }
}
