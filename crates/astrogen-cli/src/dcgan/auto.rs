//! What `--recipe auto` chooses, and why.
//!
//! The numbers are those of docs/quality.md: at 64 and 128 pixels the sharp recipe's samples were the nearest to real
//! images by the sliced Wasserstein distance, those of networks of width 32 as near as real ones after 6,600 steps
//! and still so after 20,000, and the more often images had been seen, the heavier penalties had to be; augmentation
//! helped less than these. Widths come in sixteens, for which the CPU's kernels are.
//!
//! The penalties are of slopes, scores over distances between images: for images that differ twice as much, four
//! times the weight is the same, and so it is for images of twice the side, between which distances are sums over four
//! times the pixels. So it is chosen in units of the images' variance, times their pixels over those of 64 x 64;
//! smaller images have the weight of these, since no lighter one was measured.

use astrogen_train::run_dir::RunDir;
use tch::{Kind, Tensor};

use super::DcganArguments;
use super::recipe::{DcganRecipe, RecipeName};
use super::settings::{NewRun, images_a_step};
use crate::images::some_images;
use crate::{CliError, ImageConfig, Networks, say};

/// Seconds of training where neither a time nor steps were given.
const SECONDS: f64 = 600.0;

/// Widths, and the steps that each needs.
const WIDTHS: [(i64, u64); 2] = [(32, 6500), (16, 0)];

/// The weight of the penalties over the images' variance at 64 x 64 pixels, where each is seen more often than so.
/// The last is the sharp recipe's own weight over the variance of simulated nebulae.
const GAMMAS: [(f64, u64); 3] = [(25.0, 500), (3.0, 100), (0.55, 0)];

/// The side of the images of [`GAMMAS`], in pixels.
const MEASURED_AT: i64 = 64;

/// The least weight, of images that hardly differ.
const LEAST_GAMMA: f64 = 0.01;

/// The largest root mean square of an update, in learning rates, of networks for larger images than [`UNCLIPPED`].
/// At 128 pixels single batches threw networks so far that they came back after ten thousand steps, or not while
/// they were trained.
const UPDATE_CLIPPING: f64 = 1.0;

/// The side of the largest images, in pixels, at which every training came back from such batches.
const UNCLIPPED: i64 = 64;

/// Images that are looked at for their variance, at most.
const LOOKED_AT: usize = 256;

/// The recipe for images of this size: the sharp one where it has networks.
pub(super) fn recipe(image_size: i64) -> RecipeName {
    match image_size {
        32..=256 => RecipeName::Sharp,
        _ => RecipeName::R3gan,
    }
}

impl DcganArguments {
    /// The settings that are chosen for these images and this time; what was given stays. What is chosen
    /// is said.
    ///
    /// # Errors
    /// [`CliError::Usage`] where there are too few images, [`CliError::Train`] where a step fails that is
    /// tried.
    pub(super) fn auto(
        &self,
        name: RecipeName,
        new: &NewRun,
        seconds: Option<f64>,
    ) -> Result<ImageConfig<DcganRecipe>, CliError> {
        let images = new.images();
        let seen = self.batch_size.unwrap_or(name.batch_size().min(images / 2).max(1));
        let mut chosen = Self { batch_size: Some(seen), ..self.as_wide_as_its_beginning(name)? };
        let asked = new.run.steps((images / images_a_step(seen, images)?.max(1)) as u64);
        // A limit costs time, and so comes before steps are tried.
        let clipping = match (name, self.update_clipping) {
            (_, Some(limit)) => format!("{limit}, as given"),
            (RecipeName::Sharp, None) if new.shape[1] > UNCLIPPED => {
                chosen.update_clipping = Some(UPDATE_CLIPPING);
                format!(
                    "{UPDATE_CLIPPING}: above {UNCLIPPED} pixels some trainings collapsed without a limit \
                     to updates"
                )
            }
            _ => "none, as in the recipe".to_owned(),
        };
        let steps_of = |of: &Self| match asked {
            Some(steps) => Ok(steps),
            None => new.steps_within(&of.settings(name, new, None)?, seconds.unwrap_or(SECONDS)),
        };

        let (steps, width) = match (name, chosen.features) {
            (RecipeName::Sharp, None) => {
                let (features, steps, least) = widest(|features| {
                    steps_of(&Self { features: Some(features), ..chosen.clone() })
                })?;
                chosen.features = Some(features);
                (
                    steps,
                    match least {
                        0 => format!("{features}: wider ones need more steps"),
                        least => format!("{features}: {least} steps are enough for it"),
                    },
                )
            }
            (_, None) => (steps_of(&chosen)?, "the recipe's".to_owned()),
            (_, Some(features)) => {
                let whose = self.features.map_or("that of the run it begins from", |_| "as given");
                (steps_of(&chosen)?, format!("{features}, {whose}"))
            }
        };
        let passes = steps.saturating_mul(seen as u64) / images.max(1) as u64;
        let gamma = match (name, self.gamma) {
            (_, Some(gamma)) => format!("{gamma}, as given"),
            (RecipeName::Sharp, None) => {
                let (images, _) = some_images(&*new.folder.train(), LOOKED_AT)?;
                let (variance, times) = (variance(&images), times(passes));
                let gamma = gamma(times, variance, new.shape[1]);
                chosen.gamma = Some(gamma);
                let grown = match new.shape[1] {
                    ..=MEASURED_AT => String::new(),
                    side => {
                        format!(", and {} times as much for {side} pixels a side", pixels(side))
                    }
                };
                format!(
                    "{gamma}: {times} times the images' variance of {variance:.4}, since each is seen \
                     {passes} times{grown}"
                )
            }
            _ => "the recipe's".to_owned(),
        };
        let augment = match self.augment.is_given() {
            true => "as given",
            false => "none: it helped less than the weight of the penalties",
        };
        let recipe = match name {
            RecipeName::R3gan => {
                "r3gan: the sharp recipe has no networks of this size, at which none was measured"
            }
            _ => {
                "sharp: at 64 and 128 pixels its samples were the nearest to reals, by the sliced Wasserstein \
                 distance"
            }
        };
        let batch = match self.batch_size {
            Some(_) => "as given",
            None if seen < name.batch_size() => {
                "half of the images, the others are the generator's"
            }
            None => "the recipe's",
        };
        let length = match (asked, seconds) {
            (Some(_), _) => "as given".to_owned(),
            (None, seconds) => {
                format!("as many as fill {} min", seconds.unwrap_or(SECONDS) / 60.0)
            }
        };
        say(format_args!(
            "chosen for {images} images:\n  recipe  {recipe}\n  width   {width}\n  batch   {seen}, \
             {batch}\n  gamma   {gamma}\n  clip    {clipping}\n  augment {augment}\n  steps   {steps}, {length}"
        ));
        chosen.settings(name, new, Some(steps))
    }

    /// With the widths of the run whose networks these begin with, unless they were given.
    ///
    /// # Errors
    /// [`CliError::Usage`] where that is a run of another recipe; [`CliError::Train`] where it is none.
    fn as_wide_as_its_beginning(&self, name: RecipeName) -> Result<Self, CliError> {
        let Some(from) = self.transfer.run() else { return Ok(self.clone()) };
        let config = RunDir::open(from)?.read_config::<ImageConfig<DcganRecipe>>()?;
        let [generator, discriminator] = match (name, config.networks) {
            (RecipeName::Sharp, DcganRecipe::Sharp(Networks { model, .. })) => {
                [Some(model.generator_features), Some(model.critic_features)]
            }
            // The width at 4x4 pixels is the one that all others follow from.
            (RecipeName::R3gan, DcganRecipe::R3gan(Networks { model, .. })) => {
                [model.widths.first().copied(), None]
            }
            (_, theirs) => {
                return Err(CliError::Usage(format!(
                    "--from {}: it was trained by the {theirs} recipe, and auto chooses another for \
                     images of this size: name its recipe instead of auto",
                    from.display()
                )));
            }
        };
        Ok(Self {
            features: self.features.or(generator),
            discriminator_features: self.discriminator_features.or(discriminator),
            ..self.clone()
        })
    }
}

/// How much images `[N, C, H, W]` differ, pixel by pixel.
fn variance(images: &Tensor) -> f64 {
    images.var_dim([0].as_slice(), false, false).mean(Kind::Double).double_value(&[])
}

/// The weight of the penalties over the images' variance, where each image is seen so often.
fn times(passes: u64) -> f64 {
    let [heavier @ .., (least, _)] = GAMMAS;
    let heavier = heavier.into_iter().find(|&(_, more_than)| passes > more_than);
    heavier.map_or(least, |(times, _)| times)
}

/// So many times the variance of images of this side, to two places, but the least weight at least.
fn gamma(times: f64, variance: f64, side: i64) -> f64 {
    ((100.0 * times * variance * pixels(side)).round() / 100.0).max(LEAST_GAMMA)
}

/// The pixels of an image over those of the images that weights were measured with, but 1 at least.
fn pixels(side: i64) -> f64 {
    (side as f64 / MEASURED_AT as f64).powi(2).max(1.0)
}

/// The widest of [`WIDTHS`] for which there are steps enough, its steps and how many it needs.
fn widest(
    mut steps_of: impl FnMut(i64) -> Result<u64, CliError>,
) -> Result<(i64, u64, u64), CliError> {
    let [widest @ .., (narrowest, _)] = WIDTHS;
    for (features, least) in widest {
        let steps = steps_of(features)?;
        if steps >= least {
            return Ok((features, steps, least));
        }
    }
    Ok((narrowest, steps_of(narrowest)?, 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use astrogen_train::RelativisticStepConfig;

    use super::*;

    #[test]
    fn penalties_weigh_as_much_as_images_differ() {
        // Pixels of 1 and -1, half of each.
        let images = Tensor::from_slice(&[1.0f32, -1.0, -1.0, 1.0]).view([2, 2, 1, 1]);
        assert_eq!(variance(&images), 1.0);
        assert_eq!(gamma(3.0, variance(&(&images * 0.4)), 64), 0.48);
        assert_eq!(gamma(3.0, variance(&(images * 0.01)), 64), LEAST_GAMMA);
    }

    /// Each pixel of a larger image four times: its distances to others double, and slopes over them halve.
    #[test]
    fn penalties_weigh_the_same_whatever_the_number_of_pixels() {
        let images = Tensor::from_slice(&[1.0f32, -1.0, -1.0, 1.0]).view([2, 2, 1, 1]);
        let larger = images.repeat([1, 1, 2, 2]);
        assert_eq!(variance(&larger), variance(&images));
        let distance = |images: &Tensor| {
            (images.get(0) - images.get(1)).square().sum(Kind::Double).double_value(&[])
        };
        let grown = distance(&larger) / distance(&images);
        assert_eq!(gamma(3.0, 1.0, 128) / gamma(3.0, 1.0, 64), grown);
        assert_eq!(gamma(3.0, 1.0, 256) / gamma(3.0, 1.0, 128), grown);
        assert_eq!(gamma(3.0, 1.0, 32), gamma(3.0, 1.0, 64));
    }

    #[test]
    fn penalties_are_no_lighter_where_images_are_seen_more_often() {
        let seen = [0, 1, 100, 101, 500, 501, u64::MAX];
        assert_eq!(seen.map(times), [0.55, 0.55, 0.55, 3.0, 3.0, 25.0, 25.0]);
        for variance in [0.0, 0.0074, 0.041, 0.18, 1.0] {
            let weights = seen.map(|passes| gamma(times(passes), variance, 64));
            assert!(weights.is_sorted(), "{variance}");
        }
        // The recipe's own weight for what it was made with.
        assert_eq!(gamma(times(0), 0.18, 64), RelativisticStepConfig::default().gamma);
    }

    #[test]
    fn a_width_is_chosen_that_has_steps_enough() {
        // Twice as wide takes twice as long.
        let chosen = |budget: u64| widest(|features| Ok(budget / features as u64)).unwrap();
        for (at, (features, least)) in WIDTHS.into_iter().enumerate() {
            let budget = least * features as u64;
            assert_eq!(chosen(budget), (features, least, least));
            if let (true, Some((below, _))) = (least > 0, WIDTHS.get(at + 1)) {
                assert_eq!(chosen(budget - 1).0, *below);
            }
        }
        assert!(WIDTHS.is_sorted_by(|wide, narrow| wide.0 > narrow.0 && wide.1 > narrow.1));
        assert_eq!(WIDTHS.last().unwrap().1, 0);
    }
}
