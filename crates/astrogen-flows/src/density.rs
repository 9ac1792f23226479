//! What a flow and an ensemble of flows are alike in: a distribution of rows of features, and what
//! becomes one once it is given a context.

use tch::Tensor;

use crate::{Ensemble, Flow, FlowError, Given, GivenEnsemble, Posterior, Units};

/// A distribution of rows of features `[N, D]`: a flow, or an ensemble of flows, given a context.
pub trait Density: Sized {
    /// Features `D`.
    fn features(&self) -> i64;

    /// The rows of features, of the distribution's element type and on its device.
    ///
    /// # Errors
    /// [`FlowError::Shape`] where there is not one row for each of the context, or they are not `D`.
    fn rows(&self, x: &Tensor) -> Result<Tensor, FlowError>;

    /// The log-density of each row `[N, D]`, in nats: `[N]`.
    ///
    /// # Errors
    /// Those of [`rows`](Self::rows).
    fn log_prob(&self, x: &Tensor) -> Result<Tensor, FlowError>;

    /// `n` samples: `[n, D]` given one context or none, `[n, N, D]` given contexts `[N, C]`; drawn
    /// from libtorch's generator, without gradients.
    ///
    /// # Errors
    /// Those of [`Given::sample`].
    fn sample(&self, n: i64) -> Result<Tensor, FlowError>;

    /// Fills `samples` with rows of features; see [`Given::sample_rows`].
    ///
    /// # Errors
    /// Those of [`Given::sample_rows`].
    fn sample_rows(&self, first_row: u64, seed: u64, samples: &mut [f32]) -> Result<(), FlowError>;

    /// The distribution of `count` rows from `first` on, each so many times in a row.
    ///
    /// # Errors
    /// [`FlowError::Torch`] where there are not so many contexts.
    fn repeated(&self, first: i64, count: i64, times: i64) -> Result<Self, FlowError>;

    /// The densities of the feature `column` on a grid, given the other features of each row of `x`,
    /// `[N, D]` (what stands in the column itself does not matter). The grid has two points or more,
    /// increasing, in the feature's own unit.
    ///
    /// ```
    /// use astrogen_flows::{Density, FlowConfig};
    /// use tch::{Device, Kind, Tensor, nn};
    ///
    /// let store = nn::VarStore::new(Device::Cpu);
    /// let flow = FlowConfig::nsf(1, 5).init(&store.root())?; // redshift, given five magnitudes
    /// tch::manual_seed(1);
    /// let magnitudes = Tensor::randn([3, 5], (Kind::Float, Device::Cpu));
    /// let grid: Vec<f64> = (0..100).map(|i| i as f64 / 25.0).collect();
    /// let any = Tensor::zeros([3, 1], (Kind::Float, Device::Cpu));
    /// let posterior = flow.given(&magnitudes)?.posterior(&any, 0, &grid)?;
    /// assert_eq!((posterior.mean().len(), posterior.quantile(0.5).len()), (3, 3));
    /// # Ok::<(), astrogen_flows::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Setting`] for a column that is not there or a grid that does not increase;
    /// [`FlowError::Shape`] for features that do not fit; [`FlowError::NoDensity`] for a row whose
    /// density is zero, or no number, all along the grid.
    fn posterior(&self, x: &Tensor, column: usize, grid: &[f64]) -> Result<Posterior, FlowError> {
        Posterior::new(grid, &crate::posterior::along(self, x, column, grid)?)
    }
}

/// What becomes a [`Density`] once it is given a context, or none.
pub trait Conditional {
    /// The distribution.
    type Given<'a>: Density
    where
        Self: 'a;

    /// Features and context values.
    fn sizes(&self) -> [i64; 2];

    /// The way of features, and of context values, from their physical units.
    fn units(&self) -> [&Units; 2];

    /// The distribution for contexts `[N, C]`, one row for each row of features, `[C]` for all, or
    /// none.
    ///
    /// # Errors
    /// Those of [`Flow::given`].
    fn given<'a>(&'a self, context: Option<&Tensor>) -> Result<Self::Given<'a>, FlowError>;
}

impl Conditional for Flow {
    type Given<'a> = Given<'a>;

    fn sizes(&self) -> [i64; 2] {
        [self.config().features, self.config().context]
    }

    fn units(&self) -> [&Units; 2] {
        [&self.config().feature_units, &self.config().context_units]
    }

    fn given<'a>(&'a self, context: Option<&Tensor>) -> Result<Given<'a>, FlowError> {
        Self::given(self, context)
    }
}

impl Conditional for Ensemble {
    type Given<'a> = GivenEnsemble<'a>;

    fn sizes(&self) -> [i64; 2] {
        Self::sizes(self)
    }

    /// Those of the first flow.
    fn units(&self) -> [&Units; 2] {
        self.flows()[0].units()
    }

    fn given<'a>(&'a self, context: Option<&Tensor>) -> Result<GivenEnsemble<'a>, FlowError> {
        Self::given(self, context)
    }
}
