//! GalacticFlow's pair of spline couplings (Wolf et al. 2023).
//!
//! Of `D` features (an even number) the second half is transformed given the first, and then the
//! first given the transformed second. Each spline's parameters are the product of a network of the
//! half that is seen and of one of the context,
//!
//! ```text
//! [widths, heights, slopes] = net(half) * net_cond(context)        per feature: K, K, K - 1
//! ```
//!
//! widths and heights by softmax, slopes by softplus; slopes at the ends are 1. The networks have
//! a LeakyReLU of slope 0.2 behind each of their layers, the last one too. Slopes and bins have a
//! floor of 1e-6, so that the spline stays a bijection in single precision.

use astrogen_nn::layers::Sequential;
use astrogen_nn::{Initialization, NamedTensors, NnError, named};
use tch::nn::Path;
use tch::{Kind, Tensor};

use crate::FlowError;
use crate::conditioner::layers;
use crate::masked::{parameters, sum};
use crate::passes::{ConditionedPlan, Function, Part, Plan, Seen, Shaping, Splines, StepPlan};
use crate::transform::{LazyTransform, Transform};
use crate::univariate::{Elementwise, Knots};

/// What slopes and bins are at least, these in units of the box.
const FLOOR: f64 = 1e-6;

/// The slope of LeakyReLU below zero.
const LEAK: f64 = 0.2;

/// A double coupling of features `[N, D]`.
#[derive(Debug)]
pub struct GalacticCoupling {
    bins: i64,
    bound: f64,
    half: i64,
    /// Of the first half, and of the transformed second.
    nets: [Network; 2],
    /// Of the context, if there is one.
    conditions: Option<[Network; 2]>,
}

/// `network.0.weight`, `network.0.bias`, `network.2.weight`, ...
#[derive(Debug)]
struct Network(Sequential);

impl Network {
    fn build(path: &Path, [inputs, outputs]: [i64; 2], hidden: &[i64]) -> Result<Self, NnError> {
        let mut net = Sequential::build(path / "network");
        let mut width = inputs;
        for &next in hidden.iter().chain([&outputs]) {
            net = net.linear(width, next)?.leaky_relu(LEAK);
            width = next;
        }
        Ok(Self(net.finish()))
    }
}

impl NamedTensors for Network {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("network", &self.0)])
    }
}

impl GalacticCoupling {
    /// A coupling below `path`: `net1.network.0.weight`, ..., `net_cond1.network.0.weight`, ...
    ///
    /// # Errors
    /// [`FlowError::Setting`] where the number of features is odd or a width out of its range.
    pub fn build(
        path: &Path,
        [features, context]: [i64; 2],
        (bins, bound): (i64, f64),
        hidden: &[i64],
    ) -> Result<Self, FlowError> {
        if features < 2 || features % 2 != 0 {
            return Err(FlowError::Setting {
                name: "features",
                rule: "an even number, 2 or more, for GalacticFlow's couplings".to_owned(),
                got: features.to_string(),
            });
        }
        let half = features / 2;
        let outputs = half * (3 * bins - 1);
        let net = |name: &str, inputs| Network::build(&(path / name), [inputs, outputs], hidden);
        let conditions = match context {
            0 => None,
            _ => Some([net("net_cond1", context)?, net("net_cond2", context)?]),
        };
        let nets = [net("net1", half)?, net("net2", half)?];
        Ok(Self { bins, bound, half, nets, conditions })
    }
}

impl NamedTensors for GalacticCoupling {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let [net1, net2] = &self.nets;
        let mut all = named(&[("net1", net1), ("net2", net2)]);
        if let Some([net1, net2]) = &self.conditions {
            all.extend(named(&[("net_cond1", net1), ("net_cond2", net2)]));
        }
        all
    }
}

impl LazyTransform for GalacticCoupling {
    fn given<'a>(&'a self, context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        let factors = match (&self.conditions, context) {
            (Some(nets), Some(context)) => {
                nets.each_ref().map(|net| Some(net.0.forward_t(context, false)))
            }
            _ => [None, None],
        };
        Box::new(Given { coupling: self, factors })
    }

    /// The original has no identity to begin with: it draws its weights in any case.
    fn init(&self, _identity: bool) -> Result<(), NnError> {
        let conditions = self.conditions.iter().flatten();
        self.nets.iter().chain(conditions).try_for_each(|net| net.0.init(Initialization::Uniform))
    }

    /// Two couplings, one after the other.
    fn plan(&self) -> Option<Plan> {
        let half = self.half as usize;
        let leaks = [LEAK as f32; 2];
        let splines = Splines {
            bins: self.bins as usize,
            bound: self.bound,
            shaping: Shaping::Floor(FLOOR),
            circular: false,
        };
        let part = |number: usize| {
            let (layers_of, mut weights) = layers(&self.nets[number].0, leaks);
            let factor = self.conditions.as_ref().map(|nets| {
                let (layers, more) = layers(&nets[number].0, leaks);
                weights.extend(more);
                layers
            });
            let [from, to] = [number * half, (1 - number) * half];
            let seen = |column| Seen { feature: from + column, column, known: 0 };
            let step = StepPlan::Conditioned(ConditionedPlan {
                function: Function::Spline(splines),
                layers: layers_of,
                factor,
                seen: (0..half).map(seen).collect(),
                changed: (to..to + half).map(|feature| (feature, 0)).collect(),
                context: 0,
                stages: 1,
            });
            Part { step, weights }
        };
        Some(Plan(vec![part(0), part(1)]))
    }
}

#[derive(Debug)]
struct Given<'a> {
    coupling: &'a GalacticCoupling,
    /// What the networks of the context give: `[N, half * (3 bins - 1)]`, or one row for all.
    factors: [Option<Tensor>; 2],
}

impl Given<'_> {
    /// The splines that the network of this number makes of the half that is seen.
    fn splines(&self, number: usize, seen: &Tensor) -> Knots {
        let GalacticCoupling { bins, bound, nets, .. } = self.coupling;
        let outputs = nets[number].0.forward_t(seen, false);
        let outputs = match &self.factors[number] {
            Some(factor) => outputs * factor,
            None => outputs,
        };
        let outputs = parameters(&outputs, 3 * bins - 1);
        let shares = |start| {
            let shares = outputs.narrow(-1, start, *bins).softmax(-1, None::<Kind>);
            shares.clamp_min(FLOOR)
        };
        let slopes = outputs.narrow(-1, 2 * bins, bins - 1).softplus().clamp_min(FLOOR);
        Knots::new(&shares(0), &shares(*bins), &slopes, *bound)
    }

    fn halves(&self, x: &Tensor) -> [Tensor; 2] {
        [0, self.coupling.half].map(|at| x.narrow(-1, at, self.coupling.half))
    }
}

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let [first, second] = self.halves(y);
        let first = self.splines(1, &second).inverse(&first);
        let second = self.splines(0, &first).inverse(&second);
        Tensor::cat(&[first, second], -1)
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let [first, second] = self.halves(x);
        let (second, ladj) = self.splines(0, &first).call_and_ladj(&second);
        let (first, other) = self.splines(1, &second).call_and_ladj(&first);
        (Tensor::cat(&[first, second], -1), sum(&ladj) + sum(&other))
    }
}
