//! What to train on: a folder of images, or simulated nebulae.

use std::path::{Path, PathBuf};

use astrogen_data::{DataError, Dataset, Images};
use astrogen_images::{FolderConfig, Shrink};
use astrogen_preprocess::{Interval, PipelineConfig, Stretch};
use astrogen_sky::{SkyError, cached_nebulae};
use clap::Args;
use tch::Tensor;

use crate::error::absolute;
use crate::{CliError, FrameArguments, say};

/// So many images of a data set at most, spread over it, as a batch `[N, C, H, W]` on the host, and their numbers.
///
/// # Errors
/// [`CliError::Data`] where one cannot be read, or all of them not be held.
pub(crate) fn some_images(
    set: &dyn Dataset<Batch = Images>,
    most: usize,
) -> Result<(Tensor, Vec<usize>), CliError> {
    let count = set.len().min(most);
    let chosen: Vec<usize> = (0..count).map(|number| number * set.len() / count).collect();
    let [channels, height, width] = set.shape();
    let mut pixels = Vec::new();
    for &image in &chosen {
        pixels.extend(set.sample(image)?);
    }
    let shape = [count as i64, channels, height, width];
    let images = Tensor::f_from_slice(&pixels).and_then(|pixels| pixels.f_view(shape));
    Ok((images.map_err(DataError::from)?, chosen))
}

/// What to train on.
#[derive(Debug, Args)]
pub struct ImageArguments {
    /// A folder of FITS, PNG, JPEG or TIFF files; simulated nebulae if left out.
    #[arg(long)]
    data: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The share of files, 0 to below 1, that is held out of training: with 20 images or more the report
    /// says whether samples are copies of training images.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    held_out: f64,
}

/// How images are read.
#[derive(Debug, Args)]
pub struct ReadingArguments {
    /// Side of the images in pixels, a power of two.
    #[arg(long, default_value_t = 64)]
    image_size: usize,
    /// Bands of the images.
    #[arg(long, default_value_t = 3)]
    channels: usize,
    /// How the limits of a frame are found: minmax, zscale, percentile:P,
    /// asymmetric:LOW,HIGH, manual:VMIN,VMAX. If left out, asymmetric:0.25,99.75 for FITS
    /// files, and pictures, which were stretched already, are taken as they are.
    #[arg(long)]
    interval: Option<Interval>,
    /// How pixels between the limits are spread: linear, sqrt, log[:a], asinh[:a], ... If
    /// left out, asinh:0.1 for FITS files.
    #[arg(long)]
    stretch: Option<Stretch>,
    /// When frames larger than a sample are shrunk: light, before the stretch, so that the light of small
    /// sources stays; or stretched, after it, as it was before there was a choice.
    #[arg(long, default_value_t)]
    shrink: Shrink,
    #[command(flatten)]
    frame: FrameArguments,
    /// Stop at the first file that cannot be used, instead of skipping it.
    #[arg(long)]
    strict: bool,
}

/// Side in pixels of simulated nebulae, which are shrunk to `image_size` pixels a side.
#[must_use]
pub fn nebula_size(image_size: usize) -> usize {
    (image_size * 3 / 2).max(96)
}

impl ReadingArguments {
    /// Side of simulated nebulae, which are shrunk to the images' size.
    pub(crate) fn nebula_size(&self) -> usize {
        nebula_size(self.image_size)
    }

    /// Side of simulated galaxies, which are shrunk to the images' size.
    pub(crate) fn galaxy_size(&self) -> usize {
        self.image_size.max(64)
    }

    /// The images of a folder; `seed` is that of its split.
    ///
    /// # Errors
    /// [`CliError::Usage`] where the path cannot be made absolute.
    pub fn folder(&self, path: &Path, seed: u64) -> Result<FolderConfig, CliError> {
        let as_told = self.interval.is_some() || self.stretch.is_some();
        let defaults = FolderConfig::default();
        let mask = self.frame.mask();
        let pictures = defaults.pictures.filter(|_| !as_told);
        Ok(FolderConfig {
            path: absolute(path)?,
            image_size: self.image_size,
            channels: self.channels,
            frame: self.frame.options(),
            pipeline: PipelineConfig {
                mask: mask.clone(),
                interval: self.interval.clone().unwrap_or(defaults.pipeline.interval),
                stretch: self.stretch.unwrap_or(defaults.pipeline.stretch),
                ..defaults.pipeline
            },
            shrink: self.shrink,
            pictures: pictures.map(|pictures| PipelineConfig { mask, ..pictures }),
            seed,
            strict: self.strict,
            ..FolderConfig::default()
        })
    }
}

impl ImageArguments {
    /// The shape of an image, `[C, H, W]`.
    pub fn shape(&self) -> [i64; 3] {
        let [channels, size] = [self.reading.channels, self.reading.image_size];
        // Numbers beyond i64 are refused like any that are too large.
        [channels, size, size].map(|count| i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The folder that was asked for, or simulated nebulae in the cache; `seed` is that of its split.
    ///
    /// # Errors
    /// [`CliError::Usage`] where there is no cache folder, [`CliError::Sky`] where nebulae cannot
    /// be written there.
    pub fn folder(&self, seed: u64) -> Result<FolderConfig, CliError> {
        let path = match &self.data {
            Some(path) => path.clone(),
            None => self.nebulae()?,
        };
        let validation_fraction = self.held_out;
        Ok(FolderConfig { validation_fraction, ..self.reading.folder(&path, seed)? })
    }

    /// A thousand nebulae, which are shrunk to the images' size.
    fn nebulae(&self) -> Result<PathBuf, CliError> {
        let size = self.reading.nebula_size();
        let nebulae = cached_nebulae(size, 1000, 1, |folder| {
            say(format_args!("simulating 1000 nebulae into {} (once)", folder.display()));
        });
        nebulae.map_err(|error| match error {
            SkyError::NoCache => CliError::Usage("no cache folder; give --data".into()),
            error => error.into(),
        })
    }
}
