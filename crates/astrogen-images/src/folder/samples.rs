//! Samples cut from the files of a folder.

use std::sync::{Arc, Mutex};

use astrogen_data::{DataError, Dataset, Images};
use astrogen_preprocess::frame::Access;
use ndarray::{Array3, s};

use super::FolderConfig;
use super::decode::Decoder;
use super::file::FrameFile;
use super::lock::lock;
use super::place::Place;
use super::recent::Recent;
use crate::{ImagesError, SkipReason};

/// The upper left corner (y, x) of a square.
type Corner = (usize, usize);

/// The files of a folder, read when needed.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) decoder: Decoder,
    /// Those that give samples.
    pub(super) files: Vec<FrameFile>,
    /// Frames of files that had to be decoded again.
    pub(super) recent: Mutex<Recent>,
}

impl Files {
    /// Scaled pixels that hold the square at `origin` of the frame, and where in them it is.
    fn pixels(
        &self,
        file: &FrameFile,
        origin: Corner,
    ) -> Result<(Arc<Array3<f32>>, Corner), ImagesError> {
        match &file.place {
            Place::Memory(frame) => Ok((Arc::clone(frame), origin)),
            Place::Scratch(spilled) => match spilled.square(origin) {
                Ok(square) => Ok((Arc::new(square), (0, 0))),
                // The disk failed; the file itself may be on another.
                Err(_) => self.read_file(file, origin),
            },
            Place::File => self.read_file(file, origin),
        }
    }

    /// The same, by decoding as much of the file as the square takes.
    fn read_file(
        &self,
        file: &FrameFile,
        origin: Corner,
    ) -> Result<(Arc<Array3<f32>>, Corner), ImagesError> {
        let whole = file.access == Access::Whole;
        if whole && let Some(frame) = lock(&self.recent).get(file.number) {
            return Ok((frame, origin));
        }
        let (read, origin) = if whole {
            (self.decoder.decode(&file.path).map(|it| it.pixels), origin)
        } else {
            (self.decoder.region(&file.path, origin, &file.scaling), (0, 0))
        };
        // Asked afterwards, so that no change escapes while the file is read; it also says
        // more than what reading another file than expected failed with.
        file.check_unchanged()?;
        let pixels = Arc::new(read.map_err(|reason| file.error(reason))?);
        if whole {
            lock(&self.recent).insert(file.number, Arc::clone(&pixels));
        }
        Ok((pixels, origin))
    }
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
    type Batch = Images;

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
        let (pixels, origin) = self.files.pixels(file, origin)?;
        let sample = cut(&pixels, origin, &self.files.decoder.config);
        // It fits, unless the file changed in a way that its time and length do not tell.
        sample.ok_or_else(|| file.error(SkipReason::Changed).into())
    }
}

/// The sample at a corner of scaled pixels; none where these do not reach so far.
pub(super) fn cut(
    pixels: &Array3<f32>,
    (y, x): Corner,
    config: &FolderConfig,
) -> Option<Array3<f32>> {
    let FolderConfig { image_size: size, channels, .. } = *config;
    let (_, height, width) = pixels.dim();
    let square = (y + size <= height && x + size <= width)
        .then(|| pixels.slice(s![.., y..y + size, x..x + size]))?;
    // A single band is seen as often as there are channels.
    Some(square.broadcast((channels, size, size))?.to_owned())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use astrogen_fits::{Header, write_image};

    use super::super::ImageFolder;
    use super::*;

    #[test]
    fn a_disk_that_fails_under_the_scratch_file_changes_no_sample() {
        let folder = tempfile::tempdir().unwrap();
        let frame = Array3::from_shape_fn((1, 20, 24), |(_, y, x)| ((y * 7 + x * 5) % 31) as f32);
        write_image(folder.path().join("a.fits"), &frame, &Header::new()).unwrap();
        let path = folder.path().to_owned();
        let tiling = crate::Tiling::Whole; // made of the whole frame, so it goes to scratch
        let config =
            FolderConfig { path, tiling, image_size: 8, cache_bytes: 0, ..Default::default() };
        let opened = ImageFolder::open(&config).unwrap();
        let Place::Scratch(spilled) = &opened.files.files[0].place else {
            panic!("{:?}", opened.files.files[0].place);
        };
        let before = opened.train().sample(0).unwrap();
        spilled.file().set_len(0).unwrap();
        assert!(spilled.square((0, 0)).is_err());
        assert_eq!(opened.train().sample(0).unwrap(), before);
    }
}
