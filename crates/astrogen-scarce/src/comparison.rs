//! The same classifier trained on different images, over seeded splits.

use std::sync::Arc;
use std::time::Instant;

use astrogen_data::{BatchConfig, Batches, table_of};
use astrogen_runtime::{derive_seed, seed_everything};
use astrogen_train::{TrainError, fit_in_memory};
use ndarray::{Array4, Axis, concatenate};
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::batch::FewAndAdded;
use crate::classifier::Classifier;
use crate::step::ClassifierStep;
use crate::{LabelledImages, ScarceConfig, ScarceError, Scores, Split};

/// How often a classifier is looked at while it trains.
const LOOKS: u64 = 20;

/// Makes images of a class from the few of it, `[N, C, H, W]` and signed, with a seed: as many as
/// [`ScarceConfig::generated`] says.
pub type Generate<'a> = &'a mut dyn FnMut(&Array4<f32>, u64) -> Result<Array4<f32>, ScarceError>;

/// What a classifier is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The few real images alone.
    Few,
    /// The few and generated ones.
    Generated,
    /// The few and as many more real ones, as far as there are: what a perfect generator would do.
    MoreReal,
}

/// Its scores with each set of images, on the same held-out images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SplitScores {
    /// With the few.
    pub few: Scores,
    /// With the few and generated ones.
    pub generated: Scores,
    /// With the few and more real ones; none where there are no more.
    pub more_real: Option<Scores>,
}

/// A classifier while it trains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Steps done.
    pub step: u64,
    /// Seconds since the first one.
    pub seconds: f64,
    /// The loss of the last batch.
    pub loss: f64,
    /// The balanced accuracy on held-out images.
    pub accuracy: f64,
}

/// All that was measured.
#[derive(Debug)]
pub struct Comparison {
    /// The scores of each split.
    pub splits: Vec<SplitScores>,
    /// More real images of each class; 0 for none.
    pub more_per_class: usize,
    /// Held-out images.
    pub held_out: usize,
    /// The classifiers of each split while they train.
    pub looks: Vec<(Arm, Vec<Look>)>,
    /// The few of the first split.
    pub few: LabelledImages,
    /// What was generated from them, in the order of the classes.
    pub generated: LabelledImages,
}

/// Trains and scores the classifier on all sets of images, in every split; `generate` makes the images
/// that are added, [`generate`](crate::generate()) or anything else. Within a split the classifiers begin
/// with the same weights and see the few in the same order, and as many steps and images. `watch` is told
/// a line at a time how far it is.
///
/// # Errors
/// [`ScarceError::Setting`] for settings out of their range, images of another shape than the networks',
/// and generated images of another shape or number; [`ScarceError::Class`] for a class of too few images;
/// what trainings report.
pub fn compare(
    config: &ScarceConfig,
    images: &LabelledImages,
    device: Device,
    generate: Generate<'_>,
    watch: &mut dyn FnMut(&str),
) -> Result<Comparison, ScarceError> {
    config.validate()?;
    let model = &config.classifier.model;
    let own = ([model.channels, model.image_size, model.image_size], model.classes);
    let theirs = (images.shape(), images.classes.len() as i64);
    if own != theirs {
        let rule = format!("of the classifier's shape and number of classes, {own:?}");
        return Err(ScarceError::setting("images", rule, format!("{theirs:?}")));
    }
    let more_per_class = Split::more_per_class(images, config.per_class, config.generated)?;
    let (mut splits, mut looks, mut first, mut held) = (Vec::new(), Vec::new(), None, 0);
    for repeat in 0..config.repeats {
        let seed = derive_seed(config.seed, "split", repeat as u64);
        let split = Split::new(images, config.per_class, config.generated, seed)?;
        let few = images.select(&split.few);
        watch(&format!("split {} of {}: training generators", repeat + 1, config.repeats));
        let generated = generated(config, &few, seed, generate)?;
        watch(&format!("split {} of {}: training classifiers", repeat + 1, config.repeats));
        let scoring = Scoring { config, few: &few, held_out: images.select(&split.held_out), seed };
        let mut score = |arm, added| {
            scoring.of(added, device).map(|(scores, seen)| {
                looks.push((arm, seen));
                scores
            })
        };
        let more = images.select(&split.more);
        let scores = SplitScores {
            few: score(Arm::Few, None)?,
            generated: score(Arm::Generated, Some(&generated))?,
            more_real: match more_per_class {
                0 => None,
                _ => Some(score(Arm::MoreReal, Some(&more))?),
            },
        };
        watch(&format!(
            "  held-out accuracy {:.3}, with generated images {:.3}{}",
            scores.few.accuracy,
            scores.generated.accuracy,
            scores.more_real.map_or(String::new(), |more| format!(
                ", with more real ones {:.3}",
                more.accuracy
            ))
        ));
        splits.push(scores);
        held = scoring.held_out.len();
        first.get_or_insert((few, generated));
    }
    // There is a first split: `repeats` is 2 or more.
    let Some((few, generated)) = first else {
        return Err(ScarceError::setting("repeats", "2 or more", config.repeats));
    };
    Ok(Comparison { splits, more_per_class, held_out: held, looks, few, generated })
}

/// Generated images of all classes, from the few of each.
fn generated(
    config: &ScarceConfig,
    few: &LabelledImages,
    seed: u64,
    generate: Generate<'_>,
) -> Result<LabelledImages, ScarceError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    let (_, c, h, w) = few.pixels.dim();
    let expected = (config.generated, c, h, w);
    for class in 0..few.classes.len() {
        let own = few.pixels.select(Axis(0), &few.of_class(class));
        let images = generate(&own, derive_seed(seed, "generator", class as u64))?;
        if images.dim() != expected || images.iter().any(|value| !value.is_finite()) {
            let (rule, got) = (format!("{expected:?}, all finite"), format!("{:?}", images.dim()));
            return Err(ScarceError::setting("generated images", rule, got));
        }
        labels.extend(vec![class; config.generated]);
        pixels.push(images);
    }
    let views: Vec<_> = pixels.iter().map(|images| images.view()).collect();
    // All are of one shape, and there are two classes or more.
    let pixels = concatenate(Axis(0), &views)
        .map_err(|error| ScarceError::setting("generated images", "of one shape", error))?;
    LabelledImages::new(few.classes.clone(), pixels, labels)
}

/// A split whose classifiers are scored.
struct Scoring<'a> {
    config: &'a ScarceConfig,
    few: &'a LabelledImages,
    held_out: LabelledImages,
    seed: u64,
}

impl Scoring<'_> {
    /// The scores of a classifier that is trained on the few and on what is added, and how it came there.
    fn of(
        &self,
        added: Option<&LabelledImages>,
        device: Device,
    ) -> Result<(Scores, Vec<Look>), ScarceError> {
        let Self { config, few, held_out, .. } = self;
        let training = &config.classifier;
        let seed = derive_seed(self.seed, "classifier", 0);
        let set = FewAndAdded {
            few: (*few).clone(),
            added: added.cloned(),
            weight: config.weight,
            // The same for all, so that the few come in the same order.
            each: few.len().max(config.generated * few.classes.len()).max(training.batch_size),
        };
        let batches = BatchConfig {
            batch_size: training.batch_size,
            augment: config.augment,
            seed,
            ..BatchConfig::default()
        };
        let mut batches = Batches::new(Arc::new(set), &batches, device)?;
        seed_everything(seed);
        let mut step = ClassifierStep::new(&training.model, &training.algorithm, device)?;
        let pixels: Vec<f32> = held_out.pixels.iter().copied().collect();
        let size: Vec<i64> = held_out.pixels.shape().iter().map(|&side| side as i64).collect();
        let pixels = Tensor::f_from_slice(&pixels)?.f_view(&size[..])?.f_to_device(device)?;
        let score = |classifier: &Classifier| -> Result<Scores, ScarceError> {
            Scores::of(table_of(&classifier.probabilities(&pixels)?)?.view(), &held_out.labels)
        };
        let (began, mut looks) = (Instant::now(), Vec::new());
        let every = training.steps.div_ceil(LOOKS);
        fit_in_memory(&mut step, &mut batches, training.steps, seed, |step, done, losses| {
            if done % every == 0 || done == training.steps {
                let loss = losses.first().map_or(f64::NAN, |(_, loss)| loss.double_value(&[]));
                let Scores { accuracy, .. } =
                    score(step.classifier()).map_err(TrainError::custom)?;
                looks.push(Look {
                    step: done,
                    seconds: began.elapsed().as_secs_f64(),
                    loss,
                    accuracy,
                });
            }
            Ok(())
        })?;
        Ok((score(step.classifier())?, looks))
    }
}
