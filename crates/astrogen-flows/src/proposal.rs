//! From what missing features of measured rows are drawn: Student's t around a linear regression on
//! what is known of a row.

use std::f64::consts::PI;

use tch::{Device, Kind, Tensor, no_grad};

use crate::transform::Transform;
use crate::{Conditional, Density, FlowError, Units};

/// Degrees of freedom of Student's t: its tails are wider than those of what it stands for.
pub(crate) const CHI_SQUARED: i64 = 4;

/// Samples, at least, that the regression is fitted to.
const SAMPLES: i64 = 1 << 13;

/// What the scatter around the regression is multiplied by: it is not the same everywhere.
const WIDER: f64 = 1.5;

/// Mean and covariance of features and context values, in the units of the flow's networks.
#[derive(Debug)]
pub(crate) struct Proposal {
    mean: Tensor,
    covariance: Tensor,
    units: [Units; 2],
}

impl Proposal {
    /// Fits samples of a flow for these contexts, `[N, C]`.
    pub(crate) fn fit<C: Conditional>(
        density: &C,
        context: &Tensor,
        seed: u64,
    ) -> Result<Self, FlowError> {
        let ([features, values], units) = (density.sizes(), density.units());
        let n = context.size()[0];
        // Contexts in turn, as often as it takes.
        let rows = (SAMPLES / n.max(1) + 1).max(1) * n.max(1);
        no_grad(|| {
            let index =
                Tensor::f_arange(rows, (Kind::Int64, Device::Cpu))?.f_remainder(n.max(1))?;
            let context = context.f_index_select(0, &index)?;
            let given = density.given((values > 0).then_some(&context))?;
            let mut samples = vec![0.0; (rows * features) as usize];
            given.sample_rows(0, seed, &mut samples)?;
            let x = Tensor::f_from_slice(&samples)?.f_view([rows, features])?.to_kind(Kind::Double);
            let parts = [units[0].call_and_ladj(&x).0, known_units(units[1], &context)];
            let all = Tensor::f_cat(&parts, 1)?;
            let finite = all.isfinite().all_dim(1, false);
            let all = all.f_index(&[Some(finite)])?;
            let mean = all.mean_dim([0_i64].as_slice(), false, Kind::Double);
            let apart = &all - &mean;
            let covariance = apart.tr().matmul(&apart) / all.size()[0].max(1) as f64;
            let floor = covariance.diagonal(0, 0, 1).mean(Kind::Double) * 1e-6 + 1e-12;
            let covariance =
                covariance + Tensor::eye(features + values, (Kind::Double, Device::Cpu)) * floor;
            Ok(Self { mean, covariance, units: units.map(Clone::clone) })
        })
    }

    /// Draws the missing features of rows `x`, `[N, D]`, given the others but for `column`, by normal numbers of the same shape and a
    /// chi-squared one for each row, into `x`; the log-density of what was drawn, `[N]`.
    pub(crate) fn fill(
        &self,
        missing: &[bool],
        column: Option<usize>,
        (x, context): (&Tensor, &Tensor),
        (normal, chi_squared): (&Tensor, &Tensor),
    ) -> Result<Tensor, FlowError> {
        let columns = |wanted: bool| -> Vec<i64> {
            let of = |&i: &usize| missing[i] == wanted && column != Some(i);
            (0..missing.len()).filter(of).map(|i| i as i64).collect()
        };
        let (gone, kept) = (columns(true), columns(false));
        let units = |columns: &[i64]| match self.units[0].0.is_empty() {
            true => Units::default(),
            false => Units(columns.iter().map(|&i| self.units[0].0[i as usize].clone()).collect()),
        };
        let values = context.size()[1];
        let behind = missing.len() as i64..missing.len() as i64 + values;
        let given = Tensor::from_slice(&kept.iter().copied().chain(behind).collect::<Vec<i64>>());
        let (gone_at, kept_at) = (Tensor::from_slice(&gone), Tensor::from_slice(&kept));
        let block = |rows: &Tensor, columns: &Tensor| {
            self.covariance.index_select(0, rows).index_select(1, columns)
        };

        let known = [
            known_units(&units(&kept), &x.f_index_select(1, &kept_at)?),
            known_units(&self.units[1], context),
        ];
        let apart = Tensor::f_cat(&known, 1)? - self.mean.index_select(0, &given);
        let own = block(&gone_at, &gone_at);
        let (slope, left) = if given.size()[0] == 0 {
            (Tensor::zeros([0, gone.len() as i64], (Kind::Double, Device::Cpu)), own)
        } else {
            let slope =
                Tensor::f_linalg_solve(&block(&given, &given), &block(&given, &gone_at), true)?;
            let left = own - block(&gone_at, &given).matmul(&slope);
            (slope, left)
        };
        let mean = apart.matmul(&slope) + self.mean.index_select(0, &gone_at);
        let factor = (left * (WIDER * WIDER)).f_linalg_cholesky(false)?;

        let (freedom, count) = (CHI_SQUARED as f64, gone.len() as f64);
        let t = normal.f_index_select(1, &gone_at)? / (chi_squared / freedom).sqrt().unsqueeze(1);
        let drawn = mean + t.matmul(&factor.tr());
        let ln_gamma = |of: f64| Tensor::from(of).lgamma().double_value(&[]);
        let constant = ln_gamma((freedom + count) / 2.0)
            - ln_gamma(freedom / 2.0)
            - 0.5 * count * (freedom * PI).ln()
            - factor.diagonal(0, 0, 1).log().sum(Kind::Double).double_value(&[]);
        let norm = t.square().sum_dim_intlist(1, false, Kind::Double);
        let log_density = (norm / freedom).log1p() * (-0.5 * (freedom + count)) + constant;

        let units = units(&gone);
        let physical = units.inverse(&drawn);
        let (_, ladj) = units.call_and_ladj(&physical);
        let _ = x.shallow_clone().index_copy_(1, &gone_at, &physical);
        Ok(log_density + ladj)
    }
}

/// Values in the units of the networks; what they cannot be (a logarithm of less than 0) counts as
/// 0 here, since these are for a proposal alone.
fn known_units(units: &Units, values: &Tensor) -> Tensor {
    if values.size()[1] == 0 {
        return values.shallow_clone();
    }
    units.call_and_ladj(values).0.nan_to_num(0.0, 0.0, 0.0)
}
