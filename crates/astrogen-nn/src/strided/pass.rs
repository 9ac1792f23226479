//! The convolution and its transpose: tiles in, products, tiles out.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use std::ops::Range;

use super::filter::{Input, Output, Transform, along_both};
use super::shape::{StridedShape, Variant};
use super::tiles::{Map, Place, large_tile, small_tile};
use super::weights::{PANEL, StridedWeights};
use crate::kernel::{Kernel, LANES, Lanes, Tile, in_parts, on_widest, with_scratch};

/// Tiles of a block, at most: what is made of them stays in a core's cache.
const MOST_TILES: usize = 144;

/// What is done with outputs before they are stored.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// What is added to each channel.
    pub bias: Option<&'a [f32]>,
    /// What is not above zero is multiplied by this: 0 is ReLU, 1 nothing.
    pub slope: f32,
    /// The signs that say so, of a map like the output; the output's own if there is none.
    pub sign: Option<&'a [f32]>,
}

impl After<'_> {
    /// Nothing.
    pub const NOTHING: Self = Self { bias: None, slope: 1.0, sign: None };
}

impl StridedWeights {
    /// `y = end(w * x + bias)` of large maps `[N, H, W, inputs]`, into small ones.
    ///
    /// # Panics
    /// Where the weights are not those of the convolution, or a map or the bias has another size.
    pub fn convolve(&self, shape: &StridedShape, x: &[f32], after: After, y: &mut [f32]) {
        assert!(!self.is_transposed, "weights of the convolution itself");
        self.pass(shape, x, after, y);
    }

    /// `x = end(w^T * y + bias)` of small maps `[N, H/2, W/2, outputs]`, into large ones: the transposed
    /// convolution, and the gradient of the convolution's input.
    ///
    /// # Panics
    /// Where the weights are not those of the transpose, or a map or the bias has another size.
    pub fn convolve_transposed(
        &self,
        shape: &StridedShape,
        y: &[f32],
        after: After,
        x: &mut [f32],
    ) {
        assert!(self.is_transposed, "weights of the transpose");
        self.pass(shape, y, after, x);
    }

    fn pass(&self, shape: &StridedShape, from: &[f32], after: After, to: &mut [f32]) {
        shape.check();
        let [large, small] = shape.numbers();
        let [read, written] = match self.is_transposed {
            true => [small, large],
            false => [large, small],
        };
        assert_eq!([self.inputs, self.outputs], [shape.inputs, shape.outputs], "weights' channels");
        assert_eq!([from.len(), to.len()], [read, written], "maps of {shape:?}");
        let across = if self.is_transposed { shape.inputs } else { shape.outputs };
        assert!(after.bias.is_none_or(|bias| bias.len() == across), "a bias a channel");
        assert!(after.sign.is_none_or(|sign| sign.len() == written), "signs like the output");
        let zeros = vec![0.0; shape.inputs.max(shape.outputs)];
        let (height, width, channels) = match self.is_transposed {
            false => (shape.height, shape.width, shape.inputs),
            true => (shape.rows(), shape.columns(), shape.outputs),
        };
        let map = Map { data: from.as_ptr(), zeros: zeros.as_ptr(), height, width, channels };
        let pass = Pass { shape, weights: self, map, after, to: to.as_mut_ptr() };
        let tiles = shape.all_tiles(self.variant);
        let blocks = tiles.div_ceil(MOST_TILES).next_multiple_of(2).min(tiles);
        in_parts(blocks, |block| {
            let tiles = block * tiles / blocks..(block + 1) * tiles / blocks;
            let layout = Layout::of(self, tiles.len());
            with_scratch(self.variant.products() * (layout.step + layout.sums), |scratch| {
                let (pass, scratch) = (&pass, scratch.as_mut_ptr());
                match self.variant {
                    Variant::Two => on_widest(Block::<2, 3> { pass, tiles, layout, scratch }),
                    Variant::Four => on_widest(Block::<4, 5> { pass, tiles, layout, scratch }),
                }
            });
        });
    }
}

/// How a block's transforms lie in memory.
#[derive(Clone, Copy)]
struct Layout {
    /// Numbers of a tile's inputs at a point.
    depth: usize,
    /// Columns of a product.
    across: usize,
    /// From one tile's inputs to the next.
    row: usize,
    /// From one point's inputs to the next.
    step: usize,
    /// From one point's sums to the next.
    sums: usize,
}

impl Layout {
    fn of(weights: &StridedWeights, tiles: usize) -> Self {
        let StridedWeights { inputs, outputs, is_transposed, .. } = *weights;
        let [depth, across] = if is_transposed { [outputs, inputs] } else { [4 * inputs, outputs] };
        // Rows an odd number of registers apart, points a few more: neighbours in another part of the
        // cache.
        let row = depth + LANES;
        let [step, sums] = [row, PANEL].map(|row| tiles * row + 2 * LANES);
        Self { depth, across, row, step, sums }
    }
}

/// A pass over all tiles.
struct Pass<'a> {
    shape: &'a StridedShape,
    weights: &'a StridedWeights,
    map: Map,
    after: After<'a>,
    to: *mut f32,
}

// SAFETY: blocks write the outputs of tiles of their own, and read what nobody writes.
unsafe impl Sync for Pass<'_> {}

/// Some of the tiles.
struct Block<'a, const M: usize, const A: usize> {
    pass: &'a Pass<'a>,
    tiles: Range<usize>,
    layout: Layout,
    scratch: *mut f32,
}

impl<const M: usize, const A: usize> Kernel for Block<'_, M, A>
where
    Input: Transform<A, A>,
    Output: Transform<A, M>,
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Layout { depth, across, row, step, sums } = self.layout;
        let is_transposed = self.pass.weights.is_transposed;
        let (points, sums_at) = (self.scratch, self.scratch.wrapping_add(A * A * step));
        let weights = self.pass.weights.data.numbers().as_ptr();
        for round in 0..if is_transposed { 4 } else { 1 } {
            // SAFETY: the machine's features are the caller's. Inputs lie within the map or are
            // zeros, points and sums within the scratch, weights as they were laid out, outputs in
            // the places of these tiles.
            unsafe {
                for (t, place) in self.places().enumerate() {
                    let to = points.add(t * row);
                    match is_transposed {
                        true => small_tile::<L, A>(&self.pass.map, place, round, to, step),
                        false => large_tile::<L, A>(&self.pass.map, place, 0..depth, to, step),
                    }
                }
                for panel in (0..across).step_by(PANEL) {
                    let width = PANEL.min(across - panel);
                    for point in 0..A * A {
                        let first = (round * A * A + point) * depth * across + panel * depth;
                        let tile = Tile {
                            depth,
                            a: points.add(point * step),
                            a_row: row,
                            a_step: 1,
                            b: weights.add(first),
                            b_step: width,
                            start: None,
                            sign: None,
                            slope: 1.0,
                            c: sums_at.add(point * sums),
                            stride: width,
                        };
                        tile.whole::<L>(self.tiles.len(), width / LANES);
                    }
                    self.write::<L>(round, panel, width, sums_at, sums, across);
                }
            }
        }
    }
}

impl<const M: usize, const A: usize> Block<'_, M, A>
where
    Input: Transform<A, A>,
    Output: Transform<A, M>,
{
    fn places(&self) -> impl Iterator<Item = Place> {
        let variant = self.pass.weights.variant;
        let tiles = self.pass.shape.tiles(variant);
        self.tiles.clone().map(move |tile| Place::of(tile, tiles, variant))
    }

    /// Stores a panel's outputs of all tiles.
    #[inline(always)]
    unsafe fn write<L: Lanes>(
        &self,
        round: usize,
        panel: usize,
        width: usize,
        sums: *const f32,
        step: usize,
        across: usize,
    ) {
        let (shape, after) = (self.pass.shape, self.pass.after);
        let parity = [1 - round / 2, 1 - round % 2];
        let (stride, wide) = match self.pass.weights.is_transposed {
            true => (2, shape.width),
            false => (1, shape.columns()),
        };
        let high = if self.pass.weights.is_transposed { shape.height } else { shape.rows() };
        for (t, Place { image, row, column }) in self.places().enumerate() {
            let [rows, columns] =
                [shape.rows() - row, shape.columns() - column].map(|left| left.min(M));
            let [top, left] = match self.pass.weights.is_transposed {
                true => [2 * row + parity[0], 2 * column + parity[1]],
                false => [row, column],
            };
            let corner = ((image * high + top) * wide + left) * across + panel;
            for channel in (0..width).step_by(LANES) {
                // SAFETY: the caller's.
                unsafe {
                    let mut points = [[L::splat(0.0); A]; A];
                    for i in 0..A {
                        for j in 0..A {
                            let at = (i * A + j) * step + t * width + channel;
                            points[i][j] = L::load(sums.add(at));
                        }
                    }
                    let outputs = along_both::<Output, L, A, M>(points);
                    let bias = after.bias.map(|bias| L::load(bias.as_ptr().add(panel + channel)));
                    for i in 0..M {
                        for j in 0..M {
                            if i >= rows || j >= columns {
                                continue;
                            }
                            let at = corner + (i * wide + j) * stride * across + channel;
                            let mut output = outputs[i][j];
                            if let Some(bias) = bias {
                                output = output.add(bias);
                            }
                            if after.slope != 1.0 {
                                let sign = after.sign.map(|sign| L::load(sign.as_ptr().add(at)));
                                output = output.bend(sign.unwrap_or(output), after.slope);
                            }
                            output.store(self.pass.to.add(at));
                        }
                    }
                }
            }
        }
    }
}
