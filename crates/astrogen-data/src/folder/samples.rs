//! Samples cut from the files of a folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{Array3, s};

use super::FolderConfig;
use super::cache::FrameCache;
use super::decode::Decoder;
use crate::{DataError, Dataset, SkipReason};

/// The files of a folder, decoded when needed.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) decoder: Decoder,
    pub(super) paths: Vec<PathBuf>,
    pub(super) cache: Mutex<FrameCache>,
}

impl Files {
    /// The scaled pixels of a file, from memory or from disk.
    fn frame(&self, file: usize) -> Result<Arc<Array3<f32>>, DataError> {
        if let Some(frame) = lock(&self.cache).get(file) {
            return Ok(frame);
        }
        let path = &self.paths[file];
        let decoded = self.decoder.decode(path);
        let decoded = decoded.map_err(|reason| DataError::File { path: path.clone(), reason })?;
        let frame = Arc::new(decoded.pixels);
        lock(&self.cache).insert(file, Arc::clone(&frame));
        Ok(frame)
    }
}

/// The cache; a panic elsewhere leaves it whole, as no call in it runs foreign code.
pub(super) fn lock(cache: &Mutex<FrameCache>) -> MutexGuard<'_, FrameCache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a sample comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) file: usize,
    pub(super) origin: (usize, usize),
}

/// Samples of some of a folder's files, file by file.
#[derive(Debug)]
pub(super) struct FolderDataset {
    pub(super) files: Arc<Files>,
    pub(super) samples: Vec<Sample>,
}

impl Dataset for FolderDataset {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn shape(&self) -> [i64; 3] {
        let FolderConfig { image_size, channels, .. } = self.files.decoder.config;
        [channels as i64, image_size as i64, image_size as i64]
    }

    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        let Some(&Sample { file, origin: (y, x) }) = self.samples.get(index) else {
            return Err(DataError::Index { index, samples: self.samples.len() });
        };
        let frame = self.files.frame(file)?;
        let FolderConfig { image_size: size, channels, .. } = self.files.decoder.config;
        let (_, height, width) = frame.dim();
        let square = (y + size <= height && x + size <= width)
            .then(|| frame.slice(s![.., y..y + size, x..x + size]));
        // A single band is seen as often as there are channels.
        let sample = square.as_ref().and_then(|square| square.broadcast((channels, size, size)));
        sample.map(|sample| sample.to_owned()).ok_or_else(|| DataError::File {
            path: self.files.paths[file].clone(),
            reason: SkipReason::Changed,
        })
    }
}
