//! `y = exp(a) x + b` and `y = x + b` on a block of rows; see [`crate::univariate::Affine`].

use super::lanes::{Lane, ROWS, Row, exp, soft_limit, soft_limit_slope, widest};

widest! {
    /// `y` from `x`, and what is added to `log |dy/dx|`; `limit` is that of `a`.
    fn affine(limit: f64, b: &Row, a: &Row, x: &Row, y: &mut Row, ladj: &mut Lane) {
        for i in 0..ROWS {
            let log_scale = soft_limit(f64::from(a[i]), limit);
            y[i] = (f64::from(x[i]) * exp(log_scale) + f64::from(b[i])) as f32;
            ladj[i] += log_scale;
        }
    }

    /// `x` from `y`.
    fn affine_inverse(limit: f64, b: &Row, a: &Row, y: &Row, x: &mut Row) {
        for i in 0..ROWS {
            let scale = exp(-soft_limit(f64::from(a[i]), limit));
            x[i] = ((f64::from(y[i]) - f64::from(b[i])) * scale) as f32;
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x` and `a`; that at `b` is that
    /// at `y`.
    fn affine_back(
        limit: f64,
        a: &Row,
        x: &Row,
        by_y: &Row,
        by_ladj: &Row,
        by_x: &mut Row,
        by_a: &mut Row,
    ) {
        for i in 0..ROWS {
            let a = f64::from(a[i]);
            let signal = f64::from(by_y[i]) * exp(soft_limit(a, limit));
            let by_log_scale = signal * f64::from(x[i]) + f64::from(by_ladj[i]);
            by_x[i] = signal as f32;
            by_a[i] = (by_log_scale * soft_limit_slope(a, limit)) as f32;
        }
    }

    /// `x + sign b`.
    fn shifted(sign: f32, b: &Row, x: &Row, y: &mut Row) {
        for i in 0..ROWS {
            y[i] = x[i] + sign * b[i];
        }
    }
}
