//! Rows of a Parquet file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::Rows;
use crate::PreprocessError;
use crate::catalog::names::ColumnInfo;
use crate::format::open_file;

mod values;
use values::{Meaning, append};

/// The columns and rows of a Parquet file. A column inside a group is called `group.column`.
pub(super) fn describe(path: &Path) -> Result<(Vec<ColumnInfo>, Option<u64>), PreprocessError> {
    let reader = open(path)?;
    let metadata = reader.metadata().file_metadata();
    let columns = metadata.schema_descr().columns().iter().map(|column| ColumnInfo {
        name: column.path().parts().join("."),
        unit: None,
        stored_as: column.physical_type().to_string(),
        length: 1,
        refusal: Meaning::of(column).err().map(str::to_owned),
    });
    Ok((columns.collect(), u64::try_from(metadata.num_rows()).ok()))
}

/// Opens a file and holds what its footer claims against its length.
fn open(path: &Path) -> Result<SerializedFileReader<File>, PreprocessError> {
    let file = open_file(path)?;
    let len = file.metadata().map_err(|source| PreprocessError::io("read", path, source))?.len();
    let reader =
        guarded(|| SerializedFileReader::new(file)).map_err(|error| damaged(path, &error))?;
    let metadata = reader.metadata();
    let mut rows = 0_i64;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        rows = rows.saturating_add(group.num_rows());
        for column in group.columns() {
            let end = column
                .dictionary_page_offset()
                .unwrap_or(i64::MAX)
                .min(column.data_page_offset())
                .checked_add(column.compressed_size());
            let inside = end.and_then(|end| u64::try_from(end).ok()).filter(|&end| end <= len);
            if inside.is_none() || group.num_rows() < 0 {
                return Err(PreprocessError::Truncated {
                    path: path.to_owned(),
                    what: format!(
                        "column {:?} of row group {number}",
                        column.column_path().string()
                    ),
                    expected: end.map_or(0, |end| end.max(0) as u128),
                    got: len,
                });
            }
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        let claimed = metadata.file_metadata().num_rows();
        return Err(PreprocessError::Damaged {
            path: path.to_owned(),
            reason: format!("its footer claims {claimed} rows, its row groups {rows}"),
        });
    }
    Ok(reader)
}

/// A Parquet file read from its first row on.
pub(super) struct ParquetRows {
    path: PathBuf,
    file: SerializedFileReader<File>,
    cells: Vec<(usize, Meaning)>,
    /// Readers of the chosen columns of the current row group.
    columns: Vec<ColumnReader>,
    next_group: usize,
    /// Rows of the current row group that are still to be read.
    left: usize,
}

impl ParquetRows {
    pub(super) fn open(
        path: &Path,
        cells: &[(usize, usize)],
    ) -> Result<ParquetRows, PreprocessError> {
        let file = open(path)?;
        let schema = file.metadata().file_metadata().schema_descr();
        let cells = cells
            .iter()
            .map(|&(column, _)| match Meaning::of(&schema.column(column)) {
                Ok(meaning) => Ok((column, meaning)),
                Err(reason) => Err(PreprocessError::Damaged {
                    path: path.to_owned(),
                    reason: reason.to_owned(),
                }),
            })
            .collect::<Result<_, _>>()?;
        let path = path.to_owned();
        Ok(ParquetRows { path, file, cells, columns: Vec::new(), next_group: 0, left: 0 })
    }

    fn next_group(&mut self) -> Result<(), ParquetError> {
        let group = self.file.get_row_group(self.next_group)?;
        self.left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        self.columns = self
            .cells
            .iter()
            .map(|&(column, _)| group.get_column_reader(column))
            .collect::<Result<_, _>>()?;
        self.next_group += 1;
        Ok(())
    }
}

impl Rows for ParquetRows {
    fn read(&mut self, rows: usize, out: &mut [Vec<f64>]) -> Result<usize, PreprocessError> {
        let mut read = 0;
        while read < rows {
            if self.left == 0 {
                if self.next_group == self.file.num_row_groups() {
                    break;
                }
                let opened = guarded(|| self.next_group());
                opened.map_err(|error| damaged(&self.path, &error))?;
                continue;
            }
            let count = self.left.min(rows - read);
            let columns = self.columns.iter_mut().zip(&self.cells).zip(out.iter_mut());
            for ((reader, &(column, meaning)), out) in columns {
                let schema = self.file.metadata().file_metadata().schema_descr();
                let deepest = schema.column(column).max_def_level();
                let appended = guarded(|| append(reader, meaning, deepest, count, out));
                appended.map_err(|error| PreprocessError::Damaged {
                    path: self.path.clone(),
                    reason: format!("column {:?}: {}", schema.column(column).name(), words(&error)),
                })?;
            }
            read += count;
            self.left -= count;
        }
        Ok(read)
    }
}

/// Runs a step of the crate `parquet`, which panics at some damage: an error here.
fn guarded<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| {
        Err(ParquetError::General("its pages contradict each other".to_owned()))
    })
}

fn damaged(path: &Path, error: &ParquetError) -> PreprocessError {
    PreprocessError::Damaged {
        path: path.to_owned(),
        reason: format!("{}; fetch or copy the file again", words(error)),
    }
}

fn words(error: &ParquetError) -> String {
    match error {
        ParquetError::General(reason) => reason.clone(),
        other => other.to_string(),
    }
}
