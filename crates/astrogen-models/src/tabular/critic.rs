//! From observed features and contexts to scores.

use astrogen_losses::{PiecewiseLinear, Trace};
use astrogen_nn::layers::{Given, Sequential, StackTrace};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Tensor, nn};

use super::chains::Chains;
use super::{TabularConfig, TabularPass};
use crate::ModelError;

/// From observed features and contexts to scores; see the [module](super).
#[derive(Debug)]
pub struct TabularCritic {
    pub(super) config: TabularConfig,
    pub(super) genout: Sequential,
    pub(super) cond: Sequential,
    pub(super) truth: Sequential,
    pub(super) out: Sequential,
}

impl TabularCritic {
    /// The critic given contexts `[N, conditions + true_features]`: their branches are run
    /// once, however many sets of features are scored. They are in the graph of every score, so
    /// a backward pass that frees its graph is the last one through any of them.
    ///
    /// # Panics
    /// Where the contexts have another shape, element type or device than the network.
    pub fn given(&self, context: &Tensor) -> GivenCritic<'_> {
        let [conditions, truth] = self.config.parts(context);
        let context =
            [self.cond.forward_t(&conditions, false), self.truth.forward_t(&truth, false)];
        GivenCritic { critic: self, context: Tensor::cat(&context, 1) }
    }

    /// Passes of sets of features `[N, features]`, all for contexts
    /// `[N, conditions + true_features]`, to scores `[N, 1]`, without autograd; none where
    /// weights are not single precision on the CPU, or the activation is smooth.
    pub fn pass(&self) -> Option<TabularPass> {
        let Self { config, genout, cond, truth, out } = self;
        let branches = [("genout", genout), ("cond", cond), ("true", truth)];
        Chains::new(config, branches, out).map(TabularPass::new)
    }
}

/// A critic of observed features, the contexts being given.
#[derive(Debug)]
pub struct GivenCritic<'a> {
    critic: &'a TabularCritic,
    /// What the branches of the contexts give, `[N, 2 * width]`.
    context: Tensor,
}

impl GivenCritic<'_> {
    /// Scores `[N]` of features `[N, features]`, row by row with the contexts.
    ///
    /// # Panics
    /// Where there is not one row of features a context, or they have another element type
    /// or device than the network.
    pub fn forward(&self, features: &Tensor) -> Tensor {
        self.scores(features, &self.context)
    }

    /// Scores `[N]` of two sets of features `[N, features]` for the same contexts, in one
    /// pass.
    ///
    /// # Panics
    /// As [`GivenCritic::forward`].
    pub fn forward_two(&self, first: &Tensor, second: &Tensor) -> [Tensor; 2] {
        let features = Tensor::cat(&[first, second], 0);
        let context = Tensor::cat(&[&self.context, &self.context], 0);
        let scores = self.scores(&features, &context);
        let n = first.size()[0];
        [scores.narrow(0, 0, n), scores.narrow(0, n, n)]
    }

    fn scores(&self, features: &Tensor, context: &Tensor) -> Tensor {
        let joined = Tensor::cat(&[&self.critic.genout.forward_t(features, false), context], 1);
        self.critic.out.forward_t(&joined, false).squeeze_dim(1)
    }

    /// The critic as what a gradient penalty in closed form takes, unless its activation is
    /// smooth.
    pub fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        let critic = self.critic;
        (critic.genout.is_piecewise_linear() && critic.out.is_piecewise_linear())
            .then_some(self as _)
    }
}

/// For activations that are piecewise linear: [`GivenCritic::piecewise_linear`] gives no
/// other away.
impl PiecewiseLinear for GivenCritic<'_> {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        let mut stages = self.critic.genout.stages("genout");
        let mut trunk = self.critic.out.stages("out");
        if let (Some(first), Some(linear)) = (trunk.first_mut(), self.critic.out.first_linear()) {
            first.map = Box::new(tch::no_grad(|| Given::new(linear, &self.context)));
        }
        stages.append(&mut trunk);
        Box::new(StackTrace::new(stages, input))
    }
}

impl NamedTensors for TabularCritic {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let Self { genout, cond, truth, out, .. } = self;
        named(&[("genout", genout), ("cond", cond), ("true", truth), ("out", out)])
    }
}

impl Network for TabularCritic {
    type Config = TabularConfig;
    const MODEL: &str = "tabular.critic";
    const FILE: &str = "critic.safetensors";

    fn build(config: &TabularConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self {
            genout: config.branch(path / "genout", config.features)?,
            cond: config.branch(path / "cond", config.conditions)?,
            truth: config.branch(path / "true", config.true_features)?,
            out: config.trunk(path / "out", 1)?,
            config: config.clone(),
        })
    }

    fn config(&self) -> &TabularConfig {
        &self.config
    }
}

network_methods!(TabularCritic);
