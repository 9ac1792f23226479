//! Shifts by whole pixels, with what lies beyond the border mirrored in.
//!
//! ```text
//! out[n, c, y, x] = in[n, c, mirror(y + dy_n), mirror(x + dx_n)]
//! ```
//!
//! where `mirror` reflects about the border pixels (`c b | a b c d | c b`). Pixels are moved and
//! repeated, not interpolated, so noise keeps its strength and correlations. Shown to a critic on
//! reals and fakes alike, with probability below 1, it makes a small set of images hard to learn
//! by heart, and what generators learn is the unshifted images (Karras et al. 2020, *Training
//! Generative Adversarial Networks with Limited Data*; Zhao et al. 2020, *Differentiable
//! Augmentation*, which fills the border with zeros: the sky has none).

use astrogen_runtime::draw_rows;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::DataError;

/// How often and how far images are shifted. The default never does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Translation {
    /// The longest shift along each axis, in pixels, at least 0 and below the image's side.
    /// Default 0: none.
    pub pixels: i64,
    /// The share of images that are shifted, in [0, 1]. Default 0.3.
    pub probability: f64,
}

impl Default for Translation {
    fn default() -> Self {
        Self { pixels: 0, probability: 0.3 }
    }
}

impl Translation {
    /// Checks the settings for images of this side.
    ///
    /// # Errors
    /// [`DataError::Setting`] for one outside its range.
    pub fn validate(&self, side: i64) -> Result<(), DataError> {
        let refuse = |name, rule: String, got: String| Err(DataError::Setting { name, rule, got });
        if !(0..side).contains(&self.pixels) {
            let rule = format!("from 0 to {} for images of {side} pixels", side - 1);
            return refuse("translation pixels", rule, self.pixels.to_string());
        }
        if !(0.0..=1.0).contains(&self.probability) {
            let got = self.probability.to_string();
            return refuse("translation probability", "from 0 to 1".into(), got);
        }
        Ok(())
    }

    /// The images `[N, C, H, W]`, each shifted by its own draw from libtorch's generator; a
    /// function of images and draw whose gradient goes back to the pixels that were moved.
    ///
    /// # Panics
    /// Where the images are smaller than a shift; [`Translation::validate`] checks it.
    pub fn apply(&self, images: &Tensor) -> Tensor {
        if self.pixels == 0 || self.probability == 0.0 {
            return images.shallow_clone();
        }
        translate(images, &self.draw(images.size()[0], images.device()))
    }

    /// Shifts (dy, dx) of `n` images, int64 `[n, 2]`, from libtorch's generator.
    pub fn draw(&self, n: i64, device: Device) -> Tensor {
        let count = 2 * self.pixels + 1;
        let options = (Kind::Int64, device);
        let shifts = draw_rows(n, |n| Tensor::randint(count, [n, 2], options)) - self.pixels;
        let chances = draw_rows(n, |n| Tensor::rand([n, 1], (Kind::Float, device)));
        let shifted = chances.lt(self.probability);
        shifts * shifted
    }
}

/// Images `[N, C, H, W]`, each shifted by its (dy, dx) in `shifts`, int64 `[N, 2]`, with what lies
/// beyond the border mirrored about the border pixels:
/// `out[n, c, y, x] = in[n, c, mirror(y + dy), mirror(x + dx)]`.
///
/// # Panics
/// Where there is not one shift an image.
///
/// ```
/// use astrogen_data::augment::translate;
/// use tch::Tensor;
///
/// let image = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0]).view([1, 1, 1, 4]);
/// let moved = translate(&image, &Tensor::from_slice(&[0i64, 2]).view([1, 2]));
/// assert_eq!(Vec::<f32>::try_from(moved.view([4]))?, [3.0, 4.0, 3.0, 2.0]);
/// # Ok::<(), tch::TchError>(())
/// ```
pub fn translate(images: &Tensor, shifts: &Tensor) -> Tensor {
    let size = images.size();
    let [rows, columns] = sources(shifts, [size[2], size[3]]);
    move_pixels(images, &(rows * size[3]), &columns)
}

/// The rows and columns that the pixels of images `[H, W]` come from under these shifts (dy, dx),
/// int64 `[N, 2]`: int64 `[N, H]` and `[N, W]`.
pub(super) fn sources(shifts: &Tensor, [height, width]: [i64; 2]) -> [Tensor; 2] {
    let along = |axis: i64, side: i64| {
        let places = Tensor::arange(side, (Kind::Int64, shifts.device()));
        mirror(&(places + shifts.narrow(1, axis, 1)), side)
    };
    [along(0, height), along(1, width)]
}

/// Places on an axis of `side` pixels, those beyond its ends mirrored about the border pixels.
pub(super) fn mirror(places: &Tensor, side: i64) -> Tensor {
    let last = side - 1;
    last - (places.remainder(2 * last.max(1)) - last).abs()
}

/// Images `[N, C, H, W]` whose pixel at (y, x) comes from the place `rows[y] + columns[x]` of its
/// plane, int64 `[N, H]` and `[N, W]`.
pub(super) fn move_pixels(images: &Tensor, rows: &Tensor, columns: &Tensor) -> Tensor {
    let pixels = images.flatten(2, 3); // [N, C, H * W]
    let sources = (rows.unsqueeze(2) + columns.unsqueeze(1)).flatten(1, 2); // [N, H * W]
    pixels.gather(2, &sources.unsqueeze(1).expand_as(&pixels), false).view_as(images)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

    fn shifts(pairs: &[[i64; 2]]) -> Tensor {
        Tensor::from_slice2(pairs)
    }

    #[test]
    fn it_is_a_crop_of_the_images_padded_by_reflection() {
        let images = Tensor::rand([5, 2, 6, 9], DOUBLE);
        let pairs = [[0, 0], [3, -3], [-5, 5], [1, 8], [-2, -8]];
        let moved = translate(&images, &shifts(&pairs));
        for (n, [dy, dx]) in (0..).zip(pairs) {
            let padded = images.narrow(0, n, 1).reflection_pad2d([8, 8, 5, 5]);
            let expected = padded.narrow(2, 5 + dy, 6).narrow(3, 8 + dx, 9);
            assert_eq!(moved.narrow(0, n, 1), expected, "{dy}, {dx}");
        }
    }

    #[test]
    fn gradients_go_back_to_the_pixels_that_were_moved() {
        let images = Tensor::rand([2, 1, 3, 4], DOUBLE).set_requires_grad(true);
        let direction = Tensor::rand([2, 1, 3, 4], DOUBLE);
        let value = |images: &Tensor| {
            (translate(images, &shifts(&[[1, -2], [-2, 3]])).square() * &direction)
                .sum(Kind::Double)
        };
        let gradient = Tensor::run_backward(&[value(&images)], &[&images], false, false).remove(0);
        let step = 1e-6;
        for i in 0..images.numel() as i64 {
            let moved_by = |by: f64| {
                let mut images = images.detach().copy();
                let _ = images.view([-1]).get(i).g_add_scalar_(by);
                images = images.view([2, 1, 3, 4]);
                value(&images).double_value(&[])
            };
            let numeric = (moved_by(step) - moved_by(-step)) / (2.0 * step);
            let got = gradient.view([-1]).double_value(&[i]);
            assert!((got - numeric).abs() < 1e-7, "pixel {i}: {got} {numeric}");
        }
    }

    #[test]
    fn draws_are_even_and_as_frequent_as_asked() {
        tch::manual_seed(4);
        let translation = Translation { pixels: 2, probability: 0.5 };
        let draws = translation.draw(20_000, Device::Cpu);
        assert_eq!((draws.min().int64_value(&[]), draws.max().int64_value(&[])), (-2, 2));
        // A drawn shift is (0, 0) once in 25 times.
        let moved = draws.abs().sum_dim_intlist(1, false, Kind::Int64).gt(0).to_kind(Kind::Double);
        let share = moved.mean(Kind::Double).double_value(&[]);
        assert!((share - 0.5 * 24.0 / 25.0).abs() < 0.01, "{share}");
        for shift in -2..=2 {
            let count = draws.eq(shift).sum(Kind::Int64).int64_value(&[]) as f64 / 40_000.0;
            let expected = 0.1 + if shift == 0 { 0.5 } else { 0.0 };
            assert!((count - expected).abs() < 0.01, "{shift}: {count}");
        }
        let images = Tensor::rand([3, 1, 4, 4], DOUBLE);
        assert_eq!(Translation::default().apply(&images), images);
    }

    #[test]
    fn settings_out_of_range_are_refused_with_their_rule() {
        let refusal = |pixels, probability| {
            Translation { pixels, probability }.validate(8).unwrap_err().to_string()
        };
        assert!(refusal(8, 0.5).contains("from 0 to 7 for images of 8 pixels"));
        assert!(refusal(-1, 0.5).contains("got -1"));
        assert!(refusal(1, f64::NAN).contains("from 0 to 1"));
        assert!(Translation { pixels: 7, probability: 1.0 }.validate(8).is_ok());
    }
}
