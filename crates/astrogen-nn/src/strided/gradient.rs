//! The gradient of a convolution's weights.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use std::ops::Range;

use super::filter::{Input, OutputAdjoint, TapsAdjoint, Transform, along_both};
use super::shape::{StridedShape, Variant};
use super::tiles::{Map, Place, large_tile, pixels};
use super::weights::PANEL;
use crate::kernel::{Kernel, LANES, Lanes, Tile, in_parts, on_widest, with_scratch};

/// Tiles of a block, at most: their transforms are kept at once.
const MOST_TILES: usize = 96;
/// Taps of a filter.
const TAPS: usize = 16;

impl StridedShape {
    /// The gradient `[outputs, 4, 4, inputs]` of `<y, w * x>`, with respect to the weights `w`, of large
    /// maps `x` and small ones `y`. Sums are in the order of images and places, on any number of threads.
    ///
    /// # Panics
    /// Where a map or the gradient has another size.
    pub fn weight_gradient(&self, variant: Variant, x: &[f32], y: &[f32], gradient: &mut [f32]) {
        self.check();
        let [large, small] = self.numbers();
        assert_eq!([x.len(), y.len()], [large, small], "maps of {self:?}");
        assert_eq!(gradient.len(), self.inputs * self.outputs * TAPS, "weights of {self:?}");
        match variant {
            Variant::Two => gradient_of::<2, 3>(self, variant, x, y, gradient),
            Variant::Four => gradient_of::<4, 5>(self, variant, x, y, gradient),
        }
    }
}

/// What the jobs share.
struct Shared<'a> {
    shape: &'a StridedShape,
    variant: Variant,
    large: Map,
    small: Map,
    /// `[points, tiles, 4 inputs]` and `[points, tiles, outputs]`, in rows a little longer.
    inputs: *mut f32,
    outputs: *mut f32,
    /// `[panels, points, outputs, panel]`
    sums: *mut f32,
    gradient: *mut f32,
    /// The block's.
    tiles: Range<usize>,
}

// SAFETY: jobs of one kind write places of their own, and read what no job of that kind writes.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    /// From one row of the transforms to the next.
    fn rows(&self) -> [usize; 2] {
        [4 * self.shape.inputs + LANES, self.shape.outputs + LANES]
    }

    /// A panel's sums at a point, rows of [`PANEL`] numbers.
    fn panel<const A: usize>(&self, panel: usize, point: usize) -> *mut f32 {
        // Points a little apart: neighbours in another part of the cache.
        let (sums, apart) = (self.shape.outputs * PANEL, LANES);
        self.sums.wrapping_add((panel * A * A + point) * (sums + apart))
    }

    /// From one point of the transforms to the next.
    fn steps(&self) -> [usize; 2] {
        self.rows().map(|row| MOST_TILES * row + 2 * LANES)
    }
}

fn gradient_of<const M: usize, const A: usize>(
    shape: &StridedShape,
    variant: Variant,
    x: &[f32],
    y: &[f32],
    gradient: &mut [f32],
) where
    Input: Transform<A, A>,
    OutputAdjoint: Transform<M, A>,
    TapsAdjoint: Transform<A, 2>,
{
    let StridedShape { inputs, outputs, height, width, .. } = *shape;
    let zeros = vec![0.0; inputs.max(outputs)];
    let map = |data: &[f32], height, width, channels| Map {
        data: data.as_ptr(),
        zeros: zeros.as_ptr(),
        height,
        width,
        channels,
    };
    let mut shared = Shared {
        shape,
        variant,
        large: map(x, height, width, inputs),
        small: map(y, height / 2, width / 2, outputs),
        inputs: std::ptr::null_mut(),
        outputs: std::ptr::null_mut(),
        sums: std::ptr::null_mut(),
        gradient: gradient.as_mut_ptr(),
        tiles: 0..0,
    };
    let [step, output_step] = shared.steps();
    let [inputs_at, outputs_at] = [A * A * step, A * A * (step + output_step)];
    with_scratch(outputs_at + 4 * inputs / PANEL * A * A * (outputs * PANEL + LANES), |scratch| {
        let scratch = scratch.as_mut_ptr();
        shared.inputs = scratch;
        shared.outputs = scratch.wrapping_add(inputs_at);
        shared.sums = scratch.wrapping_add(outputs_at);
        let all = shape.all_tiles(variant);
        let blocks = all.div_ceil(MOST_TILES);
        let panels = 4 * inputs / PANEL;
        for block in 0..blocks {
            shared.tiles = block * all / blocks..(block + 1) * all / blocks;
            let (count, shared) = (shared.tiles.len(), &shared);
            // Each thread transforms the inputs of its own panels, and a share of the outputs.
            in_parts(panels, |panel| {
                let tiles = panel * count / panels..(panel + 1) * count / panels;
                on_widest(Inputs::<A> { shared, panel });
                on_widest(Outputs::<M, A> { shared, tiles });
            });
            in_parts(panels, |panel| {
                on_widest(Product::<A> { shared, is_first: block == 0, panel });
            });
        }
        let shared = &shared;
        in_parts(panels, |panel| on_widest(Gathered::<A> { shared, panel }));
    });
}

/// The transforms of the block's inputs in a panel's columns.
struct Inputs<'a, const A: usize> {
    shared: &'a Shared<'a>,
    panel: usize,
}

impl<const A: usize> Kernel for Inputs<'_, A>
where
    Input: Transform<A, A>,
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { shared, panel } = self;
        let ([row, _], [step, _]) = (shared.rows(), shared.steps());
        let columns = panel * PANEL..(panel + 1) * PANEL;
        for (t, tile) in shared.tiles.clone().enumerate() {
            let place = Place::of(tile, shared.shape.tiles(shared.variant), shared.variant);
            // SAFETY: the machine's features are the caller's; the row is that of this tile, within
            // the transforms, and the columns are a panel's.
            unsafe {
                let to = shared.inputs.add(t * row);
                large_tile::<L, A>(&shared.large, place, columns.clone(), to, step);
            }
        }
    }
}

/// The transforms of some of the block's outputs.
struct Outputs<'a, const M: usize, const A: usize> {
    shared: &'a Shared<'a>,
    tiles: Range<usize>,
}

impl<const M: usize, const A: usize> Kernel for Outputs<'_, M, A>
where
    OutputAdjoint: Transform<M, A>,
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let shared = self.shared;
        let ([_, row], [_, step]) = (shared.rows(), shared.steps());
        for t in self.tiles {
            let tile = shared.tiles.start + t;
            let place = Place::of(tile, shared.shape.tiles(shared.variant), shared.variant);
            let corner = [place.row, place.column].map(|at| at as isize);
            let pixels = pixels::<M>(&shared.small, place.image, corner, 1);
            for channel in (0..shared.small.channels).step_by(LANES) {
                // SAFETY: the machine's features are the caller's; the row is that of this tile, within
                // the transforms.
                unsafe {
                    let mut square = [[L::splat(0.0); M]; M];
                    for i in 0..M {
                        for j in 0..M {
                            square[i][j] = L::load(pixels[i][j].add(channel));
                        }
                    }
                    let points = along_both::<OutputAdjoint, L, M, A>(square);
                    let to = shared.outputs.add(t * row + channel);
                    for i in 0..A {
                        for j in 0..A {
                            points[i][j].store(to.add((i * A + j) * step));
                        }
                    }
                }
            }
        }
    }
}

/// What the block adds to a panel of the sums.
struct Product<'a, const A: usize> {
    shared: &'a Shared<'a>,
    is_first: bool,
    panel: usize,
}

impl<const A: usize> Kernel for Product<'_, A> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { shared, is_first, panel } = self;
        let ([row, output_row], [step, output_step]) = (shared.rows(), shared.steps());
        let outputs = shared.shape.outputs;
        for point in 0..A * A {
            // SAFETY: the machine's features are the caller's; the factors are the block's tiles within
            // the transforms, the sums this panel's.
            unsafe {
                let sums = shared.panel::<A>(panel, point);
                let tile = Tile {
                    depth: shared.tiles.len(),
                    a: shared.outputs.add(point * output_step),
                    a_row: 1,
                    a_step: output_row,
                    b: shared.inputs.add(point * step + panel * PANEL),
                    b_step: row,
                    start: (!is_first).then_some((sums.cast_const(), PANEL)),
                    sign: None,
                    slope: 1.0,
                    c: sums,
                    stride: PANEL,
                };
                tile.whole::<L>(outputs, PANEL / LANES);
            }
        }
    }
}

/// The gradient of the weights that a panel's sums are of.
struct Gathered<'a, const A: usize> {
    shared: &'a Shared<'a>,
    panel: usize,
}

impl<const A: usize> Kernel for Gathered<'_, A>
where
    TapsAdjoint: Transform<A, 2>,
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { shared, panel } = self;
        let StridedShape { inputs, outputs, .. } = *shared.shape;
        for output in 0..outputs {
            for column in (0..PANEL).step_by(LANES) {
                let at = panel * PANEL + column;
                let (phase, channel) = (at / inputs, at % inputs);
                // SAFETY: the machine's features are the caller's; sums and gradient have these places.
                unsafe {
                    let mut points = [[L::splat(0.0); A]; A];
                    for i in 0..A {
                        for j in 0..A {
                            let sums = shared.panel::<A>(panel, i * A + j);
                            points[i][j] = L::load(sums.add(output * PANEL + column));
                        }
                    }
                    let square = along_both::<TapsAdjoint, L, A, 2>(points);
                    let to = shared.gradient.add(output * TAPS * inputs + channel);
                    for i in 0..2 {
                        for j in 0..2 {
                            let tap = 4 * (2 * i + phase / 2) + 2 * j + phase % 2;
                            square[i][j].store(to.add(tap * inputs));
                        }
                    }
                }
            }
        }
    }
}
