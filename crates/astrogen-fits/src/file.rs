//! An opened FITS file: its HDUs and how to choose one.

use std::fmt;
use std::path::Path;

use super::handle::Handle;
use super::hdu::{Hdu, walk};
use super::select::HduSelector;
use super::source::{MEMORY_LIMIT, Source};
use super::tiles::TileGrid;
use crate::FitsError;
use crate::format::OpenedFile;

/// A FITS file opened for reading.
///
/// The path is the name of a plain file and nothing else: brackets, plus signs, pipes and
/// addresses in it have no meaning. A file packed as a whole by gzip, bzip2 or compress
/// (`.Z`) is told by its content and unpacked to memory. Opening reads headers only.
///
/// Several threads may each have a file open, even the same one; a `FitsFile` itself may
/// move between threads, but is not shared by them.
pub struct FitsFile {
    // Before `source`: it may point into the source's memory, so it has to go first.
    pub(super) handle: Option<Handle>,
    pub(super) source: Source,
    pub(super) hdus: Vec<Hdu>,
    /// Why no HDU was found beyond the last one, if something is wrong there.
    stopped: Option<String>,
    /// The tiles of the compressed image that was last found sound, and its HDU.
    pub(super) sound: Option<(usize, TileGrid)>,
}

impl FitsFile {
    /// Opens a file, allowing [`MEMORY_LIMIT`] bytes for unpacking.
    ///
    /// # Errors
    /// `Io` if the file cannot be read, `Format` if it is not FITS, `Truncated` or
    /// `Damaged` if its first header is, `TooLarge` if it unpacks to more than the limit.
    pub fn open(path: impl AsRef<Path>) -> Result<FitsFile, FitsError> {
        FitsFile::open_with_limit(path, MEMORY_LIMIT)
    }

    /// Opens a file, allowing `limit` bytes for unpacking it as a whole and for the pixels
    /// of each tile-compressed image: a few kilobytes can claim to be terabytes.
    ///
    /// # Errors
    /// As [`FitsFile::open`].
    pub fn open_with_limit(path: impl AsRef<Path>, limit: u64) -> Result<FitsFile, FitsError> {
        FitsFile::from_opened(OpenedFile::open(path)?, limit)
    }

    /// Goes on with a file that was opened to see what it is, as [`FitsFile::open_with_limit`].
    ///
    /// # Errors
    /// As [`FitsFile::open`].
    pub fn from_opened(opened: OpenedFile, limit: u64) -> Result<FitsFile, FitsError> {
        let mut source = Source::open(opened, limit)?;
        let (hdus, stopped) = walk(&mut source)?;
        Ok(FitsFile { handle: None, source, hdus, stopped, sound: None })
    }

    /// The path given to [`FitsFile::open`].
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// All HDUs in order, up to the first damaged one.
    pub fn hdus(&self) -> &[Hdu] {
        &self.hdus
    }

    /// The chosen HDU, or with `None` the first that holds an image of two axes or more.
    ///
    /// # Errors
    /// `Hdu`, with a list of what the file has instead.
    pub fn hdu(&self, selector: Option<&HduSelector>) -> Result<&Hdu, FitsError> {
        let found = match selector {
            Some(selector) => self.hdus.iter().find(|hdu| selector.selects(hdu)),
            None => self.hdus.iter().find(|hdu| hdu.image_shape().is_some()),
        };
        found.ok_or_else(|| match (selector, self.hdus.as_slice()) {
            (None, [only]) => self.refuse(only.shape().err().unwrap_or_default()),
            (None, _) => self.refuse("no HDU holds an image of 2 axes or more".to_owned()),
            (Some(selector), _) => self.refuse(format!("no HDU {selector}")),
        })
    }

    /// An error about the choice of an HDU that lists what the file has.
    pub fn refuse(&self, reason: String) -> FitsError {
        const LISTED: usize = 20;
        let mut list: Vec<String> = self.hdus.iter().take(LISTED).map(Hdu::summary).collect();
        if self.hdus.len() > LISTED {
            list.push(format!("and {} more", self.hdus.len() - LISTED));
        }
        if let Some(stopped) = &self.stopped {
            list.push(format!("then damage ({stopped})"));
        }
        FitsError::Hdu {
            path: self.source.path.clone(),
            reason: format!("{reason}; the file has {}", list.join(", ")),
        }
    }
}

impl fmt::Debug for FitsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FitsFile")
            .field("path", &self.source.path)
            .field("hdus", &self.hdus.iter().map(Hdu::summary).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
