//! How well a classifier does on images that it has not seen.

use astrogen_metrics::Roc;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::ScarceError;

/// The scores of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The share of images that are told right, the mean over classes: a guess has one over their
    /// number.
    pub accuracy: f64,
    /// The area under the receiver operating characteristic of each class against all others, the mean
    /// over classes: a guess has 0.5.
    pub auc: f64,
}

impl Scores {
    /// Those of probabilities `[N, classes]` for images of these classes.
    ///
    /// # Errors
    /// [`ScarceError::Metrics`] for a class without images, or of all images.
    pub fn of(probabilities: ArrayView2<'_, f64>, labels: &[usize]) -> Result<Self, ScarceError> {
        let classes = probabilities.ncols();
        let likeliest: Vec<usize> = probabilities
            .outer_iter()
            .map(|row| (0..classes).fold(0, |best, at| if row[at] > row[best] { at } else { best }))
            .collect();
        let (mut accuracy, mut auc) = (0.0, 0.0);
        for class in 0..classes {
            let column = probabilities.column(class);
            let of = |is: bool| -> Vec<f64> {
                let rows = column.iter().zip(labels);
                rows.filter(|(_, label)| (**label == class) == is).map(|(one, _)| *one).collect()
            };
            auc += Roc::of(&of(true), &of(false))?.auc;
            let own = labels.iter().zip(&likeliest).filter(|(label, _)| **label == class);
            let (mut all, mut right) = (0.0, 0.0);
            for (label, told) in own {
                all += 1.0;
                right += f64::from(u8::from(label == told));
            }
            accuracy += right / all;
        }
        let classes = classes as f64;
        Ok(Self { accuracy: accuracy / classes, auc: auc / classes })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_guess_and_a_perfect_classifier_have_their_scores() {
        let labels = [0, 0, 0, 1];
        let all_first = array![[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]];
        let scores = Scores::of(all_first.view(), &labels).unwrap();
        assert_eq!(scores, Scores { accuracy: 0.5, auc: 0.5 }, "though three of four are right");
        let right = array![[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.1, 0.9]];
        assert_eq!(Scores::of(right.view(), &labels).unwrap(), Scores { accuracy: 1.0, auc: 1.0 });
        let told = Scores::of(right.view(), &[0; 4]).unwrap_err().to_string();
        assert!(told.contains("negatives"), "{told}");
    }
}
