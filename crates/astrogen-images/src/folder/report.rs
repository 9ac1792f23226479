//! What became of a folder's files.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::SkipReason;
use crate::error::describe;

/// How many skipped files, and how many remarks, are named in print.
const NAMED: usize = 10;

/// A file that gives no samples, and why.
#[derive(Debug)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: SkipReason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.path, &self.reason))
    }
}

/// What else the frames' files have than what was taken, the same for so many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How many used files.
    pub files: usize,
    /// The first of them, by path.
    pub first: PathBuf,
    /// What was taken, what was left, and the option that takes it
    /// ([`Frame::remark`](astrogen_preprocess::Frame::remark)).
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, first, text } = self;
        if *files > 1 {
            write!(f, "{files} files such as ")?;
        }
        write!(f, "{}: {text}", first.display())
    }
}

/// What was found in a folder, what is used, and why the rest is not.
///
/// Printed, it is a few lines for the start of a training run.
#[derive(Debug)]
#[non_exhaustive]
pub struct FolderReport {
    /// The folder.
    pub folder: PathBuf,
    /// Image files found, used or not.
    pub files: usize,
    /// Files that are no images: left alone.
    pub other: usize,
    /// Image files without samples, by path.
    pub skipped: Vec<Skipped>,
    /// What was left of used files, the most frequent first.
    pub remarks: Vec<Remark>,
    /// Files whose samples train.
    pub train_files: usize,
    /// Files whose samples validate.
    pub validation_files: usize,
    /// Training samples.
    pub train_samples: usize,
    /// Validation samples.
    pub validation_samples: usize,
    /// Squares of used files that were dropped as blank or constant.
    pub dropped_squares: usize,
    /// The shape `[C, H, W]` of the samples.
    pub shape: [i64; 3],
    /// Bytes of the decoded and scaled pixels of all used files.
    pub bytes: u64,
    /// Bytes of them that are kept in memory.
    pub memory_bytes: u64,
    /// Bytes of them that lie in the scratch file on disk; the rest is read from the files.
    pub scratch_bytes: u64,
    /// Files that should lie in the scratch file but do not.
    pub slow: Option<SlowFiles>,
}

/// Files that are decoded again for every sample, as there is no scratch file for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowFiles {
    /// How many.
    pub files: usize,
    /// Why the scratch file does not hold them.
    pub reason: String,
}

impl fmt::Display for SlowFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, reason } = self;
        write!(f, "{files} files are decoded again for every sample: {reason}")
    }
}

impl FolderReport {
    /// Image files that gave samples.
    pub fn used(&self) -> usize {
        self.train_files + self.validation_files
    }

    /// Whether all pixels stay in memory, so that no file is read twice.
    pub fn is_cached(&self) -> bool {
        self.memory_bytes == self.bytes
    }
}

impl fmt::Display for FolderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [channels, height, width] = self.shape;
        let mib = |bytes: u64| bytes as f64 / (1 << 20) as f64;
        writeln!(f, "data: {}", self.folder.display())?;
        writeln!(
            f,
            "files: {} images, {} used, {} skipped; {} not an image",
            self.files,
            self.used(),
            self.skipped.len(),
            self.other
        )?;
        writeln!(
            f,
            "samples: {} of {channels}x{height}x{width} for training (from {} files), {} for \
             validation (from {} files); {} blank or constant squares dropped",
            self.train_samples,
            self.train_files,
            self.validation_samples,
            self.validation_files,
            self.dropped_squares
        )?;
        write!(f, "memory: {:.1} MiB of pixels, ", mib(self.bytes))?;
        if self.is_cached() {
            f.write_str("all kept in memory")?;
        } else {
            let in_files = self.bytes.saturating_sub(self.memory_bytes + self.scratch_bytes);
            write!(
                f,
                "{:.1} MiB kept in memory, {:.1} MiB in scratch on disk, {:.1} MiB read from \
                 their files",
                mib(self.memory_bytes),
                mib(self.scratch_bytes),
                mib(in_files)
            )?;
        }
        if let Some(slow) = &self.slow {
            write!(f, "\nslow: {slow}")?;
        }
        list(f, "\nnote: ", &self.remarks)?;
        list(f, "\nskipped: ", &self.skipped)
    }
}

/// The first few of what is to be named, each behind `lead`, and how many more there are.
fn list(f: &mut impl fmt::Write, lead: &str, all: &[impl fmt::Display]) -> fmt::Result {
    for one in all.iter().take(NAMED) {
        write!(f, "{lead}{one}")?;
    }
    match all.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(f, "{lead}{more} more"),
    }
}

/// What an unusable folder holds, in words.
pub(super) fn nothing_usable(folder: &Path, other: usize, skipped: &[Skipped]) -> String {
    let mut text = match (skipped.len(), other) {
        (0, 0) => format!("no file at all; is {} the right folder?", folder.display()),
        (0, other) => format!("nothing but other kinds of files ({other})"),
        (files, other) => format!("{files} of them, none usable, and {other} of other kinds"),
    };
    // Writing to a string cannot fail.
    let _ = list(&mut text, "\n  ", skipped);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_counts_everything_and_names_the_first_ten() {
        let too_small = |number| Skipped {
            path: format!("sky/{number:02}.png").into(),
            reason: SkipReason::TooSmall { height: 9, width: 8, size: 64 },
        };
        let report = FolderReport {
            folder: "sky".into(),
            files: 112,
            other: 3,
            skipped: (0..12).map(too_small).collect(),
            remarks: vec![
                Remark { files: 5, first: "sky/a.tif".into(), text: "page 0".into() },
                Remark { files: 1, first: "sky/b.fits".into(), text: "HDU 1".into() },
            ],
            train_files: 90,
            validation_files: 10,
            train_samples: 900,
            validation_samples: 101,
            dropped_squares: 7,
            shape: [3, 64, 64],
            bytes: 3 << 20,
            memory_bytes: 1 << 20,
            scratch_bytes: 3 << 19,
            slow: Some(SlowFiles { files: 2, reason: "no room".into() }),
        };
        let expected = "data: sky\n\
            files: 112 images, 100 used, 12 skipped; 3 not an image\n\
            samples: 900 of 3x64x64 for training (from 90 files), 101 for validation (from 10 \
            files); 7 blank or constant squares dropped\n\
            memory: 3.0 MiB of pixels, 1.0 MiB kept in memory, 1.5 MiB in scratch on disk, 0.5 \
            MiB read from their files\n\
            slow: 2 files are decoded again for every sample: no room\n\
            note: 5 files such as sky/a.tif: page 0\n\
            note: sky/b.fits: HDU 1\n\
            skipped: sky/00.png: is 9x8 pixels, smaller than the sample of 64x64\n";
        let text = report.to_string();
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(text.lines().count(), 5 + 2 + 10 + 1);
        assert!(text.ends_with("skipped: 2 more"), "{text}");
    }
}
