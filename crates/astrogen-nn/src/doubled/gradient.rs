//! The gradient of the convolution's weights.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use std::ops::Range;

use super::filter::{POINTS, TAPS};
use super::shape::DoubledShape;
use super::tiles::{Place, large_tile, load, small_tile};
use crate::kernel::{Kernel, LANES, Lanes, Tile, in_parts, on_widest, with_scratch};
use crate::strided::filter::{TapsAdjoint, along_both};

/// Tiles of a block, at most: their transforms are kept at once.
const MOST_TILES: usize = 128;

impl DoubledShape {
    /// The gradient `[outputs, 3, 3, inputs]` of `<y, w * doubled x>` with respect to the weights `w`, of small
    /// maps `x` and large ones `y`. Sums are in the order of images and places, on any number of threads.
    ///
    /// # Panics
    /// Where a map or the gradient has another size.
    pub fn weight_gradient(&self, x: &[f32], y: &[f32], gradient: &mut [f32]) {
        self.check();
        let [small, large] = self.numbers();
        assert_eq!([x.len(), y.len()], [small, large], "maps of {self:?}");
        let taps = self.inputs * self.outputs * TAPS * TAPS;
        assert_eq!(gradient.len(), taps, "weights of {self:?}");
        let [row, output_row] = [self.inputs, self.outputs].map(|channels| channels + LANES);
        let [step, output_step] = [row, output_row].map(|row| MOST_TILES * row + 2 * LANES);
        let sums_step = self.inputs * self.outputs + LANES;
        let points = POINTS * POINTS;
        with_scratch(points * (step + output_step + sums_step), |scratch| {
            let inputs = scratch.as_mut_ptr();
            let outputs = inputs.wrapping_add(points * step);
            let sums = outputs.wrapping_add(points * output_step);
            let all = self.all_tiles();
            let blocks = all.div_ceil(MOST_TILES);
            let (x, y, gradient) = (x.as_ptr(), y.as_ptr(), gradient.as_mut_ptr());
            let mut shared = Shared {
                shape: self,
                x,
                y,
                inputs: Factor { at: inputs, row, step },
                outputs: Factor { at: outputs, row: output_row, step: output_step },
                sums: Factor { at: sums, row: self.inputs, step: sums_step },
                gradient,
                tiles: 0..0,
            };
            for block in 0..blocks {
                shared.tiles = block * all / blocks..(block + 1) * all / blocks;
                let (count, shared) = (shared.tiles.len(), &shared);
                let parts = count.div_ceil(8);
                in_parts(parts, |part| {
                    let tiles = part * count / parts..(part + 1) * count / parts;
                    on_widest(Transforms { shared, tiles });
                });
                in_parts(points, |point| {
                    on_widest(Product { shared, is_first: block == 0, point });
                });
            }
            let shared = &shared;
            in_parts(self.outputs / LANES, |part| on_widest(Gathered { shared, part }));
        });
    }
}

/// A matrix at each point.
#[derive(Clone, Copy)]
struct Factor {
    at: *mut f32,
    /// From one row to the next.
    row: usize,
    /// From one point to the next.
    step: usize,
}

/// What the jobs share.
struct Shared<'a> {
    shape: &'a DoubledShape,
    x: *const f32,
    y: *const f32,
    /// `[points, tiles, inputs]`
    inputs: Factor,
    /// `[points, tiles, outputs]`
    outputs: Factor,
    /// `[points, outputs, inputs]`
    sums: Factor,
    gradient: *mut f32,
    /// The block's.
    tiles: Range<usize>,
}

// SAFETY: jobs of one kind write places of their own, and read what no job of that kind writes.
unsafe impl Sync for Shared<'_> {}

/// The transforms of some of the block's tiles.
struct Transforms<'a> {
    shared: &'a Shared<'a>,
    tiles: Range<usize>,
}

impl Kernel for Transforms<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Shared { shape, x, y, inputs, outputs, tiles, .. } = self.shared;
        for t in self.tiles {
            let place = Place::of(tiles.start + t, shape.tiles());
            // SAFETY: the machine's features are the caller's; rows are those of this tile.
            unsafe {
                small_tile::<L>(shape, place, *x, inputs.at.add(t * inputs.row), inputs.step);
                large_tile::<L>(shape, place, *y, outputs.at.add(t * outputs.row), outputs.step);
            }
        }
    }
}

/// What the block adds to the sums of a point.
struct Product<'a> {
    shared: &'a Shared<'a>,
    is_first: bool,
    point: usize,
}

impl Kernel for Product<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { shared, is_first, point } = self;
        let Shared { shape, inputs, outputs, sums, tiles, .. } = shared;
        // SAFETY: the machine's features are the caller's; the factors are the block's tiles, the sums this
        // point's.
        unsafe {
            let to = sums.at.add(point * sums.step);
            let tile = Tile {
                depth: tiles.len(),
                a: outputs.at.add(point * outputs.step),
                a_row: 1,
                a_step: outputs.row,
                b: inputs.at.add(point * inputs.step),
                b_step: inputs.row,
                start: (!is_first).then_some((to.cast_const(), sums.row)),
                sign: None,
                slope: 1.0,
                c: to,
                stride: sums.row,
            };
            tile.whole::<L>(shape.outputs, shape.inputs / LANES);
        }
    }
}

/// The gradient of the weights of sixteen outputs.
struct Gathered<'a> {
    shared: &'a Shared<'a>,
    part: usize,
}

impl Kernel for Gathered<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Shared { shape, sums, gradient, .. } = self.shared;
        for output in self.part * LANES..(self.part + 1) * LANES {
            for input in (0..shape.inputs).step_by(LANES) {
                // SAFETY: the machine's features are the caller's; sums and gradient have these places.
                unsafe {
                    let points = load::<L>(sums.at.add(output * sums.row + input), sums.step);
                    let square = along_both::<TapsAdjoint, L, POINTS, TAPS>(points);
                    for k in 0..TAPS {
                        for l in 0..TAPS {
                            let row = (output * TAPS + k) * TAPS + l;
                            square[k][l].store(gradient.add(row * shape.inputs + input));
                        }
                    }
                }
            }
        }
    }
}
