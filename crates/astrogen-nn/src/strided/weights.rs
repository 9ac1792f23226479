//! Weights behind their transform, laid out as the products read them.

#![allow(unsafe_code, reason = "registers are those of the machine, which is asked")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use super::filter::{Taps, Transform, along_both};
use super::shape::{StridedShape, Variant};
use crate::kernel::{Kept, Kernel, LANES, Lanes, in_parts, on_widest};

/// Columns of a panel: a product reads so many side by side.
pub(super) const PANEL: usize = 64;

/// Taps of a filter.
const TAPS: usize = 16;

/// What a filter's weights `[outputs, 4, 4, inputs]` are to one pass.
///
/// The taps at `2 i + p` along an axis are a filter of two taps on the pixels of parity `p`, so that there
/// are four filters of four taps, one a phase `2 p_y + p_x`. For the convolution the phases stand below
/// each other, a column an output; for its transpose each is a matrix by itself, a column an input,
/// with its taps in reverse. Columns are cut into panels of 64, the last of which may be narrower.
#[derive(Debug)]
pub struct StridedWeights {
    pub(super) variant: Variant,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) is_transposed: bool,
    /// `[points, panels, 4 inputs, panel]`, or transposed `[4, points, panels, outputs, panel]`.
    pub(super) data: Kept,
}

impl StridedWeights {
    /// For the convolution itself.
    ///
    /// # Panics
    /// Where there are not so many weights.
    pub fn forward(shape: &StridedShape, variant: Variant, weights: &[f32]) -> Self {
        Self::of(shape, variant, weights, false)
    }

    /// For its transpose.
    ///
    /// # Panics
    /// Where there are not so many weights.
    pub fn transposed(shape: &StridedShape, variant: Variant, weights: &[f32]) -> Self {
        Self::of(shape, variant, weights, true)
    }

    fn of(shape: &StridedShape, variant: Variant, weights: &[f32], is_transposed: bool) -> Self {
        shape.check();
        let (inputs, outputs) = (shape.inputs, shape.outputs);
        assert_eq!(weights.len(), outputs * inputs * TAPS, "weights of {shape:?}");
        let mut data = Kept::of(variant.products() * 4 * inputs * outputs);
        let layout = Layout { inputs, outputs, is_transposed };
        let to = Place(data.numbers_mut().as_mut_ptr());
        let across = if is_transposed { inputs } else { outputs };
        in_parts(across / LANES, |part| {
            let column = part * LANES;
            match variant {
                Variant::Two => on_widest(Columns::<3> { weights, layout, to, column }),
                Variant::Four => on_widest(Columns::<5> { weights, layout, to, column }),
            }
        });
        Self { variant, inputs, outputs, is_transposed, data }
    }
}

/// How weights are laid out.
#[derive(Clone, Copy)]
struct Layout {
    inputs: usize,
    outputs: usize,
    is_transposed: bool,
}

/// Where the first of the laid out weights stands.
#[derive(Clone, Copy)]
struct Place(*mut f32);

// SAFETY: each job writes columns of its own.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

/// Sixteen columns from this on.
struct Columns<'a, const A: usize> {
    weights: &'a [f32],
    layout: Layout,
    to: Place,
    column: usize,
}

impl<const A: usize> Kernel for Columns<'_, A>
where
    Taps: Transform<2, A>,
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { weights, layout, to: Place(to), column } = self;
        let Layout { inputs, outputs, is_transposed } = layout;
        // Columns, and rows of one phase.
        let [across, down] = if is_transposed { [inputs, outputs] } else { [outputs, inputs] };
        let depth = if is_transposed { outputs } else { 4 * inputs };
        let point = depth * across;
        let panel = column / PANEL * PANEL;
        let width = PANEL.min(across - panel);
        let to = to.wrapping_add(panel * depth + column - panel);
        if is_transposed {
            for output in 0..down {
                // SAFETY: the machine's features are the caller's; these are weights of one output, of
                // which there are so many (checked), and places of its row among those laid out: points
                // times the depth and the columns, of all phases.
                unsafe {
                    let from = weights.as_ptr().add(output * TAPS * inputs + column);
                    for phase in 0..4 {
                        let tap = |k: usize, l: usize| {
                            L::load(
                                from.add((4 * (2 * k + phase / 2) + 2 * l + phase % 2) * inputs),
                            )
                        };
                        let square = [[tap(1, 1), tap(1, 0)], [tap(0, 1), tap(0, 0)]];
                        let at = to.add(phase * A * A * point + output * width);
                        store(along_both::<Taps, L, 2, A>(square), at, point);
                    }
                }
            }
            return;
        }
        for input in (0..down).step_by(LANES) {
            for phase in 0..4 {
                // SAFETY: as above, of sixteen outputs and as many inputs.
                unsafe {
                    let mut taps = [[L::splat(0.0); LANES]; 4];
                    for (i, taps) in taps.iter_mut().enumerate() {
                        let tap = 4 * (2 * (i / 2) + phase / 2) + 2 * (i % 2) + phase % 2;
                        for (q, taps) in taps.iter_mut().enumerate() {
                            let at = ((column + q) * TAPS + tap) * inputs + input;
                            *taps = L::load(weights.as_ptr().add(at));
                        }
                        L::transpose(taps);
                    }
                    for q in 0..LANES {
                        let square = [[taps[0][q], taps[1][q]], [taps[2][q], taps[3][q]]];
                        let at = to.add((phase * inputs + input + q) * width);
                        store(along_both::<Taps, L, 2, A>(square), at, point);
                    }
                }
            }
        }
    }
}

/// Stores a filter's points, so many numbers apart.
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
unsafe fn store<L: Lanes, const A: usize>(points: [[L; A]; A], to: *mut f32, apart: usize) {
    for (i, row) in points.into_iter().enumerate() {
        for (j, point) in row.into_iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { point.store(to.add((i * A + j) * apart)) };
        }
    }
}
