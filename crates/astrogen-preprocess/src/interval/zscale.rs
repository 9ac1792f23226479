//! IRAF's zscale limits.

/// IRAF's zscale, step by step as astropy's; `values` are finite and at least one.
///
/// Where the kept values lie on a line exactly (nearly all are equal), nothing more is
/// rejected here, while astropy goes on to reject what rounding left of the residuals.
pub(crate) fn zscale<T: Copy + Into<f64>>(values: &[T], samples: usize, contrast: f64) -> [f64; 2] {
    const MAX_REJECT: f64 = 0.5;
    const MIN_PIXELS: usize = 5;
    const REJECT_SIGMA: f64 = 2.5;
    const MAX_ITERATIONS: usize = 5;

    let stride = (values.len() / samples).max(1);
    let mut sample: Vec<f64> =
        values.iter().step_by(stride).take(samples).map(|&value| value.into()).collect();
    sample.sort_unstable_by(f64::total_cmp);
    let count = sample.len();
    let (min, max) = (sample[0], sample[count - 1]);

    let enough = MIN_PIXELS.max((count as f64 * MAX_REJECT) as usize);
    let growth = 1.max((count as f64 * 0.01) as usize);
    let mut rejected = vec![false; count];
    let mut kept = count;
    let mut slope = 0.0;
    for _ in 0..MAX_ITERATIONS {
        if kept < enough {
            break;
        }
        let line = Line::fit(&sample, &rejected);
        slope = line.slope;
        let threshold = REJECT_SIGMA * line.deviation(&sample, &rejected);
        for (rank, (&value, rejected)) in sample.iter().zip(&mut rejected).enumerate() {
            *rejected |= (value - line.at(rank)).abs() > threshold;
        }
        rejected = grow(&rejected, growth);
        let before = kept;
        kept = rejected.iter().filter(|&&bad| !bad).count();
        if kept >= before {
            break;
        }
    }
    if kept < enough {
        return [min, max];
    }
    let slope = slope / contrast;
    let centre = (count - 1) / 2;
    let median = 0.5 * (sample[centre] + sample[count / 2]);
    [
        min.max(median - (centre as f64 - 1.0) * slope),
        max.min(median + (count - centre) as f64 * slope),
    ]
}

/// The least-squares line of kept values against their rank.
struct Line {
    slope: f64,
    intercept: f64,
}

impl Line {
    fn fit(values: &[f64], rejected: &[bool]) -> Line {
        let kept = || {
            let ranked = values.iter().zip(rejected).enumerate();
            ranked.filter_map(|(rank, (&y, &bad))| (!bad).then_some((rank as f64, y)))
        };
        let (mut count, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
        for (x, y) in kept() {
            count += 1.0;
            x_sum += x;
            y_sum += y;
        }
        let (x_mean, y_mean) = (x_sum / count, y_sum / count);
        let (mut xx, mut xy) = (0.0, 0.0);
        for (x, y) in kept() {
            xx += (x - x_mean) * (x - x_mean);
            xy += (x - x_mean) * (y - y_mean);
        }
        let slope = xy / xx;
        Line { slope, intercept: y_mean - slope * x_mean }
    }

    fn at(&self, rank: usize) -> f64 {
        self.slope * rank as f64 + self.intercept
    }

    /// Standard deviation of the kept residuals, which have mean 0 about their own fit.
    fn deviation(&self, values: &[f64], rejected: &[bool]) -> f64 {
        let (mut count, mut squares) = (0.0, 0.0);
        for (rank, (&value, &bad)) in values.iter().zip(rejected).enumerate() {
            if !bad {
                let residual = value - self.at(rank);
                count += 1.0;
                squares += residual * residual;
            }
        }
        (squares / count).sqrt()
    }
}

/// Rejects the neighbours of rejected ranks too: `size / 2` before and `(size - 1) / 2` after.
fn grow(rejected: &[bool], size: usize) -> Vec<bool> {
    (0..rejected.len())
        .map(|rank| {
            let from = rank.saturating_sub(size / 2);
            let to = (rank + size.div_ceil(2)).min(rejected.len());
            rejected[from..to].contains(&true)
        })
        .collect()
}
