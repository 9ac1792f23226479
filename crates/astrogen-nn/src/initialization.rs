//! How the first weights of a network are drawn.
//!
//! With `n` the inputs of one value, those under the kernel for a convolution (PyTorch's `fan_in`),
//!
//! ```text
//! Uniform        weight, bias ~ U(-k, k)  with  k = 1 / sqrt(n)
//! Dcgan          weight ~ N(0, 0.02^2), gain ~ N(1, 0.02^2)
//! He { slope }   weight ~ N(0, 2 / (1 + slope^2) / n)
//! ```
//!
//! `n` is the numbers of a weight by its first axis. The weight of a transposed convolution is
//! `[in, out, K, K]`, so there it is `out K^2`, as PyTorch counts it, though a value that comes out has
//! `in (K / stride)^2` inputs: where the two differ, `He` does not keep the size of signals through it.
//!
//! What is not named keeps its first value: biases 0, gains of normalisations 1. Numbers come
//! from libtorch's generator of the weights' device.

use tch::{Tensor, no_grad};

/// The deviation of the DCGAN's weights.
const DCGAN_DEVIATION: f64 = 0.02;

/// How first weights are drawn; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Initialization {
    /// PyTorch's default for `nn.Linear`, `nn.Conv2d` and `nn.ConvTranspose2d`.
    #[default]
    Uniform,
    /// Radford et al. 2016, section 4, for convolutions and normalisations; fully connected
    /// layers as [`Initialization::Uniform`].
    Dcgan,
    /// He et al. 2015, *Delving Deep into Rectifiers*: signals keep their size through
    /// activations of this slope below zero; of transposed convolutions see the [module](self).
    He {
        /// The activation's slope below zero.
        slope: f64,
    },
}

impl Initialization {
    /// Draws a weight `[out, in, ...]`, or `[in, out, ...]` of a transposed convolution, and, where
    /// the rule says so, its bias `[out]`.
    ///
    /// ```
    /// use astrogen_nn::Initialization;
    /// use tch::{Kind, Tensor};
    ///
    /// let weight = Tensor::zeros([100, 400], tch::kind::FLOAT_CPU);
    /// Initialization::He { slope: 0.0 }.draw(&weight, None);
    /// let variance = weight.square().mean(None::<Kind>).double_value(&[]);
    /// assert!((variance * 400.0 / 2.0 - 1.0).abs() < 0.05);
    /// ```
    pub fn draw(self, weight: &Tensor, bias: Option<&Tensor>) {
        let inputs = weight.numel() as f64 / weight.size()[0] as f64;
        match self {
            Self::Dcgan if weight.dim() > 2 => normal(weight, 0.0, DCGAN_DEVIATION),
            Self::He { slope } => {
                normal(weight, 0.0, (2.0 / (1.0 + slope * slope) / inputs).sqrt())
            }
            Self::Uniform | Self::Dcgan => {
                let k = 1.0 / inputs.sqrt();
                [Some(weight), bias].into_iter().flatten().for_each(|tensor| uniform(tensor, k));
            }
        }
    }

    /// Draws the gain of a normalisation, where the rule says so.
    pub(crate) fn draw_gain(self, gain: &Tensor) {
        if self == Self::Dcgan {
            normal(gain, 1.0, DCGAN_DEVIATION);
        }
    }
}

fn normal(tensor: &Tensor, mean: f64, deviation: f64) {
    let _ = no_grad(|| tensor.shallow_clone().normal_(mean, deviation));
}

fn uniform(tensor: &Tensor, k: f64) {
    let _ = no_grad(|| tensor.shallow_clone().uniform_(-k, k));
}
