//! Transforms of each feature by itself, given the context alone: what an autoregressive transform
//! or a coupling of a single feature is.

use astrogen_nn::layers::Sequential;
use astrogen_nn::variables::{allocate, variable};
use astrogen_nn::{Initialization, NamedTensors, NnError, named};
use tch::nn::Path;
use tch::{Tensor, no_grad};

use crate::FlowError;
use crate::conditioner::{layers, network, zero_last};
use crate::masked::{Activation, parameters, sum};
use crate::passes::{ConditionedPlan, Function, LayerPlan, Part, Plan, StepPlan};
use crate::transform::{LazyTransform, Transform};
use crate::univariate::{Elementwise, Univariate};

/// `y_i = f(x_i; parameters_i(c))`; without a context the parameters are weights themselves.
#[derive(Debug)]
pub struct ElementwiseTransform {
    univariate: Box<dyn Univariate>,
    parameters: Parameters,
    features: i64,
    activation: Activation,
}

/// Where the parameters come from.
#[derive(Debug)]
enum Parameters {
    /// `phi.0`, `phi.1`, ...: `[D, ...]` each.
    Weights(Vec<Tensor>),
    /// `hyper.0.weight`, ...: `[N, C]` to `[N, D * P]`.
    Network(Sequential),
}

impl ElementwiseTransform {
    /// A transform below `path`.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a width is out of its range.
    pub fn build(
        path: &Path,
        univariate: Box<dyn Univariate>,
        features: i64,
        context: i64,
        (hidden, activation): (&[i64], Activation),
    ) -> Result<Self, FlowError> {
        let parameters = if context == 0 {
            let shapes = univariate.shapes();
            let phi = shapes.iter().enumerate().map(|(i, shape)| {
                let size: Vec<i64> =
                    std::iter::once(features).chain(shape.iter().copied()).collect();
                variable(&(path / "phi"), &i.to_string(), &size, 0.0, true)
            });
            Parameters::Weights(phi.collect::<Result<_, _>>()?)
        } else {
            let widths = [context, features * univariate.parameters()];
            Parameters::Network(network(path / "hyper", widths, hidden, activation)?)
        };
        Ok(Self { univariate, parameters, features, activation })
    }
}

impl NamedTensors for ElementwiseTransform {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        match &self.parameters {
            Parameters::Weights(phi) => named(&[("phi", phi)]),
            Parameters::Network(hyper) => named(&[("hyper", hyper)]),
        }
    }
}

impl LazyTransform for ElementwiseTransform {
    fn given<'a>(&'a self, context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        Box::new(Given { transform: self, context })
    }

    fn init(&self, identity: bool) -> Result<(), NnError> {
        match &self.parameters {
            Parameters::Weights(phi) => {
                allocate(phi)?;
                no_grad(|| {
                    for phi in phi.iter().filter(|_| !identity) {
                        let _ = phi.shallow_clone().normal_(0.0, 1.0);
                    }
                });
                Ok(())
            }
            Parameters::Network(hyper) => {
                hyper.init(Initialization::Uniform)?;
                zero_last(hyper, identity);
                Ok(())
            }
        }
    }

    fn plan(&self) -> Option<Plan> {
        let (layers, weights) = match &self.parameters {
            Parameters::Network(hyper) => layers(hyper, [self.activation.slope()?, 1.0]),
            // A layer without inputs, whose biases they are.
            Parameters::Weights(phi) => {
                let bias = side_by_side(phi).flatten(0, -1);
                let size = [bias.size()[0] as usize, 0];
                let weight = Tensor::zeros([bias.size()[0], 0], (bias.kind(), bias.device()));
                (vec![LayerPlan { size, mask: None, slope: 1.0 }], vec![weight, bias])
            }
        };
        let step = StepPlan::Conditioned(ConditionedPlan {
            function: Function::new(&self.univariate.config()?)?,
            context: layers.first()?.size[1],
            layers,
            factor: None,
            seen: Vec::new(),
            changed: (0..self.features as usize).map(|feature| (feature, 0)).collect(),
            stages: 1,
        });
        Some(Plan(vec![Part { step, weights }]))
    }
}

/// All parameters of each feature: `[D, P]`.
fn side_by_side(phi: &[Tensor]) -> Tensor {
    let flat: Vec<Tensor> = phi.iter().map(|phi| phi.reshape([phi.size()[0], -1])).collect();
    Tensor::cat(&flat, -1)
}

#[derive(Debug)]
struct Given<'a> {
    transform: &'a ElementwiseTransform,
    context: Option<&'a Tensor>,
}

impl Given<'_> {
    fn functions(&self, x: &Tensor) -> Box<dyn Elementwise> {
        let ElementwiseTransform { univariate, parameters: from, .. } = self.transform;
        let n = x.size()[0];
        let of = match (from, self.context) {
            (Parameters::Network(hyper), Some(context)) => {
                let outputs = hyper.forward_t(context, false);
                parameters(&outputs, univariate.parameters()).expand([n, -1, -1], false)
            }
            (Parameters::Weights(phi), _) => {
                side_by_side(phi).unsqueeze(0).expand([n, -1, -1], false)
            }
            // The flow checks that there is a context where there is a network for it.
            (Parameters::Network(_), None) => unreachable!("a context was checked for"),
        };
        univariate.given(&of)
    }
}

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        self.functions(y).inverse(y)
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (y, ladj) = self.functions(x).call_and_ladj(x);
        (y, sum(&ladj))
    }
}
