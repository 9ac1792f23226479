//! Minimal filtering: a filter of three taps on what was doubled, four outputs at a time.
//!
//! `F(4, 3)` at the points 0, 1, -1, 2, -2 and infinity (see [`crate::strided`]; Lavin and Gray 2016), whose
//! input is the sum `u = U p` of four small pixels `p` at the places `-1, 0, 1, 2` about the tile:
//!
//! ```text
//! y = A^T ((G g) * (B^T U p))        *  number by number
//! ```
//!
//! `B^T U` has four columns for six. At the ends of an axis, where `u` is continued by zeros and not by what the
//! doubling of a continued `p` gives, its first or its last row is another one.

#![allow(unsafe_code, reason = "registers are those of the machine, which the caller knows")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use crate::kernel::Lanes;
use crate::strided::filter::{Output, OutputAdjoint, Taps, TapsAdjoint, Transform};

/// Outputs of a tile along an axis.
pub(super) const OUTPUTS: usize = 4;
/// Points along an axis.
pub(super) const POINTS: usize = 6;
/// Taps along an axis.
pub(super) const TAPS: usize = 3;

// SAFETY of all blocks: the trait's.
impl Transform<3, 6> for Taps {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([g0, g1, g2]: [L; 3]) -> [L; 6] {
        unsafe {
            let sixth = L::splat(-1.0 / 6.0);
            let ends = g0.add(g2);
            let even = L::splat(1.0 / 24.0).mul_add(g0, L::splat(1.0 / 6.0).mul(g2));
            let odd = L::splat(1.0 / 12.0).mul(g1);
            [
                L::splat(0.25).mul(g0),
                ends.add(g1).mul(sixth),
                ends.sub(g1).mul(sixth),
                even.add(odd),
                even.sub(odd),
                g2,
            ]
        }
    }
}

impl Transform<6, 3> for TapsAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([w0, w1, w2, w3, w4, w5]: [L; 6]) -> [L; 3] {
        unsafe {
            let sixth = L::splat(1.0 / 6.0);
            let [ones, twos] = [w1.add(w2).mul(sixth), w3.add(w4).mul(sixth)];
            let first = L::splat(0.25).mul_add(w0.add(twos), L::splat(-1.0).mul(ones));
            let odd = L::splat(0.5).mul_add(w3.sub(w4), w2.sub(w1));
            [first, odd.mul(sixth), twos.sub(ones).add(w5)]
        }
    }
}

impl Transform<6, 4> for Output {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([m0, m1, m2, m3, m4, m5]: [L; 6]) -> [L; 4] {
        unsafe {
            let [sum, difference] = [m1.add(m2), m1.sub(m2)];
            let [sums, differences] = [m3.add(m4), m3.sub(m4)];
            [
                m0.add(sum).add(sums),
                L::splat(2.0).mul_add(differences, difference),
                L::splat(4.0).mul_add(sums, sum),
                L::splat(8.0).mul_add(differences, difference).add(m5),
            ]
        }
    }
}

impl Transform<4, 6> for OutputAdjoint {
    #[inline(always)]
    unsafe fn apply<L: Lanes>([y0, y1, y2, y3]: [L; 4]) -> [L; 6] {
        unsafe {
            let [even, odd] = [y0.add(y2), y1.add(y3)];
            let four = L::splat(4.0);
            let [evens, odds] = [four.mul_add(y2, y0), four.mul_add(y3, y1)];
            let odds = odds.add(odds);
            [y0, even.add(odd), even.sub(odd), evens.add(odds), evens.sub(odds), y3]
        }
    }
}

/// Whether a tile is the first of its axis, and whether the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Ends {
    /// What the first row has of `p_0` and `p_1`, and the last one of `p_2` and `p_3`.
    #[inline(always)]
    fn factors(self) -> [f32; 4] {
        let [a, b] = if self.first { [0.0, -3.75] } else { [3.0, -2.75] };
        let [c, d] = if self.last { [-3.75, 0.0] } else { [-3.5, 0.75] };
        [a, b, c, d]
    }
}

/// `B^T U p`
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
unsafe fn input<L: Lanes>([p0, p1, p2, p3]: [L; 4], ends: Ends) -> [L; 6] {
    unsafe {
        let [a, b, c, d] = ends.factors();
        let by = |factor: f32, pixel: L, plus: L| L::splat(factor).mul_add(pixel, plus);
        let quarter = L::splat(0.25).mul(p3);
        let half = by(0.5, p2, quarter);
        let less = quarter.sub(p2);
        [
            by(a, p0, by(b, p1, by(-0.5, p2, quarter))),
            by(-5.75, p1, half).sub(p0),
            by(-0.25, p1, less).add(p0),
            by(-0.5, p0, by(-1.75, p1, by(2.0, p2, quarter))),
            by(0.5, p0, by(0.25, p1, less)),
            by(1.75, p1, by(c, p2, by(d, p3, p0))),
        ]
    }
}

/// `U^T B m`
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
unsafe fn input_adjoint<L: Lanes>([m0, m1, m2, m3, m4, m5]: [L; 6], ends: Ends) -> [L; 4] {
    unsafe {
        let [a, b, c, d] = ends.factors();
        let by = |factor: f32, point: L, plus: L| L::splat(factor).mul_add(point, plus);
        let all = m0.add(m1).add(m2).add(m3.add(m4));
        [
            by(a, m0, by(0.5, m4.sub(m3), m2.sub(m1).add(m5))),
            by(b, m0, by(-5.75, m1, by(-1.75, m3.sub(m5), L::splat(0.25).mul(m4.sub(m2))))),
            by(c, m5, by(0.5, m1.sub(m0), by(2.0, m3, L::splat(-1.0).mul(m2.add(m4))))),
            by(d, m5, L::splat(0.25).mul(all)),
        ]
    }
}

/// The input's transform along both axes.
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
pub(super) unsafe fn inputs<L: Lanes>(
    pixels: [[L; OUTPUTS]; OUTPUTS],
    [down, across]: [Ends; 2],
) -> [[L; POINTS]; POINTS] {
    // SAFETY: the caller's.
    unsafe {
        let mut columns = [[L::splat(0.0); OUTPUTS]; POINTS];
        for j in 0..OUTPUTS {
            let column = input([pixels[0][j], pixels[1][j], pixels[2][j], pixels[3][j]], down);
            for i in 0..POINTS {
                columns[i][j] = column[i];
            }
        }
        let mut points = [[L::splat(0.0); POINTS]; POINTS];
        for i in 0..POINTS {
            points[i] = input(columns[i], across);
        }
        points
    }
}

/// Its adjoint.
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
pub(super) unsafe fn inputs_adjoint<L: Lanes>(
    points: [[L; POINTS]; POINTS],
    [down, across]: [Ends; 2],
) -> [[L; OUTPUTS]; OUTPUTS] {
    // SAFETY: the caller's.
    unsafe {
        let mut rows = [[L::splat(0.0); OUTPUTS]; POINTS];
        for i in 0..POINTS {
            rows[i] = input_adjoint(points[i], across);
        }
        let mut pixels = [[L::splat(0.0); OUTPUTS]; OUTPUTS];
        for j in 0..OUTPUTS {
            let mut column = [L::splat(0.0); POINTS];
            for i in 0..POINTS {
                column[i] = rows[i][j];
            }
            let column = input_adjoint(column, down);
            for i in 0..OUTPUTS {
                pixels[i][j] = column[i];
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Portable;
    use crate::kernel::numbers::{dot, number, unit, value};

    /// The doubled pixels of a tile, by definition.
    fn doubled(p: [f32; 4], ends: Ends) -> [f32; 6] {
        let near = |a: usize, b: usize| 0.75 * p[a] + 0.25 * p[b];
        let mut u = [near(0, 1), near(1, 0), near(1, 2), near(2, 1), near(2, 3), near(3, 2)];
        u[0] = if ends.first { 0.0 } else { u[0] };
        u[5] = if ends.last { 0.0 } else { u[5] };
        u
    }

    #[test]
    fn the_form_is_a_filter_of_what_was_doubled_and_its_adjoints() {
        let both = [false, true];
        for ends in both.into_iter().flat_map(|first| both.map(|last| Ends { first, last })) {
            for (tap, place) in (0..TAPS).flat_map(|tap| (0..4).map(move |place| (tap, place))) {
                let u = doubled(std::array::from_fn(|i| f32::from(u8::from(i == place))), ends);
                // SAFETY: any machine.
                let (taps, points): ([Portable; 6], _) =
                    unsafe { (Taps::apply(unit(tap)), input(unit(place), ends)) };
                let products: [Portable; 6] =
                    std::array::from_fn(|i| number(value(taps[i]) * value(points[i])));
                // SAFETY: any machine.
                let outputs: [Portable; 4] = unsafe { Output::apply(products) };
                for (i, output) in outputs.into_iter().enumerate() {
                    assert!(
                        (value(output) - u[i + tap]).abs() < 2e-6,
                        "{ends:?} {tap} {place} {i}"
                    );
                }
            }
            for (place, point) in (0..4).flat_map(|place| (0..6).map(move |point| (place, point))) {
                // SAFETY: any machine.
                unsafe {
                    let adjoint = input_adjoint::<Portable>(unit(point), ends);
                    let own = dot(input(unit(place), ends), unit(point));
                    assert!((value(adjoint[place]) - own).abs() < 1e-6, "{ends:?} {place} {point}");
                }
            }
        }
        for point in 0..6 {
            // SAFETY: any machine.
            unsafe {
                let adjoint: [Portable; 3] = TapsAdjoint::apply(unit::<6>(point));
                for tap in 0..TAPS {
                    let own = dot(Taps::apply(unit::<3>(tap)), unit::<6>(point));
                    assert!((value(adjoint[tap]) - own).abs() < 1e-6, "{tap} {point}");
                }
                let own: [Portable; 4] = Output::apply(unit::<6>(point));
                for output in 0..4 {
                    let adjoint: [Portable; 6] = OutputAdjoint::apply(unit::<4>(output));
                    assert!((value(adjoint[point]) - value(own[output])).abs() < 1e-6);
                }
            }
        }
    }
}
