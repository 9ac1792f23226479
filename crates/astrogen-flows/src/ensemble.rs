//! Flows of one kind that were trained from different seeds, as one density: the mean of theirs.
//!
//! ```text
//! p(x | c) = 1/k sum_i p_i(x | c)
//! ```
//!
//! Where training rows are few, flows of different seeds agree; where there are none, they do not,
//! and their mean is the wider for it (as pzflow's `FlowEnsemble`).

use std::path::Path;

use tch::{Device, Kind, Tensor, no_grad};

use crate::passes::latents::Latents;
use crate::passes::sample;
use crate::{BaseConfig, Density, Flow, FlowError, Given};

/// What lies between the seeds of two members: no number that somebody gives.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Flows whose densities are averaged.
#[derive(Debug)]
pub struct Ensemble {
    flows: Vec<Flow>,
    sizes: [i64; 2],
}

impl Ensemble {
    /// One flow or more, of the same features and context values.
    ///
    /// ```
    /// use astrogen_flows::{Density, Ensemble, FlowConfig};
    /// use tch::{Device, Kind, Tensor, nn};
    ///
    /// let stores = [(); 3].map(|()| nn::VarStore::new(Device::Cpu));
    /// let flows = stores.each_ref().map(|store| FlowConfig::nsf(2, 1).init(&store.root()));
    /// let ensemble = Ensemble::new(flows.into_iter().collect::<Result<_, _>>()?)?;
    /// let given = ensemble.given(&Tensor::from_slice(&[0.3f32]))?;
    /// let samples = given.sample(100)?; // [100, 2]
    /// assert_eq!(given.log_prob(&samples)?.size(), [100]);
    /// # Ok::<(), astrogen_flows::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Setting`] for no flow, or flows of other features or context values.
    pub fn new(flows: Vec<Flow>) -> Result<Self, FlowError> {
        let sizes = |flow: &Flow| [flow.config().features, flow.config().context];
        let all: Vec<[i64; 2]> = flows.iter().map(sizes).collect();
        match all.first() {
            Some(&first) if all.iter().all(|&sizes| sizes == first) => {
                Ok(Self { flows, sizes: first })
            }
            _ => Err(FlowError::Setting {
                name: "flows",
                rule: "one or more, of the same features and context values".to_owned(),
                got: format!("{all:?} (features, context)"),
            }),
        }
    }

    /// The flows saved in these folders or files.
    ///
    /// # Errors
    /// [`FlowError::Nn`] for a file that cannot be read; those of [`new`](Self::new).
    pub fn load(paths: &[impl AsRef<Path>], device: Device) -> Result<Self, FlowError> {
        let flows = paths.iter().map(|path| Flow::load(path, device));
        Self::new(flows.collect::<Result<_, _>>()?)
    }

    /// The flows.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// Features and context values.
    pub fn sizes(&self) -> [i64; 2] {
        self.sizes
    }

    /// The distribution for a context; see [`Flow::given`].
    ///
    /// # Errors
    /// Those of [`Flow::given`].
    pub fn given<'c>(
        &self,
        context: impl Into<Option<&'c Tensor>>,
    ) -> Result<GivenEnsemble<'_>, FlowError> {
        let context = context.into();
        let members = self.flows.iter().map(|flow| flow.given(context));
        Ok(GivenEnsemble { members: members.collect::<Result<_, _>>()? })
    }
}

/// An ensemble given a context.
#[derive(Debug)]
pub struct GivenEnsemble<'a> {
    /// One or more.
    members: Vec<Given<'a>>,
}

impl Density for GivenEnsemble<'_> {
    fn features(&self) -> i64 {
        self.members[0].features()
    }

    fn rows(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        Density::rows(&self.members[0], x)
    }

    fn log_prob(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        let logs = self.members.iter().map(|member| member.log_prob(x));
        let logs = Tensor::f_stack(&logs.collect::<Result<Vec<_>, _>>()?, 0)?;
        Ok(logs.logsumexp([0_i64], false) - (self.members.len() as f64).ln())
    }

    /// Each sample is that of one member, drawn anew for each; all members draw all samples.
    fn sample(&self, n: i64) -> Result<Tensor, FlowError> {
        no_grad(|| {
            let drawn = self.members.iter().map(|member| member.sample(n));
            let drawn = Tensor::f_stack(&drawn.collect::<Result<Vec<_>, _>>()?, 0)?;
            let mut size = drawn.size();
            (size[0], *size.last_mut().unwrap_or(&mut 1)) = (1, 1);
            let options = (Kind::Int64, drawn.device());
            let member = Tensor::f_randint(self.members.len() as i64, &size, options)?;
            let mut wide = drawn.size();
            wide[0] = 1;
            Ok(drawn.f_gather(0, &member.f_expand(&wide, false)?, false)?.squeeze_dim(0))
        })
    }

    /// Each row is that of one member, drawn from the seed by the row's number; all members draw all
    /// rows.
    fn sample_rows(&self, first_row: u64, seed: u64, samples: &mut [f32]) -> Result<(), FlowError> {
        let features = self.features() as usize;
        let mut which = vec![0.0; samples.len() / features];
        let shares = Latents::new(
            BaseConfig::Uniform { bound: 0.5 },
            [vec![0.0], vec![self.members.len() as f64]],
            0.0,
        );
        // Another stream than those of the members.
        sample::draw(&shares, first_row, !seed, &mut which);
        let last = self.members.len() - 1;
        let mut drawn = vec![0.0; samples.len()];
        for (number, member) in self.members.iter().enumerate() {
            // Neighbouring seeds have no member's stream in common; the first has the seed's own.
            let seed = seed.wrapping_add((number as u64).wrapping_mul(ODD));
            member.sample_rows(first_row, seed, &mut drawn)?;
            let rows = samples.chunks_exact_mut(features).zip(drawn.chunks_exact(features));
            for ((to, from), which) in rows.zip(&which) {
                if (*which as usize).min(last) == number {
                    to.copy_from_slice(from);
                }
            }
        }
        Ok(())
    }

    fn repeated(&self, first: i64, count: i64, times: i64) -> Result<Self, FlowError> {
        let members = self.members.iter().map(|member| member.repeated(first, count, times));
        Ok(Self { members: members.collect::<Result<_, _>>()? })
    }
}
