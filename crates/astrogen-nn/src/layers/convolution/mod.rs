//! A convolution or a transposed one.

mod config;
mod doubled;
mod kernels;

use tch::nn::Path;
use tch::{Device, Kind, Tensor, with_grad};

use super::Affine;
use super::spectral_norm::SpectralNorm;
use crate::config::check_least;
use crate::variables::{allocate, variable};
use crate::{Initialization, NamedTensors, NnError, named};

pub use config::{ConvolutionConfig, Direction};
pub(crate) use doubled::DoubledKernels;
pub use kernels::Kernels;

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
    /// channel, or the groups do not divide them, [`NnError::NameTaken`] where the path holds such a
    /// layer already.
    pub fn build(
        path: &Path,
        [inputs, outputs]: [i64; 2],
        config: &ConvolutionConfig,
    ) -> Result<Self, NnError> {
        config.validate()?;
        check_least(&[("inputs", inputs), ("outputs", outputs)], 1)?;
        if inputs % config.groups != 0 || outputs % config.groups != 0 {
            let rule = format!("a divisor of {inputs} and {outputs}, the channels");
            let got = config.groups.to_string();
            return Err(NnError::Setting { name: "groups", rule, got });
        }
        let [outer, inner] = match config.direction {
            Direction::Down => [outputs, inputs],
            Direction::Up => [inputs, outputs],
        };
        let size = [outer, inner / config.groups, config.kernel, config.kernel];
        let weight = variable(path, Self::weight_name(config), &size, 0.0, true)?;
        let bias = config.bias.then(|| variable(path, "bias", &[outputs], 0.0, true));
        let spectral_norm =
            config.spectral_norm.then(|| SpectralNorm::new(path, &weight, config.direction));
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

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        (self.weight.kind(), self.weight.device())
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
        match self.config.direction {
            Direction::Down => convolve(xs, weight, bias, &self.config),
            Direction::Up => convolve_transposed(xs, weight, bias, &self.config, [0, 0]),
        }
    }

    /// As [`forward_t`](Self::forward_t), for a layer without spectral normalisation and with a bias
    /// `[out]` that stands elsewhere, in place of its own.
    ///
    /// # Panics
    /// As [`forward_t`](Self::forward_t), and where the layer has spectral normalisation.
    pub fn forward_biased(&self, xs: &Tensor, bias: &Tensor) -> Tensor {
        assert!(self.spectral_norm.is_none(), "a layer without spectral normalisation");
        self.with(xs, &self.weight, Some(bias))
    }
}

/// The weight first, then the bias, then buffers.
impl NamedTensors for Convolution {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let weight = Self::weight_name(&self.config);
        named(&[(weight, &self.weight), ("bias", &self.bias), ("", &self.spectral_norm)])
    }
}

/// Without spectral normalisation, whose weight is another one than the layer's: a trace panics.
impl Affine for Convolution {
    fn forward(&self, xs: &Tensor) -> Tensor {
        assert!(self.spectral_norm.is_none(), "a layer without spectral normalisation");
        self.with(xs, &self.weight, self.bias.as_ref())
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        if self.is_pointwise(signal) {
            return along_pixels(signal, |rows| rows.mm(&matrix(&self.weight)));
        }
        match self.config.direction {
            Direction::Down => {
                let beyond = self.beyond(input);
                convolve_transposed(signal, &self.weight, None, &self.config, beyond)
            }
            Direction::Up => convolve(signal, &self.weight, None, &self.config),
        }
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        if self.is_pointwise(tangent) {
            return self.tangent_at(tangent, tangent, signal);
        }
        // tch has no operator for the weight gradient of a convolution, but autograd has.
        let weight = self.weight.detach().set_requires_grad(true);
        with_grad(|| {
            let outputs = self.with(tangent, &weight, None);
            let product = inner(signal, &outputs);
            let gradient = Tensor::run_backward(&[product], &[weight], false, false).remove(0);
            (outputs.detach(), gradient)
        })
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        let outputs = self.with(tangent, &self.weight, None);
        if !self.is_pointwise(tangent) {
            return (outputs, self.tangent(point, signal).1);
        }
        let gradient = rows(signal).tr().mm(&rows(point)); // [out, in]
        (outputs, gradient.view_as(&self.weight))
    }
}

impl Convolution {
    /// Whether the layer is a matrix product along the channels of these images.
    fn is_pointwise(&self, images: &Tensor) -> bool {
        let ConvolutionConfig { direction, kernel, stride, padding, groups, .. } = self.config;
        direction == Direction::Down
            && [kernel, stride, padding, groups] == [1, 1, 0, 1]
            && images.device() == Device::Cpu
    }

    /// Whether a trace takes the layer.
    pub(super) fn is_traced(&self) -> bool {
        self.config.direction == Direction::Down && self.spectral_norm.is_none()
    }

    /// Rows and columns of padded images that the kernel, as it is moved by the stride, does not come to.
    fn beyond(&self, images: &[i64]) -> [i64; 2] {
        let [_, _, h, w] = images[..] else { panic!("images are [N, C, H, W], got {images:?}") };
        let ConvolutionConfig { kernel, stride, padding, .. } = self.config;
        [h, w].map(|side| (side + 2 * padding - kernel) % stride)
    }
}

/// A convolution; one whose kernel covers the whole input is a matrix product, and so is one of a
/// single pixel.
fn convolve(
    xs: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: &ConvolutionConfig,
) -> Tensor {
    let ConvolutionConfig { kernel, stride, padding, groups, .. } = *config;
    if padding == 0 && groups == 1 && xs.size()[2..] == weight.size()[2..] {
        let (n, outputs) = (xs.size()[0], weight.size()[0]);
        let flat = |tensor: &Tensor| as_it_lies(tensor).flatten(1, -1);
        return flat(xs).linear(&flat(weight), bias).reshape([n, outputs, 1, 1]);
    }
    if [kernel, stride, padding, groups] == [1, 1, 0, 1] && xs.device() == Device::Cpu {
        return along_pixels(xs, |rows| rows.linear(&matrix(weight), bias));
    }
    xs.conv2d(weight, bias, [stride, stride], [padding, padding], [1, 1], groups)
}

/// A transposed convolution to images that are some rows and columns larger than the kernel reaches; that
/// of a single pixel is a matrix product.
fn convolve_transposed(
    xs: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: &ConvolutionConfig,
    beyond: [i64; 2],
) -> Tensor {
    let ConvolutionConfig { stride, padding, groups, .. } = *config;
    if let ([n, inputs, 1, 1], [_, outputs, k, _], 0, 1, None, [0, 0]) =
        (&xs.size()[..], &weight.size()[..], padding, groups, bias, beyond)
    {
        let columns = as_it_lies(weight).reshape([*inputs, -1]); // [in, K * K * out], or out first
        let pixels = xs.reshape([*n, *inputs]).mm(&columns);
        return match xs.device() {
            Device::Cpu => pixels.reshape([*n, *k, *k, *outputs]).permute([0, 3, 1, 2]),
            _ => pixels.reshape([*n, *outputs, *k, *k]),
        };
    }
    let (s, p) = ([stride, stride], [padding, padding]);
    xs.conv_transpose2d(weight, bias, s, p, beyond, groups, [1, 1])
}

/// A map of the channels of each pixel, which lie last in memory then: `[N, C, H, W]` to
/// `[N, C', H, W]` by one from `[N * H * W, C]` to `[N * H * W, C']`.
fn along_pixels(images: &Tensor, map: impl FnOnce(&Tensor) -> Tensor) -> Tensor {
    let (size, mapped) = (images.size(), map(&rows(images)));
    mapped.view([size[0], size[2], size[3], mapped.size()[1]]).permute([0, 3, 1, 2])
}

/// Images `[N, C, H, W]` as `[N * H * W, C]`.
fn rows(images: &Tensor) -> Tensor {
    images.permute([0, 2, 3, 1]).reshape([-1, images.size()[1]])
}

/// A weight `[out, in, 1, 1]` as `[out, in]`.
fn matrix(weight: &Tensor) -> Tensor {
    weight.flatten(1, -1)
}

/// The inner product of two tensors `[N, C, H, W]`.
fn inner(a: &Tensor, b: &Tensor) -> Tensor {
    let flat = |tensor: &Tensor| as_it_lies(tensor).reshape([-1]);
    flat(a).dot(&flat(b))
}

/// Images `[N, C, H, W]` with their axes in the order in which they lie in memory, so that flattening them
/// is no copy: channels last on the CPU, as they are on a GPU.
pub(super) fn as_it_lies(images: &Tensor) -> Tensor {
    match images.device() {
        Device::Cpu => images.permute([0, 2, 3, 1]),
        _ => images.shallow_clone(),
    }
}
