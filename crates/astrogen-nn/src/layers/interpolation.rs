//! Doubling the height and width of images.

use serde::{Deserialize, Serialize};
use tch::Tensor;

/// How the new pixels come from the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Each pixel becomes 2x2 equal ones.
    Nearest,
    /// Each new pixel lies a quarter of the way between four old ones, weighted 9, 3, 3 and 1
    /// sixteenths; at the border the edge goes on (PyTorch's `bilinear` without
    /// `align_corners`).
    Bilinear,
}

impl Interpolation {
    /// `[N, C, H, W]` -> `[N, C, 2H, 2W]`, channels last where they were.
    ///
    /// # Panics
    /// Where there are not four axes.
    pub fn double(self, xs: &Tensor) -> Tensor {
        let (same, twice) = (None::<&[i64]>, [2.0, 2.0]);
        match self {
            Self::Nearest => xs.upsample_nearest2d_vec(same, twice),
            Self::Bilinear => xs.upsample_bilinear2d_vec(same, false, twice),
        }
    }

    /// The gradient of `<signal, double(xs)>` with respect to `xs`, `[N, C, H, W]`, of signals
    /// `[N, C, 2H, 2W]`.
    ///
    /// # Panics
    /// Where there are not four axes.
    pub(crate) fn double_adjoint(self, signal: &Tensor) -> Tensor {
        let [n, c, rows, columns] = signal.size()[..] else { panic!("maps, got {signal:?}") };
        let (large, small) = ([rows, columns], [n, c, rows / 2, columns / 2]);
        let [down, across] = [Some(2.0); 2];
        match self {
            Self::Nearest => {
                Tensor::upsample_nearest2d_backward(signal, large, small, down, across)
            }
            Self::Bilinear => {
                Tensor::upsample_bilinear2d_backward(signal, large, small, false, down, across)
            }
        }
    }
}
