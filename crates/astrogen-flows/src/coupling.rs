//! Coupling transforms (Dinh et al. 2014).
//!
//! Features fall into two groups by a mask: `y_a = x_a` and
//! `y_b = f(x_b; parameters(x_a, c))`, so that the inverse is one pass, as the function is.

use astrogen_nn::layers::Sequential;
use astrogen_nn::variables::buffer;
use astrogen_nn::{Initialization, NamedTensors, NnError, named};
use tch::Tensor;
use tch::nn::Path;

use crate::FlowError;
use crate::conditioner::{layers, network, zero_last};
use crate::elementwise::ElementwiseTransform;
use crate::masked::{Activation, beside, parameters, sum};
use crate::passes::{ConditionedPlan, Function, Part, Plan, Seen, StepPlan};
use crate::transform::{LazyTransform, Transform};
use crate::univariate::{Elementwise, Univariate};

/// A coupling of features `[N, D]`.
#[derive(Debug)]
pub struct Coupling {
    univariate: Box<dyn Univariate>,
    /// True for the features that stay what they are, `[D]`.
    mask: Tensor,
    /// How many of them the network takes.
    seen: i64,
    hyper: Sequential,
    activation: Activation,
}

impl Coupling {
    /// A transform below `path`: `mask`, `hyper.0.weight`, ...; `mask` is true for the features
    /// that stay what they are. With a single feature, an [`ElementwiseTransform`].
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a width is out of its range, or no or every feature stays what
    /// it is.
    pub fn build(
        path: &Path,
        univariate: Box<dyn Univariate>,
        (mask, context): (&[bool], i64),
        (hidden, activation): (&[i64], Activation),
    ) -> Result<Box<dyn LazyTransform>, FlowError> {
        let features = mask.len() as i64;
        if features == 1 {
            let network = (hidden, activation);
            return Ok(Box::new(ElementwiseTransform::build(
                path, univariate, features, context, network,
            )?));
        }
        let seen = mask.iter().filter(|stays| **stays).count() as i64;
        if seen == 0 || seen == features {
            return Err(FlowError::Setting {
                name: "mask",
                rule: "true for some features and false for others".to_owned(),
                got: format!("{mask:?}"),
            });
        }
        let widths = [seen + context, (features - seen) * univariate.parameters()];
        Ok(Box::new(Self {
            mask: buffer(path, "mask", Tensor::from_slice(mask))?,
            seen,
            hyper: network(path / "hyper", widths, hidden, activation)?,
            univariate,
            activation,
        }))
    }
}

impl NamedTensors for Coupling {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("mask", &self.mask), ("hyper", &self.hyper)])
    }
}

impl LazyTransform for Coupling {
    fn given<'a>(&'a self, context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        // The mask may have come with the weights.
        let seen = self.mask.nonzero().squeeze_dim(-1);
        let changed = self.mask.logical_not().nonzero().squeeze_dim(-1);
        let back = Tensor::cat(&[&seen, &changed], 0).argsort(0, false);
        Box::new(Given { transform: self, context, seen, changed, back })
    }

    fn misfit(&self) -> Option<String> {
        let seen = self.mask.sum(tch::Kind::Int64).int64_value(&[]);
        (seen != self.seen).then(|| {
            format!("its mask lets {seen} features stay, and its network takes {}", self.seen)
        })
    }

    fn init(&self, identity: bool) -> Result<(), NnError> {
        self.hyper.init(Initialization::Uniform)?;
        zero_last(&self.hyper, identity);
        Ok(())
    }

    fn plan(&self) -> Option<Plan> {
        let (layers, weights) = layers(&self.hyper, [self.activation.slope()?, 1.0]);
        let stays = Vec::<bool>::try_from(&self.mask).ok()?;
        let of = |kept: bool| (0..stays.len()).filter(move |i| stays[*i] == kept);
        let seen = of.clone()(true).enumerate();
        let seen = seen.map(|(column, feature)| Seen { feature, column, known: 0 });
        let seen: Vec<Seen> = seen.collect();
        let step = StepPlan::Conditioned(ConditionedPlan {
            function: Function::new(&self.univariate.config()?)?,
            context: layers.first()?.size[1].checked_sub(seen.len())?,
            layers,
            factor: None,
            seen,
            changed: of(false).map(|feature| (feature, 0)).collect(),
            stages: 1,
        });
        Some(Plan(vec![Part { step, weights }]))
    }
}

#[derive(Debug)]
struct Given<'a> {
    transform: &'a Coupling,
    context: Option<&'a Tensor>,
    /// The places of the features that stay, and of the others.
    seen: Tensor,
    changed: Tensor,
    /// Where each feature is once both stand side by side.
    back: Tensor,
}

impl Given<'_> {
    /// What stays and what changes, and the functions by which.
    fn split(&self, x: &Tensor) -> (Tensor, Tensor, Box<dyn Elementwise>) {
        let Coupling { univariate, hyper, .. } = self.transform;
        let [seen, changed] = [&self.seen, &self.changed].map(|places| x.index_select(-1, places));
        let outputs = hyper.forward_t(&beside(&seen, self.context), false);
        (seen, changed, univariate.given(&parameters(&outputs, univariate.parameters())))
    }

    fn merge(&self, seen: &Tensor, changed: &Tensor) -> Tensor {
        Tensor::cat(&[seen, changed], -1).index_select(-1, &self.back)
    }
}

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let (seen, changed, functions) = self.split(y);
        self.merge(&seen, &functions.inverse(&changed))
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (seen, changed, functions) = self.split(x);
        let (changed, ladj) = functions.call_and_ladj(&changed);
        (self.merge(&seen, &changed), sum(&ladj))
    }
}
