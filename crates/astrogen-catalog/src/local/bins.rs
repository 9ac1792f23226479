//! What is fitted in bins, and how it is interpolated.

use crate::CatalogError;

/// The rows of one bin.
pub(super) struct Bin {
    /// The median of the quantity that is binned by.
    pub(super) at: f64,
    /// The median of the values.
    pub(super) median: f64,
    /// Half the distance between the 16th and 84th percentile of what is left, above 0.
    pub(super) width: f64,
    /// What is left of the values beside the medians, interpolated linearly between bins: in
    /// ascending order, two or more.
    pub(super) left: Vec<f64>,
}

impl Bin {
    /// Where a part of what is left lies below, interpolated linearly.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        quantile(&self.left, part)
    }
}

/// Sorts rows by `along` and cuts them into `bins` of equally many; bins with one `at` are joined:
/// the scatter is that of all their rows, the median of the first of them. Runs that go on fit again,
/// so that neither may change.
///
/// # Errors
/// As [`LocalScale::fit`](super::LocalScale::fit).
pub(super) fn bins(
    name: &str,
    along: &[f64],
    values: &[f64],
    bins: usize,
) -> Result<Vec<Bin>, CatalogError> {
    let refuse = |reason: String| Err(CatalogError::Rows { reason });
    if along.len() != values.len() {
        return Err(CatalogError::Shape {
            what: format!("values of {name:?}"),
            expected: along.len().to_string(),
            got: values.len().to_string(),
        });
    }
    if bins == 0 {
        let (name, rule) = ("local_bins", "at least 1");
        return Err(CatalogError::Setting { name, rule, got: "0".to_owned() });
    }
    if along.len() / 2 < bins {
        let rows = along.len();
        return refuse(format!(
            "{rows} rows are too few to fit {name:?} in {bins} bins: at least two per bin"
        ));
    }
    if let Some(row) = (0..values.len()).find(|&row| !(values[row] + along[row]).is_finite()) {
        return refuse(format!("row {row} of the rows to fit {name:?} on is not finite"));
    }

    let mut order: Vec<usize> = (0..along.len()).collect();
    order.sort_by(|&a, &b| along[a].total_cmp(&along[b]));
    let mut found: Vec<Bin> = Vec::with_capacity(bins);
    let mut members: Vec<Vec<usize>> = Vec::with_capacity(bins);
    for bin in 0..bins {
        let rows = &order[bin * order.len() / bins..(bin + 1) * order.len() / bins];
        let median = |of: &[f64]| quantile(&sorted(rows.iter().map(|&row| of[row])), 0.5);
        let at = median(along);
        match (found.last(), members.last_mut()) {
            (Some(last), Some(joined)) if last.at >= at => joined.extend(rows),
            _ => {
                found.push(Bin { at, median: median(values), width: 0.0, left: Vec::new() });
                members.push(rows.to_vec());
            }
        }
    }
    for (number, rows) in members.iter().enumerate() {
        let left = rows.iter().map(|&row| {
            let place = Between::find(&found, |bin| bin.at, along[row]);
            values[row] - place.line(found[place.a].median, found[place.b].median)
        });
        let left = sorted(left);
        let bin = &mut found[number];
        bin.width = 0.5 * (quantile(&left, 0.84) - quantile(&left, 0.16));
        if bin.width <= 0.0 {
            let at = bin.at;
            return refuse(format!(
                "{name:?} has no scatter about its median near {at}; use fewer bins"
            ));
        }
        bin.left = left;
    }
    Ok(found)
}

/// A point between two knots, or beyond the last ones.
#[derive(Clone, Copy)]
pub(super) struct Between {
    /// The knots' numbers; the same where there is one only.
    pub(super) a: usize,
    pub(super) b: usize,
    /// 0 at the first knot, 1 at the second.
    part: f64,
}

impl Between {
    /// Finds a place among knots, one at least, that lie at ascending values; whatever is
    /// interpolated at NaN is NaN.
    pub(super) fn find<K>(knots: &[K], at: impl Fn(&K) -> f64, along: f64) -> Self {
        let last = knots.len() - 1;
        let b = knots.partition_point(|knot| at(knot) <= along).clamp(last.min(1), last);
        let a = b.saturating_sub(1);
        let (low, high) = (at(&knots[a]), at(&knots[b]));
        // A single knot is the same everywhere, but what is no number is nowhere.
        let part = if a == b && !along.is_nan() { 0.0 } else { (along - low) / (high - low) };
        Self { a, b, part }
    }

    /// Between the knots the part of the way, beyond them 0 or 1.
    pub(super) fn inside(self) -> f64 {
        self.part.clamp(0.0, 1.0)
    }

    /// The straight line through two values, one at each knot, that goes on beyond them.
    pub(super) fn line(self, a: f64, b: f64) -> f64 {
        a + self.part * (b - a)
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A quantile of sorted values, one at least.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = part * last as f64;
    let low = position.floor() as usize;
    let high = sorted[(low + 1).min(last)];
    sorted[low] + (high - sorted[low]) * (position - low as f64)
}
