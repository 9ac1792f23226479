//! Training and validation sets that share no file.
//!
//! Tiles of one frame overlap and share sky, noise and calibration, so a split by tile
//! would test on what was trained on. Files are split, and all samples of a file follow it.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// Which files train and which validate, as file numbers in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Files to train on; never empty where there is a file at all.
    pub train: Vec<usize>,
    /// Files kept back.
    pub validation: Vec<usize>,
}

/// Keeps back `fraction` of `files`, chosen by `seed`.
///
/// The count is rounded; a fraction above zero keeps back at least one of two or more
/// files, and at least one file always stays for training.
///
/// ```
/// let split = astrogen_data::split::by_file(10, 0.2, 7)?;
/// assert_eq!((split.train.len(), split.validation.len()), (8, 2));
/// # Ok::<(), astrogen_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Setting`] where `fraction` is not within 0 <= fraction < 1.
pub fn by_file(files: usize, fraction: f64, seed: u64) -> Result<Split, DataError> {
    if !(0.0..1.0).contains(&fraction) {
        return Err(DataError::Setting {
            name: "validation_fraction",
            rule: "0 <= fraction < 1".into(),
            got: fraction.to_string(),
        });
    }
    let wanted = (files as f64 * fraction).round() as usize;
    let least = usize::from(fraction > 0.0);
    let kept_back = wanted.max(least).min(files.saturating_sub(1));

    let mut train: Vec<usize> = (0..files).collect();
    train.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut validation = train.split_off(files - kept_back);
    train.sort_unstable();
    validation.sort_unstable();
    Ok(Split { train, validation })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_on_exactly_one_side_and_one_trains() {
        for files in 0..40 {
            for fraction in [0.0, 0.01, 0.1, 0.5, 0.99] {
                let split = by_file(files, fraction, 3).unwrap();
                let mut all = [split.train.clone(), split.validation.clone()].concat();
                all.sort_unstable();
                assert_eq!(all, (0..files).collect::<Vec<_>>());
                assert!(files == 0 || !split.train.is_empty());
                assert_eq!(split.validation.is_empty(), fraction == 0.0 || files < 2);
            }
        }
    }

    #[test]
    fn the_seed_chooses_the_files() {
        let split = |seed| by_file(100, 0.3, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        assert_eq!(split(1).validation.len(), 30);
    }

    #[test]
    fn a_fraction_outside_the_range_is_refused() {
        for fraction in [-0.1, 1.0, 1.5, f64::NAN] {
            let message = by_file(10, fraction, 0).unwrap_err().to_string();
            assert!(message.contains("validation_fraction"), "{message}");
            assert!(message.contains("0 <= fraction < 1"), "{message}");
        }
    }
}
