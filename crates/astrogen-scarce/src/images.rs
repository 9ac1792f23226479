//! Images in memory with their classes.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use astrogen_images::ImageFolder;
use ndarray::{Array4, Axis, concatenate};
use serde::Serialize;

use crate::{Labels, ScarceError};

/// Which labels are which class: `Elliptical,Spiral_CW+Spiral_ACW` are two classes, the second of two
/// labels. None named: every label is a class of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Classes(pub Vec<Vec<String>>);

impl FromStr for Classes {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let labels = |class: &str| class.split('+').map(|label| label.trim().to_owned()).collect();
        Ok(Self(text.split(',').filter(|class| !class.trim().is_empty()).map(labels).collect()))
    }
}

/// Images `[N, C, H, W]` in signed range, each of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledImages {
    /// What the classes are called.
    pub classes: Vec<String>,
    /// The images `[N, C, H, W]`, in [-1, 1].
    pub pixels: Array4<f32>,
    /// The number of each one's class.
    pub labels: Vec<usize>,
    /// What was found where they are from.
    pub summary: LabelSummary,
}

/// Files and labels that have found each other, and those that have not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelSummary {
    /// Images of each class.
    pub images: BTreeMap<String, usize>,
    /// Files without a label: not used.
    pub without_label: usize,
    /// Labels without a file that could be used.
    pub without_file: usize,
    /// Files whose label is none of the classes: not used.
    pub of_no_class: usize,
    /// Files of an id that an earlier one has: not used.
    pub repeated: usize,
}

impl fmt::Display for LabelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, without_label, without_file, of_no_class, repeated } = self;
        let classes: Vec<String> =
            images.iter().map(|(class, images)| format!("{images} {class}")).collect();
        write!(
            f,
            "labels: {}; {without_label} files without a label, {without_file} labels without a file, \
             {of_no_class} files of no class that was asked for",
            classes.join(", ")
        )?;
        match repeated {
            0 => Ok(()),
            files => write!(f, "; {files} files of an id that another one has"),
        }
    }
}

impl LabelledImages {
    /// Images with the numbers of their classes, which are called so.
    ///
    /// # Errors
    /// [`ScarceError::Setting`] unless there is one number of a class for each image.
    pub fn new(
        classes: Vec<String>,
        pixels: Array4<f32>,
        labels: Vec<usize>,
    ) -> Result<Self, ScarceError> {
        let images = pixels.len_of(Axis(0));
        if labels.len() != images || labels.iter().any(|&label| label >= classes.len()) {
            let rule = format!("one below {} for each of {images} images", classes.len());
            return Err(ScarceError::setting("labels", rule, format!("{} numbers", labels.len())));
        }
        let mut of_class = BTreeMap::new();
        for (number, class) in classes.iter().enumerate() {
            let images = labels.iter().filter(|&&label| label == number).count();
            of_class.insert(class.clone(), images);
        }
        let summary = LabelSummary { images: of_class, ..LabelSummary::default() };
        Ok(Self { classes, pixels, labels, summary })
    }

    /// The training images of a folder that have a label, one for each file: of one that is cut into
    /// several the first.
    ///
    /// # Errors
    /// [`ScarceError::Class`] for one whose label nobody has; [`ScarceError::Labels`] where no label
    /// has a file; [`ScarceError::Data`] for a file that cannot be read again.
    pub fn open(
        folder: &ImageFolder,
        labels: &Labels,
        classes: &Classes,
    ) -> Result<Self, ScarceError> {
        let named = named(labels, classes)?;
        let samples = folder.train();
        let (mut pixels, mut numbers, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut counts = LabelSummary::default();
        let mut last = None;
        for (sample, (file, _)) in folder.train_files().enumerate() {
            if last.replace(file) == Some(file) {
                continue;
            }
            let Some((id, label)) = labels.of(file) else {
                counts.without_label += 1;
                continue;
            };
            if !ids.insert(id) {
                counts.repeated += 1;
                continue;
            }
            match named.iter().position(|(_, own)| own.iter().any(|own| own == label)) {
                None => counts.of_no_class += 1,
                Some(number) => {
                    pixels.push(samples.sample(sample)?.insert_axis(Axis(0)));
                    numbers.push(number);
                }
            }
        }
        counts.without_file = labels.len() - ids.len();
        let views: Vec<_> = pixels.iter().map(|image| image.view()).collect();
        let Ok(pixels) = concatenate(Axis(0), &views) else {
            let reason = format!(
                "none of its {} ids of these classes is the name of an image: {counts}",
                labels.len()
            );
            return Err(ScarceError::Labels { path: labels.path().to_owned(), reason });
        };
        let names = named.into_iter().map(|(name, _)| name).collect();
        let images = Self::new(names, pixels, numbers)?;
        let summary = LabelSummary { images: images.summary.images, ..counts };
        Ok(Self { summary, ..images })
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of an image, `[C, H, W]`.
    pub fn shape(&self) -> [i64; 3] {
        let (_, c, h, w) = self.pixels.dim();
        [c as i64, h as i64, w as i64]
    }

    /// The numbers of the images of a class.
    pub(crate) fn of_class(&self, class: usize) -> Vec<usize> {
        (0..self.len()).filter(|&image| self.labels[image] == class).collect()
    }

    /// Some of the images.
    ///
    /// # Panics
    /// For a number that no image has.
    pub(crate) fn select(&self, images: &[usize]) -> Self {
        Self {
            classes: self.classes.clone(),
            pixels: self.pixels.select(Axis(0), images),
            labels: images.iter().map(|&image| self.labels[image]).collect(),
            summary: LabelSummary::default(),
        }
    }
}

/// The classes with their names and labels.
fn named(labels: &Labels, classes: &Classes) -> Result<Vec<(String, Vec<String>)>, ScarceError> {
    let known = labels.names();
    if classes.0.is_empty() {
        return Ok(known.iter().map(|&name| (name.into(), vec![name.into()])).collect());
    }
    let mut taken = BTreeSet::new();
    for label in classes.0.iter().flatten() {
        let reason = match known.contains(&label.as_str()) {
            false => format!("no image is labelled so; labels are {}", known.join(", ")),
            true if taken.insert(label) => continue,
            true => "it is named twice".to_owned(),
        };
        return Err(ScarceError::Class { class: label.clone(), reason });
    }
    Ok(classes.0.iter().map(|class| (class.join("+"), class.clone())).collect())
}
