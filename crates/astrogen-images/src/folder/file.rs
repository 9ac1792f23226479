//! A file of the folder and what its samples need to know of it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use astrogen_preprocess::Scaling;
use astrogen_preprocess::frame::Access;

use super::place::Place;
use crate::{ImagesError, SkipReason};

/// A file that gives samples.
#[derive(Debug)]
pub(super) struct FrameFile {
    pub(super) path: PathBuf,
    /// Height and width of its frame in pixels.
    pub(super) size: [usize; 2],
    /// Its number among the images found.
    pub(super) number: usize,
    /// Where its pixels lie.
    pub(super) place: Place,
    /// What has to be decoded for one sample where they lie in the file alone.
    pub(super) access: Access,
    /// What was measured on the frame, or on the small image of it.
    pub(super) scaling: Scaling,
    pub(super) stamp: Stamp,
}

impl FrameFile {
    /// Fails unless the file is what it was when the folder was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), ImagesError> {
        match Stamp::of(&self.path) {
            Ok(stamp) if stamp == self.stamp => Ok(()),
            Ok(_) => Err(self.error(SkipReason::Changed)),
            Err(error) => Err(self.error(SkipReason::Io(error))),
        }
    }

    pub(super) fn error(&self, reason: SkipReason) -> ImagesError {
        ImagesError::File { path: self.path.clone(), reason }
    }
}

/// By what a change of a file shows: its length, and when it was last written to where the
/// system says so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata()?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}
