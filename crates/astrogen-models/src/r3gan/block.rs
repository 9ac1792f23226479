//! The residual block, and what its weights begin as.

use astrogen_nn::layers::{Affine, Convolution, ConvolutionConfig, Piece, Stage, leaky_relu};
use astrogen_nn::variables::variable;
use astrogen_nn::{Initialization, NamedTensors, named};
use tch::nn::Path;
use tch::{Tensor, no_grad};

use super::R3ganConfig;
use crate::ModelError;

/// The slope of every LeakyReLU below zero.
const SLOPE: f64 = 0.2;
/// First weights that keep the size of signals behind a LeakyReLU.
const HE: Initialization = Initialization::He { slope: SLOPE };
/// First weights that keep the size of signals where there is no activation.
pub(super) const PLAIN: Initialization = Initialization::He { slope: 1.0 };

/// A 1x1 convolution without bias.
pub(super) const POINTWISE: ConvolutionConfig = ConvolutionConfig {
    direction: astrogen_nn::layers::Direction::Down,
    kernel: 1,
    stride: 1,
    padding: 0,
    groups: 1,
    bias: false,
    spectral_norm: false,
};

/// `x + L3 act(L2 act(L1 x + b1) + b2)`: a 1x1 convolution to more channels, a 3x3 one in groups and
/// a 1x1 one back.
#[derive(Debug)]
pub(super) struct ResidualBlock {
    expand: Biased,
    grouped: Biased,
    contract: Convolution,
}

/// A convolution whose bias stands beside it, as a variable of the activation.
#[derive(Debug)]
struct Biased {
    convolution: Convolution,
    bias: Tensor,
}

impl ResidualBlock {
    pub(super) fn new(path: &Path, width: i64, config: &R3ganConfig) -> Result<Self, ModelError> {
        let inside = width * config.expansion;
        let grouped =
            ConvolutionConfig { kernel: 3, padding: 1, groups: config.groups(inside), ..POINTWISE };
        let biased = |number: i64, channels, config: &ConvolutionConfig| {
            let layer = path / format!("LinearLayer{number}") / "Layer";
            let activation = path / format!("NonLinearity{number}");
            Ok::<_, ModelError>(Biased {
                convolution: Convolution::build(&layer, channels, config)?,
                bias: variable(&activation, "Bias", &[inside], 0.0, true)?,
            })
        };
        Ok(Self {
            expand: biased(1, [width, inside], &POINTWISE)?,
            grouped: biased(2, [inside, inside], &grouped)?,
            contract: Convolution::build(
                &(path / "LinearLayer3" / "Layer"),
                [inside, width],
                &POINTWISE,
            )?,
        })
    }

    /// `[N, C, H, W]` to the same shape.
    pub(super) fn forward(&self, images: &Tensor) -> Tensor {
        let inside = leaky_relu(&self.expand.forward(images), SLOPE);
        let inside = leaky_relu(&self.grouped.forward(&inside), SLOPE);
        self.contract.forward_t(&inside, true) + images
    }

    /// Draws the first weights of a network of so many blocks; those of the last convolution stay
    /// zero, so that the block begins as the identity.
    pub(super) fn draw(&self, depth: i64) {
        for Biased { convolution, .. } in [&self.expand, &self.grouped] {
            draw(convolution, HE, (depth as f64).powf(-0.25));
        }
    }

    /// The block as the passes of a gradient penalty take it.
    pub(super) fn piece(&self, name: &str) -> Piece<'_> {
        let biased = |number: i64, biased| {
            Piece::Stage(Stage {
                name: format!("{name}.LinearLayer{number}.Layer"),
                bias: Some(format!("{name}.NonLinearity{number}.Bias")),
                map: Box::new(biased),
                slope: SLOPE,
            })
        };
        let branch = vec![
            biased(1, &self.expand),
            biased(2, &self.grouped),
            plain(format!("{name}.LinearLayer3.Layer"), &self.contract),
        ];
        Piece::Residual(branch)
    }
}

impl NamedTensors for ResidualBlock {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[
            ("LinearLayer1.Layer", &self.expand.convolution),
            ("LinearLayer2.Layer", &self.grouped.convolution),
            ("LinearLayer3.Layer", &self.contract),
            ("NonLinearity1.Bias", &self.expand.bias),
            ("NonLinearity2.Bias", &self.grouped.bias),
        ])
    }
}

impl Affine for Biased {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.convolution.forward_biased(xs, &self.bias)
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        self.convolution.adjoint(signal, input)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        self.convolution.tangent(tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        self.convolution.tangent_at(tangent, point, signal)
    }
}

/// A layer without bias or activation as the passes of a gradient penalty take it.
pub(super) fn plain<'a>(name: String, map: impl Affine + 'a) -> Piece<'a> {
    Piece::Stage(Stage { name, bias: None, map: Box::new(map), slope: 1.0 })
}

/// Draws the weight of a layer that has memory already, and scales it.
pub(super) fn draw(layer: &impl NamedTensors, initialization: Initialization, scale: f64) {
    for (_, weight) in layer.named_tensors() {
        initialization.draw(&weight, None);
        let _ = no_grad(|| weight.shallow_clone().g_mul_scalar_(scale));
    }
}
