//! Weights behind their transform, laid out as the products read them.

#![allow(unsafe_code, reason = "registers are those of the machine, which is asked")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use super::filter::{POINTS, TAPS};
use super::shape::DoubledShape;
use super::tiles::store;
use crate::kernel::{Kept, Kernel, LANES, Lanes, in_parts, on_widest};
use crate::strided::filter::{Taps, along_both};

/// Columns of a panel: a product reads so many side by side.
pub(super) const PANEL: usize = 64;

/// What a filter's weights `[outputs, 3, 3, inputs]` are to one pass: a matrix a point, whose columns are cut
/// into panels of 64, the last of which may be narrower.
#[derive(Debug)]
pub struct DoubledWeights {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) is_adjoint: bool,
    /// `[points, panels, inputs, panel]`, or of the adjoint `[points, panels, outputs, panel]`.
    pub(super) data: Kept,
}

impl DoubledWeights {
    /// For the convolution itself.
    ///
    /// # Panics
    /// Where there are not so many weights.
    pub fn forward(shape: &DoubledShape, weights: &[f32]) -> Self {
        Self::of(shape, weights, false)
    }

    /// For the gradient of its input.
    ///
    /// # Panics
    /// Where there are not so many weights.
    pub fn adjoint(shape: &DoubledShape, weights: &[f32]) -> Self {
        Self::of(shape, weights, true)
    }

    fn of(shape: &DoubledShape, weights: &[f32], is_adjoint: bool) -> Self {
        shape.check();
        let DoubledShape { inputs, outputs, .. } = *shape;
        assert_eq!(weights.len(), inputs * outputs * TAPS * TAPS, "weights of {shape:?}");
        let mut data = Kept::of(POINTS * POINTS * inputs * outputs);
        let to = Place(data.numbers_mut().as_mut_ptr());
        let across = if is_adjoint { inputs } else { outputs };
        in_parts(across / LANES, |part| {
            let column = part * LANES;
            on_widest(Columns { weights, inputs, outputs, is_adjoint, to, column });
        });
        Self { inputs, outputs, is_adjoint, data }
    }

    /// Rows and columns of each matrix.
    pub(super) fn sides(&self) -> [usize; 2] {
        match self.is_adjoint {
            false => [self.inputs, self.outputs],
            true => [self.outputs, self.inputs],
        }
    }
}

/// Where the first of the laid out weights stands.
#[derive(Clone, Copy)]
struct Place(*mut f32);

// SAFETY: each job writes columns of its own.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

/// Sixteen columns from this on.
struct Columns<'a> {
    weights: &'a [f32],
    inputs: usize,
    outputs: usize,
    is_adjoint: bool,
    to: Place,
    column: usize,
}

impl Kernel for Columns<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { weights, inputs, outputs, is_adjoint, to: Place(to), column } = self;
        let [depth, across] = if is_adjoint { [outputs, inputs] } else { [inputs, outputs] };
        let panel = column / PANEL * PANEL;
        let width = PANEL.min(across - panel);
        let to = to.wrapping_add(panel * depth + column - panel);
        let tap = |output: usize, tap: usize, input: usize| {
            weights.as_ptr().wrapping_add((output * TAPS * TAPS + tap) * inputs + input)
        };
        if is_adjoint {
            for output in 0..outputs {
                // SAFETY: the machine's features are the caller's; these are weights of one output, of
                // which there are so many (checked), and places of its row among those laid out.
                unsafe {
                    let mut square = [[L::splat(0.0); TAPS]; TAPS];
                    for k in 0..TAPS {
                        for l in 0..TAPS {
                            square[k][l] = L::load(tap(output, k * TAPS + l, column));
                        }
                    }
                    let points = along_both::<Taps, L, TAPS, POINTS>(square);
                    store(points, to.add(output * width), depth * across);
                }
            }
            return;
        }
        for input in (0..inputs).step_by(LANES) {
            // SAFETY: as above, of sixteen outputs and as many inputs.
            unsafe {
                let mut taps = [[L::splat(0.0); LANES]; TAPS * TAPS];
                for (t, taps) in taps.iter_mut().enumerate() {
                    for (q, taps) in taps.iter_mut().enumerate() {
                        *taps = L::load(tap(column + q, t, input));
                    }
                    L::transpose(taps);
                }
                for q in 0..LANES {
                    let mut square = [[L::splat(0.0); TAPS]; TAPS];
                    for k in 0..TAPS {
                        for l in 0..TAPS {
                            square[k][l] = taps[k * TAPS + l][q];
                        }
                    }
                    let points = along_both::<Taps, L, TAPS, POINTS>(square);
                    store(points, to.add((input + q) * width), depth * across);
                }
            }
        }
    }
}
