//! A convolution or a transposed one.

mod config;

use tch::nn::Path;
use tch::{Tensor, with_grad};

use super::Affine;
use super::spectral_norm::SpectralNorm;
use crate::config::check_least;
use crate::variables::{allocate, variable};
use crate::{Initialization, NamedTensors, NnError, named};

pub use config::{ConvolutionConfig, Direction};

/// A convolution or a transposed one, on images of any size:
///
/// ```text
/// Down   [N, in, H, W] -> [N, out, H', W']   H' = (H + 2 padding - kernel) / stride + 1
/// Up     [N, in, H, W] -> [N, out, H', W']   H' = (H - 1) stride - 2 padding + kernel
/// ```
#[derive(Debug)]
pub struct Convolution {
    pub(super) config: ConvolutionConfig,
    pub(super) weight: Tensor,
    bias: Option<Tensor>,
    spectral_norm: Option<SpectralNorm>,
}

impl Convolution {
    /// A convolution between so many channels, with no memory for its weights until they are
    /// [drawn](Convolution::init) or loaded.
    ///
    /// # Errors
    /// Those of [`ConvolutionConfig::validate`], [`NnError::Setting`] where there is no
    /// channel, [`NnError::NameTaken`] where the path holds such a layer already.
    pub fn build(
        path: &Path,
        [inputs, outputs]: [i64; 2],
        config: &ConvolutionConfig,
    ) -> Result<Self, NnError> {
        config.validate()?;
        check_least(&[("inputs", inputs), ("outputs", outputs)], 1)?;
        let [outer, inner] = match config.direction {
            Direction::Down => [outputs, inputs],
            Direction::Up => [inputs, outputs],
        };
        let size = [outer, inner, config.kernel, config.kernel];
        let weight = variable(path, Self::weight_name(config), &size, 0.0, true)?;
        let bias = config.bias.then(|| variable(path, "bias", &[outputs], 0.0, true));
        let spectral_norm = config.spectral_norm.then(|| SpectralNorm::new(path, &weight));
        Ok(Self {
            config: *config,
            bias: bias.transpose()?,
            spectral_norm: spectral_norm.transpose()?,
            weight,
        })
    }

    fn weight_name(config: &ConvolutionConfig) -> &'static str {
        if config.spectral_norm { SpectralNorm::WEIGHT } else { "weight" }
    }

    /// Gives the weights memory of their own and draws their first values.
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self, initialization: Initialization) -> Result<(), NnError> {
        allocate(self)?;
        self.draw(initialization);
        Ok(())
    }

    /// Draws the first weights, which have memory already.
    pub(super) fn draw(&self, initialization: Initialization) {
        initialization.draw(&self.weight, self.bias.as_ref());
        if let Some(norm) = &self.spectral_norm {
            tch::no_grad(|| norm.settle(&self.weight));
        }
    }

    /// `[N, out, H', W']` of `[N, in, H, W]`. In train mode a spectral normalisation brings its
    /// vectors up to date.
    ///
    /// # Panics
    /// Where `xs` has another number of channels, element type or device than the layer, or is
    /// smaller than the kernel.
    pub fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        match &self.spectral_norm {
            None => self.with(xs, &self.weight, self.bias.as_ref()),
            Some(norm) => self.with(xs, &norm.apply(&self.weight, train), self.bias.as_ref()),
        }
    }

    fn with(&self, xs: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (s, p) = (self.config.stride, self.config.padding);
        match self.config.direction {
            Direction::Down => convolve(xs, weight, bias, s, p),
            Direction::Up => convolve_transposed(xs, weight, bias, s, p),
        }
    }
}

/// The weight first, then the bias, then buffers.
impl NamedTensors for Convolution {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let weight = Self::weight_name(&self.config);
        named(&[(weight, &self.weight), ("bias", &self.bias), ("", &self.spectral_norm)])
    }
}

/// For plain convolutions without spectral normalisation; with a stride of 2 the input must
/// be of even size.
impl Affine for Convolution {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.with(xs, &self.weight, self.bias.as_ref())
    }

    fn adjoint(&self, signal: &Tensor) -> Tensor {
        convolve_transposed(signal, &self.weight, None, self.config.stride, self.config.padding)
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
