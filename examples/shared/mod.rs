//! What the image examples have in common: what to train on ([`frame`] says which part of each
//! file), where and how long ([`run`]), the loop with its observers ([`training`]), lines for the
//! user ([`say`](mod@say)), figures that may be left out ([`figure`]), and samples in physical units.

pub(crate) mod figure;
pub(crate) mod frame;
pub(crate) mod run;
pub(crate) mod say;
pub(crate) mod training;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use astrogen::images::physical;
use astrogen::plot::save_grid;
use astrogen::prelude::*;
use astrogen::preprocess::Scaling;
use astrogen::sky::{NebulaConfig, simulate_nebulae};
use astrogen::train::run_dir::{empty_folder, numbered_folder};
use clap::Args;
use frame::FrameArguments;
use say::say;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// What to train on.
#[derive(Args)]
pub(crate) struct DataArguments {
    /// A folder of FITS, PNG, JPEG or TIFF files; simulated nebulae if left out.
    #[arg(long)]
    data: Option<PathBuf>,
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
    #[command(flatten)]
    frame: FrameArguments,
    /// Stop at the first file that cannot be used, instead of skipping it.
    #[arg(long)]
    strict: bool,
}

impl DataArguments {
    /// The shape of an image, `[C, H, W]`.
    pub(crate) fn shape(&self) -> [i64; 3] {
        let [channels, size] = [self.channels, self.image_size];
        // Numbers beyond i64 are refused like any that are too large.
        [channels, size, size].map(|count| i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The folder that was asked for, or simulated nebulae in the cache.
    pub(crate) fn folder(&self, seed: u64) -> Result<FolderConfig> {
        let path = match &self.data {
            Some(path) => std::path::absolute(path)?, // a resume may start in another folder
            None => {
                let cache = dirs::cache_dir().context("no cache folder; give --data")?;
                let size = (self.image_size * 3 / 2).max(96);
                let folder = cache.join("astrogen").join(format!("nebulae-{size}px"));
                say(format_args!("simulating 1000 nebulae into {} (once)", folder.display()));
                let config = NebulaConfig { size, ..NebulaConfig::default() };
                simulate_nebulae(&folder, &config, 1000, 1)?;
                folder
            }
        };
        let as_told = self.interval.is_some() || self.stretch.is_some();
        let defaults = FolderConfig::default();
        let mask = self.frame.mask();
        let pictures = defaults.pictures.filter(|_| !as_told);
        Ok(FolderConfig {
            path,
            image_size: self.image_size,
            channels: self.channels,
            frame: self.frame.options(),
            pipeline: PipelineConfig {
                mask: mask.clone(),
                interval: self.interval.clone().unwrap_or(defaults.pipeline.interval),
                stretch: self.stretch.unwrap_or(defaults.pipeline.stretch),
                ..defaults.pipeline
            },
            pictures: pictures.map(|pictures| PipelineConfig { mask, ..pictures }),
            seed,
            strict: self.strict,
            ..FolderConfig::default()
        })
    }
}

/// How samples go back to physical units.
#[derive(Serialize, Deserialize)]
pub(crate) struct Physical {
    pipeline: PipelineConfig,
    /// That of the median frame.
    scaling: Scaling,
    unit: Option<String>,
}

impl Physical {
    /// As the frames of a folder went the other way.
    pub(crate) fn of(folder: &ImageFolder) -> Self {
        Self {
            pipeline: folder.pipeline().config().clone(),
            scaling: folder.scaling().clone(),
            unit: folder.unit().map(str::to_owned),
        }
    }

    /// Writes images as a grid and as FITS files; `model` is the generator's fingerprint.
    pub(crate) fn save(self, images: &Tensor, model: String, seed: u64, out: &Path) -> Result<()> {
        save_grid(images, None, out.join("grid.png"))?;
        let pipeline = Pipeline::new(self.pipeline)?;
        let origin = physical::Origin { model, seed, unit: self.unit };
        let files = physical::save_fits(images, &pipeline, &self.scaling, &origin, out)?;
        say(format_args!("grid.png and {} FITS files in {}", files.len(), out.display()));
        Ok(())
    }
}

/// The folder that was asked for, which must be empty, or RUN/generated-N.
pub(crate) fn sample_folder(run: &RunDir, asked: Option<&Path>) -> Result<PathBuf> {
    match asked {
        Some(path) => {
            empty_folder(path)?;
            Ok(path.to_owned())
        }
        None => Ok(numbered_folder(run.path(), "generated")?),
    }
}
