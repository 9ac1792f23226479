//! `y = x / (1 + |x / B|)` on a block of rows; see [`crate::univariate::Softclip`].

use super::lanes::{Lane, ROWS, Row, at_least, ln, widest};

/// Of the box, how near to its end inverses are taken.
const END: f64 = 1.0 - 1e-3;

/// `x` from `y`.
#[inline(always)]
pub(super) fn unclip(bound: f64, y: f64) -> f64 {
    let y = at_least(y, -bound * END);
    let y = -at_least(-y, -bound * END);
    y / (1.0 - (y / bound).abs())
}

widest! {
    /// `y` from `x`, and what is added to `log |dy/dx|`.
    fn softclip(bound: f64, x: &Row, y: &mut Row, ladj: &mut Lane) {
        for i in 0..ROWS {
            let x = f64::from(x[i]);
            let size = 1.0 + (x / bound).abs();
            y[i] = (x / size) as f32;
            ladj[i] -= 2.0 * ln(size);
        }
    }

    /// `x` from `y`.
    fn softclip_inverse(bound: f64, y: &Row, x: &mut Row) {
        for i in 0..ROWS {
            x[i] = unclip(bound, f64::from(y[i])) as f32;
        }
    }

    /// From signals at `y` and at the log-determinant to that at `x`.
    fn softclip_back(bound: f64, x: &Row, by_y: &Row, by_ladj: &Row, by_x: &mut Row) {
        for i in 0..ROWS {
            let share = f64::from(x[i]) / bound;
            let size = 1.0 + share.abs();
            let bend = if share > 0.0 { 2.0 } else { -2.0 };
            let bend = if share == 0.0 { 0.0 } else { bend / (bound * size) };
            by_x[i] = (f64::from(by_y[i]) / (size * size) - f64::from(by_ladj[i]) * bend) as f32;
        }
    }
}
