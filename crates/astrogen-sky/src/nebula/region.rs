//! The box of space that is simulated, and the frame within it.

use ndarray::{Array3, ArrayView3, s};

/// A box of cells `[layer, y, x]` around the frame. Lengths are in pixels.
///
/// The box is one eighth wider than the frame, so that the frame's opposite edges do not
/// continue each other although the turbulence is periodic. Its depth is half its side, in
/// layers of about `THICKNESS` pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// Side of the frame, in pixels.
    pub(super) frame: usize,
    /// Number of cells along each axis.
    pub(super) shape: [usize; 3],
    /// Size of a cell along each axis.
    pub(super) spacing: [f64; 3],
}

impl Region {
    const THICKNESS: usize = 6;
    const MOST_LAYERS: usize = 64;

    pub(super) fn new(frame: usize) -> Self {
        let side = frame + (frame / 8).max(2);
        let layers = (side / 2 / Self::THICKNESS).clamp(4, Self::MOST_LAYERS);
        Self {
            frame,
            shape: [layers, side, side],
            spacing: [side as f64 / 2.0 / layers as f64, 1.0, 1.0],
        }
    }

    /// The first row and column of the frame within the box.
    pub(super) fn margin(&self) -> usize {
        (self.shape[1] - self.frame) / 2
    }

    /// Cuts the frame out of images `[C, y, x]` of the box.
    pub(super) fn cut(&self, images: &ArrayView3<f32>) -> Array3<f32> {
        let inside = self.margin()..self.margin() + self.frame;
        images.slice(s![.., inside.clone(), inside]).to_owned()
    }
}
