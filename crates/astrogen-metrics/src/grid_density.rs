//! Densities on a grid, one per object, beside what was observed: a posterior of the redshift
//! beside the true one.
//!
//! Between the nodes of the grid a density `p` is straight and beyond them 0; each is divided by
//! its integral. With its distribution function `F` and the observed value `z`, everything is
//! exact for such a density:
//!
//! ```text
//! PIT      = F(z)
//! CRPS     = integral of (F(x) - [x >= z])^2 dx
//! CDE loss = mean of (integral of p(x)^2 dx - 2 p(z))
//! ```
//!
//! The continuous ranked probability score has the unit of the quantity, is 0 for a spike at the
//! truth, and is the absolute error where the density is a spike elsewhere. The loss of the
//! conditional density is, up to a constant that is the same for all estimates, their mean
//! squared distance from the true density; lower is better, and negative is usual. References:
//! Gneiting and Raftery 2007, *Strictly proper scoring rules, prediction, and estimation*; Izbicki
//! and Lee 2017, *Converting high-dimensional regression to high-dimensional conditional density
//! estimation*.

use crate::one_dimensional::check_values;
use crate::{MetricsError, Pit};

/// Nodes and weights of Gauss and Legendre over [0, 1], exact up to the fifth power.
const GAUSS: [(f64, f64); 3] = [
    (0.112_701_665_379_258_31, 5.0 / 18.0),
    (0.5, 4.0 / 9.0),
    (0.887_298_334_620_741_7, 5.0 / 18.0),
];

/// Densities of many objects on one grid.
#[derive(Debug, Clone, PartialEq)]
pub struct GridDensities {
    grid: Vec<f64>,
    /// Row by row, each with the integral 1.
    densities: Vec<f64>,
}

impl GridDensities {
    /// Densities `[N, G]`, row by row, at the nodes `[G]` of a grid in ascending order; each row
    /// is divided by its integral.
    ///
    /// ```
    /// use astrogen_metrics::GridDensities;
    ///
    /// let even = GridDensities::new(&[0.0, 1.0], &[5.0, 5.0])?;
    /// assert_eq!(even.pit(&[0.25])?.values(), [0.25]);
    /// assert!((even.crps(&[0.0])?[0] - 1.0 / 3.0).abs() < 1e-15);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for a grid of fewer than two nodes or not ascending, densities
    /// that are not one per node for one object at least, not finite, below 0, or 0 all over.
    pub fn new(grid: &[f64], densities: &[f64]) -> Result<Self, MetricsError> {
        check_values("grid", grid)?;
        check_values("densities", densities)?;
        let bad = |set, rule, got| Err(MetricsError::BadValues { set, rule, got });
        if grid.len() < 2 || grid.windows(2).any(|pair| pair[0] >= pair[1]) {
            let got = format!("{} from {} to {}", grid.len(), grid[0], grid[grid.len() - 1]);
            return bad("grid", "two or more numbers in ascending order", got);
        }
        if !densities.len().is_multiple_of(grid.len()) {
            let got = format!("{} for {} nodes", densities.len(), grid.len());
            return bad("densities", "one per node of the grid for every object", got);
        }
        if let Some(negative) = densities.iter().find(|density| **density < 0.0) {
            return bad("densities", "0 or more", negative.to_string());
        }
        let mut densities = densities.to_vec();
        for (object, row) in densities.chunks_exact_mut(grid.len()).enumerate() {
            let cells = grid.windows(2).zip(row.windows(2));
            let total: f64 = cells.map(|(x, p)| 0.5 * (p[0] + p[1]) * (x[1] - x[0])).sum();
            if !(total > 0.0 && total.is_finite()) {
                let got = format!("{total} for object {object}");
                return bad("densities", "of an integral above 0 and finite", got);
            }
            row.iter_mut().for_each(|density| *density /= total);
        }
        Ok(Self { grid: grid.to_vec(), densities })
    }

    /// The probability integral transform of the observed values `[N]`.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for other than one finite value per object.
    pub fn pit(&self, observed: &[f64]) -> Result<Pit, MetricsError> {
        Pit::from_values(&self.each(observed, |row, z| self.below(row, z))?)
    }

    /// The continuous ranked probability score of each object `[N]`, in the unit of the grid. An
    /// observed value beyond the grid adds its distance to it.
    ///
    /// # Errors
    /// As [`pit`](Self::pit).
    pub fn crps(&self, observed: &[f64]) -> Result<Vec<f64>, MetricsError> {
        self.each(observed, |row, z| {
            let (first, last) = (self.grid[0], self.grid[self.grid.len() - 1]);
            let mut score = (first - z).max(0.0) + (z - last).max(0.0);
            let mut below = 0.0;
            for (x, p) in self.cells(row) {
                let step = x[1] - x[0];
                let slope = (p[1] - p[0]) / step;
                let function = |at: f64| below + (p[0] + 0.5 * slope * at) * at;
                let middle = (z - x[0]).clamp(0.0, step);
                for (from, to, target) in [(0.0, middle, 0.0), (middle, step, 1.0)] {
                    let square = |node: f64| (function(from + node * (to - from)) - target).powi(2);
                    let mean: f64 = GAUSS.iter().map(|(node, weight)| weight * square(*node)).sum();
                    score += (to - from) * mean;
                }
                below = function(step);
            }
            score
        })
    }

    /// The mean loss of the conditional density over all objects, in one over the unit of the
    /// grid.
    ///
    /// # Errors
    /// As [`pit`](Self::pit).
    pub fn cde_loss(&self, observed: &[f64]) -> Result<f64, MetricsError> {
        let losses = self.each(observed, |row, z| {
            let square = |(x, p): (&[f64], &[f64])| {
                (x[1] - x[0]) * (p[0] * p[0] + p[0] * p[1] + p[1] * p[1]) / 3.0
            };
            self.cells(row).map(square).sum::<f64>() - 2.0 * self.at(row, z)
        })?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }

    /// The stretches between nodes: ends and densities there.
    fn cells<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (&'a [f64], &'a [f64])> {
        self.grid.windows(2).zip(row.windows(2))
    }

    /// The density at a value.
    fn at(&self, row: &[f64], z: f64) -> f64 {
        let cell = self.cells(row).find(|(x, _)| (x[0]..=x[1]).contains(&z));
        cell.map_or(0.0, |(x, p)| p[0] + (p[1] - p[0]) * (z - x[0]) / (x[1] - x[0]))
    }

    /// The probability below a value.
    fn below(&self, row: &[f64], z: f64) -> f64 {
        let part = |(x, p): (&[f64], &[f64])| {
            let (step, at) = (x[1] - x[0], (z - x[0]).clamp(0.0, x[1] - x[0]));
            (p[0] + 0.5 * (p[1] - p[0]) * at / step) * at
        };
        self.cells(row).map(part).sum::<f64>().clamp(0.0, 1.0)
    }

    /// A number for each object, of its density and its observed value.
    fn each(
        &self,
        observed: &[f64],
        number: impl Fn(&[f64], f64) -> f64,
    ) -> Result<Vec<f64>, MetricsError> {
        check_values("observed values", observed)?;
        let rows = self.densities.chunks_exact(self.grid.len());
        if rows.len() != observed.len() {
            let got = format!("{} for {} densities", observed.len(), rows.len());
            let (set, rule) = ("observed values", "one per density");
            return Err(MetricsError::BadValues { set, rule, got });
        }
        Ok(rows.zip(observed).map(|(row, z)| number(row, *z)).collect())
    }
}
