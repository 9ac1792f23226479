//! Samples cut from the files of a folder.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{Array3, s};

use super::FolderConfig;
use super::cache::FrameCache;
use super::decode::Decoder;
use super::file::{FrameFile, Reread};
use crate::{DataError, Dataset, SkipReason};

/// The upper left corner (y, x) of a square.
type Corner = (usize, usize);

/// The files of a folder, read when needed.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) decoder: Decoder,
    /// Those that give samples.
    pub(super) files: Vec<FrameFile>,
    pub(super) cache: Mutex<FrameCache>,
}

impl Files {
    /// Scaled pixels that hold the square at `origin` of the frame, and where in them it is:
    /// the frame from memory, or else from disk what it takes to know the square.
    fn pixels(
        &self,
        file: &FrameFile,
        origin: Corner,
    ) -> Result<(Arc<Array3<f32>>, Corner), DataError> {
        if let Some(frame) = lock(&self.cache).get(file.number) {
            return Ok((frame, origin));
        }
        let (read, origin) = match file.reread {
            Reread::Region => (self.decoder.region(&file.path, origin, &file.scaling), (0, 0)),
            Reread::Whole => (self.decoder.decode(&file.path).map(|it| it.pixels), origin),
        };
        // Asked afterwards, so that no change escapes while the file is read; it also says
        // more than what reading another file than expected failed with.
        file.check_unchanged()?;
        let pixels = Arc::new(read.map_err(|reason| file.error(reason))?);
        if file.reread == Reread::Whole {
            lock(&self.cache).insert(file.number, file.reread, Arc::clone(&pixels));
        }
        Ok((pixels, origin))
    }
}

/// The cache; a panic elsewhere leaves it whole, as no call in it runs foreign code.
pub(super) fn lock(cache: &Mutex<FrameCache>) -> MutexGuard<'_, FrameCache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a sample comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Which of [`Files::files`].
    pub(super) file: usize,
    pub(super) origin: Corner,
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
        let Some(&Sample { file, origin }) = self.samples.get(index) else {
            return Err(DataError::Index { index, samples: self.samples.len() });
        };
        let file = &self.files.files[file];
        let (pixels, (y, x)) = self.files.pixels(file, origin)?;
        let FolderConfig { image_size: size, channels, .. } = self.files.decoder.config;
        let (_, height, width) = pixels.dim();
        let square = (y + size <= height && x + size <= width)
            .then(|| pixels.slice(s![.., y..y + size, x..x + size]));
        // A single band is seen as often as there are channels.
        let sample = square.as_ref().and_then(|square| square.broadcast((channels, size, size)));
        // It fits, unless the file changed in a way that its time and length do not tell.
        sample.map(|sample| sample.to_owned()).ok_or_else(|| file.error(SkipReason::Changed))
    }
}
