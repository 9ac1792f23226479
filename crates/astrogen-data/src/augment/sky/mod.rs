//! What a critic may be shown in place of an image of the sky, so that a small set of images is
//! hard to learn by heart.
//!
//! Reals and fakes are changed alike, each image by its own draw, in the updates of both networks;
//! gradients go through to the generator. What the generator learns are the unchanged images: as
//! long as enough images stay as they are, what is seen of two different distributions differs too
//! (Karras et al. 2020, *Training Generative Adversarial Networks with Limited Data*: in practice,
//! at probabilities below 0.8). Zhao et al. 2020, *Differentiable Augmentation*, change every image.
//!
//! The operations, in the order in which they are applied, with their strengths: the default, and
//! those of the two papers.
//!
//! | field | what is done to an image, `x` in \[-1, 1\] | default | ADA | DiffAugment |
//! | --- | --- | --- | --- | --- |
//! | `symmetries` | one of the eight flips and quarter turns | yes | yes | |
//! | `shift` | `U(-s, s)` of the side along each axis, rounded to whole pixels | 1/8 | 1/8 | 1/8 |
//! | `subpixel` | shift by `U(-s, s)` pixels along each axis | 1/2 | `N(0, side/8)` | |
//! | `scale` | magnified by `2^U(-s, s)` about the centre | 0.1 | `2^N(0, 0.2)` | |
//! | `flux` | `(x + 1) 2^N(0, s) - 1` | 0 | | |
//! | `brightness` | `x + N(0, s)` | 0 | 0.2 | `U(-0.5, 0.5)` |
//! | `contrast` | `x 2^N(0, s)` | 0 | 0.5 | about the mean, `U(0.5, 1.5)` |
//! | `saturation` | `m + (x - m) 2^N(0, s)`, `m` the mean of the bands | 0 | 1 | `U(0, 2)` |
//! | `noise` | `x + sigma N(0, 1)`, `sigma = abs N(0, s)` | 0.05 | 0.1 | |
//! | `cutout` | a square of `s` times the side becomes black | 1/4 | 1/2 | 1/2 |
//!
//! A strength of 0 is an operation that is off. What is on by default leaves surface brightness and
//! colour as they are: pixels move, all bands of an image alike; what is magnified has more light in
//! all by its larger area; noise is zero in the mean; a square that is cut out has no light. `flux`
//! keeps the ratios of what bands have above black, which are colours where the stretch to model range
//! was linear; `brightness`, `contrast` and `saturation` keep neither.
//!
//! The sky goes on beyond the border: there the image is mirrored about its border pixels. A part
//! that is cut out is black, -1, the darkest sky, and not 0 as in the papers: in signed range that
//! is half of full brightness, a bright tile with four edges on any dark field.
//!
//! # Resampling
//! Symmetries and shifts by whole pixels move pixels, so noise and its correlations stay as they
//! are. Parts of a pixel and scales need interpolation, which takes power from what is as fine as
//! the pixels, noise first. Lanczos' kernel of six pixels, usual where exposures are stacked,
//! takes least of what was compared. Power that is kept along one axis at frequencies in
//! units of Nyquist's, and of white noise in two dimensions, means over all parts of a pixel:
//!
//! | kernel | 0.5 | 0.75 | 0.9 | 1 | white noise |
//! | --- | --- | --- | --- | --- | --- |
//! | bilinear | 0.67 | 0.43 | 0.35 | 0.33 | 0.44 |
//! | bicubic (libtorch's, -0.75) | 0.97 | 0.69 | 0.52 | 0.49 | 0.73 |
//! | ADA's (twice the pixels by `sym6`, bilinear, back) | 0.90 | 0.66 | 0.41 | 0.33 | 0.66 |
//! | Lanczos, 6 pixels | 1.02 | 0.79 | 0.56 | 0.50 | 0.80 |
//! | sinc, all pixels | 1 | 1 | 1 | 0.50 | 1 |
//!
//! The sinc would keep all but what is at Nyquist's frequency itself, and draws rings around
//! stars across the image. Images that shrink are not smoothed first: what is finer than their
//! new pixels, the last 7 % of frequencies at the default scale, is folded back, and noise keeps
//! its strength that way. Scales keep surface brightness, as distances do, so that total flux goes
//! with their square, to 1 %; shifts keep it. Interpolation overshoots beside stars: pixels may
//! leave \[-1, 1\].

mod cutout;
mod draw;
mod intensity;
mod resampling;
mod share;

use serde::{Deserialize, Serialize};
use tch::Tensor;

pub use self::draw::{Noise, Resampling, SkyDraw};
use crate::DataError;

/// The strengths of the [operations](self) on what a critic sees; 0 is off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SkyAugment {
    /// Flips and quarter turns. Default true.
    pub symmetries: bool,
    /// The longest shift by whole pixels along each axis, as a share of the side, from 0 to below
    /// 1. Default 1/8.
    pub shift: f64,
    /// The longest shift by parts of a pixel along each axis, in pixels, from 0 to 1/2. Default
    /// 1/2.
    pub subpixel: f64,
    /// The largest log2 of the magnification either way, from 0 to 1/2. Default 0.1, 7 %.
    pub scale: f64,
    /// The scatter of the log2 of the factor on all light above black, at least 0. Default 0.
    pub flux: f64,
    /// The scatter of what is added to all pixels, at least 0. Default 0.
    pub brightness: f64,
    /// The scatter of the log2 of the factor on all pixels, about mid grey, at least 0. Default 0.
    pub contrast: f64,
    /// The scatter of the log2 of the factor on differences of bands, at least 0. Default 0.
    pub saturation: f64,
    /// The scatter of the noise's standard deviation, at least 0. Default 0.05.
    pub noise: f64,
    /// The side of the square that is cut out, as a share of the image's, from 0 to 1. Default 1/4.
    pub cutout: f64,
}

impl Default for SkyAugment {
    fn default() -> Self {
        Self {
            symmetries: true,
            shift: 0.125,
            subpixel: 0.5,
            scale: 0.1,
            noise: 0.05,
            cutout: 0.25,
            ..Self::OFF
        }
    }
}

impl SkyAugment {
    /// No operation at all: where to begin from to choose single ones.
    ///
    /// ```
    /// use astrogen_data::augment::SkyAugment;
    ///
    /// let moved = SkyAugment { symmetries: true, shift: 0.125, ..SkyAugment::OFF };
    /// assert!(moved.validate(64).is_ok());
    /// ```
    pub const OFF: Self = Self {
        symmetries: false,
        shift: 0.0,
        subpixel: 0.0,
        scale: 0.0,
        flux: 0.0,
        brightness: 0.0,
        contrast: 0.0,
        saturation: 0.0,
        noise: 0.0,
        cutout: 0.0,
    };

    /// Checks the settings for square images of this side.
    ///
    /// # Errors
    /// [`DataError::Setting`] for one outside its range, and where the side is less than 2.
    pub fn validate(&self, side: i64) -> Result<(), DataError> {
        let refuse = |name, rule: &str, got: String| {
            Err(DataError::Setting { name, rule: rule.to_owned(), got })
        };
        if side < 2 {
            return refuse("side of images to augment", "at least 2 pixels", side.to_string());
        }
        if !(0.0..1.0).contains(&self.shift) {
            return refuse(
                "augment shift",
                "from 0 to below 1 (of the side)",
                self.shift.to_string(),
            );
        }
        let bounded = [
            ("augment subpixel", self.subpixel, 0.5, "from 0 to 0.5 (pixels)"),
            ("augment scale", self.scale, 0.5, "from 0 to 0.5 (log2)"),
            ("augment cutout", self.cutout, 1.0, "from 0 to 1 (of the side)"),
        ];
        for (name, value, most, rule) in bounded {
            if !(0.0..=most).contains(&value) {
                return refuse(name, rule, value.to_string());
            }
        }
        let scatters = [
            ("augment flux", self.flux),
            ("augment brightness", self.brightness),
            ("augment contrast", self.contrast),
            ("augment saturation", self.saturation),
            ("augment noise", self.noise),
        ];
        match scatters.into_iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
            Some((name, value)) => refuse(name, "finite and at least 0", value.to_string()),
            None => Ok(()),
        }
    }

    /// The images `[N, C, H, W]`, each operation applied to each of them with this probability, by
    /// its own draw: [`draw`](Self::draw) and [`SkyDraw::apply`] in one.
    ///
    /// # Panics
    /// As [`SkyDraw::apply`].
    pub fn apply(&self, images: &Tensor, probability: f64) -> Tensor {
        self.draw(images, probability).apply(images)
    }
}
