//! What can go wrong while simulating a sky.

use std::path::PathBuf;

use astrogen_catalog::CatalogError;
use astrogen_fits::FitsError;
use astrogen_preprocess::PreprocessError;
use astrogen_stars::StarsError;

/// An error of this crate, sorted by who is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkyError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, but got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The rule that it broke.
        rule: &'static str,
        /// The value given.
        got: String,
    },
    /// The folder holds files that these settings did not make: the caller's to choose.
    #[error(
        "{} holds {found}, and nothing there was changed; \
         choose another folder, give the settings it was made with, or delete it first",
        folder.display()
    )]
    Folder {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What it holds.
        found: String,
    },
    /// The user has no cache folder: the machine's.
    #[error("no cache folder: set HOME, or XDG_CACHE_HOME to a folder of your choice")]
    NoCache,
    /// The file system refused: the machine's.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A FITS file could not be written.
    #[error(transparent)]
    Fits(#[from] FitsError),
    /// A picture could not be made or written.
    #[error(transparent)]
    Picture(#[from] PreprocessError),
    /// A catalogue or a sky map could not be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A star array could not be written.
    #[error(transparent)]
    Stars(#[from] StarsError),
}

impl SkyError {
    /// Passes if `fine`, else the error that the setting `name` breaks `rule` with the value `got`.
    pub(crate) fn check(
        name: &'static str,
        rule: &'static str,
        got: impl ToString,
        fine: bool,
    ) -> Result<(), Self> {
        if fine {
            return Ok(());
        }
        let got = got.to_string();
        Err(Self::Setting { name, rule, got })
    }
}
