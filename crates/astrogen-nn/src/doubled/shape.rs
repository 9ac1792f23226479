//! Sizes of a convolution behind a doubling.

use super::filter::POINTS;
use crate::strided::{check_maps, transforms_pay};

/// Between small maps `[N, H, W, inputs]` and large ones `[N, 2 H, 2 W, outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubledShape {
    /// Images.
    pub images: usize,
    /// Channels of the small maps.
    pub inputs: usize,
    /// Channels of the large maps.
    pub outputs: usize,
    /// Height of the small maps, even.
    pub height: usize,
    /// Width of the small maps, even.
    pub width: usize,
}

impl DoubledShape {
    /// Whether transforms of the weights pay for the convolution and its adjoint. The gradient of the weights
    /// needs none.
    pub fn transforms_pay(&self) -> bool {
        transforms_pay(self.all_tiles(), POINTS * POINTS * self.inputs * self.outputs)
    }

    /// Tiles of an image: rows and columns of 2x2 small and 4x4 large pixels.
    pub(super) fn tiles(&self) -> [usize; 2] {
        [self.height / 2, self.width / 2]
    }

    /// Tiles of all images.
    pub(super) fn all_tiles(&self) -> usize {
        self.images * self.tiles().into_iter().product::<usize>()
    }

    /// Refuses what the kernels do not take.
    ///
    /// # Panics
    /// As [`check_maps`].
    pub(super) fn check(&self) {
        let Self { images, inputs, outputs, height, width } = *self;
        check_maps(self, [images, inputs, outputs, height, width]);
    }

    /// Numbers of the small and of the large maps.
    pub(super) fn numbers(&self) -> [usize; 2] {
        let pixels = self.images * self.height * self.width;
        [pixels * self.inputs, 4 * pixels * self.outputs]
    }
}
