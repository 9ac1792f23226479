//! The eight flips and quarter turns of a square.
//!
//! The sky has no up, so a square turned by a quarter or seen in a mirror is as likely as
//! the one observed. The eight form the dihedral group of order 8, `R^r M^m` with a quarter
//! turn `R` (counter-clockwise, numpy's `rot90`) and a left-right mirror `M`. They only move
//! pixels: nothing is interpolated, so fluxes, noise and its correlations stay as they are.
//! Where handedness matters (the winding of spirals, say), use [`Augment::None`](super::Augment::None).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::DataError;
use crate::batch::sent;

/// One symmetry of the square, `R^r M^m`: first mirror left-right where `m` is 1, then
/// turn counter-clockwise by `r` quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symmetry {
    quarters: u8,
    mirrored: bool,
}

impl Symmetry {
    /// All eight; the first one changes nothing.
    pub const ALL: [Self; 8] = {
        let mut all = [Self { quarters: 0, mirrored: false }; 8];
        let mut number = 0;
        while number < 8 {
            all[number] = Self { quarters: number as u8 % 4, mirrored: number >= 4 };
            number += 1;
        }
        all
    };

    /// Its place in [`Symmetry::ALL`].
    pub fn number(self) -> usize {
        usize::from(self.quarters) + 4 * usize::from(self.mirrored)
    }

    /// `self` after `first`.
    pub fn after(self, first: Self) -> Self {
        // M R = R^-1 M: a turn seen in a mirror goes the other way.
        let turn = if self.mirrored { 4 - first.quarters } else { first.quarters };
        Self { quarters: (self.quarters + turn) % 4, mirrored: self.mirrored != first.mirrored }
    }

    /// The symmetry that undoes this one.
    pub fn inverse(self) -> Self {
        let quarters = if self.mirrored { self.quarters } else { (4 - self.quarters) % 4 };
        Self { quarters, ..self }
    }
}

/// The symmetries of `count` samples from `position` on in the order of an epoch: a pure
/// function of its arguments.
pub fn symmetries(seed: u64, epoch: u64, position: usize, count: usize) -> Vec<Symmetry> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch.wrapping_mul(2) + 1); // the even streams order the samples
    rng.set_word_pos(position as u128);
    (0..count).map(|_| Symmetry::ALL[(rng.next_u32() % 8) as usize]).collect()
}

/// Where the pixels of squares of side `size` come from under the symmetries of these numbers,
/// int64 `[N]`: `rows` and `columns`, int64 `[N, size]`, so that the pixel at (y, x) comes from the
/// place `rows[y] + columns[x]` of its plane.
pub(super) fn sources(numbers: &Tensor, size: i64) -> [Tensor; 2] {
    let numbers = numbers.unsqueeze(1); // [N, 1]
    let quarters = numbers.remainder(4);
    let places = Tensor::arange(size, (Kind::Int64, numbers.device()));
    let run = |back: &Tensor| (size - 1 - &places).where_self(back, &places);
    let rows = run(&quarters.ge(2)) * size;
    let columns = run(&quarters.eq(1).logical_or(&quarters.eq(2)).logical_xor(&numbers.ge(4)));
    // After an odd number of quarters the results' rows run along columns of the source.
    let odd = quarters.remainder(2).eq(1);
    [columns.where_self(&odd, &rows), rows.where_self(&odd, &columns)]
}

/// Applies symmetries to batches: the pixel permutations of all eight, on the device.
#[derive(Debug)]
pub struct Dihedral {
    /// `[8, H * W]`: for each symmetry, which pixel goes where.
    sources: Tensor,
}

impl Dihedral {
    /// For images of `size` by `size` pixels on `device`.
    ///
    /// # Errors
    /// [`DataError::Tensor`] where the device has no room for the table.
    pub fn new(size: usize, device: Device) -> Result<Self, DataError> {
        let all = Tensor::f_arange(8, (Kind::Int64, Device::Cpu))?;
        let [rows, columns] = sources(&all, size as i64);
        let sources = rows.f_unsqueeze(2)?.f_add(&columns.f_unsqueeze(1)?)?;
        Ok(Self { sources: sources.f_flatten(1, 2)?.f_to_device(device)? })
    }

    /// Image `n` of `images` (`[N, C, size, size]`) under `symmetries[n]`, as one gather.
    ///
    /// # Errors
    /// [`DataError::Tensor`] where the shapes do not fit.
    pub fn apply(&self, images: &Tensor, symmetries: &[Symmetry]) -> Result<Tensor, DataError> {
        let numbers: Vec<i64> = symmetries.iter().map(|s| s.number() as i64).collect();
        let numbers = sent(&Tensor::f_from_slice(&numbers)?, images.device())?;
        let pixels = images.f_flatten(2, 3)?; // [N, C, H * W]
        let sources = self.sources.f_index_select(0, &numbers)?; // [N, H * W]
        let sources = sources.f_unsqueeze(1)?.f_expand_as(&pixels)?; // [N, C, H * W]
        Ok(pixels.f_gather(2, &sources, false)?.f_view_as(images)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::Kind;

    use super::*;

    const SIZE: usize = 5;

    fn image() -> Tensor {
        Tensor::arange((2 * SIZE * SIZE) as i64, (Kind::Float, Device::Cpu)).view([
            1,
            2,
            SIZE as i64,
            SIZE as i64,
        ])
    }

    fn act(symmetry: Symmetry, image: &Tensor) -> Tensor {
        Dihedral::new(SIZE, Device::Cpu).unwrap().apply(image, &[symmetry]).unwrap()
    }

    #[test]
    fn the_eight_are_distinct_mirrors_and_quarter_turns() {
        let results: Vec<Tensor> = Symmetry::ALL.iter().map(|&s| act(s, &image())).collect();
        for (number, result) in results.iter().enumerate() {
            let mirrored = if number >= 4 { image().flip([3]) } else { image() };
            assert_eq!(*result, mirrored.rot90((number % 4) as i64, [2, 3]));
            assert!(results[..number].iter().all(|other| other != result));
        }
        assert_eq!(results[0], image());
    }

    #[test]
    fn they_act_as_a_group() {
        for a in Symmetry::ALL {
            assert_eq!(Symmetry::ALL[a.number()], a);
            assert_eq!(act(a.inverse(), &act(a, &image())), image());
            assert_eq!(a.after(a.inverse()), Symmetry::ALL[0]);
            for b in Symmetry::ALL {
                assert_eq!(act(a, &act(b, &image())), act(a.after(b), &image()));
            }
        }
    }

    #[test]
    fn each_image_of_a_batch_has_its_own_symmetry() {
        let images = Tensor::rand([8, 3, SIZE as i64, SIZE as i64], (Kind::Float, Device::Cpu));
        let dihedral = Dihedral::new(SIZE, Device::Cpu).unwrap();
        let batch = dihedral.apply(&images, &Symmetry::ALL).unwrap();
        for (n, symmetry) in Symmetry::ALL.into_iter().enumerate() {
            let alone = act(symmetry, &images.narrow(0, n as i64, 1));
            assert_eq!(batch.narrow(0, n as i64, 1), alone);
        }
    }

    #[test]
    fn the_draw_depends_on_the_position_alone_and_is_even() {
        let whole = symmetries(9, 2, 0, 8000);
        assert_eq!(whole[37..101], symmetries(9, 2, 37, 64));
        assert_ne!(whole, symmetries(9, 3, 0, 8000));
        assert_ne!(whole, symmetries(8, 2, 0, 8000));
        for symmetry in Symmetry::ALL {
            let count = whole.iter().filter(|&&s| s == symmetry).count();
            assert!((880..=1120).contains(&count), "{symmetry:?} {count} times in 8000");
        }
    }
}
