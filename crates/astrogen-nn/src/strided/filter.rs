//! Minimal filtering: a filter of two taps by as few products as there can be.
//!
//! `M` outputs `y_i = g_0 d_i + g_1 d_{i+1}` of a filter take `2 M` products one by one. As a product
//! of polynomials, which is known from its values at `A = M + 1` points, they take `A`:
//!
//! ```text
//! y = A^T ((G g) * (B^T d))        *  number by number
//! ```
//!
//! (Winograd 1980, *Arithmetic Complexity of Computations*; Lavin and Gray 2016, *Fast Algorithms for
//! Convolutional Neural Networks*). In two dimensions the transforms act along both axes, and `M^2`
//! outputs of four taps each take `A^2` products for `4 M^2`: 9 for 16 with `M = 2`, whose transforms are
//! sums alone, and 25 for 64 with `M = 4`. The gradient of the taps is the same form with its factors
//! in other roles, `G^T ((A y) * (B^T d))`.
//!
//! | `M` | points |
//! | --- | --- |
//! | 2 | 0, 1, infinity |
//! | 4 | 0, 1, -1, 1/2, infinity |

#![allow(unsafe_code, reason = "registers are those of the machine, which the caller knows")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use crate::kernel::Lanes;

/// A transform of `P` numbers to `Q`, many side by side.
pub(crate) trait Transform<const P: usize, const Q: usize> {
    /// # Safety
    /// That of [`Lanes`].
    unsafe fn apply<L: Lanes>(x: [L; P]) -> [L; Q];
}

/// `B^T d`
pub(crate) struct Input;
/// `G g`
pub(crate) struct Taps;
/// `A^T m`
pub(crate) struct Output;
/// `A y`
pub(crate) struct OutputAdjoint;
/// `G^T w`
pub(crate) struct TapsAdjoint;

// SAFETY of all blocks: the trait's.
impl Transform<3, 3> for Input {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([d0, d1, d2]: [L; 3]) -> [L; 3] {
        unsafe { [d0.sub(d1), d1, d2.sub(d1)] }
    }
}

impl Transform<2, 3> for Taps {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([g0, g1]: [L; 2]) -> [L; 3] {
        unsafe { [g0, g0.add(g1), g1] }
    }
}

impl Transform<3, 2> for Output {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([m0, m1, m2]: [L; 3]) -> [L; 2] {
        unsafe { [m0.add(m1), m1.add(m2)] }
    }
}

impl Transform<2, 3> for OutputAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([y0, y1]: [L; 2]) -> [L; 3] {
        unsafe { [y0, y0.add(y1), y1] }
    }
}

impl Transform<3, 2> for TapsAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([w0, w1, w2]: [L; 3]) -> [L; 2] {
        unsafe { [w0.add(w1), w1.add(w2)] }
    }
}

// With `p = 1/2` and the product of all other factors at each finite point, `p` at 0, 1 at 1, -3 at -1 and
// -3/8 at p, divided out of the taps.
impl Transform<5, 5> for Input {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([d0, d1, d2, d3, d4]: [L; 5]) -> [L; 5] {
        unsafe {
            let minus_half = L::splat(-0.5);
            // x^2 - 1 and x - p, at one place after the other.
            let squares = [d2.sub(d0), d3.sub(d1), d4.sub(d2)];
            let halves = [minus_half.mul_add(d1, d2), minus_half.mul_add(d2, d3)];
            [
                minus_half.mul_add(squares[0], squares[1]),
                halves[1].add(halves[0]),
                halves[1].sub(halves[0]),
                squares[1],
                minus_half.mul_add(squares[1], squares[2]),
            ]
        }
    }
}

impl Transform<2, 5> for Taps {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([g0, g1]: [L; 2]) -> [L; 5] {
        unsafe {
            [
                g0.add(g0),
                g0.add(g1),
                g1.sub(g0).mul(L::splat(1.0 / 3.0)),
                L::splat(0.5).mul_add(g1, g0).mul(L::splat(-8.0 / 3.0)),
                g1,
            ]
        }
    }
}

impl Transform<5, 4> for Output {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([m0, m1, m2, m3, m4]: [L; 5]) -> [L; 4] {
        unsafe {
            let (sum, difference) = (m1.add(m2), m1.sub(m2));
            [
                m0.add(sum).add(m3),
                L::splat(0.5).mul_add(m3, difference),
                L::splat(0.25).mul_add(m3, sum),
                L::splat(0.125).mul_add(m3, difference).add(m4),
            ]
        }
    }
}

impl Transform<4, 5> for OutputAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([y0, y1, y2, y3]: [L; 4]) -> [L; 5] {
        unsafe {
            let (even, odd) = (y0.add(y2), y1.add(y3));
            let at_half = L::splat(0.125).mul_add(y3, L::splat(0.25).mul_add(y2, y0));
            [y0, even.add(odd), even.sub(odd), L::splat(0.5).mul_add(y1, at_half), y3]
        }
    }
}

impl Transform<5, 2> for TapsAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([w0, w1, w2, w3, w4]: [L; 5]) -> [L; 2] {
        unsafe {
            let (third, w3) = (L::splat(-1.0 / 3.0), w3.mul(L::splat(-8.0 / 3.0)));
            let first = w0.add(w0).add(w1).add(w3);
            let second = w1.add(w4);
            [third.mul_add(w2, first), L::splat(0.5).mul_add(w3, second).sub(third.mul(w2))]
        }
    }
}

/// A transform along both axes of a square.
///
/// # Safety
/// That of the transform.
#[inline(always)]
pub(crate) unsafe fn along_both<T: Transform<P, Q>, L: Lanes, const P: usize, const Q: usize>(
    square: [[L; P]; P],
) -> [[L; Q]; Q] {
    // SAFETY: the caller's.
    unsafe {
        let zero = L::splat(0.0);
        let mut columns = [[zero; P]; Q];
        for j in 0..P {
            let mut column = [zero; P];
            for i in 0..P {
                column[i] = square[i][j];
            }
            let column = T::apply(column);
            for i in 0..Q {
                columns[i][j] = column[i];
            }
        }
        let mut rows = [[zero; Q]; Q];
        for i in 0..Q {
            rows[i] = T::apply(columns[i]);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Portable;
    use crate::kernel::numbers::{dot, number, unit, value};

    /// Every number of the form and of its adjoints, by units.
    fn is_a_filter<const M: usize, const A: usize>()
    where
        Input: Transform<A, A>,
        Taps: Transform<2, A>,
        Output: Transform<A, M>,
        OutputAdjoint: Transform<M, A>,
        TapsAdjoint: Transform<A, 2>,
    {
        for tap in 0..2 {
            for place in 0..A {
                // SAFETY: any machine.
                let (taps, input): ([Portable; A], [Portable; A]) =
                    unsafe { (Taps::apply(unit(tap)), Input::apply(unit::<A>(place))) };
                let products: [Portable; A] =
                    std::array::from_fn(|i| number(value(taps[i]) * value(input[i])));
                // SAFETY: any machine.
                let outputs: [Portable; M] = unsafe { Output::apply(products) };
                for (i, output) in outputs.into_iter().enumerate() {
                    let expected = if i + tap == place { 1.0 } else { 0.0 };
                    assert!((value(output) - expected).abs() < 1e-6, "{tap} {place} {i}");
                }
            }
            for point in 0..A {
                // SAFETY: any machine.
                unsafe {
                    let adjoint: [Portable; 2] = TapsAdjoint::apply(unit::<A>(point));
                    let own = dot(Taps::apply(unit(tap)), unit::<A>(point));
                    assert!((value(adjoint[tap]) - own).abs() < 1e-6, "{tap} {point}");
                }
            }
        }
        for (output, point) in (0..M).flat_map(|output| (0..A).map(move |point| (output, point))) {
            // SAFETY: any machine.
            unsafe {
                let adjoint: [Portable; A] = OutputAdjoint::apply(unit::<M>(output));
                let own: [Portable; M] = Output::apply(unit::<A>(point));
                assert!((value(adjoint[point]) - value(own[output])).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn the_forms_are_filters_and_their_adjoints() {
        is_a_filter::<2, 3>();
        is_a_filter::<4, 5>();
    }
}
