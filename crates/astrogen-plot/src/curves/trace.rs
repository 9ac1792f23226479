//! From a history to the points that are drawn: gaps, thinning, smoothing.

use crate::axis::Scale;

/// A point (x, y) in the units of the data.
pub(super) type Point = (f64, f64);

/// The stretches of a history between values that cannot be shown.
pub(super) fn runs(points: &[Point], y_scale: Scale) -> Vec<&[Point]> {
    points
        .split(|(x, y)| !(Scale::Linear.shows(*x) && y_scale.shows(*y)))
        .filter(|run| !run.is_empty())
        .collect()
}

/// At most about `columns` pairs of points: the lowest and the highest of each group of
/// neighbours, in their order, so that every spike stays. Short runs stay as they are.
pub(super) fn thin(run: &[Point], columns: usize) -> Vec<Point> {
    if run.len() <= 2 * columns {
        return run.to_vec();
    }
    let mut kept = Vec::with_capacity(2 * columns + 2);
    for group in run.chunks(run.len().div_ceil(columns)) {
        let (mut low, mut high) = (0, 0);
        for (index, point) in group.iter().enumerate() {
            if point.1 < group[low].1 {
                low = index;
            }
            if point.1 > group[high].1 {
                high = index;
            }
        }
        kept.push(group[low.min(high)]);
        if low != high {
            kept.push(group[low.max(high)]);
        }
    }
    kept
}

/// The centred running mean over `window` points, an odd number, cut at the ends of the run, at every
/// sixteenth of a window: more would not be seen.
pub(super) fn smooth(run: &[Point], window: usize) -> Vec<Point> {
    let half = window / 2;
    let last = run.len() - 1;
    let inner = (0..last).step_by((window / 16).max(1));
    inner
        .chain([last])
        .map(|index| {
            let around = &run[index.saturating_sub(half)..=(index + half).min(last)];
            let mean = around.iter().map(|point| point.1).sum::<f64>() / around.len() as f64;
            (run[index].0, mean)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(index, value)| (index as f64, *value)).collect()
    }

    #[test]
    fn values_that_cannot_be_shown_split_the_line() {
        let points = line(&[1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, f64::NAN, -4.0, 0.0]);
        let lengths = |scale| runs(&points, scale).iter().map(|run| run.len()).collect::<Vec<_>>();
        assert_eq!(lengths(Scale::Linear), [2, 1, 2]);
        assert_eq!(lengths(Scale::Log), [2, 1]);
        assert!(runs(&[(f64::NAN, 1.0)], Scale::Linear).is_empty());
    }

    #[test]
    fn thinning_keeps_every_spike_and_the_order() {
        let mut points = line(&vec![0.0; 100_000]);
        points[12_345].1 = 9.0;
        points[12_346].1 = -9.0;
        points[99_999].1 = 5.0;
        let kept = thin(&points, 1000);
        assert!(kept.len() <= 2000, "{}", kept.len());
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for spike in [(12_345.0, 9.0), (12_346.0, -9.0), (99_999.0, 5.0)] {
            assert!(kept.contains(&spike), "{spike:?}");
        }
        assert_eq!(thin(&points[..50], 1000), points[..50]);
    }

    #[test]
    fn smoothing_keeps_a_straight_line_inside_and_both_ends() {
        let points = line(&(0..1000).map(f64::from).collect::<Vec<_>>());
        let smoothed = smooth(&points, 101);
        assert_eq!(smoothed.first().map(|point| point.0), Some(0.0));
        assert_eq!(smoothed.last().map(|point| point.0), Some(999.0));
        for (x, y) in smoothed.iter().filter(|(x, _)| (50.0..=949.0).contains(x)) {
            assert!((x - y).abs() < 1e-9, "{x} {y}");
        }
        assert_eq!(smooth(&points[..1], 101), points[..1]);
    }

    #[test]
    fn a_mean_is_of_as_many_points_as_the_window_says() {
        let mut points = line(&[0.0; 41]);
        points[20].1 = 1.0;
        for window in [3, 5, 11] {
            let smoothed = smooth(&points, window);
            assert_eq!(smoothed[20].1, 1.0 / window as f64);
            assert_eq!(smoothed.iter().filter(|point| point.1 > 0.0).count(), window);
        }
    }

    #[test]
    fn a_huge_spike_leaves_no_trace_beyond_its_window() {
        let mut points = line(&vec![1.0; 1000]);
        points[100].1 = 1e18;
        assert_eq!(smooth(&points, 21).last().map(|point| point.1), Some(1.0));
    }
}
