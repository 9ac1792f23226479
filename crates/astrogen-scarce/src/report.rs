//! The answer, with its numbers.

use std::fmt;

use astrogen_metrics::MeanInterval;
use serde::{Deserialize, Serialize};

use crate::{Arm, Comparison, ScarceConfig, ScarceError, Scores, SplitScores};

/// Whether added images raise a score: what the interval of the difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The interval is above 0.
    #[serde(rename = "raises it")]
    Raises,
    /// The interval is below 0.
    #[serde(rename = "lowers it")]
    Lowers,
    /// The interval holds 0.
    #[serde(rename = "no difference seen")]
    NoDifference,
}

impl Answer {
    fn of(difference: &MeanInterval) -> Self {
        match difference {
            MeanInterval { low, .. } if *low > 0.0 => Self::Raises,
            MeanInterval { high, .. } if *high < 0.0 => Self::Lowers,
            _ => Self::NoDifference,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raises => "raises it",
            Self::Lowers => "lowers it",
            Self::NoDifference => "no difference seen",
        })
    }
}

/// The scores of a classifier, means over splits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArmScores {
    /// What it is trained on.
    pub trained_on: Arm,
    /// Images of each class that are added to the few.
    pub added_per_class: usize,
    /// Balanced accuracy on held-out images.
    pub accuracy: MeanInterval,
    /// Area under the curve of rates on held-out images.
    pub auc: MeanInterval,
}

/// What added images change: the mean over splits of the score with them, minus that of the few alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// What was added.
    pub added: Arm,
    /// The difference in balanced accuracy.
    pub accuracy: MeanInterval,
    /// What it says.
    pub accuracy_answer: Answer,
    /// The difference in the area under the curve, which asks for the order of images alone and not for
    /// where the line between classes is.
    pub auc: MeanInterval,
    /// What it says.
    pub auc_answer: Answer,
}

/// Whether generated images help, in numbers: report.json in the run's folder. Intervals are over splits
/// of these images: they say how much the answer hangs on which few there are and on what is drawn, not
/// how it would be with images of another kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScarceReport {
    /// Whether generated images raise the held-out accuracy.
    pub generated_images: Answer,
    /// The classes.
    pub classes: Vec<String>,
    /// Real images of each class that are trained on.
    pub per_class: usize,
    /// Held-out images, of all classes.
    pub held_out: usize,
    /// How often intervals hold what they are of.
    pub level: f64,
    /// The scores of each classifier.
    pub scores: Vec<ArmScores>,
    /// What is changed by the images that are added to the few, in the same splits.
    pub differences: Vec<Difference>,
    /// What has to be said of them.
    pub remarks: Vec<String>,
    /// The scores of each split.
    pub splits: Vec<SplitScores>,
}

impl ScarceReport {
    /// What a comparison says.
    ///
    /// # Errors
    /// [`ScarceError::Metrics`] for fewer than two splits.
    pub fn of(config: &ScarceConfig, comparison: &Comparison) -> Result<Self, ScarceError> {
        let Comparison { splits, more_per_class, held_out, few, .. } = comparison;
        let mean = |numbers: Vec<f64>| MeanInterval::of(&numbers, config.level);
        let numbers = |of: &dyn Fn(&SplitScores) -> f64| splits.iter().map(of).collect::<Vec<_>>();
        let arms =
            [(Arm::Few, 0), (Arm::Generated, config.generated), (Arm::MoreReal, *more_per_class)];
        let (mut scores, mut differences) = (Vec::new(), Vec::new());
        for (arm, added) in arms {
            if arm == Arm::MoreReal && added == 0 {
                continue;
            }
            let of = |split: &SplitScores| match arm {
                Arm::Few => split.few,
                Arm::Generated => split.generated,
                Arm::MoreReal => split.more_real.unwrap_or(split.few), // all have it or none
            };
            scores.push(ArmScores {
                trained_on: arm,
                added_per_class: added,
                accuracy: mean(numbers(&|split| of(split).accuracy))?,
                auc: mean(numbers(&|split| of(split).auc))?,
            });
            if arm == Arm::Few {
                continue;
            }
            let change = |score: fn(&Scores) -> f64| {
                mean(numbers(&|split| score(&of(split)) - score(&split.few)))
            };
            let (accuracy, auc) = (change(|scores| scores.accuracy)?, change(|scores| scores.auc)?);
            differences.push(Difference {
                added: arm,
                accuracy,
                accuracy_answer: Answer::of(&accuracy),
                auc,
                auc_answer: Answer::of(&auc),
            });
        }
        let remarks = match *more_per_class {
            0 => vec![
                "no real images are left beside the few and those held out, so that there is \
                       nothing to hold the generated ones against"
                    .to_owned(),
            ],
            more if more < config.generated => vec![format!(
                "of the {} more real images of a class that would be as many as were generated there \
                 are {more}",
                config.generated
            )],
            _ => Vec::new(),
        };
        Ok(Self {
            // The first difference is that of generated images.
            generated_images: differences[0].accuracy_answer,
            classes: few.classes.clone(),
            per_class: config.per_class,
            held_out: *held_out,
            level: config.level,
            scores,
            differences,
            remarks,
            splits: splits.clone(),
        })
    }
}

impl ArmScores {
    fn words(&self) -> String {
        match self.trained_on {
            Arm::Few => "the few real images".to_owned(),
            Arm::Generated => format!("with {} generated of each class", self.added_per_class),
            Arm::MoreReal => format!("with {} more real ones of each", self.added_per_class),
        }
    }
}

impl fmt::Display for ScarceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            classes, per_class, held_out, level, scores, differences, remarks, splits, ..
        } = self;
        let (percent, count) = (100.0 * level, splits.len());
        writeln!(
            f,
            "{per_class} images of each of {}; {held_out} held out; {count} splits, intervals of \
             {percent} %",
            classes.join(", ")
        )?;
        writeln!(f, "  {:<34} {:<27} AUC", "trained on", "held-out accuracy")?;
        for arm in scores {
            let (accuracy, auc) = (format!("{:.3}", arm.accuracy), format!("{:.3}", arm.auc));
            writeln!(f, "  {:<34} {accuracy:<27} {auc}", arm.words())?;
        }
        for Difference { added, accuracy, accuracy_answer, auc, auc_answer } in differences {
            let what = match added {
                Arm::MoreReal => "more real images",
                _ => "generated images",
            };
            for (score, answer, MeanInterval { value, low, high }) in
                [("accuracy", accuracy_answer, accuracy), ("AUC", auc_answer, auc)]
            {
                writeln!(f, "{what}, {score}: {answer}, {value:+.3} ({low:+.3} to {high:+.3})")?;
            }
        }
        remarks.iter().try_for_each(|remark| writeln!(f, "note: {remark}"))
    }
}
