//! Batches of labelled images.

use astrogen_data::augment::{Dihedral, Symmetry};
use astrogen_data::{Batch, DataError, Dataset, Images};
use ndarray::{Array3, Axis};
use tch::{Device, Kind, Tensor};

use crate::LabelledImages;

/// Labelled images, of which each counts as much as its weight says.
#[derive(Debug, PartialEq)]
pub struct Labelled {
    /// `[N, C, H, W]`, signed ([-1, 1]).
    pub images: Tensor,
    /// The numbers of their classes: `[N]`, whole numbers of 64 bits.
    pub labels: Tensor,
    /// `[N]`, 0 or more.
    pub weights: Tensor,
}

/// One labelled image on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledImage {
    /// `[C, H, W]`, signed.
    pub pixels: Array3<f32>,
    /// The number of its class.
    pub label: usize,
    /// How much it counts.
    pub weight: f32,
}

impl Batch for Labelled {
    type Sample = LabelledImage;
    type Shape = [i64; 3];

    fn values(shape: [i64; 3]) -> usize {
        Images::values(shape) + 2
    }

    fn shape_of(sample: &LabelledImage) -> [i64; 3] {
        Images::shape_of(&sample.pixels)
    }

    fn describe(shape: [i64; 3]) -> String {
        format!("{shape:?} ([C, H, W], and a class and a weight)")
    }

    /// The pixels, then class and weight.
    fn write(sample: &LabelledImage, target: &mut [f32]) {
        let last = [sample.label as f32, sample.weight];
        let values = sample.pixels.iter().copied().chain(last);
        target.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }

    fn cut(values: Tensor, shape: [i64; 3]) -> Result<Self, DataError> {
        let pixels = Images::values(shape) as i64;
        let Images(images) = Images::cut(values.f_narrow(1, 0, pixels)?.f_contiguous()?, shape)?;
        let labels = values.f_select(1, pixels)?.f_to_kind(Kind::Int64)?;
        let weights = values.f_select(1, pixels + 1)?.f_contiguous()?;
        Ok(Self { images, labels, weights })
    }

    fn dihedral(shape: [i64; 3], device: Device) -> Result<Option<Dihedral>, DataError> {
        Images::dihedral(shape, device)
    }

    fn turned(self, dihedral: &Dihedral, symmetries: &[Symmetry]) -> Result<Self, DataError> {
        let Images(images) = Images(self.images).turned(dihedral, symmetries)?;
        Ok(Self { images, ..self })
    }
}

/// What a classifier is trained on: samples are by turns one of the few images and one of those that
/// are added, each set again from its beginning where it is at its end. Where not all of a set fit in
/// once more, those that do are spread evenly over it: sets lie class by class, as many images of each,
/// and classes come equally often, but for one image.
#[derive(Debug)]
pub(crate) struct FewAndAdded {
    pub(crate) few: LabelledImages,
    /// None: the few again.
    pub(crate) added: Option<LabelledImages>,
    /// How much an added image counts beside one of the few.
    pub(crate) weight: f32,
    /// Samples of either set.
    pub(crate) each: usize,
}

impl Dataset for FewAndAdded {
    type Batch = Labelled;

    fn len(&self) -> usize {
        2 * self.each
    }

    fn shape(&self) -> [i64; 3] {
        self.few.shape()
    }

    fn sample(&self, index: usize) -> Result<LabelledImage, DataError> {
        let (set, weight) = match &self.added {
            Some(added) if index % 2 == 1 => (added, self.weight),
            _ => (&self.few, 1.0),
        };
        if index >= self.len() || set.is_empty() {
            return Err(DataError::Index { index, samples: self.len() });
        }
        let number = index / 2;
        let rest = self.each % set.len();
        let image = match number.checked_sub(self.each - rest) {
            Some(last) => last * set.len() / rest,
            None => number % set.len(),
        };
        let pixels = set.pixels.index_axis(Axis(0), image).to_owned();
        Ok(LabelledImage { pixels, label: set.labels[image], weight })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use ndarray::Array4;

    /// So many images of each class, class by class, as they are dealt.
    fn images(per_class: usize, classes: usize) -> LabelledImages {
        let labels: Vec<usize> = (0..classes * per_class).map(|image| image / per_class).collect();
        let names = (0..classes).map(|class| class.to_string()).collect();
        // A pixel tells the image's number.
        let pixels = Array4::from_shape_fn((labels.len(), 1, 1, 1), |(image, ..)| image as f32);
        LabelledImages::new(names, pixels, labels).unwrap()
    }

    /// How often each class of the few and of the added is dealt, and each image of the added.
    fn dealt(few: usize, added: usize, classes: usize, each: usize) -> [Vec<usize>; 3] {
        let (few, added) = (images(few, classes), Some(images(added, classes)));
        let set = FewAndAdded { few, added, weight: 1.0, each };
        let mut times = [vec![0; classes], vec![0; classes], vec![0; each]];
        for index in 0..set.len() {
            let sample = set.sample(index).unwrap();
            times[index % 2][sample.label] += 1;
            if index % 2 == 1 {
                times[2][sample.pixels[[0, 0, 0]] as usize] += 1;
            }
        }
        times
    }

    #[test]
    fn classes_come_equally_often_whatever_the_sizes() {
        for (few, added, classes, each) in
            [(20, 200, 2, 400), (20, 150, 2, 400), (20, 53, 2, 400), (7, 5, 3, 32), (3, 11, 5, 58)]
        {
            let [few, added, images] = dealt(few, added, classes, each);
            for times in [&few, &added] {
                assert_eq!(times.iter().sum::<usize>(), each);
                assert!(
                    times.iter().max().unwrap() - times.iter().min().unwrap() <= 1,
                    "{times:?}"
                );
            }
            let images = &images[..images.iter().rposition(|&times| times > 0).unwrap() + 1];
            let ends = [images.iter().min().unwrap(), images.iter().max().unwrap()];
            assert!(ends[1] - ends[0] <= 1, "{images:?}");
        }
    }
}
