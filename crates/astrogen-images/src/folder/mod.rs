//! A folder of images as data sets.
//!
//! Every file of the folder and the folders below it that should be an image is read once
//! when the folder is opened: decoded, its bands converted, then either shrunk to one sample
//! ([`Shrink`](crate::Shrink)) and scaled by the pipeline to signed range, or scaled as a whole frame and
//! cut ([`Tiling`](crate::Tiling)). A file that fails is named, counted
//! and skipped. What follows from a file does not depend on the others, on the order the
//! file system lists them in, or on how much memory there is; so the data sets are a pure
//! function of the settings and the files.
//!
//! Scaled pixels stay in memory up to [`FolderConfig::cache_bytes`]. The rest is read when a
//! sample is asked for, by the threads of [`Batches`](astrogen_data::Batches) ahead of the trainer:
//!
//! | file | read for one sample |
//! | --- | --- |
//! | plain FITS, cut into tiles | the tile's own pixels, from the file |
//! | FITS, tile-compressed or packed as a whole (`.gz`, `.bz2`, `.Z`) | the tile's own pixels, from scratch |
//! | PNG, JPEG, TIFF, or an image that is one sample | the tile's own pixels, from scratch |
//!
//! Scratch is a file without a name in [`FolderConfig::scratch`] that holds the scaled pixels
//! of files from which a part is slow to get. They are written while the folder is opened, so
//! no file is decoded twice, and the file is gone with the process however it ends. Where
//! there is no room for it, such files are decoded again for every sample, and
//! [`FolderReport::slow`] says why.
//!
//! A tile from a file is scaled by what was measured on its frame when the folder was opened,
//! so wherever a sample is read from it is the same to the bit. Memory goes first to the
//! files that are slowest to read.
//!
//! A file whose length or time of modification is another when it is read again is an error:
//! what was measured on it no longer holds.

mod cache;
mod config;
mod decode;
mod file;
mod lock;
mod place;
mod recent;
mod report;
mod samples;
mod scan;
mod scratch;
mod summary;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use astrogen_data::{Dataset, Images, split};
use astrogen_preprocess::frame::Access;
use astrogen_preprocess::{Pipeline, Scaling};
use ndarray::Array3;
use rayon::prelude::*;

use crate::{ImagesError, SkipReason};
use decode::{Decoded, Decoder, repeat_bands};
use file::{FrameFile, Stamp};
use place::{Place, Placed, Places};
use samples::{Files, FolderDataset, Sample};

pub use config::FolderConfig;
pub use report::{FolderReport, Remark, Skipped, SlowFiles};
pub use summary::{FolderSummary, PixelHistogram, PixelHistograms, SkippedFile};

/// A folder that was looked through: its samples and what is known about them.
///
/// ```no_run
/// use astrogen_data::{BatchConfig, Batches, Images};
/// use astrogen_images::{FolderConfig, ImageFolder};
///
/// let folder = ImageFolder::open(&FolderConfig { path: "sky".into(), ..Default::default() })?;
/// eprintln!("{}", folder.report());
/// let mut batches = Batches::new(folder.train(), &BatchConfig::default(), tch::Device::Cpu)?;
/// let Images(real) = batches.next_batch()?; // [64, 3, 64, 64]
/// # Ok::<(), astrogen_images::ImagesError>(())
/// ```
#[derive(Debug)]
pub struct ImageFolder {
    files: Arc<Files>,
    train: Arc<FolderDataset>,
    validation: Arc<FolderDataset>,
    /// Whether FITS files train; their pipeline and scaling then stand for all.
    is_fits: bool,
    scaling: Scaling,
    unit: Option<String>,
    report: FolderReport,
}

impl ImageFolder {
    /// Looks through the folder and decodes every image of it once, on all cores.
    ///
    /// # Errors
    /// [`ImagesError::Setting`] and [`ImagesError::Pipeline`] for settings that cannot be,
    /// [`ImagesError::Folder`] for a folder that cannot be listed,
    /// [`ImagesError::NothingUsable`] where no file gives a sample, and with `strict`
    /// [`ImagesError::File`] for the first bad file.
    pub fn open(config: &FolderConfig) -> Result<Self, ImagesError> {
        config.validate()?;
        let decoder = Decoder::new(config)?;
        let scan::Scan { images, other, unreadable: mut skipped } = scan::scan(&config.path)?;
        let found = images.len() + skipped.len();

        let places = Places::new(config);
        let looked_at: Vec<_> = images
            .par_iter()
            .enumerate()
            .map(|(number, path)| {
                let stamp = Stamp::of(path).map_err(SkipReason::Io)?;
                let decoded = decoder.decode(path)?;
                Ok(Looked::at(path, number, stamp, decoded, &places))
            })
            .collect();
        let mut used = Vec::new();
        for (path, result) in images.into_iter().zip(looked_at) {
            match result {
                Ok(looked) => used.push(looked),
                Err(reason) => skipped.push(Skipped { path, reason }),
            }
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        if config.strict && !skipped.is_empty() {
            let Skipped { path, reason } = skipped.swap_remove(0);
            return Err(ImagesError::File { path, reason });
        }

        let split = split::by_file(used.len(), config.validation_fraction, config.seed)?;
        let train = || split.train.iter().map(|&file| &used[file]);
        let is_fits = train().any(|looked| looked.is_fits);
        let alike = || train().filter(|looked| looked.is_fits == is_fits);
        let scalings: Vec<Scaling> =
            alike().map(|looked| repeat_bands(&looked.file.scaling, config.channels)).collect();
        let unit = alike().next().and_then(|first| first.unit.clone());
        let unit = unit.filter(|unit| alike().all(|looked| looked.unit.as_ref() == Some(unit)));
        let Some(scaling) = Scaling::median(&scalings) else {
            let size = config.image_size;
            return Err(ImagesError::NothingUsable {
                path: config.path.clone(),
                looked_for: format!("{} of at least {size}x{size} pixels", scan::LOOKED_FOR),
                found: report::nothing_usable(&config.path, other, &skipped),
            });
        };

        let remarks = remarks(&used);
        let samples = |files: &[usize]| -> Vec<Sample> {
            let of = |&file: &usize| {
                used[file].origins.iter().map(move |&origin| Sample { file, origin })
            };
            files.iter().flat_map(of).collect()
        };
        let samples = [&split.train, &split.validation].map(|files| samples(files));
        let dropped_squares = used.iter().map(|looked| looked.dropped).sum();
        let bytes = used.iter().map(|looked| looked.bytes).sum();
        let Placed { mut places, memory_bytes, scratch_bytes, trouble } = places.finish();
        let files = used.into_iter().map(|looked| {
            let place = places.remove(&looked.file.number);
            FrameFile { place: place.unwrap_or(Place::File), ..looked.file }
        });
        let files: Vec<FrameFile> = files.collect();
        let is_slow =
            |file: &&FrameFile| file.access != Access::Region && matches!(file.place, Place::File);
        let slow = files.iter().filter(is_slow).count();
        let slow = trouble.map(|reason| SlowFiles { files: slow, reason });
        let files = Arc::new(Files { decoder, files, recent: Mutex::default() });
        let [train, validation] =
            samples.map(|samples| Arc::new(FolderDataset { files: Arc::clone(&files), samples }));
        let report = FolderReport {
            folder: config.path.clone(),
            files: found,
            other,
            skipped,
            remarks,
            train_files: split.train.len(),
            validation_files: split.validation.len(),
            train_samples: train.len(),
            validation_samples: validation.len(),
            dropped_squares,
            shape: train.shape(),
            bytes,
            memory_bytes,
            scratch_bytes,
            slow,
        };
        Ok(Self { files, train, validation, is_fits, scaling, unit, report })
    }

    /// The samples to train on.
    pub fn train(&self) -> Arc<dyn Dataset<Batch = Images>> {
        self.train.clone()
    }

    /// The file that each training sample is from, in order, and the height and width of its frame in
    /// pixels.
    pub fn train_files(&self) -> impl Iterator<Item = (&Path, [usize; 2])> {
        self.files_of(&self.train)
    }

    /// The file that each held-out sample is from, as [`train_files`](Self::train_files).
    pub fn validation_files(&self) -> impl Iterator<Item = (&Path, [usize; 2])> {
        self.files_of(&self.validation)
    }

    fn files_of(&self, set: &'_ FolderDataset) -> impl Iterator<Item = (&Path, [usize; 2])> {
        let files = set.samples.iter().map(|sample| &self.files.files[sample.file]);
        files.map(|file| (file.path.as_path(), file.size))
    }

    /// The sample of a file `[C, H, W]` in signed range, as the data sets of a folder with these
    /// settings would have it; of a file that is cut into several the first.
    ///
    /// # Errors
    /// Those of [`FolderConfig::validate`]; [`ImagesError::File`] for a file without a sample.
    pub fn sample_of(
        path: impl AsRef<Path>,
        config: &FolderConfig,
    ) -> Result<Array3<f32>, ImagesError> {
        config.validate()?;
        let path = path.as_ref();
        let refuse = |reason| ImagesError::File { path: path.to_owned(), reason };
        let Decoded { pixels, origins, .. } = Decoder::new(config)?.decode(path).map_err(refuse)?;
        let sample = origins.first().and_then(|&origin| samples::cut(&pixels, origin, config));
        sample.ok_or_else(|| refuse(SkipReason::Changed))
    }

    /// The samples kept back; empty without a validation fraction.
    pub fn validation(&self) -> Arc<dyn Dataset<Batch = Images>> {
        self.validation.clone()
    }

    /// What was found, used and skipped.
    pub fn report(&self) -> &FolderReport {
        &self.report
    }

    /// The median of the training files' scalings: with [`ImageFolder::pipeline`]'s
    /// `inverse` it takes generated samples to physical units. Where FITS files and
    /// pictures are mixed, the FITS files alone are counted.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Whether pixels have physical units: FITS files train, whose pipeline and scaling then stand for
    /// all.
    pub fn is_fits(&self) -> bool {
        self.is_fits
    }

    /// The unit of the physical pixels, where all the files counted in
    /// [`ImageFolder::scaling`] name one and the same (`BUNIT`).
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The pipeline that scaled the training files; of a mixture, the FITS files.
    pub fn pipeline(&self) -> &Pipeline {
        let Decoder { frames, pictures, .. } = &self.files.decoder;
        if self.is_fits { frames } else { pictures }
    }
}

/// What is remembered of a file once its pixels have gone to their place.
struct Looked {
    file: FrameFile,
    origins: Vec<(usize, usize)>,
    dropped: usize,
    is_fits: bool,
    unit: Option<String>,
    remark: Option<String>,
    bytes: u64,
}

impl Looked {
    fn at(path: &Path, number: usize, stamp: Stamp, decoded: Decoded, places: &Places) -> Self {
        let Decoded { pixels, origins, dropped, size, scaling, access, is_fits, unit, remark } =
            decoded;
        let bytes = cache::bytes(&pixels);
        places.put(number, access, pixels);
        // Its place is known when all files have been looked at.
        let place = Place::File;
        let file = FrameFile { path: path.to_owned(), size, number, place, access, scaling, stamp };
        Self { file, origins, dropped, is_fits, unit, remark, bytes }
    }
}

/// What is to be said of the files, once each, the most frequent first.
fn remarks(used: &[Looked]) -> Vec<Remark> {
    let mut remarks: BTreeMap<&str, Remark> = BTreeMap::new();
    for Looked { file, remark, .. } in used {
        let Some(text) = remark else { continue };
        let first = || Remark { files: 0, first: file.path.clone(), text: text.clone() };
        remarks.entry(text).or_insert_with(first).files += 1;
    }
    let mut remarks: Vec<Remark> = remarks.into_values().collect();
    remarks.sort_by_key(|remark| Reverse(remark.files));
    remarks
}
