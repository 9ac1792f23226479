//! The smoothed density of two columns on a grid, and the regions where it is highest.

/// Nodes of the grid along each axis, the first and the last at the ends of the axis.
pub(super) const NODES: usize = 96;

/// The share of the rows at every node, of those within the axes and a margin around them.
pub(super) struct Density {
    /// Nodes of the margin on each side.
    margin: usize,
    /// Row by row from below.
    shares: Vec<f64>,
}

/// The standard deviation of the kernel for so many rows, in distances of nodes.
pub(super) fn kernel_width(rows: usize) -> f64 {
    (NODES as f64 / 12.0 * (rows.max(1) as f64).powf(-1.0 / 6.0)).max(1.0)
}

impl Density {
    /// The density of points whose positions along the axes are 0 at the low end and 1 at the
    /// high one; `rows` is the number that the shares are parts of.
    pub(super) fn new(
        positions: impl Iterator<Item = [f64; 2]>,
        rows: usize,
        kernel_width: f64,
    ) -> Self {
        let kernel: Vec<f64> = {
            let reach = (4.0 * kernel_width).ceil() as i32;
            let bell = |at: i32| (-0.5 * (f64::from(at) / kernel_width).powi(2)).exp();
            let total: f64 = (-reach..=reach).map(bell).sum();
            (-reach..=reach).map(|at| bell(at) / total).collect()
        };
        let margin = kernel.len() / 2;
        let side = NODES + 2 * margin;
        let mut shares = vec![0.0; side * side];
        let node = |position: f64| {
            let at = (position * (NODES - 1) as f64).round() + margin as f64;
            (at >= 0.0 && at < side as f64).then_some(at as usize)
        };
        for [x, y] in positions {
            if let (Some(x), Some(y)) = (node(x), node(y)) {
                shares[y * side + x] += 1.0 / rows as f64;
            }
        }
        smooth(&mut shares, side, 1, &kernel);
        smooth(&mut shares, 1, side, &kernel);
        Self { margin, shares }
    }

    /// The density at a node within the axes.
    pub(super) fn at(&self, x: usize, y: usize) -> f64 {
        let side = NODES + 2 * self.margin;
        self.shares[(y + self.margin) * side + x + self.margin]
    }

    /// The density above which `share` of the rows lie; `None` if fewer lie on the grid.
    pub(super) fn threshold(&self, share: f64) -> Option<f64> {
        let mut falling = self.shares.clone();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut held = 0.0;
        let place = falling.iter().position(|at| {
            held += at;
            held >= share
        })?;
        let next = falling.get(place + 1).copied().unwrap_or(0.0);
        Some(0.5 * (falling[place] + next)).filter(|threshold| *threshold > 0.0)
    }
}

/// Convolves all lines of a square of values, neighbours of a line `along` apart and lines
/// `across`; beyond its ends there is nothing.
fn smooth(values: &mut [f64], across: usize, along: usize, kernel: &[f64]) {
    let (side, reach) = (across.max(along), kernel.len() / 2);
    for line in 0..side {
        let place = |at: usize| line * across + at * along;
        let before: Vec<f64> = (0..side).map(|at| values[place(at)]).collect();
        for at in 0..side {
            let near = at.saturating_sub(reach)..(at + reach + 1).min(side);
            let sum = near.map(|other| before[other] * kernel[other + reach - at]).sum();
            values[place(at)] = sum;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_sum_and_spreads_evenly() {
        let density = Density::new([[0.5, 0.25]; 7].into_iter(), 7, 2.0);
        assert!((density.shares.iter().sum::<f64>() - 1.0).abs() < 1e-4);
        let (x, y) = (48, 24); // 47.5 and 23.75 nodes from the ends
        assert!((density.at(x, y) - 1.0 / (8.0 * std::f64::consts::PI)).abs() < 1e-4);
        assert!((density.at(x + 3, y) - density.at(x, y - 3)).abs() < 1e-15);
        assert!((density.at(x + 2, y) / density.at(x, y) - (-0.5f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn the_region_of_a_share_holds_it() {
        let points = (0..40_000).map(|i| {
            let (u, angle) = (f64::from(i) / 40_000.0, 2.399_963 * f64::from(i));
            let radius = 0.4 * u;
            [0.5 + radius * angle.cos(), 0.5 + radius * angle.sin()]
        });
        let density = Density::new(points, 40_000, 1.0);
        for share in [0.39, 0.86] {
            let threshold = density.threshold(share).unwrap();
            let held: f64 = density.shares.iter().filter(|at| **at >= threshold).sum();
            assert!((held - share).abs() < 0.01, "{share}: {held}");
            // The radius grows evenly with the share.
            let (edge, middle) = (48.0 + 0.4 * 95.0 * share, 48);
            assert!(density.at(edge as usize - 3, middle) > threshold);
            assert!(density.at(edge as usize + 3, middle) < threshold);
        }
        let half_gone = Density::new([[0.5, 0.5], [9.0, 9.0]].into_iter(), 2, 1.0);
        assert!(half_gone.threshold(0.4).is_some());
        assert_eq!(half_gone.threshold(0.6), None);
    }

    #[test]
    fn the_kernel_narrows_down_to_one_node() {
        assert_eq!([0, 1, 64, 1 << 30].map(kernel_width), [8.0, 8.0, 4.0, 1.0]);
    }
}
