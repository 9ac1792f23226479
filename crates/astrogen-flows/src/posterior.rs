//! The density of one feature given all others, on a grid: a photometric redshift, say.
//!
//! `p(x_i | x_others, c)` is `p(x | c)` along `x_i`, divided by its integral over the grid (by the
//! trapezoidal rule): where the grid ends, so does the density.

use tch::{Device, Kind, Tensor, no_grad};

use crate::{Density, FlowError};

/// Values of the joint density that are computed at a time.
const CHUNK: i64 = 1 << 16;

/// Densities of one feature on a grid, one for each row.
#[derive(Debug)]
pub struct Posterior {
    /// `[G]`, increasing, f64 on the CPU.
    grid: Tensor,
    /// `[N, G]`, f64 on the CPU; each row's integral is 1.
    density: Tensor,
    /// The share below each point of the grid, `[N, G]`.
    below: Tensor,
}

/// The logarithm of the density along a feature, on a grid: `[N, G]`, f64 on the CPU; see
/// [`Density::posterior`].
pub(crate) fn along(
    density: &impl Density,
    x: &Tensor,
    column: usize,
    grid: &[f64],
) -> Result<Tensor, FlowError> {
    let features = density.features();
    if column as i64 >= features {
        let rule = format!("below {features}, the flow's features");
        return Err(FlowError::Setting { name: "column", rule, got: column.to_string() });
    }
    let increases = grid.windows(2).all(|pair| pair[0] < pair[1]);
    if grid.len() < 2 || !increases || !grid.iter().all(|point| point.is_finite()) {
        return Err(FlowError::Setting {
            name: "grid",
            rule: "two finite numbers or more, each above the one before".to_owned(),
            got: format!("{} points", grid.len()),
        });
    }
    let x = density.rows(x)?;
    let (n, points) = (x.size()[0], grid.len() as i64);
    let grid = Tensor::from_slice(grid).to_device(x.device());
    let rows = (CHUNK / points).max(1);
    let none = Tensor::zeros([0, points], (Kind::Double, Device::Cpu));
    let mut log_density = vec![none];
    no_grad(|| -> Result<(), FlowError> {
        let mut first = 0;
        while first < n {
            let count = rows.min(n - first);
            // Each row as often as the grid has points, with these in the column.
            let part = x.narrow(0, first, count).unsqueeze(1);
            let part = part.expand([count, points, features], false).contiguous();
            part.select(2, column as i64).copy_(&grid);
            let part = part.view([count * points, features]);
            let given = density.repeated(first, count, points)?;
            let log_prob = given.log_prob(&part)?.view([count, points]);
            // A point that its units cannot take, as 0 by its logarithm, has no density.
            let log_prob =
                log_prob.where_scalarother(&log_prob.isnan().logical_not(), f64::NEG_INFINITY);
            log_density.push(log_prob.to_device(Device::Cpu).to_kind(Kind::Double));
            first += count;
        }
        Ok(())
    })?;
    Ok(Tensor::cat(&log_density, 0))
}

impl Posterior {
    /// The densities of rows whose logarithms, but for a constant of each, are `[N, G]` in double
    /// precision on the CPU.
    pub(crate) fn new(grid: &[f64], log_density: &Tensor) -> Result<Self, FlowError> {
        let grid = Tensor::from_slice(grid);
        let highest = log_density.amax([1], true);
        let bad = highest.isfinite().logical_not().squeeze_dim(1);
        if bad.any().int64_value(&[]) != 0 {
            return Err(FlowError::NoDensity {
                row: bad.to_kind(Kind::Int64).argmax(0, false).int64_value(&[]),
            });
        }
        let density = (log_density - highest).exp();
        let last = grid.size()[0] - 1;
        let steps = grid.narrow(0, 1, last) - grid.narrow(0, 0, last);
        let shares = (density.narrow(1, 0, last) + density.narrow(1, 1, last)) * 0.5 * steps;
        let below = shares.cumsum(1, Kind::Double).constant_pad_nd([1, 0]);
        let whole = below.narrow(1, last, 1);
        Ok(Self { grid, density: density / &whole, below: below / whole })
    }

    /// The points of the grid.
    pub fn grid(&self) -> Vec<f64> {
        numbers(&self.grid)
    }

    /// The densities `[N, G]`, in double precision on the CPU.
    pub fn density(&self) -> &Tensor {
        &self.density
    }

    /// The mean of each row.
    pub fn mean(&self) -> Vec<f64> {
        let last = self.grid.size()[0] - 1;
        let weighted = &self.density * &self.grid;
        let steps = self.grid.narrow(0, 1, last) - self.grid.narrow(0, 0, last);
        let shares = (weighted.narrow(1, 0, last) + weighted.narrow(1, 1, last)) * 0.5 * steps;
        numbers(&shares.sum_dim_intlist(1, false, Kind::Double))
    }

    /// The point of the grid where each row's density is highest.
    pub fn mode(&self) -> Vec<f64> {
        numbers(&self.grid.index_select(0, &self.density.argmax(1, false)))
    }

    /// What a share `q` in [0, 1] of each row's density lies below; between points of the grid on a
    /// straight line.
    pub fn quantile(&self, q: f64) -> Vec<f64> {
        let q = q.clamp(0.0, 1.0);
        let last = self.grid.size()[0] - 1;
        let n = self.below.size()[0];
        let wanted = Tensor::full([n, 1], q, (Kind::Double, Device::Cpu));
        let at =
            wanted.searchsorted(&self.below.contiguous(), false, false, "left", None::<&Tensor>);
        let upper = at.clamp(1, last);
        let lower = &upper - 1;
        let of = |values: &Tensor, at: &Tensor| values.gather(1, at, false);
        let grid = self.grid.unsqueeze(0).expand([n, last + 1], false);
        let [x0, x1] = [&lower, &upper].map(|at| of(&grid, at));
        let [b0, b1] = [&lower, &upper].map(|at| of(&self.below, at));
        let part = ((wanted - &b0) / (&b1 - &b0).clamp_min(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        numbers(&(&x0 + part * (x1 - &x0)).squeeze_dim(1))
    }

    /// The share of each row's density below a value of its own: the probability integral
    /// transform, where the values are the true ones.
    ///
    /// # Panics
    /// Where there is not one value for each row.
    pub fn share_below(&self, values: &[f64]) -> Vec<f64> {
        let n = self.below.size()[0];
        assert_eq!(values.len() as i64, n, "one value for each row");
        let last = self.grid.size()[0] - 1;
        let values = Tensor::from_slice(values).unsqueeze(1);
        let grid = self.grid.unsqueeze(0).expand([n, last + 1], false).contiguous();
        let at = values.searchsorted(&grid, false, false, "left", None::<&Tensor>);
        let upper = at.clamp(1, last);
        let lower = &upper - 1;
        let [x0, x1] = [&lower, &upper].map(|at| grid.gather(1, at, false));
        let [b0, b1] = [&lower, &upper].map(|at| self.below.gather(1, at, false));
        let part = ((values - &x0) / (x1 - x0)).clamp(0.0, 1.0);
        numbers(&(&b0 + part * (b1 - &b0)).squeeze_dim(1))
    }
}

/// A list on the host, of a list in double precision.
fn numbers(of: &Tensor) -> Vec<f64> {
    let mut numbers = vec![0.0; of.numel()];
    of.contiguous().copy_data(&mut numbers, of.numel());
    numbers
}
