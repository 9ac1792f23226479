//! Densities of rows that were measured with errors, or in part.
//!
//! ```text
//! p(x | c) of a measured row = integral of p(x', m | c') N(x; x', errors) N(c'; c, errors) dx' dm dc'
//! ```
//!
//! over true values `x'`, missing features `m` and true contexts `c'`, as a mean over draws (pzflow
//! takes such means too). Missing features are drawn from Student's t, whose mean is a linear
//! regression on what is known of the row, fitted to samples of the flow itself: a proposal that the
//! mean takes out again, so that the choice of it costs accuracy, not truth.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor, no_grad};

use crate::passes::latents::Latents;
use crate::passes::sample;
use crate::posterior::along;
use crate::proposal::{CHI_SQUARED, Proposal};
use crate::{BaseConfig, Conditional, Density, FlowError, Posterior, Transform};

/// Densities that are computed at a time.
const CHUNK: i64 = 1 << 16;

/// Rows as they were measured, in physical units.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// `[N, D]`; NaN for a feature that is missing.
    pub features: &'a Tensor,
    /// Standard deviations of normal errors, `[N, D]`, 0 or more; none for exact features.
    pub errors: Option<&'a Tensor>,
    /// `[N, C]`; none for a flow without context.
    pub context: Option<&'a Tensor>,
    /// Standard deviations of normal errors, `[N, C]`, 0 or more; none for an exact context.
    pub context_errors: Option<&'a Tensor>,
}

/// How integrals over errors and missing features are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredConfig {
    /// Draws for each row, 1 or more. Default 100.
    pub draws: i64,
    /// The same seed gives the same draws, row by row. Default 0.
    pub seed: u64,
}

impl Default for MeasuredConfig {
    fn default() -> Self {
        Self { draws: 100, seed: 0 }
    }
}

impl MeasuredConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`FlowError::Setting`] for no draws.
    pub fn validate(&self) -> Result<(), FlowError> {
        match self.draws {
            1.. => Ok(()),
            draws => Err(FlowError::Setting {
                name: "draws",
                rule: "1 or more".to_owned(),
                got: draws.to_string(),
            }),
        }
    }
}

impl Measured<'_> {
    /// The log-density of each row, in nats: that of what was measured of it.
    ///
    /// ```
    /// use astrogen_flows::measured::{Measured, MeasuredConfig};
    /// use astrogen_flows::FlowConfig;
    /// use tch::{Device, Kind, Tensor, nn};
    ///
    /// let store = nn::VarStore::new(Device::Cpu);
    /// let flow = FlowConfig::nsf(2, 0).init(&store.root())?;
    /// let features = Tensor::from_slice(&[0.3f32, f32::NAN, 1.0, 2.0]).view([2, 2]);
    /// let errors = Tensor::full([2, 2], 0.1, (Kind::Float, Device::Cpu));
    /// let rows =
    ///     Measured { features: &features, errors: Some(&errors), context: None, context_errors: None };
    /// assert_eq!(rows.log_prob(&flow, &MeasuredConfig::default())?.len(), 2);
    /// # Ok::<(), astrogen_flows::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Setting`] for no draws, and, with its row and column, for an error that is negative
    /// or no number and a context that is no number;
    /// [`FlowError::Shape`] and [`FlowError::Context`] for tensors that do not fit the flow or each
    /// other.
    pub fn log_prob(
        &self,
        density: &impl Conditional,
        config: &MeasuredConfig,
    ) -> Result<Vec<f64>, FlowError> {
        let log_prob = self.integrate(density, config, None)?;
        Ok(Vec::try_from(log_prob.view([-1]))?)
    }

    /// The densities of the feature `column` on a grid, given what was measured of the others; see
    /// [`Density::posterior`]. What stands in the column, or its error, does not matter.
    ///
    /// # Errors
    /// Those of [`log_prob`](Self::log_prob) and of [`Density::posterior`].
    pub fn posterior(
        &self,
        density: &impl Conditional,
        (column, grid): (usize, &[f64]),
        config: &MeasuredConfig,
    ) -> Result<Posterior, FlowError> {
        Posterior::new(grid, &self.integrate(density, config, Some((column, grid)))?)
    }

    /// The logarithm of the mean over draws, `[N, G]` along a grid or `[N, 1]` without one, f64 on
    /// the CPU.
    fn integrate<C: Conditional>(
        &self,
        density: &C,
        config: &MeasuredConfig,
        grid: Option<(usize, &[f64])>,
    ) -> Result<Tensor, FlowError> {
        config.validate()?;
        let [x, errors, context, context_errors] = self.plain(density.sizes(), grid)?;
        let n = x.size()[0];
        let points = grid.map_or(1, |(_, grid)| grid.len() as i64);
        let missing = x.isnan();
        let uncertain = errors.gt(0.0).logical_and(&missing.logical_not()).any_dim(1, false);
        let uncertain = uncertain.logical_or(&context_errors.gt(0.0).any_dim(1, false));
        let mut kinds: BTreeMap<(Vec<bool>, bool), Vec<i64>> = BTreeMap::new();
        let rows = (0..n).map(|row| -> Result<_, FlowError> {
            let pattern = Vec::<bool>::try_from(missing.get(row))?;
            Ok(((pattern, uncertain.int64_value(&[row]) != 0), row))
        });
        for kind in rows {
            let (kind, row) = kind?;
            kinds.entry(kind).or_default().push(row);
        }
        let proposal = match missing.any().int64_value(&[]) {
            0 => None,
            _ => Some(Proposal::fit(density, &context, config.seed)?),
        };

        let joined = Tensor::f_zeros([n, points], (Kind::Double, Device::Cpu))?;
        no_grad(|| -> Result<(), FlowError> {
            for ((pattern, uncertain), rows) in &kinds {
                let certain = !uncertain && !pattern.contains(&true);
                let draws = if certain { 1 } else { config.draws };
                let at_a_time = (CHUNK / (draws * points)).max(1) as usize;
                for rows in rows.chunks(at_a_time) {
                    let noise = noise(rows, draws, density.sizes(), config.seed)?;
                    let index = Tensor::from_slice(rows);
                    let part = |of: &Tensor| {
                        of.index_select(0, &index).repeat_interleave_self_int(draws, 0, None)
                    };
                    let [features, values] = density.sizes();
                    let x = part(&x) + part(&errors) * noise.narrow(1, 0, features);
                    let c =
                        part(&context) + part(&context_errors) * noise.narrow(1, features, values);
                    let free = noise.narrow(1, 0, features);
                    let chi_squared = noise.narrow(1, features + values, CHI_SQUARED).square();
                    let chi_squared = chi_squared.sum_dim_intlist(1, false, Kind::Double);
                    let log_proposal = match &proposal {
                        Some(proposal) if pattern.contains(&true) => {
                            let column = grid.map(|(column, _)| column);
                            proposal.fill(pattern, column, (&x, &c), (&free, &chi_squared))?
                        }
                        _ => x.select(1, 0).zeros_like(),
                    };
                    let given = density.given((values > 0).then_some(&c))?;
                    let log_prob = match grid {
                        Some((column, grid)) => along(&given, &x, column, grid)?,
                        None => given
                            .log_prob(&x)?
                            .to_device(Device::Cpu)
                            .to_kind(Kind::Double)
                            .unsqueeze(1),
                    };
                    // Contexts that none can be are no draws; features that none can be have no density.
                    let taken = match values {
                        0 => log_prob.select(1, 0).ones_like(),
                        _ => density.units()[1].call_and_ladj(&c).0.isfinite().all_dim(1, false),
                    };
                    let taken = taken.to_kind(Kind::Double).view([-1, draws]);
                    let taken = taken.sum_dim_intlist(1, false, Kind::Double).unsqueeze(1);
                    let log_prob = log_prob
                        .where_scalarother(&log_prob.isnan().logical_not(), f64::NEG_INFINITY);
                    let log_ratio =
                        (log_prob - log_proposal.unsqueeze(1)).view([-1, draws, points]);
                    // NaN where there is none: -inf less -inf.
                    let log_mean = log_ratio.logsumexp([1_i64], false) - taken.log();
                    let _ = joined.shallow_clone().index_copy_(0, &index, &log_mean);
                }
            }
            Ok(())
        })?;
        Ok(joined)
    }

    /// Features, their errors, contexts and theirs, whole, in double precision on the CPU.
    fn plain(
        &self,
        [features, values]: [i64; 2],
        grid: Option<(usize, &[f64])>,
    ) -> Result<[Tensor; 4], FlowError> {
        let n = self.features.size().first().copied().unwrap_or(0);
        let plain = |what, of: Option<&Tensor>, width: i64| -> Result<Tensor, FlowError> {
            let Some(of) = of else {
                return Ok(Tensor::f_zeros([n, width], (Kind::Double, Device::Cpu))?);
            };
            let (got, expected) = (of.size(), [n, width]);
            if got != expected {
                return Err(FlowError::Shape { what, expected: format!("{expected:?}"), got });
            }
            Ok(of.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?)
        };
        if self.context.is_some() != (values > 0) {
            let got = if self.context.is_some() { "some" } else { "none" }.to_owned();
            let hint = "give one row of them for each row of features, or None for 0";
            return Err(FlowError::Context { expected: values, got, hint });
        }
        let x = plain("features", Some(self.features), features)?.copy();
        let errors = plain("errors of features", self.errors, features)?.copy();
        let context = plain("the context", self.context, values)?;
        let context_errors = plain("errors of the context", self.context_errors, values)?;
        let rule = "finite (features alone can be missing)";
        check("the context", rule, &context, &context.isfinite())?;
        let column = grid.map(|(column, _)| column as i64).filter(|column| *column < features);
        if let Some(column) = column {
            let _ = (x.select(1, column).fill_(0.0), errors.select(1, column).fill_(0.0));
        }
        let known = errors.where_scalarother(&x.isnan().logical_not(), 0.0);
        for (name, of) in
            [("errors of features", &known), ("errors of the context", &context_errors)]
        {
            check(name, "finite, 0 or more", of, &of.isfinite().logical_and(&of.ge(0.0)))?;
        }
        Ok([x, known, context, context_errors])
    }
}

/// Refuses the first of the values `[N, W]` that does not fit, and says where it is.
fn check(name: &'static str, rule: &str, of: &Tensor, fits: &Tensor) -> Result<(), FlowError> {
    let bad = fits.logical_not().nonzero();
    if bad.size()[0] == 0 {
        return Ok(());
    }
    let [row, column] = [0, 1].map(|axis| bad.int64_value(&[0, axis]));
    let value = of.double_value(&[row, column]);
    let got = format!("{value} in row {row}, column {column} (from 0)");
    Err(FlowError::Setting { name, rule: rule.to_owned(), got })
}

/// Standard normal numbers for so many draws of each row, `[rows * draws, D + C + CHI_SQUARED]`: each
/// row has its own, whichever rows it stands among.
fn noise(rows: &[i64], draws: i64, [d, c]: [i64; 2], seed: u64) -> Result<Tensor, FlowError> {
    let width = d + c + CHI_SQUARED;
    let ends = [vec![0.0; width as usize], vec![1.0; width as usize]];
    let normal = Latents::new(BaseConfig::Normal, ends, 0.0);
    let mut noise = vec![0.0; rows.len() * (draws * width) as usize];
    for (row, noise) in rows.iter().zip(noise.chunks_exact_mut((draws * width) as usize)) {
        sample::draw(&normal, row.unsigned_abs().wrapping_mul(draws.unsigned_abs()), seed, noise);
    }
    Ok(Tensor::f_from_slice(&noise)?.f_view([-1, width])?.f_to_kind(Kind::Double)?)
}
