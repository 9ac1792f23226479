//! Stars of many galaxies, one galaxy after the other: in memory, or in a file where they exceed it.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::ForgeError;

/// Rows of features being collected.
#[derive(Debug)]
pub(super) struct Collector {
    columns: usize,
    /// As many bytes as may be kept in memory.
    memory: u64,
    scratch: PathBuf,
    values: Vec<f32>,
    file: Option<BufWriter<File>>,
}

/// Rows of features.
#[derive(Debug)]
pub(super) struct Store {
    columns: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<f32>),
    /// A file without a name, which is gone with the process, and where it would have been.
    File(Mutex<File>, PathBuf),
}

impl Collector {
    pub(super) fn new(columns: usize, memory: u64, scratch: Option<&Path>) -> Self {
        let scratch = scratch.map_or_else(std::env::temp_dir, Path::to_owned);
        Self { columns, memory, scratch, values: Vec::new(), file: None }
    }

    /// Appends whole rows.
    pub(super) fn push(&mut self, rows: &[f32]) -> Result<(), ForgeError> {
        let bytes = (size_of::<f32>() * (self.values.len() + rows.len())) as u64;
        if self.file.is_none() && bytes > self.memory {
            let file = tempfile::tempfile_in(&self.scratch);
            let file = file.map_err(|source| self.fails("cannot make a file in", source))?;
            self.file = Some(BufWriter::new(file));
            let values = std::mem::take(&mut self.values);
            self.write(&values)?;
        }
        match self.file {
            Some(_) => self.write(rows)?,
            None => self.values.extend_from_slice(rows),
        }
        Ok(())
    }

    fn write(&mut self, values: &[f32]) -> Result<(), ForgeError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        let written = file.write_all(&bytes.collect::<Vec<u8>>());
        written.map_err(|source| self.fails("cannot keep stars in", source))
    }

    pub(super) fn finish(mut self) -> Result<Store, ForgeError> {
        let place = match self.file.take() {
            None => Place::Memory(std::mem::take(&mut self.values)),
            Some(file) => {
                let file = file
                    .into_inner()
                    .map_err(|error| self.fails("cannot keep stars in", error.into_error()))?;
                Place::File(Mutex::new(file), self.scratch.clone())
            }
        };
        Ok(Store { columns: self.columns, place })
    }

    fn fails(&self, action: &'static str, source: std::io::Error) -> ForgeError {
        ForgeError::Io { action, path: self.scratch.clone(), source }
    }
}

impl Store {
    /// Values of a row.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the rows are in a file, since they exceed the memory that they may have.
    pub(super) fn is_in_file(&self) -> bool {
        matches!(self.place, Place::File(..))
    }

    /// `count` rows from `first` on, one after the other; the caller asks for rows that are there.
    pub(super) fn read(&self, first: usize, count: usize) -> Result<Vec<f32>, ForgeError> {
        let (first, count) = (first * self.columns, count * self.columns);
        match &self.place {
            Place::Memory(values) => Ok(values[first..first + count].to_vec()),
            Place::File(file, folder) => {
                let mut bytes = vec![0; count * size_of::<f32>()];
                // Another thread's panic leaves no more than another position.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let place = SeekFrom::Start((first * size_of::<f32>()) as u64);
                let read = file.seek(place).and_then(|_| file.read_exact(&mut bytes));
                read.map_err(|source| ForgeError::Io {
                    action: "cannot read stars back from a file in",
                    path: folder.clone(),
                    source,
                })?;
                let values = bytes.chunks_exact(size_of::<f32>());
                // Chunks of four bytes are arrays of four.
                let value = |bytes: &[u8]| bytes.try_into().map_or(f32::NAN, f32::from_le_bytes);
                Ok(values.map(value).collect())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn rows_in_a_file_are_those_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let stores = [u64::MAX, 40, 0].map(|memory| {
            let mut collector = Collector::new(3, memory, Some(folder.path()));
            for part in 0..4 {
                let rows: Vec<f32> = (0..6).map(|i| (10 * part + i) as f32 + 0.25).collect();
                collector.push(&rows).unwrap();
            }
            collector.finish().unwrap()
        });
        assert!(matches!(stores[0].place, Place::Memory(_)));
        assert!(matches!(stores[1].place, Place::File(..)));
        for store in &stores {
            assert_eq!(store.columns(), 3);
            assert_eq!(store.read(5, 2).unwrap(), [23.25, 24.25, 25.25, 30.25, 31.25, 32.25]);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let mut collector = Collector::new(1, 0, Some(Path::new("/no/such/folder")));
        let message = collector.push(&[1.0]).unwrap_err().to_string();
        assert!(message.starts_with("cannot make a file in /no/such/folder"), "{message}");
    }
}
