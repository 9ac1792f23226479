//! Rational-quadratic splines on a block of rows; see [`crate::univariate::Spline`] for the
//! formulas.

use std::f64::consts::PI;

use astrogen_nn::dense::Matrix;

use super::lanes::{
    Lane, ROWS, Row, ZERO, at_least, exp, ln, row, row_mut, soft_limit, soft_limit_slope, widest,
};

/// What a network's outputs are made knots by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shaping {
    /// zuko's: soft limits of this size of slopes, and of half of it of widths and heights; then
    /// softmax and `exp`.
    Soft(f64),
    /// GalacticFlow's: softmax and softplus, and a floor of both.
    Floor(f64),
}

/// A family of splines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Splines {
    pub(crate) bins: usize,
    /// The box is `[-bound, bound]`.
    pub(crate) bound: f64,
    pub(crate) shaping: Shaping,
    /// Whether angles are turned by half a turn.
    pub(crate) circular: bool,
}

/// One bin for each row.
struct Bin {
    /// Whether the number is inside the box: 1 or 0.
    inside: Lane,
    number: Lane,
    x0: Lane,
    width: Lane,
    y0: Lane,
    height: Lane,
    d0: Lane,
    d1: Lane,
}

/// Shares of the box and slopes at the knots, in memory that is kept: `bins` widths, `bins` heights
/// and `bins + 1` slopes.
struct Knots<'a> {
    widths: &'a mut [Lane],
    heights: &'a mut [Lane],
    slopes: &'a mut [Lane],
}

impl Splines {
    /// Lanes that it takes.
    fn memory(self) -> usize {
        3 * self.bins + 1
    }

    #[inline(always)]
    fn knots<'a>(self, parameters: &Matrix, first: usize, memory: &'a mut Vec<Lane>) -> Knots<'a> {
        memory.resize(self.memory().max(memory.len()), ZERO);
        let (widths, rest) = memory.split_at_mut(self.bins);
        let (heights, rest) = rest.split_at_mut(self.bins);
        let slopes = &mut rest[..=self.bins];
        self.shares(parameters, first, widths);
        self.shares(parameters, first + self.bins, heights);
        let ends = [1.0; ROWS];
        (slopes[0], slopes[self.bins]) = (ends, ends);
        for (k, slope) in slopes[1..self.bins].iter_mut().enumerate() {
            let raw = row(parameters, first + 2 * self.bins + k);
            match self.shaping {
                Shaping::Soft(limit) => {
                    for i in 0..ROWS {
                        slope[i] = exp(soft_limit(f64::from(raw[i]), limit));
                    }
                }
                Shaping::Floor(floor) => {
                    for i in 0..ROWS {
                        let raw = f64::from(raw[i]);
                        let softplus = at_least(raw, 0.0) + ln(1.0 + exp(-raw.abs()));
                        slope[i] = at_least(softplus, floor);
                    }
                }
            }
        }
        Knots { widths, heights, slopes }
    }

    /// Shares of the box, with sum 1 but for a floor.
    #[inline(always)]
    fn shares(self, parameters: &Matrix, first: usize, shares: &mut [Lane]) {
        let mut sum = ZERO;
        match self.shaping {
            Shaping::Soft(limit) => {
                for (k, share) in shares.iter_mut().enumerate() {
                    let raw = row(parameters, first + k);
                    for i in 0..ROWS {
                        share[i] = exp(soft_limit(f64::from(raw[i]), limit / 2.0));
                        sum[i] += share[i];
                    }
                }
            }
            Shaping::Floor(_) => {
                let mut most = [f32::NEG_INFINITY; ROWS];
                for k in 0..shares.len() {
                    let raw = row(parameters, first + k);
                    for i in 0..ROWS {
                        most[i] = if raw[i] > most[i] { raw[i] } else { most[i] };
                    }
                }
                for (k, share) in shares.iter_mut().enumerate() {
                    let raw = row(parameters, first + k);
                    for i in 0..ROWS {
                        share[i] = exp(f64::from(raw[i]) - f64::from(most[i]));
                        sum[i] += share[i];
                    }
                }
            }
        }
        let floor = if let Shaping::Floor(floor) = self.shaping { floor } else { 0.0 };
        for share in &mut *shares {
            for i in 0..ROWS {
                share[i] = at_least(share[i] / sum[i], floor);
            }
        }
    }

    /// The bin of each number, on the axis of heights or of widths.
    #[inline(always)]
    fn bin(self, knots: &Knots<'_>, numbers: &Lane, by_heights: bool) -> Bin {
        let [below, side] = [-self.bound, 2.0 * self.bound];
        let (mut x, mut y) = ([below; ROWS], [below; ROWS]);
        let mut bin = Bin {
            inside: ZERO,
            number: ZERO,
            x0: ZERO,
            width: ZERO,
            y0: ZERO,
            height: ZERO,
            d0: ZERO,
            d1: ZERO,
        };
        for k in 0..self.bins {
            let (widths, heights) = (&knots.widths[k], &knots.heights[k]);
            let (d0, d1) = (&knots.slopes[k], &knots.slopes[k + 1]);
            for i in 0..ROWS {
                let at = if by_heights { y[i] } else { x[i] };
                let here = numbers[i] > at || k == 0;
                let choose = |new: f64, old: f64| if here { new } else { old };
                let (width, height) = (side * widths[i], side * heights[i]);
                bin.number[i] = choose(k as f64, bin.number[i]);
                bin.x0[i] = choose(x[i], bin.x0[i]);
                bin.width[i] = choose(width, bin.width[i]);
                bin.y0[i] = choose(y[i], bin.y0[i]);
                bin.height[i] = choose(height, bin.height[i]);
                bin.d0[i] = choose(d0[i], bin.d0[i]);
                bin.d1[i] = choose(d1[i], bin.d1[i]);
                x[i] += width;
                y[i] += height;
            }
        }
        for i in 0..ROWS {
            let end = if by_heights { y[i] } else { x[i] };
            // A number that is none is in no bin.
            bin.inside[i] = if numbers[i] > below && numbers[i] <= end { 1.0 } else { 0.0 };
            // A bin that rounding closed is as wide as the least number.
            bin.width[i] = at_least(bin.width[i], f64::from(f32::MIN_POSITIVE));
        }
        bin
    }

    /// What the spline itself is given.
    #[inline(always)]
    fn numbers(self, from: &Row) -> Lane {
        let mut numbers = ZERO;
        for i in 0..ROWS {
            let number = f64::from(from[i]);
            numbers[i] = if self.circular { turn(number) } else { number };
        }
        numbers
    }
}

/// By half a turn, into `[-pi, pi)`: its own inverse.
#[inline(always)]
fn turn(angle: f64) -> f64 {
    angle - 2.0 * PI * (angle * (0.5 / PI)).floor() - PI
}

widest! {
    /// `y` from `x`, and what is added to `log |dy/dx|`.
    fn spline(
        splines: Splines,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        y: &mut Row,
        ladj: &mut Lane,
        memory: &mut Vec<Lane>,
    ) {
        let knots = splines.knots(parameters, first, memory);
        let x = splines.numbers(x);
        let bin = splines.bin(&knots, &x, false);
        for i in 0..ROWS {
            let (inside, d0, d1) = (bin.inside[i] > 0.0, bin.d0[i], bin.d1[i]);
            let s = bin.height[i] / bin.width[i];
            let t = (x[i] - bin.x0[i]) / bin.width[i];
            let t = if inside { t } else { 0.0 };
            let t = if t > 1.0 { 1.0 } else { at_least(t, 0.0) };
            let u = 1.0 - t;
            let tu = t * u;
            let denominator = s + (d0 + d1 - 2.0 * s) * tu;
            let value = bin.y0[i] + bin.height[i] * (s * t * t + d0 * tu) / denominator;
            let ratio = s / denominator;
            let slope = ratio * ratio * (2.0 * s * tu + d0 * u * u + d1 * t * t);
            y[i] = (if inside { value } else { x[i] }) as f32;
            ladj[i] += if inside { ln(slope) } else { 0.0 };
        }
    }

    /// `x` from `y`.
    fn spline_inverse(
        splines: Splines,
        parameters: &Matrix,
        first: usize,
        y: &Row,
        x: &mut Row,
        memory: &mut Vec<Lane>,
    ) {
        let knots = splines.knots(parameters, first, memory);
        let mut y_here = ZERO;
        for i in 0..ROWS {
            y_here[i] = f64::from(y[i]);
        }
        let bin = splines.bin(&knots, &y_here, true);
        for i in 0..ROWS {
            let (inside, d0, height) = (bin.inside[i] > 0.0, bin.d0[i], bin.height[i]);
            let s = height / bin.width[i];
            let above = y_here[i] - bin.y0[i];
            let above = if inside { above } else { 0.0 };
            let curve = d0 + bin.d1[i] - 2.0 * s;
            let a = height * (s - d0) + above * curve;
            let b = height * d0 - above * curve;
            let c = -s * above;
            let root = at_least(b * b - 4.0 * a * c, 0.0).sqrt();
            let t = 2.0 * c / (-b - root);
            let t = if t > 1.0 { 1.0 } else { at_least(t, 0.0) };
            let value = bin.x0[i] + t * bin.width[i];
            let value = if inside { value } else { y_here[i] };
            x[i] = (if splines.circular { turn(value) } else { value }) as f32;
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x` and the parameters.
    fn spline_back(
        splines: Splines,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        by_y: &Row,
        by_ladj: &Row,
        by_x: &mut Row,
        by_parameters: &mut Matrix,
        memory: &mut Vec<Lane>,
    ) {
        let bins = splines.bins;
        let knots = splines.knots(parameters, first, memory);
        let x = splines.numbers(x);
        let bin = splines.bin(&knots, &x, false);
        let side = 2.0 * splines.bound;
        // What a bin's ends, sides and slopes get.
        let (mut by_x0, mut by_width, mut by_y0) = (ZERO, ZERO, ZERO);
        let (mut by_height, mut by_d0, mut by_d1) = (ZERO, ZERO, ZERO);
        for i in 0..ROWS {
            let (inside, d0, d1) = (bin.inside[i] > 0.0, bin.d0[i], bin.d1[i]);
            let (width, height) = (bin.width[i], bin.height[i]);
            let s = height / width;
            let t = (x[i] - bin.x0[i]) / width;
            let t = if inside { t } else { 0.0 };
            let t = if t > 1.0 { 1.0 } else { at_least(t, 0.0) };
            let u = 1.0 - t;
            let (tt, tu, uu) = (t * t, t * u, u * u);
            // y = y0 + height numerator / denominator,
            // log dy/dx = 2 ln s + ln shape - 2 ln denominator
            let numerator = s * tt + d0 * tu;
            let denominator = s + (d0 + d1 - 2.0 * s) * tu;
            let shape = d1 * tt + 2.0 * s * tu + d0 * uu;
            let signal = f64::from(by_y[i]);
            let by_log = f64::from(by_ladj[i]);
            let quotient = numerator / denominator;
            let by_numerator = signal * height / denominator;
            let by_denominator = -by_numerator * quotient - 2.0 * by_log / denominator;
            let by_shape = by_log / shape;
            let by_tu = by_numerator * d0
                + by_denominator * (d0 + d1 - 2.0 * s)
                + by_shape * 2.0 * s;
            let by_tt = by_numerator * s + by_shape * d1;
            let by_uu = by_shape * d0;
            let by_t = by_tu * (u - t) + 2.0 * (by_tt * t - by_uu * u);
            let by_s = by_numerator * tt
                + by_denominator * (1.0 - 2.0 * tu)
                + by_shape * 2.0 * tu
                + 2.0 * by_log / s;
            let here = |signal: f64| if inside { signal } else { 0.0 };
            by_x[i] = (if inside { by_t / width } else { signal }) as f32;
            by_x0[i] = here(-by_t / width) * side;
            by_width[i] = here(-(by_s * s + by_t * t) / width) * side;
            by_y0[i] = here(signal) * side;
            by_height[i] = here(signal * quotient + by_s / width) * side;
            by_d0[i] = here(by_numerator * tu + by_denominator * tu + by_shape * uu);
            by_d1[i] = here(by_denominator * tu + by_shape * tt);
        }
        let Knots { widths, heights, slopes } = knots;
        let axes = [(first, widths, by_x0, by_width), (first + bins, heights, by_y0, by_height)];
        for (first, shares, by_start, by_side) in axes {
            splines.shares_back(
                shares, &bin.number, [&by_start, &by_side], parameters, by_parameters, first,
            );
        }
        for (k, slope) in slopes[1..bins].iter().enumerate() {
            let raw = row(parameters, first + 2 * bins + k);
            let to = row_mut(by_parameters, first + 2 * bins + k);
            for i in 0..ROWS {
                // The knot between this bin and the next.
                let right = if bin.number[i] == k as f64 { by_d1[i] } else { 0.0 };
                let left = if bin.number[i] == (k + 1) as f64 { by_d0[i] } else { 0.0 };
                let raw = f64::from(raw[i]);
                let factor = match splines.shaping {
                    Shaping::Soft(limit) => slope[i] * soft_limit_slope(raw, limit),
                    Shaping::Floor(floor) => {
                        let sigmoid = 1.0 / (1.0 + exp(-raw));
                        if slope[i] > floor { sigmoid } else { 0.0 }
                    }
                };
                to[i] = ((right + left) * factor) as f32;
            }
        }
    }
}

impl Splines {
    /// From signals at the start and at the side of the bin of this number to those at what its
    /// axis' shares were made of. The shares are overwritten.
    #[inline(always)]
    fn shares_back(
        self,
        shares: &mut [Lane],
        number: &Lane,
        [by_start, by_side]: [&Lane; 2],
        parameters: &Matrix,
        by_parameters: &mut Matrix,
        first: usize,
    ) {
        let floor = if let Shaping::Floor(floor) = self.shaping { floor } else { 0.0 };
        let by_share = |k: usize, i: usize, share: f64| {
            let by = if (k as f64) < number[i] { by_start[i] } else { 0.0 };
            let by = if k as f64 == number[i] { by_side[i] } else { by };
            // A share that the floor holds does not move.
            if share > floor { by } else { 0.0 }
        };
        let mut sum = ZERO;
        for (k, share) in shares.iter().enumerate() {
            for i in 0..ROWS {
                sum[i] += share[i] * by_share(k, i, share[i]);
            }
        }
        for (k, share) in shares.iter().enumerate() {
            let raw = row(parameters, first + k);
            let to = row_mut(by_parameters, first + k);
            for i in 0..ROWS {
                let by = share[i] * (by_share(k, i, share[i]) - sum[i]);
                let factor = match self.shaping {
                    Shaping::Soft(limit) => soft_limit_slope(f64::from(raw[i]), limit / 2.0),
                    Shaping::Floor(_) => 1.0,
                };
                to[i] = (by * factor) as f32;
            }
        }
    }
}
