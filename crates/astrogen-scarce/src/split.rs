//! Which images are the few, which are more, and which are held out.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::{LabelledImages, ScarceError};

/// The least images of a class that are held out.
const HELD_OUT: usize = 10;

/// The numbers of images in three parts that share none; the same number of each class is in the first
/// two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The few that are trained on.
    pub few: Vec<usize>,
    /// More of them, as many of each class as are generated if the class with the fewest images has
    /// them: half of what it has left, at most.
    pub more: Vec<usize>,
    /// All others, ten of each class at least, which scores are taken on.
    pub held_out: Vec<usize>,
}

impl Split {
    /// Splits images at random: `per_class` of each are the few, and up to `more_per_class` more.
    ///
    /// # Errors
    /// [`ScarceError::Class`] for a class of too few images, with the number that is needed;
    /// [`ScarceError::Setting`] for fewer than two classes.
    pub fn new(
        images: &LabelledImages,
        per_class: usize,
        more_per_class: usize,
        seed: u64,
    ) -> Result<Self, ScarceError> {
        let more = Self::more_per_class(images, per_class, more_per_class)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut split = Self { few: Vec::new(), more: Vec::new(), held_out: Vec::new() };
        for class in 0..images.classes.len() {
            let mut own = images.of_class(class);
            own.shuffle(&mut rng);
            split.few.extend(&own[..per_class]);
            split.more.extend(&own[per_class..per_class + more]);
            split.held_out.extend(&own[per_class + more..]);
        }
        Ok(split)
    }

    /// How many more of each class there are, of so many that are wanted.
    pub(crate) fn more_per_class(
        images: &LabelledImages,
        per_class: usize,
        wanted: usize,
    ) -> Result<usize, ScarceError> {
        if images.classes.len() < 2 {
            let got = images.classes.len();
            return Err(ScarceError::setting("classes", "two or more", got));
        }
        let mut more = wanted;
        for (class, name) in images.classes.iter().enumerate() {
            let count = images.of_class(class).len();
            let needed = per_class.saturating_add(HELD_OUT);
            if count < needed {
                let reason = format!(
                    "it has {count} images and {needed} are needed, {per_class} to train on and \
                     {HELD_OUT} held out: take fewer per class, leave the class out, or give more \
                     images of it"
                );
                return Err(ScarceError::Class { class: name.clone(), reason });
            }
            let left = count - per_class;
            more = more.min((left / 2).min(left - HELD_OUT));
        }
        Ok(more)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use ndarray::Array4;

    fn images(counts: &[usize]) -> LabelledImages {
        let labels: Vec<usize> =
            counts.iter().enumerate().flat_map(|(class, &count)| vec![class; count]).collect();
        let classes = (0..counts.len()).map(|class| format!("c{class}")).collect();
        LabelledImages::new(classes, Array4::zeros((labels.len(), 1, 8, 8)), labels).unwrap()
    }

    #[test]
    fn no_image_is_in_two_parts_and_none_is_lost() {
        let images = images(&[60, 45, 31]);
        for seed in 0..20 {
            let Split { few, more, held_out } = Split::new(&images, 15, 200, seed).unwrap();
            let mut all = [few.clone(), more.clone(), held_out.clone()].concat();
            all.sort_unstable();
            assert_eq!(all, (0..images.len()).collect::<Vec<_>>());
            // The class of 31 has 16 left: 6 more, and ten are held out.
            for (part, each) in [(&few, 15), (&more, 6)] {
                for class in 0..3 {
                    let count = part.iter().filter(|&&image| images.labels[image] == class).count();
                    assert_eq!(count, each);
                }
            }
        }
        let split = |seed| Split::new(&images, 15, 5, seed).unwrap();
        assert_eq!(split(3), split(3));
        assert_ne!(split(3), split(4));
        assert_eq!(split(3).more.len(), 15);
    }

    #[test]
    fn a_class_of_too_few_images_is_refused_with_the_number() {
        let told = Split::new(&images(&[60, 20]), 15, 9, 0).unwrap_err().to_string();
        assert!(told.starts_with("class c1: it has 20 images and 25 are needed"), "{told}");
        let told = Split::new(&images(&[60]), 15, 9, 0).unwrap_err().to_string();
        assert_eq!(told, "classes must be two or more, got 1");
        assert!(Split::new(&images(&[60, 25]), 15, 9, 0).unwrap().more.is_empty());
    }
}
