//! The inverse of increasing functions without a formula for it, on a block of rows.

use super::lanes::{Lane, ROWS, ZERO};

/// Steps after which every start has converged: each halves its bracket, or better.
const STEPS: usize = 80;

/// What a step may still change, relative to the number: its square is what is left then.
const STILL: f64 = 1e-9;

/// An increasing function for each row.
pub(super) trait Increasing {
    /// The function and its slope, which is above 0.
    fn value_and_slope(&self, x: &Lane, value: &mut Lane, slope: &mut Lane);
}

/// `x` from `y` in a bracket, by Newton's steps where they stay in it and halving where they do
/// not. A row that has converged stays where it is, so that it is the same bits whatever rows it
/// stands among.
#[inline(always)]
pub(super) fn solve(function: &impl Increasing, y: &Lane, mut low: Lane, mut high: Lane) -> Lane {
    let (mut x, mut value, mut slope) = (ZERO, ZERO, ZERO);
    let mut moving = [1.0; ROWS];
    for i in 0..ROWS {
        x[i] = (low[i] + high[i]) * 0.5;
    }
    for _ in 0..STEPS {
        function.value_and_slope(&x, &mut value, &mut slope);
        let mut any = 0.0;
        for i in 0..ROWS {
            let above = value[i] >= y[i];
            high[i] = if above { x[i] } else { high[i] };
            low[i] = if above { low[i] } else { x[i] };
            let newton = x[i] - (value[i] - y[i]) / slope[i];
            let middle = (low[i] + high[i]) * 0.5;
            let next = if newton > low[i] && newton < high[i] { newton } else { middle };
            let next = if value[i] == y[i] { x[i] } else { next };
            let next = if moving[i] > 0.0 { next } else { x[i] };
            // What is no number does not move either.
            let far = (next - x[i]).abs() > x[i].abs() * STILL;
            moving[i] = if far { moving[i] } else { 0.0 };
            any += moving[i];
            x[i] = next;
        }
        if any == 0.0 {
            break;
        }
    }
    x
}
