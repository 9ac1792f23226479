//! Masked autoregressive transforms (Papamakarios et al. 2017).
//!
//! `y_i = f(x_i; parameters(x_j with order_j < order_i, c))`: one [masked network](crate::masked)
//! gives all features' parameters at once. The inverse takes one pass for each place in the order:
//! after pass `k`, the features of the first `k` places are right. With `passes` 2 features fall
//! into two groups, the second of which sees the first: a coupling.

use astrogen_nn::variables::buffer;
use astrogen_nn::{NamedTensors, NnError, named};
use tch::Tensor;
use tch::nn::Path;

use crate::masked::{Activation, Adjacency, MaskedMlp, beside, parameters, sum};
use crate::passes::{ConditionedPlan, Function, Part, Plan, Seen, StepPlan};
use crate::transform::{LazyTransform, Transform};
use crate::univariate::{Elementwise, Univariate};
use crate::{FlowError, elementwise::ElementwiseTransform};

/// A masked autoregressive transform of features `[N, D]`.
#[derive(Debug)]
pub struct Autoregressive {
    univariate: Box<dyn Univariate>,
    /// The place of each feature, `[D]`.
    order: Tensor,
    passes: i64,
    hyper: MaskedMlp,
}

impl Autoregressive {
    /// A transform below `path`: `order`, `hyper.0.weight`, ... Features of equal
    /// `order / ceil(D / passes)` see the same; with a single feature, an
    /// [`ElementwiseTransform`].
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a width or the number of passes is out of its range.
    pub fn build(
        path: &Path,
        univariate: Box<dyn Univariate>,
        (order, context): (&[i64], i64),
        passes: i64,
        (hidden, activation): (&[i64], Activation),
    ) -> Result<Box<dyn LazyTransform>, FlowError> {
        let features = order.len() as i64;
        if features == 1 {
            let network = (hidden, activation);
            return Ok(Box::new(ElementwiseTransform::build(
                path, univariate, features, context, network,
            )?));
        }
        let passes = passes.clamp(1, features);
        let places: Vec<i64> = order
            .iter()
            .map(|place| place / (features as u64).div_ceil(passes as u64) as i64)
            .collect();
        let count = univariate.parameters();
        let sees = |place: i64| -> Vec<bool> {
            let features = places.iter().map(|&other| place > other);
            features.chain((0..context).map(|_| true)).collect()
        };
        let adjacency: Adjacency =
            places.iter().flat_map(|&place| vec![sees(place); count as usize]).collect();
        Ok(Box::new(Self {
            order: buffer(path, "order", Tensor::from_slice(&places))?,
            hyper: MaskedMlp::build(&(path / "hyper"), &adjacency, hidden, activation)?,
            univariate,
            passes,
        }))
    }
}

impl NamedTensors for Autoregressive {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("order", &self.order), ("hyper", &self.hyper)])
    }
}

impl LazyTransform for Autoregressive {
    fn given<'a>(&'a self, context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        Box::new(Given { transform: self, context })
    }

    fn init(&self, identity: bool) -> Result<(), NnError> {
        self.hyper.init(identity)
    }

    fn plan(&self) -> Option<Plan> {
        let (layers, weights) = self.hyper.plan()?;
        // The order may have come with the weights: places are counted anew.
        let order = Vec::<i64>::try_from(&self.order).ok()?;
        let mut places = order.clone();
        places.sort_unstable();
        places.dedup();
        let place = |feature: usize| places.binary_search(&order[feature]).unwrap_or(0);
        let features = 0..order.len();
        let step = StepPlan::Conditioned(ConditionedPlan {
            function: Function::new(&self.univariate.config()?)?,
            context: layers.first()?.size[1] - order.len(),
            layers,
            factor: None,
            seen: features
                .clone()
                .map(|feature| Seen { feature, column: feature, known: place(feature) + 1 })
                .collect(),
            changed: features.map(|feature| (feature, place(feature))).collect(),
            stages: places.len(),
        });
        Some(Plan(vec![Part { step, weights }]))
    }
}

#[derive(Debug)]
struct Given<'a> {
    transform: &'a Autoregressive,
    context: Option<&'a Tensor>,
}

impl Given<'_> {
    /// The functions whose parameters come from `x`.
    fn functions(&self, x: &Tensor) -> Box<dyn Elementwise> {
        let Autoregressive { hyper, univariate, .. } = self.transform;
        let outputs = hyper.forward(&beside(x, self.context));
        univariate.given(&parameters(&outputs, univariate.parameters()))
    }
}

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let passes = 0..self.transform.passes;
        passes.fold(y.zeros_like(), |x, _| self.functions(&x).inverse(y))
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (y, ladj) = self.functions(x).call_and_ladj(x);
        (y, sum(&ladj))
    }

    fn call(&self, x: &Tensor) -> Tensor {
        self.functions(x).call(x)
    }
}
