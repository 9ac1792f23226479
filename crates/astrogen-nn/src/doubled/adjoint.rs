//! The gradient of the convolution's input.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use super::filter::{OUTPUTS, inputs_adjoint};
use super::pass::{Block, MOST_TILES, Pass};
use super::shape::DoubledShape;
use super::tiles::load;
use super::weights::{DoubledWeights, PANEL};
use crate::kernel::{Kernel, LANES, Lanes, in_parts, on_widest};

impl DoubledWeights {
    /// The gradient of `<y, w * doubled x>` with respect to `x`, of large maps `y`, into small ones. Tiles
    /// overlap among the small pixels, so that an image is one thread's.
    ///
    /// # Panics
    /// Where the weights are not those of the adjoint, or a map has another size.
    pub fn convolve_adjoint(&self, shape: &DoubledShape, y: &[f32], x: &mut [f32]) {
        assert!(self.is_adjoint, "weights of the adjoint");
        self.check(shape);
        let [small, large] = shape.numbers();
        assert_eq!([x.len(), y.len()], [small, large], "maps of {shape:?}");
        let pass = Pass { shape, weights: self, from: y.as_ptr(), to: x.as_mut_ptr() };
        let of_image = shape.all_tiles() / shape.images;
        // As many images a part as share the weights while these are at hand.
        let parts = shape.all_tiles().div_ceil(MOST_TILES).next_multiple_of(2).min(shape.images);
        in_parts(parts, |part| {
            let [first, end] = [part, part + 1].map(|at| at * shape.images / parts);
            let pixels = small / shape.images;
            // SAFETY: these images are this part's alone, and all bits 0 are the number 0.
            unsafe { pass.to.add(first * pixels).write_bytes(0, (end - first) * pixels) };
            let tiles = first * of_image..end * of_image;
            let blocks = tiles.len().div_ceil(MOST_TILES);
            for block in 0..blocks {
                let [first, end] =
                    [block, block + 1].map(|at| tiles.start + at * tiles.len() / blocks);
                pass.on_block(first..end, |block| on_widest(Adjoint(block)));
            }
        });
    }
}

/// The adjoint of a block.
struct Adjoint<'a>(Block<'a>);

impl Kernel for Adjoint<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let block = self.0;
        let Pass { shape, to, .. } = *block.pass;
        // SAFETY: the machine's features are the caller's; pixels are those of images that are this thread's.
        unsafe {
            block.transform::<L>();
            for panel in (0..shape.inputs).step_by(PANEL) {
                let width = PANEL.min(shape.inputs - panel);
                block.multiply::<L>(panel, width);
                for (t, place) in block.places() {
                    let (pixels, ends) = (place.small(shape), place.ends(shape.tiles()));
                    for channel in (0..width).step_by(LANES) {
                        let sums = block.sums.add(t * width + channel);
                        let square = inputs_adjoint(load::<L>(sums, block.sums_step), ends);
                        for i in 0..OUTPUTS {
                            for j in 0..OUTPUTS {
                                let to = to.add(pixels[i][j] + panel + channel);
                                L::load(to).add(square[i][j]).store(to);
                            }
                        }
                    }
                }
            }
        }
    }
}
