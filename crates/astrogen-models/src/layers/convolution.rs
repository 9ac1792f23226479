//! A convolution or a transposed one.

use tch::nn::Path;
use tch::{Tensor, with_grad};

use super::add;
use super::spectral_norm::SpectralNorm;
use super::trace::Affine;
use crate::ModelError;

/// Whether a convolution makes images smaller or larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// A plain convolution, `weight` is `[out, in, K, K]`.
    Down,
    /// A transposed convolution, `weight` is `[in, out, K, K]`.
    Up,
}

/// The shape of a convolution: what is not its weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) direction: Direction,
    pub(crate) kernel: i64,
    pub(crate) stride: i64,
    pub(crate) padding: i64,
}

impl Geometry {
    /// A 3x3 convolution that keeps the size.
    pub(crate) const SAME: Self =
        Self { direction: Direction::Down, kernel: 3, stride: 1, padding: 1 };
}

/// A convolution, its weights zero until they are drawn or loaded.
#[derive(Debug)]
pub(crate) struct Convolution {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) direction: Direction,
    stride: i64,
    padding: i64,
    pub(super) spectral_norm: Option<SpectralNorm>,
}

impl Convolution {
    pub(crate) fn new(
        path: &Path,
        [inputs, outputs]: [i64; 2],
        geometry: Geometry,
        bias: bool,
        spectral_norm: bool,
    ) -> Result<Self, ModelError> {
        let Geometry { direction, kernel: k, stride, padding } = geometry;
        let [outer, inner] = match direction {
            Direction::Down => [outputs, inputs],
            Direction::Up => [inputs, outputs],
        };
        let name = if spectral_norm { SpectralNorm::WEIGHT } else { "weight" };
        let weight = add(path, name, &[outer, inner, k, k], 0.0, true)?;
        let bias = bias.then(|| add(path, "bias", &[outputs], 0.0, true));
        Ok(Self {
            bias: bias.transpose()?,
            spectral_norm: spectral_norm.then(|| SpectralNorm::new(path, &weight)).transpose()?,
            weight,
            direction,
            stride,
            padding,
        })
    }

    pub(crate) fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        match &self.spectral_norm {
            None => self.with(xs, &self.weight, self.bias.as_ref()),
            Some(norm) => self.with(xs, &norm.apply(&self.weight, train), self.bias.as_ref()),
        }
    }

    fn with(&self, xs: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (s, p) = (self.stride, self.padding);
        match self.direction {
            Direction::Down => convolve(xs, weight, bias, s, p),
            Direction::Up => convolve_transposed(xs, weight, bias, s, p),
        }
    }

    /// Draws the first weights as He et al. 2015 (*Delving Deep into Rectifiers*) do for
    /// activations of this slope below zero: from N(0, 2 / (1 + slope^2) / inputs), the inputs
    /// of a value being those under the kernel. The bias stays 0.
    pub(crate) fn init_he(&self, slope: f64) {
        init_he(&self.weight, slope);
        if let Some(norm) = &self.spectral_norm {
            tch::no_grad(|| norm.settle(&self.weight));
        }
    }

    /// The weight first, then the bias, then buffers.
    pub(crate) fn named_tensors(&self) -> Vec<(&'static str, &Tensor)> {
        let name = if self.spectral_norm.is_some() { SpectralNorm::WEIGHT } else { "weight" };
        let mut named = vec![(name, &self.weight)];
        named.extend(self.bias.as_ref().map(|bias| ("bias", bias)));
        named.extend(self.spectral_norm.iter().flat_map(SpectralNorm::named_tensors));
        named
    }
}

/// For plain convolutions without spectral normalisation; with a stride of 2 the input must
/// be of even size.
impl Affine for Convolution {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.with(xs, &self.weight, self.bias.as_ref())
    }

    fn adjoint(&self, signal: &Tensor) -> Tensor {
        convolve_transposed(signal, &self.weight, None, self.stride, self.padding)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        // tch has no operator for the weight gradient of a convolution, but autograd has.
        let weight = self.weight.detach().set_requires_grad(true);
        with_grad(|| {
            let outputs = self.with(tangent, &weight, None);
            let product = inner(signal, &outputs);
            let gradient = Tensor::run_backward(&[product], &[weight], false, false).remove(0);
            (outputs.detach(), gradient)
        })
    }
}

/// Draws a weight `[out, in, ...]`, see [`Convolution::init_he`].
pub(crate) fn init_he(weight: &Tensor, slope: f64) {
    let inputs = weight.numel() as f64 / weight.size()[0] as f64;
    let deviation = (2.0 / (1.0 + slope * slope) / inputs).sqrt();
    let _ = tch::no_grad(|| weight.shallow_clone().normal_(0.0, deviation));
}

/// A convolution; one whose kernel covers the whole input is a matrix product.
fn convolve(
    xs: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: i64,
) -> Tensor {
    if padding == 0 && xs.size()[2..] == weight.size()[2..] {
        let (n, outputs) = (xs.size()[0], weight.size()[0]);
        let rows = |tensor: &Tensor| tensor.permute([0, 2, 3, 1]).reshape([tensor.size()[0], -1]);
        return rows(xs).linear(&rows(weight), bias).reshape([n, outputs, 1, 1]);
    }
    xs.conv2d(weight, bias, [stride, stride], [padding, padding], [1, 1], 1)
}

/// A transposed convolution; that of a single pixel is a matrix product.
fn convolve_transposed(
    xs: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: i64,
) -> Tensor {
    if let ([n, inputs, 1, 1], [_, outputs, k, _], 0, None) =
        (&xs.size()[..], &weight.size()[..], padding, bias)
    {
        let columns = weight.permute([0, 2, 3, 1]).reshape([*inputs, -1]); // [in, K * K * out]
        let pixels = xs.reshape([*n, *inputs]).mm(&columns).reshape([*n, *k, *k, *outputs]);
        return pixels.permute([0, 3, 1, 2]);
    }
    let (s, p) = ([stride, stride], [padding, padding]);
    xs.conv_transpose2d(weight, bias, s, p, [0, 0], 1, [1, 1])
}

/// The inner product of two tensors `[N, C, H, W]` whose channels lie last in memory.
fn inner(a: &Tensor, b: &Tensor) -> Tensor {
    let flat = |tensor: &Tensor| tensor.permute([0, 2, 3, 1]).reshape([-1]);
    flat(a).dot(&flat(b))
}
