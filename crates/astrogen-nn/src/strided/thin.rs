//! Convolutions of 4x4 pixels at a stride of 2 whose large maps have a few channels: those that images
//! enter and leave networks by. Too thin to be transformed, they are products with the patches below the
//! filter, 16 numbers a channel.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]

use std::ops::Range;

use super::pass::After;
use super::shape::{StridedShape, check_numbers};
use crate::kernel::{LANES, Registers, Tile, on_threads, with_scratch};

/// Channels of the large maps, at most.
const MOST_INPUTS: usize = 4;
/// Rows of the small maps that are worked on at once.
const ROWS: usize = 8;
/// Parts of a gradient, at most, which are summed in the end.
const PARTS: usize = 16;
/// Taps of a filter.
const TAPS: usize = 16;

/// What a thin filter's weights `[outputs, 4, 4, inputs]` are to the products: rows of patches
/// `[4, 4, inputs]`, a column an output, and the transpose.
#[derive(Debug, Clone)]
pub struct ThinWeights {
    inputs: usize,
    outputs: usize,
    /// `[16 inputs, outputs]`
    rows: Registers,
    /// `[outputs, 16 inputs]`
    columns: Registers,
}

impl ThinWeights {
    /// Of so many weights.
    ///
    /// # Panics
    /// Where there are others, channels of the small maps are no multiple of 16, or there are not one to
    /// four of the large ones.
    pub fn new(shape: &StridedShape, weights: &[f32]) -> Self {
        check(shape);
        let (inputs, outputs) = (shape.inputs, shape.outputs);
        assert_eq!(weights.len(), outputs * inputs * TAPS, "weights of {shape:?}");
        let [mut rows, mut columns] = [0; 2].map(|_| Registers::zeros(weights.len()));
        let (to_rows, to_columns) = (rows.numbers_mut(), columns.numbers_mut());
        to_columns[..weights.len()].copy_from_slice(weights);
        for (o, patch) in weights.chunks_exact(inputs * TAPS).enumerate() {
            for (k, &weight) in patch.iter().enumerate() {
                to_rows[k * outputs + o] = weight;
            }
        }
        Self { inputs, outputs, rows, columns }
    }

    /// `y = end(w * x + bias)` of large maps `[N, H, W, inputs]`, into small ones.
    ///
    /// # Panics
    /// Where a map or the bias has another size.
    pub fn convolve(&self, shape: &StridedShape, x: &[f32], after: After, y: &mut [f32]) {
        let maps = self.check(shape, x.len(), y.len());
        assert!(after.bias.is_none_or(|bias| bias.len() == self.outputs), "a bias a channel");
        assert!(after.sign.is_none_or(|sign| sign.len() == y.len()), "signs like the output");
        let row = shape.columns() * self.outputs;
        let parts: Vec<_> = y.chunks_mut(ROWS * row).enumerate().collect();
        on_threads(parts, |(part, y)| {
            let rows = part * ROWS..part * ROWS + y.len() / row;
            let sign = after.sign.map(|sign| &sign[rows.start * row..]);
            with_scratch(rows.len() * shape.columns() * maps.patch, |scratch| {
                patches(shape, x, rows.clone(), scratch);
                let tile = Tile {
                    depth: maps.patch,
                    a: scratch.as_ptr(),
                    a_row: maps.patch,
                    a_step: 1,
                    b: self.rows.numbers().as_ptr(),
                    b_step: self.outputs,
                    start: after.bias.map(|bias| (bias.as_ptr(), 0)),
                    sign: sign.map(<[f32]>::as_ptr),
                    slope: after.slope,
                    c: y.as_mut_ptr(),
                    stride: self.outputs,
                };
                // SAFETY: patches, weights, bias, signs and outputs are as many as the tile says
                // (checked above).
                unsafe { tile.run(rows.len() * shape.columns(), self.outputs / LANES) };
            });
        });
    }

    /// `x = w^T * y` of small maps `[N, H/2, W/2, outputs]`, into large ones: the transposed convolution,
    /// and the gradient of the convolution's input.
    ///
    /// # Panics
    /// Where a map has another size.
    pub fn convolve_transposed(&self, shape: &StridedShape, y: &[f32], x: &mut [f32]) {
        let Maps { patch, large, small } = self.check(shape, x.len(), y.len());
        let columns = shape.columns();
        let images: Vec<_> = x.chunks_exact_mut(large).zip(y.chunks_exact(small)).collect();
        on_threads(images, |(x, y)| {
            x.fill(0.0);
            with_scratch(columns * patch, |scratch| {
                for (r, y) in y.chunks_exact(columns * self.outputs).enumerate() {
                    let tile = Tile {
                        depth: self.outputs,
                        a: y.as_ptr(),
                        a_row: self.outputs,
                        a_step: 1,
                        b: self.columns.numbers().as_ptr(),
                        b_step: patch,
                        start: None,
                        sign: None,
                        slope: 1.0,
                        c: scratch.as_mut_ptr(),
                        stride: patch,
                    };
                    // SAFETY: a row of the small map, the weights, and so many patches.
                    unsafe { tile.run(columns, patch / LANES) };
                    add_patches(shape, r, scratch, x);
                }
            });
        });
    }

    fn check(&self, shape: &StridedShape, x: usize, y: usize) -> Maps {
        check(shape);
        assert_eq!([self.inputs, self.outputs], [shape.inputs, shape.outputs], "weights' channels");
        assert_eq!([x, y], shape.numbers(), "maps of {shape:?}");
        Maps { patch: TAPS * self.inputs, large: x / shape.images, small: y / shape.images }
    }
}

/// How many numbers there are of each.
struct Maps {
    patch: usize,
    large: usize,
    small: usize,
}

/// Refuses what the kernels do not take.
fn check(shape: &StridedShape) {
    let StridedShape { images, inputs, outputs, height, width } = *shape;
    check_numbers(shape, [images, inputs, outputs, height, width]);
    assert!(images > 0 && height > 0 && width > 0, "no empty maps: {shape:?}");
    assert!(height.is_multiple_of(2) && width.is_multiple_of(2), "maps of even size: {shape:?}");
    assert!((1..=MOST_INPUTS).contains(&inputs), "one to four channels: {shape:?}");
    assert!(outputs > 0 && outputs.is_multiple_of(LANES), "channels in sixteens: {shape:?}");
}

/// Where a row of the filter lies over a row of large pixels: the first and the last column of each patch
/// lie one pixel beyond it at its ends. Places in the row and in the patch's, and how many numbers.
#[inline(always)]
fn overlap(shape: &StridedShape, s: usize) -> (usize, usize, usize) {
    let c = shape.inputs;
    let first = usize::from(s == 0);
    let last = 4 - usize::from(s + 1 == shape.columns());
    ((2 * s + first - 1) * c, first * c, (last - first) * c)
}

/// The patches `[4, 4, inputs]` below the filter for some rows of the small maps, of all images one below
/// the other.
fn patches(shape: &StridedShape, x: &[f32], rows: Range<usize>, to: &mut [f32]) {
    let StridedShape { inputs, height, width, .. } = *shape;
    let row = width * inputs;
    let mut patches = to.chunks_exact_mut(TAPS * inputs);
    for at in rows {
        let (image, r) = (at / shape.rows(), at % shape.rows());
        for (s, patch) in patches.by_ref().take(shape.columns()).enumerate() {
            let (from, to, count) = overlap(shape, s);
            for (k, patch) in patch.chunks_exact_mut(4 * inputs).enumerate() {
                patch.fill(0.0);
                let inside = (2 * r + k).checked_sub(1).filter(|&line| line < height);
                if let Some(line) = inside {
                    let from = (image * height + line) * row + from;
                    patch[to..to + count].copy_from_slice(&x[from..from + count]);
                }
            }
        }
    }
}

/// Adds what a row of patches is to the pixels of an image below it.
fn add_patches(shape: &StridedShape, r: usize, patches: &[f32], x: &mut [f32]) {
    let StridedShape { inputs, height, width, .. } = *shape;
    for (s, patch) in patches.chunks_exact(TAPS * inputs).take(shape.columns()).enumerate() {
        let (to, from, count) = overlap(shape, s);
        for (k, patch) in patch.chunks_exact(4 * inputs).enumerate() {
            let inside = (2 * r + k).checked_sub(1).filter(|&line| line < height);
            if let Some(line) = inside {
                let pixels = &mut x[line * width * inputs + to..][..count];
                pixels.iter_mut().zip(&patch[from..]).for_each(|(x, patch)| *x += patch);
            }
        }
    }
}

impl StridedShape {
    /// The gradient `[outputs, 4, 4, inputs]` of `<y, w * x>`, with respect to a thin filter's weights `w`,
    /// of large maps `x` and small ones `y`. Sums are in one order on any number of threads.
    ///
    /// # Panics
    /// Where a map or the gradient has another size, and as [`ThinWeights::new`].
    pub fn thin_gradient(&self, x: &[f32], y: &[f32], gradient: &mut [f32]) {
        check(self);
        assert_eq!([x.len(), y.len()], self.numbers(), "maps of {self:?}");
        let (outputs, patch) = (self.outputs, TAPS * self.inputs);
        assert_eq!(gradient.len(), outputs * patch, "weights of {self:?}");
        let (all, columns) = (self.images * self.rows(), self.columns());
        let parts = all.div_ceil(ROWS).min(PARTS);
        let mut sums = Registers::zeros(parts * patch * outputs);
        let jobs: Vec<_> =
            sums.numbers_mut().chunks_exact_mut(patch * outputs).enumerate().collect();
        on_threads(jobs, |(part, sums)| {
            let mut first = part * all / parts;
            let last = (part + 1) * all / parts;
            with_scratch(ROWS * columns * patch, |scratch| {
                let mut start = None;
                while first < last {
                    let rows = first..(first + ROWS).min(last);
                    patches(self, x, rows.clone(), scratch);
                    let tile = Tile {
                        depth: rows.len() * columns,
                        a: scratch.as_ptr(),
                        a_row: 1,
                        a_step: patch,
                        b: y[first * columns * outputs..].as_ptr(),
                        b_step: outputs,
                        start,
                        sign: None,
                        slope: 1.0,
                        c: sums.as_mut_ptr(),
                        stride: outputs,
                    };
                    // SAFETY: patches and small pixels of these rows, and sums of all weights.
                    unsafe { tile.run(patch, outputs / LANES) };
                    start = Some((sums.as_ptr(), outputs));
                    first = rows.end;
                }
            });
        });
        let sums = sums.numbers();
        for (o, gradient) in gradient.chunks_exact_mut(patch).enumerate() {
            for (k, to) in gradient.iter_mut().enumerate() {
                let parts = sums.chunks_exact(patch * outputs);
                *to = parts.map(|part| part[k * outputs + o]).sum();
            }
        }
    }
}
