//! Star arrays written down.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;
use npyz::{WriteOptions, WriterBuilder};

use crate::{COLUMNS, StarsError};

/// Stars of which a row is converted at a time.
const AT_A_TIME: usize = 1 << 14;

/// A star array `[11, N]` being written: an `.npy` file of `f32`, row by row of
/// [`COLUMNS`], whose stars come in chunks. It appears under its name, whole, with
/// [`StarArrayWriter::finish`]; dropped before, it leaves nothing.
///
/// ```
/// use astrogen_stars::{GalaxyFile, Layout, StarArrayWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("g0007_1.2340e12.npy");
/// let mut writer = StarArrayWriter::create(&path, 3)?;
/// writer.write(&vec![vec![0.5, 1.5]; 11])?;
/// writer.write(&vec![vec![2.5]; 11])?;
/// writer.finish()?;
///
/// let galaxy = GalaxyFile::find(&path)?[0].read(&Layout::default())?;
/// assert_eq!((galaxy.id.as_str(), galaxy.dark_mass), ("g0007", Some(1.234e12)));
/// assert_eq!(galaxy.stars.column("age")?, [0.5, 1.5, 2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StarArrayWriter {
    path: PathBuf,
    file: AtomicWriteFile,
    /// Where the first number is.
    start: u64,
    stars: u64,
    written: u64,
}

impl StarArrayWriter {
    /// Starts an array of so many stars.
    ///
    /// # Errors
    /// `Io` if the disk refuses, `Setting` for more stars than a file can hold.
    pub fn create(path: impl AsRef<Path>, stars: u64) -> Result<StarArrayWriter, StarsError> {
        let path = path.as_ref();
        let fail = |source| StarsError::io("write", path, source);
        let size = stars.checked_mul(4 * COLUMNS.len() as u64);
        let fine = size.is_some_and(|size| size <= i64::MAX as u64 / 2);
        StarsError::check("stars", "as many as a file can hold", stars, fine)?;
        let mut header = Vec::new();
        // The header is written at once; what is missing is noticed by `finish` alone.
        let options = WriteOptions::<f32>::new().default_dtype();
        let shape = [COLUMNS.len() as u64, stars];
        drop(options.shape(&shape).writer(&mut header).begin_nd().map_err(fail)?);
        let mut file = AtomicWriteFile::open(path).map_err(fail)?;
        file.write_all(&header).map_err(fail)?;
        let start = header.len() as u64;
        Ok(StarArrayWriter { path: path.to_owned(), file, start, stars, written: 0 })
    }

    /// Appends stars: the values of each of [`COLUMNS`], in their order.
    ///
    /// # Errors
    /// `Stars` for another number of columns, columns of several lengths or more stars than were
    /// announced, `Io` if the disk refuses.
    pub fn write(&mut self, columns: &[impl AsRef<[f64]>]) -> Result<(), StarsError> {
        let refuse = |reason| Err(StarsError::Stars { reason });
        let lengths: Vec<usize> = columns.iter().map(|own| own.as_ref().len()).collect();
        let count = lengths.first().copied().unwrap_or(0);
        if lengths.len() != COLUMNS.len() || lengths.iter().any(|own| *own != count) {
            return refuse(format!(
                "expected the {} columns {} of one length, got {} of the lengths {lengths:?}",
                COLUMNS.len(),
                COLUMNS.join(" "),
                lengths.len()
            ));
        }
        let left = self.stars - self.written;
        if count as u64 > left {
            return refuse(format!(
                "{} was announced with {} stars: expected {left} more at most, got {count}",
                self.path.display(),
                self.stars
            ));
        }
        let mut bytes = Vec::with_capacity(4 * count.min(AT_A_TIME));
        for (row, values) in columns.iter().enumerate() {
            let place = self.start + 4 * (row as u64 * self.stars + self.written);
            let fail = |source| StarsError::io("write", &self.path, source);
            self.file.seek(SeekFrom::Start(place)).map_err(fail)?;
            for values in values.as_ref().chunks(AT_A_TIME) {
                bytes.clear();
                bytes.extend(values.iter().flat_map(|value| (*value as f32).to_le_bytes()));
                self.file.write_all(&bytes).map_err(fail)?;
            }
        }
        self.written += count as u64;
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// `Stars` for fewer stars than were announced, `Io` if the disk refuses.
    pub fn finish(self) -> Result<(), StarsError> {
        if self.written != self.stars {
            return Err(StarsError::Stars {
                reason: format!(
                    "{} was announced with {} stars, got {}",
                    self.path.display(),
                    self.stars,
                    self.written
                ),
            });
        }
        self.file.commit().map_err(|source| StarsError::io("write", &self.path, source))
    }
}
