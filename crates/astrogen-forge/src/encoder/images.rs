//! The images of galaxies, by id.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_data::{DataError, Dataset, Images};
use astrogen_images::folder::PixelHistograms;
use astrogen_images::{FolderConfig, ImageFolder, Shrink, SkipReason, Tiling};
use astrogen_models::AutoencoderConfig;
use ndarray::Array3;
use serde::Serialize;
use tch::Tensor;

use super::EncoderConfig;
use crate::ForgeError;

/// Endings of packed files: the ending of what is in them stands before.
const PACKED: [&str; 4] = ["gz", "bz2", "z", "fz"];

/// The images of galaxies, in the order of their ids: a data set of images `[C, H, W]` in signed
/// range.
///
/// Pixels stay in memory up to 1 GiB, and are read again beyond, as [`ImageFolder`] does it.
#[derive(Clone)]
pub struct GalaxyImages {
    folder: PathBuf,
    shrink: Shrink,
    opened: Arc<ImageFolder>,
    /// One sample a file of the folder.
    images: Arc<dyn Dataset<Batch = Images>>,
    ids: Vec<String>,
    /// Which of the samples is a galaxy's.
    samples: Vec<usize>,
}

/// What is left of images where only some galaxies are wanted.
#[derive(Debug, Clone)]
pub struct Restricted {
    /// The images of galaxies that are wanted.
    pub images: GalaxyImages,
    /// Ids of galaxies that have an image and are not wanted: images without stars.
    pub without_stars: Vec<String>,
    /// Ids of galaxies that are wanted and have no image: stars without an image.
    pub without_image: Vec<String>,
}

/// Images of galaxies in numbers, for whoever looks at a run later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GalaxyImagesSummary {
    /// The folder.
    pub folder: PathBuf,
    /// Galaxies that have an image.
    pub galaxies: usize,
    /// The shape `[C, H, W]` that images are brought to.
    pub shape: [i64; 3],
    /// How the pixels of some files of the folder lie; none where they cannot be read again.
    pub histograms: Option<PixelHistograms>,
}

impl GalaxyImages {
    /// The images of a folder and of those below it, for a network: PNG, JPEG, TIFF and FITS files,
    /// one a galaxy, whose id is its name without the ending (`g0007.png`, `g0007.fits.gz`).
    ///
    /// The largest centred square of each is shrunk to the network's size, as `shrink` says; values of pictures come to
    /// signed range by a straight line, those of FITS files as [`FolderConfig`] does by default. One
    /// band becomes three equal ones, three become their mean.
    ///
    /// # Errors
    /// [`ForgeError::Unusable`] for images of several sizes, for two of one galaxy, and for a file
    /// that gives no image: one that is damaged, smaller than the network's images, or blank;
    /// [`ForgeError::Images`] where no file gives one; [`ForgeError::Model`] for a network that cannot
    /// be.
    pub fn open(
        folder: impl AsRef<Path>,
        model: &AutoencoderConfig,
        shrink: Shrink,
    ) -> Result<Self, ForgeError> {
        let config = folder_config(folder.as_ref(), model, shrink)?;
        let opened = ImageFolder::open(&config)?;
        let folder = config.path;
        let refuse = |reason| ForgeError::Unusable { path: folder.clone(), reason };
        let skipped = &opened.report().skipped;
        let small = skipped.iter().filter_map(|skipped| match skipped.reason {
            SkipReason::TooSmall { height, width, .. } => {
                Some((skipped.path.as_path(), [height, width]))
            }
            _ => None,
        });
        let mut sizes: BTreeMap<[usize; 2], (usize, &Path)> = BTreeMap::new();
        for (path, size) in opened.train_files().chain(small) {
            sizes.entry(size).or_insert((0, path)).0 += 1;
        }
        if sizes.len() > 1 {
            let each = sizes.iter().map(|([height, width], (files, first))| {
                let name = first.strip_prefix(&folder).unwrap_or(first).display();
                format!("{files} of {height}x{width} pixels, such as {name}")
            });
            let each = each.collect::<Vec<_>>().join("; ");
            return Err(refuse(format!(
                "its images have several sizes ({each}), and one scale is expected: make them alike"
            )));
        }
        if let Some(first) = skipped.first() {
            return Err(refuse(format!("an image that cannot be used, {first}")));
        }
        let mut galaxies: BTreeMap<String, (usize, &Path)> = BTreeMap::new();
        for (sample, (path, _)) in opened.train_files().enumerate() {
            let id = id_of(path);
            let other = galaxies.insert(id.clone(), (sample, path));
            if let Some((_, other)) = other {
                let two = format!("{} and {}", other.display(), path.display());
                return Err(refuse(format!("two images of the galaxy {id}, {two}: keep one")));
            }
        }
        let galaxies = galaxies.into_iter().map(|(id, (sample, _))| (id, sample));
        let (ids, samples) = galaxies.unzip();
        let images = opened.train();
        Ok(Self { folder, shrink, opened: Arc::new(opened), images, ids, samples })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How images larger than the network's are shrunk.
    pub fn shrink(&self) -> Shrink {
        self.shrink
    }

    /// The images in numbers; some files are read once more for the histograms.
    pub fn summary(&self) -> GalaxyImagesSummary {
        let (folder, galaxies) = (self.folder.clone(), self.ids.len());
        let (shape, histograms) = (self.images.shape(), self.opened.histograms());
        GalaxyImagesSummary { folder, galaxies, shape, histograms }
    }

    /// The ids of the galaxies, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The images of galaxies that are in `wanted`, which have stars say, and who has only one of
    /// both.
    pub fn restrict<S: AsRef<str>>(&self, wanted: impl IntoIterator<Item = S>) -> Restricted {
        let wanted: BTreeSet<String> =
            wanted.into_iter().map(|id| id.as_ref().to_owned()).collect();
        let (images, others) = self.part(|id| wanted.contains(id));
        let is_missing = |id: &String| images.ids.binary_search(id).is_err();
        let without_image = wanted.into_iter().filter(is_missing).collect();
        Restricted { images, without_stars: others.ids, without_image }
    }

    /// The images to train on and those that are held out.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for ids without an image, and where no galaxy is left to train on.
    pub fn split(&self, held_out: &[String]) -> Result<(Self, Self), ForgeError> {
        let refuse =
            |rule: String, got: String| Err(ForgeError::Setting { name: "held_out", rule, got });
        let unknown = held_out.iter().filter(|id| self.ids.binary_search(id).is_err());
        let unknown: Vec<&str> = unknown.map(String::as_str).collect();
        if !unknown.is_empty() {
            let rule = format!("ids of galaxies with an image in {}", self.folder.display());
            return refuse(rule, unknown.join(", "));
        }
        let (held_out, train) = self.part(|id| held_out.iter().any(|other| other == id));
        if train.ids.is_empty() {
            let rule = format!("fewer than the {} galaxies with an image", self.len());
            return refuse(rule, held_out.ids.len().to_string());
        }
        Ok((train, held_out))
    }

    /// Those with some ids, and the others.
    fn part(&self, is_in: impl Fn(&str) -> bool) -> (Self, Self) {
        let of = |wanted: bool| {
            let galaxies = self.ids.iter().cloned().zip(self.samples.iter().copied());
            let (ids, samples) = galaxies.filter(|(id, _)| is_in(id) == wanted).unzip();
            Self { ids, samples, ..self.clone() }
        };
        (of(true), of(false))
    }

    /// Images as unit values `[N, C, H, W]`, from one of them on and as many as there are up to
    /// `count`.
    pub(super) fn unit(&self, first: usize, count: usize) -> Result<Tensor, ForgeError> {
        let last = self.len().min(first + count);
        let images = (first..last).map(|index| unit(&self.sample(index)?));
        Ok(Tensor::f_stack(&images.collect::<Result<Vec<_>, _>>()?, 0).map_err(DataError::from)?)
    }
}

impl fmt::Debug for GalaxyImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, ids, .. } = self;
        f.debug_struct("GalaxyImages").field("folder", folder).field("ids", ids).finish()
    }
}

impl Dataset for GalaxyImages {
    type Batch = Images;

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn shape(&self) -> [i64; 3] {
        self.images.shape()
    }

    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        let Some(&sample) = self.samples.get(index) else {
            return Err(DataError::Index { index, samples: self.len() });
        };
        self.images.sample(sample)
    }
}

/// A file as [`GalaxyImages::open`] reads it, as unit values `[C, H, W]`.
pub(super) fn read_unit(path: &Path, config: &EncoderConfig) -> Result<Tensor, ForgeError> {
    let folder = path.parent().unwrap_or(path);
    unit(&ImageFolder::sample_of(path, &folder_config(folder, &config.model, config.shrink)?)?)
}

/// How a folder of images is read for a network.
fn folder_config(
    folder: &Path,
    model: &AutoencoderConfig,
    shrink: Shrink,
) -> Result<FolderConfig, ForgeError> {
    model.validate()?;
    Ok(FolderConfig {
        path: folder.to_owned(),
        image_size: model.image_size as usize,
        channels: model.channels as usize,
        tiling: Tiling::Whole,
        shrink,
        ..FolderConfig::default()
    })
}

/// A sample in signed range as unit values.
fn unit(sample: &Array3<f32>) -> Result<Tensor, ForgeError> {
    let (channels, height, width) = sample.dim();
    let values: Vec<f32> = sample.iter().map(|value| (value + 1.0) * 0.5).collect();
    let flat = Tensor::f_from_slice(&values);
    let image = flat.and_then(|of| of.f_view([channels as i64, height as i64, width as i64]));
    Ok(image.map_err(DataError::from)?)
}

/// The id of a galaxy: the name of its file without the endings.
fn id_of(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut stem = path.file_stem().unwrap_or_default();
    if PACKED.contains(&ending.as_str()) {
        stem = Path::new(stem).file_stem().unwrap_or(stem);
    }
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_without_endings() {
        for (path, id) in [
            ("images/g0007.png", "g0007"),
            ("g1.05e11.JPG", "g1.05e11"),
            ("a/g1.05e11.fits.gz", "g1.05e11"),
            ("g.fits.FZ", "g"),
        ] {
            assert_eq!(id_of(Path::new(path)), id);
        }
    }
}
