//! Rows of several Parquet files with the same columns: a HATS catalogue, or one of its partitions.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Rows;
use super::cell::Cell;
use super::parquet::{self, ParquetFile, ParquetRows};
use crate::CatalogError;
use crate::hats::HatsCatalog;
use crate::names::ColumnInfo;
use astrogen_fits::numbers::Numbers;

/// Files, in the order of their rows; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    paths: Arc<[PathBuf]>,
    /// Rows of all, where they are known.
    rows: Option<u64>,
}

impl Files {
    /// Those of a folder.
    pub(super) fn of(folder: &Path) -> Result<Files, CatalogError> {
        if HatsCatalog::is_in(folder) {
            let catalog = HatsCatalog::open(folder)?;
            let mut paths = Vec::new();
            for partition in catalog.partitions() {
                match partition.path.is_dir() {
                    true => paths.extend(inside(&partition.path)?),
                    false => paths.push(partition.path.clone()),
                }
            }
            return Files::new(folder, paths, catalog.rows());
        }
        Files::new(folder, inside(folder)?, None)
    }

    /// How many elements the lists of a column have.
    pub(super) fn length(&self, column: usize) -> usize {
        parquet::length(self.paths.iter(), column)
    }

    fn new(folder: &Path, paths: Vec<PathBuf>, rows: Option<u64>) -> Result<Files, CatalogError> {
        if paths.is_empty() {
            return Err(CatalogError::Format {
                path: folder.to_owned(),
                expected: "a file, or a folder that is a HATS catalogue or holds Parquet files",
                got: "a folder without any".to_owned(),
            });
        }
        Ok(Files { paths: paths.into(), rows })
    }
}

/// What the names of Parquet files end in.
const ENDINGS: [&str; 3] = ["parquet", "parq", "pq"];

/// The Parquet files of a folder, by name.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let io = |source| CatalogError::io("read", folder, source);
    let entries = fs::read_dir(folder).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let is_parquet = |path: &PathBuf| {
        path.is_file()
            && path.extension().is_some_and(|of| ENDINGS.iter().any(|ending| of == *ending))
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_parquet).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// The columns of the first file, which are those of all.
pub(super) fn describe(files: &Files) -> Result<(Vec<ColumnInfo>, Option<u64>), CatalogError> {
    let (columns, rows) = parquet::describe(&files.paths[0])?;
    let rows = if files.paths.len() == 1 { rows } else { files.rows };
    Ok((columns, rows))
}

/// The rows of files, read from the first row on.
pub(super) struct FilesRows {
    files: Files,
    cells: Vec<Cell>,
    /// The cells' columns.
    columns: Vec<ColumnInfo>,
    next: usize,
    open: Option<ParquetRows>,
}

impl FilesRows {
    /// The rows of files with these columns.
    pub(super) fn open(files: Files, cells: Vec<Cell>, columns: &[ColumnInfo]) -> FilesRows {
        let columns = cells.iter().map(|cell| columns[cell.column].clone()).collect();
        FilesRows { files, cells, columns, next: 0, open: None }
    }

    /// Opens the next file, which has to have the columns of the first.
    fn next_file(&mut self) -> Result<Option<ParquetRows>, CatalogError> {
        let Some(path) = self.files.paths.get(self.next) else { return Ok(None) };
        let file = ParquetFile::open(path)?;
        let own = file.columns();
        for (cell, expected) in self.cells.iter().zip(&self.columns) {
            let differing = match own(cell.column) {
                Some(own) => difference(cell, expected, &own),
                None => Some("is not there".to_owned()),
            };
            if let Some(words) = differing {
                return Err(CatalogError::Damaged {
                    path: path.clone(),
                    reason: format!(
                        "column {} (from 0), {:?}, {words} as in {}; files of one catalogue have the same \
                         columns",
                        cell.column,
                        expected.name,
                        self.files.paths[0].display()
                    ),
                });
            }
        }
        drop(own);
        self.next += 1;
        ParquetRows::of(file, self.cells.clone()).map(Some)
    }
}

/// In what a column of a file is not the expected one.
fn difference(cell: &Cell, expected: &ColumnInfo, own: &ColumnInfo) -> Option<String> {
    if own.name != expected.name {
        return Some(format!("is called {:?} and not", own.name));
    }
    if own.stored_as != expected.stored_as {
        return Some(format!("is {} and not {}", own.stored_as, expected.stored_as));
    }
    if !own.is_least && own.length != cell.length {
        return Some(format!("holds {} numbers a row and not {}", own.length, cell.length));
    }
    // A file that names no unit is believed to have the first's.
    let texts = own.stored_as == "BYTE_ARRAY";
    let differs = cell.angle.is_some_and(|angle| angle.differs(own.unit.as_deref(), texts));
    let name = |info: &ColumnInfo| info.unit.clone().unwrap_or_else(|| "no unit".to_owned());
    differs.then(|| format!("is in {} and not in {}", name(own), name(expected)))
}

impl Rows for FilesRows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let mut read = 0;
        while read < rows {
            let Some(file) = &mut self.open else {
                match self.next_file()? {
                    Some(file) => self.open = Some(file),
                    None => break,
                }
                continue;
            };
            match file.read(rows - read, out)? {
                0 => self.open = None,
                some => read += some,
            }
        }
        Ok(read)
    }
}
