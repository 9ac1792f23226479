//! A flow given a context: the density of features, and samples of them.

use tch::{Device, Kind, Tensor, no_grad};

use crate::passes::{Passes, numbers, sample};
use crate::transform::{Composed, Transform};
use crate::{Density, Flow, FlowError};

/// Rows that a sample takes through the flow at a time.
const CHUNK: i64 = 1 << 14;

/// A flow given a context: a distribution of features.
#[derive(Debug)]
pub struct Given<'a> {
    flow: &'a Flow,
    /// `[N, C]`, or one row for all, in the units of the networks.
    context: Option<Tensor>,
    /// Whether there is one context for all rows, or none.
    one: bool,
}

impl<'a> Given<'a> {
    /// A flow given a context in the units of its networks, of one row where that is for all.
    pub(crate) fn new(flow: &'a Flow, context: Option<Tensor>, one: bool) -> Self {
        Self { flow, context, one }
    }

    /// The log-density of each row of features `[N, D]`, in nats: `[N]`. In physical units, where
    /// the config has the features'; NaN given a context that its units cannot take, which has no samples
    /// either.
    ///
    /// # Errors
    /// [`FlowError::Shape`] where there is not one row of features for each of the context, or
    /// they are not `D`.
    pub fn log_prob(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        let (z, ladj) = self.call_and_ladj(x)?;
        Ok(self.flow.base().log_prob(&z) + ladj)
    }

    /// `z`, `[N, D]`, and `log |det dz/dx|`, `[N]`, of features `[N, D]`.
    ///
    /// # Errors
    /// Those of [`log_prob`](Self::log_prob).
    pub fn call_and_ladj(&self, x: &Tensor) -> Result<(Tensor, Tensor), FlowError> {
        let passes = self.passes(x)?;
        self.call_by(passes.as_ref(), x)
    }

    fn call_by(&self, passes: Option<&Passes>, x: &Tensor) -> Result<(Tensor, Tensor), FlowError> {
        let x = self.rows("features", x)?;
        let (x, units) = self.flow.config().scaled(&x);
        let units = match self.nothing() {
            Some(nothing) => units + nothing,
            None => units,
        };
        let (z, ladj) = match passes {
            None => composed(self.flow, self.context.as_ref()).call_and_ladj(&x),
            Some(passes) => {
                let (z, ladj) = passes.forward(&numbers(&x)?, &self.contexts()?);
                (Tensor::f_from_slice(&z)?.f_view(&x.size()[..])?, Tensor::f_from_slice(&ladj)?)
            }
        };
        Ok((z, ladj + units))
    }

    /// The features of `z`, `[N, D]`.
    ///
    /// # Errors
    /// Those of [`log_prob`](Self::log_prob), and [`FlowError::Singular`].
    pub fn inverse(&self, z: &Tensor) -> Result<Tensor, FlowError> {
        self.check_inverse()?;
        let passes = self.passes(z)?;
        self.inverse_by(passes.as_ref(), z)
    }

    fn inverse_by(&self, passes: Option<&Passes>, z: &Tensor) -> Result<Tensor, FlowError> {
        let z = self.rows("latents", z)?;
        let x = match passes {
            Some(passes) => {
                let x = passes.inverse(&numbers(&z)?, &self.contexts()?);
                Tensor::f_from_slice(&x)?.f_view(&z.size()[..])?
            }
            None => {
                let x = composed(self.flow, self.context.as_ref()).inverse(&z);
                self.flow.config().unscaled(&x)
            }
        };
        Ok(match self.nothing() {
            Some(nothing) => x + nothing.unsqueeze(-1),
            None => x,
        })
    }

    /// 0 for each context, or for the one, and NaN for one that its units cannot take, as the logarithm
    /// of a negative number: given that there is no density and no sample, whatever a transform makes of
    /// parameters that are no numbers. A spline would take all values for outside of its box.
    fn nothing(&self) -> Option<Tensor> {
        let context = self.context.as_ref()?;
        Some(context.sum_dim_intlist([-1i64].as_slice(), false, context.kind()) * 0.0)
    }

    /// The crate's own passes, where they can do it and nobody asks for gradients.
    fn passes(&self, input: &Tensor) -> Result<Option<Passes>, FlowError> {
        let inputs: Vec<&Tensor> = [input].into_iter().chain(&self.context).collect();
        let one = self.context.as_ref().filter(|_| self.one);
        Ok(Passes::new(self.flow, one, &inputs)?)
    }

    /// The contexts for passes, row by row; none where all rows have the same.
    fn contexts(&self) -> Result<Vec<f32>, FlowError> {
        let context = self.context.as_ref().filter(|_| !self.one);
        Ok(context.map(numbers).transpose()?.unwrap_or_default())
    }

    /// `n` samples: `[n, D]` given one context or none, `[n, N, D]` given contexts `[N, C]`. They
    /// are drawn from libtorch's generator of the flow's device; no gradients.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where `n` is negative, [`FlowError::Singular`] where the weights make
    /// no bijection.
    pub fn sample(&self, n: i64) -> Result<Tensor, FlowError> {
        Ok(self.draw(n, false)?.0)
    }

    /// Samples as [`sample`](Self::sample) draws them, and the log-density of each: `[n]`, or
    /// `[n, N]`.
    ///
    /// # Errors
    /// Those of [`sample`](Self::sample).
    pub fn sample_and_log_prob(&self, n: i64) -> Result<(Tensor, Tensor), FlowError> {
        self.draw(n, true)
    }

    /// Fills `samples` with rows of features, one after the other: the rows from `first_row` on of a
    /// table, drawn from a seed of its own. Calls on pieces of a table give the same numbers as one
    /// call on the whole (the same bits where the crate has passes of its own for the flow), on any
    /// number of threads. Contexts are one for all rows, or one for each.
    ///
    /// ```
    /// use astrogen_flows::FlowConfig;
    /// use tch::{Device, Tensor, nn};
    ///
    /// let store = nn::VarStore::new(Device::Cpu);
    /// let flow = FlowConfig::maf(2, 1).init(&store.root())?;
    /// let context = Tensor::from_slice(&[0.3f32]);
    /// let given = flow.given(&context)?;
    /// let (mut whole, mut piece) = ([0.0; 2 * 100], [0.0; 2 * 10]);
    /// given.sample_rows(0, 7, &mut whole)?;
    /// given.sample_rows(40, 7, &mut piece)?;
    /// assert_eq!(piece, whole[80..100]);
    /// # Ok::<(), astrogen_flows::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Shape`] where the samples are not whole rows, or not as many as contexts;
    /// [`FlowError::Singular`] where the weights make no bijection.
    pub fn sample_rows(
        &self,
        first_row: u64,
        seed: u64,
        samples: &mut [f32],
    ) -> Result<(), FlowError> {
        let features = self.flow.config().features;
        let rows = samples.len() as i64 / features;
        let contexts = self.context.as_ref().filter(|_| !self.one).map(|of| of.size()[0]);
        if rows * features != samples.len() as i64 || contexts.is_some_and(|n| n != rows) {
            let rows = contexts.map_or("N".to_owned(), |rows| rows.to_string());
            let expected = format!("[{rows} * {features}]");
            let got = vec![samples.len() as i64];
            return Err(FlowError::Shape { what: "the slice of samples", expected, got });
        }
        self.check_inverse()?;
        let latents = self.flow.base().latents();
        no_grad(|| {
            if let Some(passes) = self.passes(&Tensor::new())? {
                passes.sample(&latents, &self.contexts()?, (first_row, seed), samples);
                if let Some(nothing) =
                    self.nothing().filter(|of| of.isnan().any().int64_value(&[]) != 0)
                {
                    let nothing = numbers(&nothing)?;
                    let rows = samples.chunks_exact_mut(features as usize);
                    for (row, _) in rows.zip(nothing.iter().cycle()).filter(|(_, of)| of.is_nan()) {
                        row.fill(f32::NAN);
                    }
                }
                return Ok(());
            }
            let chunks = samples.chunks_mut((CHUNK * features) as usize).enumerate();
            for (n, samples) in chunks {
                let (at, rows) = (n as i64 * CHUNK, samples.len() as i64 / features);
                let mut z = vec![0.0; samples.len()];
                sample::draw(&latents, first_row.wrapping_add(at as u64), seed, &mut z);
                let z = Tensor::f_from_slice(&z)?.f_view([rows, features])?;
                let x = self.at(at, rows)?.inverse_by(None, &z)?;
                let x = x.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
                x.f_copy_data(samples, samples.len())?;
            }
            Ok(())
        })
    }

    /// Samples, and their log-densities if they are wanted.
    fn draw(&self, n: i64, densities: bool) -> Result<(Tensor, Tensor), FlowError> {
        if n < 0 {
            let (name, rule) = ("n", "0 or more".to_owned());
            return Err(FlowError::Setting { name, rule, got: n.to_string() });
        }
        self.check_inverse()?;
        no_grad(|| {
            let contexts = self.context.as_ref().map_or(1, |context| context.size()[0]);
            let z = self.flow.base().sample(n * contexts);
            let passes = self.passes(&z)?;
            let (mut samples, mut log_prob) = (Vec::new(), Vec::new());
            let mut at = 0;
            while at < n * contexts {
                let rows = CHUNK.min(n * contexts - at);
                let chunk = self.at(at, rows)?;
                let x = chunk.inverse_by(passes.as_ref(), &z.narrow(0, at, rows))?;
                if densities {
                    let (z, ladj) = chunk.call_by(passes.as_ref(), &x)?;
                    log_prob.push(self.flow.base().log_prob(&z) + ladj);
                }
                samples.push(x);
                at += rows;
            }
            let (kind, device) = self.flow.base().options();
            let joined = |parts: Vec<Tensor>, columns: Option<i64>| -> Result<Tensor, FlowError> {
                let columns: Vec<i64> = columns.into_iter().collect();
                let size = |first: &[i64]| [first, &columns].concat();
                let all = match parts.is_empty() {
                    true => Tensor::f_zeros(size(&[0]), (kind, device))?,
                    false => Tensor::f_cat(&parts, 0)?,
                };
                let shape = if self.one { vec![n] } else { vec![n, contexts] };
                Ok(all.f_view(&size(&shape)[..])?)
            };
            let features = self.flow.config().features;
            let log_prob = if densities {
                joined(log_prob, None)?
            } else {
                Tensor::zeros([0], (kind, device))
            };
            Ok((joined(samples, Some(features))?, log_prob))
        })
    }

    /// The distribution of some rows, counted over all samples: contexts come in turn.
    fn at(&self, first: i64, rows: i64) -> Result<Given<'_>, FlowError> {
        let context = match &self.context {
            Some(context) if !self.one => {
                let contexts = context.size()[0];
                let numbers =
                    Tensor::f_arange_start(first, first + rows, (Kind::Int64, context.device()))?;
                Some(context.f_index_select(0, &numbers.f_remainder(contexts)?)?)
            }
            other => other.as_ref().map(Tensor::shallow_clone),
        };
        Ok(Given { flow: self.flow, context, one: self.one })
    }

    /// The rows, of the flow's type and on its device.
    fn rows(&self, what: &'static str, x: &Tensor) -> Result<Tensor, FlowError> {
        let (got, features) = (x.size(), self.flow.config().features);
        let rows = self.context.as_ref().filter(|_| !self.one).map(|context| context.size()[0]);
        let fits = got.len() == 2 && got[1] == features && rows.is_none_or(|rows| rows == got[0]);
        if !fits {
            let rows = rows.map_or("N".to_owned(), |rows| rows.to_string());
            return Err(FlowError::Shape { what, expected: format!("[{rows}, {features}]"), got });
        }
        let (kind, device) = self.flow.base().options();
        Ok(x.f_to_device(device)?.f_to_kind(kind)?)
    }

    fn check_inverse(&self) -> Result<(), FlowError> {
        for (index, transform) in self.flow.transforms().iter().enumerate() {
            if let Some(reason) = transform.singular() {
                return Err(FlowError::Singular { index, reason });
            }
        }
        Ok(())
    }
}

impl Density for Given<'_> {
    fn features(&self) -> i64 {
        self.flow.config().features
    }

    fn rows(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        self.rows("features", x)
    }

    fn log_prob(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        self.log_prob(x)
    }

    fn sample(&self, n: i64) -> Result<Tensor, FlowError> {
        self.sample(n)
    }

    fn sample_rows(&self, first_row: u64, seed: u64, samples: &mut [f32]) -> Result<(), FlowError> {
        self.sample_rows(first_row, seed, samples)
    }

    fn repeated(&self, first: i64, count: i64, times: i64) -> Result<Self, FlowError> {
        let context = match &self.context {
            Some(context) if !self.one => Some(
                context.f_narrow(0, first, count)?.f_repeat_interleave_self_int(times, 0, None)?,
            ),
            other => other.as_ref().map(Tensor::shallow_clone),
        };
        Ok(Given { flow: self.flow, context, one: self.one })
    }
}

/// All transforms given a context.
fn composed<'a>(flow: &'a Flow, context: Option<&'a Tensor>) -> Composed<'a> {
    Composed::new(flow.transforms().iter().map(|transform| transform.given(context)).collect())
}
