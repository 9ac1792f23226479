//! The flips and quarter turns under which the sky is the same sky.

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor};

/// A flip or turn of an image: mirrored left to right first if it is one of the four with a flip,
/// then turned by so many quarter turns against the clock (as `numpy.rot90` turns).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Symmetry {
    /// Whether left and right change places.
    pub flipped: bool,
    /// Quarter turns after that, 0 to 3.
    pub quarter_turns: u8,
}

impl Symmetry {
    /// The image as it is.
    pub const IDENTITY: Self = Self { flipped: false, quarter_turns: 0 };

    /// All eight: the four turns, and the four turns of the mirrored image.
    pub const SQUARE: [Self; 8] = {
        let mut all = [Self::IDENTITY; 8];
        let mut index = 1;
        while index < 8 {
            all[index] = Self { flipped: index >= 4, quarter_turns: index as u8 % 4 };
            index += 1;
        }
        all
    };

    /// The four that leave height and width as they are: both flips, one after the other too.
    pub const RECTANGLE: [Self; 4] =
        [Self::SQUARE[0], Self::SQUARE[2], Self::SQUARE[4], Self::SQUARE[6]];

    /// Images `[..., H, W]`, or of `[..., W, H]` where the turns are odd, under this symmetry.
    ///
    /// ```
    /// use astrogen_metrics::memorisation::Symmetry;
    /// use tch::Tensor;
    ///
    /// let image = Tensor::from_slice(&[1, 2, 3, 4]).view([2, 2]); // 1 2 over 3 4
    /// let turned = Symmetry { flipped: true, quarter_turns: 1 }.apply(&image)?;
    /// assert_eq!(turned, Tensor::from_slice(&[1, 3, 2, 4]).view([2, 2]));
    /// # Ok::<(), tch::TchError>(())
    /// ```
    ///
    /// # Errors
    /// [`TchError`] for a tensor of fewer than two dimensions.
    pub fn apply(self, images: &Tensor) -> Result<Tensor, TchError> {
        let flipped = if self.flipped { images.f_flip([-1])? } else { images.shallow_clone() };
        flipped.f_rot90(i64::from(self.quarter_turns), [-2, -1])
    }
}
