//! The rows of a data set, read a part at a time.

use std::path::{Path, PathBuf};

use hdf5_pure::{ChunkCacheConfig, ChunkIndex, Dataset, DatasetAccessProperties};

use super::file::{Hdf5File, damaged, failed, guarded};
use super::values::{Meaning, Stored};
use crate::CatalogError;

/// Bytes of a part, unless a chunk has more.
const PART: u64 = 1 << 16;
/// Bytes that a part may have, and with it a row and the texts of a part.
pub(super) const LARGEST: u64 = 64 << 20;
/// Texts of a part.
const TEXTS: u64 = 1 << 10;

/// Bytes that data sets may claim whatever the file's size, and how many for one of its own:
/// Deflate spells no more.
const LEAST: u64 = 1 << 20;
const UNPACKED: u64 = 1032;

/// A data set read from its first row on.
pub(super) struct Source {
    path: PathBuf,
    name: String,
    set: Dataset,
    /// Its rows, bytes of a row, and texts of a row where it holds texts of variable length.
    rows: u64,
    row: u64,
    texts: Option<u64>,
    /// Rows of a part.
    step: u64,
    /// The current part: its first row, and what it holds.
    first: u64,
    held: u64,
    bytes: Vec<u8>,
    strings: Vec<String>,
}

impl Source {
    /// A data set, and the bytes that it claims to hold.
    pub(super) fn open(
        file: &Hdf5File,
        name: &str,
        meaning: Meaning,
    ) -> Result<(Source, u128), CatalogError> {
        let fail = |error| failed(&file.path, &error);
        let is_text = meaning == Meaning::LongText;
        // The references of texts are read in parts of chunks.
        let kept = if is_text { LARGEST as usize } else { 0 };
        let access = DatasetAccessProperties::new()
            .with_chunk_cache(ChunkCacheConfig::new().with_max_bytes(kept));
        let set = file.file.dataset_with_options(name, access).map_err(fail)?;
        file.check_filters(name, &set)?;
        if set.chunk_index().map_err(fail)? == Some(ChunkIndex::BTreeV2) {
            return Err(CatalogError::Format {
                path: file.path.clone(),
                expected: "HDF5 data sets that grow in one dimension at most",
                got: format!("{name:?}, which grows in several; copy it to a plain one"),
            });
        }
        let shape = set.shape().map_err(fail)?;
        let chunks = set.chunk_shape().map_err(fail)?;
        let size = set.element_size().map_err(fail)?;
        let claimed = claimed(file, name, &shape, chunks.as_deref(), size)?;
        let inner = shape.iter().skip(1).fold(1, |inner: u64, &size| inner.saturating_mul(size));
        let (rows, row) = (shape.first().copied().unwrap_or(0), inner.saturating_mul(size));
        let texts = is_text.then_some(inner);
        if let Some(chunk) = &chunks {
            let plain = chunk.iter().fold(size, |size, &own| size.saturating_mul(own));
            check_chunks(file, name, &set, set.filters().is_empty().then_some(plain))?;
        }
        let chunk = chunks.and_then(|chunk| chunk.first().copied()).unwrap_or(1).max(1);
        let step = match texts {
            Some(texts) => (TEXTS / texts.max(1)).max(1),
            // Whole chunks, so that each is unpacked once.
            None => {
                let step = (PART / row.max(1)).max(1).checked_next_multiple_of(chunk);
                step.unwrap_or(u64::MAX).min((LARGEST / row.max(1)).max(1))
            }
        };
        let (path, name) = (file.path.clone(), name.to_owned());
        let (bytes, strings) = (Vec::new(), Vec::new());
        let source =
            Source { path, name, set, rows, row, texts, step, first: 0, held: 0, bytes, strings };
        Ok((source, claimed))
    }

    /// Whether the data set has these rows, and in each of them this element.
    pub(super) fn has(&self, rows: u64, place: &Place, element: usize) -> bool {
        let end = place.offset + (element + 1) * place.stored.size;
        self.rows == rows
            && match self.texts {
                Some(texts) => (element as u64) < texts,
                None => end as u64 <= self.row,
            }
    }

    /// How many rows from `row` on can be had at once, after reading the part that holds it.
    pub(super) fn ready(&mut self, row: u64) -> Result<u64, CatalogError> {
        let end = self.first + self.held;
        if !(self.first..end).contains(&row) {
            self.load(row)?;
        }
        Ok(self.first + self.held - row)
    }

    fn load(&mut self, row: u64) -> Result<(), CatalogError> {
        self.first = row / self.step * self.step;
        self.held = self.step.min(self.rows - self.first);
        let fail = |error| failed(&self.path, &error);
        let read = || self.set.read_raw_rows(self.first, self.held).map_err(fail);
        self.bytes = guarded(&self.path, read)?;
        if self.bytes.len() as u128 != u128::from(self.held) * u128::from(self.row) {
            return Err(damaged(&self.path, &format!("data set {:?} lacks rows", self.name)));
        }
        let Some(texts) = self.texts else {
            return Ok(());
        };
        // References: the length of a text, and where it is.
        let lengths = self.bytes.chunks((self.row / texts.max(1)).max(4) as usize);
        let total: u64 = lengths
            .filter_map(|reference| reference.first_chunk())
            .map(|&length| u64::from(u32::from_le_bytes(length)))
            .sum();
        if total > LARGEST {
            return Err(CatalogError::Column {
                path: self.path.clone(),
                name: self.name.clone(),
                reason: format!("holds texts of {total} bytes in {} rows, no numbers", self.held),
            });
        }
        let read = || self.set.read_string_rows(self.first, self.held).map_err(fail);
        self.strings = guarded(&self.path, read)?;
        if self.strings.len() as u128 != u128::from(self.held) * u128::from(texts) {
            return Err(damaged(&self.path, &format!("data set {:?} lacks texts", self.name)));
        }
        Ok(())
    }

    /// An element of a row that is ready.
    pub(super) fn element(&self, row: u64, place: &Place, element: usize) -> &[u8] {
        let row = (row - self.first) as usize;
        match self.texts {
            Some(texts) => self.strings[row * texts as usize + element].as_bytes(),
            None => {
                let start = row * self.row as usize + place.offset + element * place.stored.size;
                &self.bytes[start..start + place.stored.size]
            }
        }
    }
}

/// Refuses chunks that reach beyond the file, and those without filters that have not the size of
/// one: what they lack would be made up.
fn check_chunks(
    file: &Hdf5File,
    name: &str,
    set: &Dataset,
    plain: Option<u64>,
) -> Result<(), CatalogError> {
    for chunk in set.chunks().map_err(|error| failed(&file.path, &error))? {
        let (start, size) = (chunk.address, chunk.storage_size);
        if start.checked_add(size).is_none_or(|end| end > file.length) {
            return Err(CatalogError::Truncated {
                path: file.path.clone(),
                what: format!("a chunk of data set {name:?}"),
                expected: u128::from(start) + u128::from(size),
                got: file.length,
            });
        }
        if let Some(plain) = plain.filter(|plain| *plain != size) {
            let words = format!("a chunk of data set {name:?} has {size} bytes of {plain}");
            return Err(damaged(&file.path, &words));
        }
    }
    Ok(())
}

/// Where in the rows of a data set a column is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Bytes of a row before its first element.
    pub(super) offset: usize,
    pub(super) stored: Stored,
}

/// The bytes of a data set, with what its last chunks have beyond it.
///
/// # Errors
/// `Damaged` for more chunks than the file has room for.
fn claimed(
    file: &Hdf5File,
    name: &str,
    shape: &[u64],
    chunk: Option<&[u64]>,
    size: u64,
) -> Result<u128, CatalogError> {
    let size = u128::from(size);
    let Some(chunk) = chunk else {
        return Ok(shape.iter().fold(size, |bytes, &own| bytes.saturating_mul(own.into())));
    };
    let (mut chunks, mut bytes) = (1_u128, size);
    for (&own, &chunk) in shape.iter().zip(chunk) {
        let count = u128::from(own.div_ceil(chunk.max(1)));
        chunks = chunks.saturating_mul(count);
        bytes = bytes.saturating_mul(count.saturating_mul(chunk.into()));
    }
    if chunks > u128::from(file.length) + u128::from(LEAST >> 4) {
        return Err(damaged(
            &file.path,
            &format!(
                "data set {name:?} claims {chunks} chunks, more than a file of {} bytes can hold",
                file.length
            ),
        ));
    }
    Ok(bytes)
}

/// Refuses data sets that claim more than their file can hold.
pub(super) fn check_claims(path: &Path, length: u64, claimed: u128) -> Result<(), CatalogError> {
    if claimed <= u128::from(LEAST) + u128::from(UNPACKED) * u128::from(length) {
        return Ok(());
    }
    Err(damaged(
        path,
        &format!(
            "its data sets claim {claimed} bytes, more than a file of {length} bytes can hold"
        ),
    ))
}
