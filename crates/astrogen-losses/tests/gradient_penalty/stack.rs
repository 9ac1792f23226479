//! A critic to test with: linear layers, convolutions and leaky ReLUs in a row, both as a
//! differentiable function and as a [`PiecewiseLinear`] critic.

use astrogen_losses::{PiecewiseLinear, Trace};
use tch::{Kind, Tensor};

/// A layer; its parameters are named by its place, `0.weight`, as in PyTorch's `Sequential`.
#[derive(Debug)]
pub(crate) enum Layer {
    /// On the flattened input; weight `[out, in]`.
    Linear { weight: Tensor, bias: Tensor },
    /// Weight `[out, in, k, k]`.
    Conv { weight: Tensor, bias: Tensor, stride: i64, padding: i64 },
    /// Its negative slope.
    LeakyRelu(f64),
}

#[derive(Debug)]
pub(crate) struct Stack(pub(crate) Vec<Layer>);

impl Layer {
    fn forward(&self, x: &Tensor) -> Tensor {
        match self {
            Self::Linear { weight, bias } => x.flatten(1, -1).linear(weight, Some(bias)),
            Self::Conv { weight, bias, stride, padding } => {
                conv(x, weight, Some(bias), *stride, *padding, 1)
            }
            Self::LeakyRelu(slope) => x.maximum(&(x * *slope)),
        }
    }
}

impl Stack {
    /// The scores `[N]`, with a graph.
    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        self.0.iter().fold(x.shallow_clone(), |x, layer| layer.forward(&x)).view([-1])
    }

    pub(crate) fn weights(&self) -> Vec<(String, &Tensor)> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(i, layer)| match layer {
                Layer::Linear { weight, .. } | Layer::Conv { weight, .. } => {
                    Some((format!("{i}.weight"), weight))
                }
                Layer::LeakyRelu(_) => None,
            })
            .collect()
    }

    pub(crate) fn biases(&self) -> Vec<&Tensor> {
        self.0
            .iter()
            .filter_map(|layer| match layer {
                Layer::Linear { bias, .. } | Layer::Conv { bias, .. } => Some(bias),
                Layer::LeakyRelu(_) => None,
            })
            .collect()
    }
}

impl PiecewiseLinear for Stack {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        let mut x = input.detach();
        let mut passed = Vec::new();
        for layer in &self.0 {
            let slopes = match layer {
                Layer::LeakyRelu(slope) => {
                    Some(x.gt(0.0).to_kind(x.kind()) * (1.0 - slope) + *slope)
                }
                _ => None,
            };
            passed.push(Passed { input_size: x.size(), slopes, signal: None });
            x = layer.forward(&x);
        }
        Box::new(StackTrace {
            layers: &self.0,
            output_size: x.size(),
            scores: x.view([-1]),
            passed,
        })
    }
}

/// What is kept of one layer.
struct Passed {
    input_size: Vec<i64>,
    slopes: Option<Tensor>,
    /// The gradient of the scores at the layer's output.
    signal: Option<Tensor>,
}

struct StackTrace<'a> {
    layers: &'a [Layer],
    output_size: Vec<i64>,
    scores: Tensor,
    passed: Vec<Passed>,
}

impl Trace for StackTrace<'_> {
    fn scores(&self) -> &Tensor {
        &self.scores
    }

    fn input_gradient(&mut self) -> Tensor {
        let options = (self.scores.kind(), self.scores.device());
        let mut signal = Tensor::ones(&self.output_size, options);
        for (layer, passed) in self.layers.iter().zip(&mut self.passed).rev() {
            let before = match layer {
                Layer::Linear { weight, .. } => signal.matmul(weight).view(&*passed.input_size),
                Layer::Conv { weight, stride, padding, .. } => {
                    let rest = |axis: usize| {
                        let reach = (signal.size()[axis] - 1) * stride + weight.size()[axis];
                        passed.input_size[axis] + 2 * padding - reach
                    };
                    signal.conv_transpose2d(
                        weight,
                        None::<Tensor>,
                        *stride,
                        *padding,
                        [rest(2), rest(3)],
                        1,
                        1,
                    )
                }
                Layer::LeakyRelu(_) => &signal * passed.slopes.as_ref().unwrap(),
            };
            passed.signal = Some(std::mem::replace(&mut signal, before));
        }
        signal
    }

    fn weight_gradients(&mut self, tangent: Tensor) -> Vec<(String, Tensor)> {
        let mut tangent = tangent;
        let mut gradients = Vec::new();
        for (i, (layer, passed)) in self.layers.iter().zip(&self.passed).enumerate() {
            let signal = passed.signal.as_ref().unwrap();
            match layer {
                Layer::Linear { weight, .. } => {
                    tangent = tangent.flatten(1, -1);
                    gradients.push((format!("{i}.weight"), signal.tr().matmul(&tangent)));
                    tangent = tangent.linear(weight, None::<Tensor>);
                }
                Layer::Conv { weight, stride, padding, .. } => {
                    // [I, N, H, W] correlated with [O, N, h, w] at dilation `stride`.
                    let (x, delta) = (tangent.transpose(0, 1), signal.transpose(0, 1));
                    let side = |axis: i64| weight.size()[axis as usize];
                    let gradient = conv(&x, &delta, None, 1, *padding, *stride)
                        .narrow(2, 0, side(2))
                        .narrow(3, 0, side(3))
                        .transpose(0, 1);
                    gradients.push((format!("{i}.weight"), gradient));
                    tangent = conv(&tangent, weight, None, *stride, *padding, 1);
                }
                Layer::LeakyRelu(_) => tangent *= passed.slopes.as_ref().unwrap(),
            }
        }
        gradients
    }
}

fn conv(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: i64,
    dilation: i64,
) -> Tensor {
    x.conv2d(weight, bias, stride, padding, dilation, 1)
}

/// Values in (-1, 1) of any shape, the same for the same seed (splitmix64).
pub(crate) fn values(size: &[i64], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x2545_F491_4F6C_DD1D);
    let drawn: Vec<f64> = (0..size.iter().product())
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect();
    Tensor::from_slice(&drawn).view(size)
}

/// A layer's parameters in float64, with gradients.
pub(crate) fn linear(inputs: i64, outputs: i64, seed: u64) -> Layer {
    let gain = (3.0 / inputs as f64).sqrt();
    Layer::Linear {
        weight: (values(&[outputs, inputs], seed) * gain).set_requires_grad(true),
        bias: values(&[outputs], seed + 1).set_requires_grad(true),
    }
}

pub(crate) fn scalar(tensor: &Tensor) -> f64 {
    assert!(tensor.size().is_empty(), "expected a scalar, got {:?}", tensor.size());
    tensor.double_value(&[])
}

/// `|got - expected| / |expected|` over whole tensors.
pub(crate) fn distance(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size());
    let (got, expected) = (got.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    let scale = expected.norm().double_value(&[]);
    (got - expected).norm().double_value(&[]) / if scale > 0.0 { scale } else { 1.0 }
}
