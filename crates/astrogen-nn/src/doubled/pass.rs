//! The convolution: tiles in, products, tiles out.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use std::ops::Range;

use super::filter::{OUTPUTS, POINTS};
use super::shape::DoubledShape;
use super::tiles::{Place, large_tile, load, small_tile};
use super::weights::{DoubledWeights, PANEL};
use crate::kernel::{Kernel, LANES, Lanes, Tile, in_parts, on_widest, with_scratch};
use crate::strided::filter::{Output, along_both};

/// Tiles of a block, at most: what is made of them stays in a core's cache.
pub(super) const MOST_TILES: usize = 72;

impl DoubledWeights {
    /// `y` of small maps `[N, H, W, inputs]`, into large ones.
    ///
    /// # Panics
    /// Where the weights are not those of the convolution, or a map has another size.
    pub fn convolve(&self, shape: &DoubledShape, x: &[f32], y: &mut [f32]) {
        assert!(!self.is_adjoint, "weights of the convolution itself");
        self.check(shape);
        let [small, large] = shape.numbers();
        assert_eq!([x.len(), y.len()], [small, large], "maps of {shape:?}");
        let pass = Pass { shape, weights: self, from: x.as_ptr(), to: y.as_mut_ptr() };
        let tiles = shape.all_tiles();
        let blocks = tiles.div_ceil(MOST_TILES).next_multiple_of(2).min(tiles);
        in_parts(blocks, |block| {
            let tiles = block * tiles / blocks..(block + 1) * tiles / blocks;
            pass.on_block(tiles, |block| on_widest(Forward(block)));
        });
    }

    pub(super) fn check(&self, shape: &DoubledShape) {
        shape.check();
        assert_eq!([self.inputs, self.outputs], [shape.inputs, shape.outputs], "weights' channels");
    }
}

/// A pass over all tiles.
pub(super) struct Pass<'a> {
    pub(super) shape: &'a DoubledShape,
    pub(super) weights: &'a DoubledWeights,
    pub(super) from: *const f32,
    pub(super) to: *mut f32,
}

// SAFETY: blocks write the outputs of tiles of their own, and read what nobody writes.
unsafe impl Sync for Pass<'_> {}

/// Some of the tiles, and where their transforms stand.
pub(super) struct Block<'a> {
    pub(super) pass: &'a Pass<'a>,
    pub(super) tiles: Range<usize>,
    /// `[points, tiles, depth]`, in rows a little longer.
    points: *mut f32,
    /// From one row to the next, and from one point to the next.
    row: usize,
    step: usize,
    /// `[points, tiles, panel]` of one panel.
    pub(super) sums: *mut f32,
    /// From one point's sums to the next.
    pub(super) sums_step: usize,
}

impl Pass<'_> {
    /// Calls `work` with a block, for whose transforms there is memory.
    pub(super) fn on_block(&self, tiles: Range<usize>, work: impl FnOnce(Block)) {
        let [depth, _] = self.weights.sides();
        // Rows an odd number of registers apart, points a few more: neighbours in another part of the cache.
        let row = depth + LANES;
        let [step, sums_step] = [row, PANEL].map(|row| tiles.len() * row + 2 * LANES);
        with_scratch(POINTS * POINTS * (step + sums_step), |scratch| {
            let points = scratch.as_mut_ptr();
            let sums = points.wrapping_add(POINTS * POINTS * step);
            work(Block { pass: self, tiles, points, row, step, sums, sums_step });
        });
    }
}

impl Block<'_> {
    /// The tiles by their number within the block.
    #[inline(always)]
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, Place)> {
        let tiles = self.pass.shape.tiles();
        self.tiles.clone().map(move |tile| Place::of(tile, tiles)).enumerate()
    }

    /// The transforms of all tiles.
    ///
    /// # Safety
    /// That of [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn transform<L: Lanes>(&self) {
        let Pass { shape, weights, from, .. } = *self.pass;
        for (t, place) in self.places() {
            // SAFETY: the machine's features are the caller's; tiles lie within the map, and their points
            // within the scratch.
            unsafe {
                let to = self.points.add(t * self.row);
                match weights.is_adjoint {
                    false => small_tile::<L>(shape, place, from, to, self.step),
                    true => large_tile::<L>(shape, place, from, to, self.step),
                }
            }
        }
    }

    /// The products of all points with a panel of the weights, so many columns.
    ///
    /// # Safety
    /// That of [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn multiply<L: Lanes>(&self, panel: usize, width: usize) {
        let [depth, across] = self.pass.weights.sides();
        let weights = self.pass.weights.data.numbers().as_ptr();
        for point in 0..POINTS * POINTS {
            // SAFETY: the machine's features are the caller's; points and sums lie within the scratch,
            // weights are where they were laid out.
            unsafe {
                let tile = Tile {
                    depth,
                    a: self.points.add(point * self.step),
                    a_row: self.row,
                    a_step: 1,
                    b: weights.add(point * depth * across + panel * depth),
                    b_step: width,
                    start: None,
                    sign: None,
                    slope: 1.0,
                    c: self.sums.add(point * self.sums_step),
                    stride: width,
                };
                tile.whole::<L>(self.tiles.len(), width / LANES);
            }
        }
    }
}

/// The convolution of a block.
struct Forward<'a>(Block<'a>);

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let block = self.0;
        let Pass { shape, to, .. } = *block.pass;
        // SAFETY: the machine's features are the caller's; outputs are those of these tiles.
        unsafe {
            block.transform::<L>();
            for panel in (0..shape.outputs).step_by(PANEL) {
                let width = PANEL.min(shape.outputs - panel);
                block.multiply::<L>(panel, width);
                for (t, place) in block.places() {
                    let (corner, [down, across]) = place.large(shape);
                    for channel in (0..width).step_by(LANES) {
                        let sums = block.sums.add(t * width + channel);
                        let points = load::<L>(sums, block.sums_step);
                        let outputs = along_both::<Output, L, POINTS, OUTPUTS>(points);
                        let to = to.add(corner + panel + channel);
                        for i in 0..OUTPUTS {
                            for j in 0..OUTPUTS {
                                outputs[i][j].store(to.add(i * down + j * across));
                            }
                        }
                    }
                }
            }
        }
    }
}
