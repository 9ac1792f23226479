#![doc = include_str!("../README.md")]
//!
//! | concept | what it is |
//! | --- | --- |
//! | [`Labels`], [`LabelColumns`] | the class of each id, from a CSV file |
//! | [`LabelledImages`], [`Classes`] | images with their classes, of a folder or given |
//! | [`ScarceConfig`], [`Training`] | everything a trial is made with |
//! | [`Split`] | which images are the few, which are more, which are held out |
//! | [`generate`](generate()) | images of a class, from the few of it alone |
//! | [`Classifier`], [`ClassifierStep`] | the classifier, trained on [`Labelled`] batches |
//! | [`compare`], [`Comparison`] | the same classifier trained on all sets of images, over splits |
//! | [`augment_scarce`], [`ScarceReport`], [`Answer`] | the whole, with report.json and figures in a run's folder |
//!
//! # How it is measured
//! In each split a few images of each class are drawn. From those of a class alone a generator is
//! trained, and makes more of them. Then one classifier, with the same first weights, is trained for
//! the same number of steps on
//!
//! 1. the few, each half of a batch being of them,
//! 2. the few and the generated images, half and half,
//! 3. the few and as many more real images, half and half: what a perfect generator would do,
//!
//! all turned, mirrored and shifted alike. The scores at the last step, on images that none has seen,
//! are compared split by split: their differences have Student's interval ([`MeanInterval`]).
//!
//! [`MeanInterval`]: astrogen_metrics::MeanInterval

mod batch;
pub mod classifier;
mod comparison;
mod config;
mod error;
mod figures;
mod generator;
mod images;
mod labels;
mod report;
mod score;
mod split;
pub mod step;
mod trial;

pub use batch::{Labelled, LabelledImage};
pub use classifier::{Classifier, ClassifierConfig};
pub use comparison::{Arm, Comparison, Generate, Look, SplitScores, compare};
pub use config::{ScarceConfig, Training};
pub use error::ScarceError;
pub use generator::generate;
pub use images::{Classes, LabelSummary, LabelledImages};
pub use labels::{LabelColumns, Labels};
pub use report::{Answer, ArmScores, Difference, ScarceReport};
pub use score::Scores;
pub use split::Split;
pub use step::{ClassifierStep, ClassifierStepConfig};
pub use trial::augment_scarce;
