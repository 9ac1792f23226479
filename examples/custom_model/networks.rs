//! Two small networks of plain `tch` layers: three convolutions that double images, and three that
//! halve them.

use astrogen::models::{Critic, Generator, ModelError, Network};
use astrogen::nn::{NamedTensors, named};
use serde::{Deserialize, Serialize};
use tch::nn::ConvConfig;
use tch::{Device, Kind, Tensor, nn};

/// How much smaller than images the smallest layer is: doubled, or halved, three times.
const SMALLER: i64 = 8;

/// What both networks are built from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sizes {
    /// Channels, height and width; the last two multiples of 8.
    pub(crate) image: [i64; 3],
    pub(crate) latent: i64,
    /// Channels at the smallest size, half as many at twice the size; at least 4.
    pub(crate) width: i64,
}

impl Sizes {
    /// Refuses what makes a layer of no size, before it is drawn.
    fn validate(&self) -> Result<(), ModelError> {
        let [c, h, w] = self.image;
        let halves = |side| side >= SMALLER && side % SMALLER == 0;
        if c < 1 || !halves(h) || !halves(w) {
            return Err(ModelError::Setting {
                name: "image",
                rule: format!("of one channel or more, height and width multiples of {SMALLER}"),
                got: format!("{c} channels of {h}x{w} pixels"),
            });
        }
        if self.width < 4 {
            let (rule, got) = ("at least 4".into(), self.width.to_string());
            return Err(ModelError::Setting { name: "width", rule, got });
        }
        Ok(())
    }

    /// Channels, height and width of the smallest layer.
    fn smallest(&self) -> [i64; 3] {
        let [_, h, w] = self.image;
        [self.width, h / SMALLER, w / SMALLER]
    }

    /// Channels at each size from the smallest to that of the image.
    fn channels(&self) -> [i64; 4] {
        [self.width, self.width / 2, self.width / 4, self.image[0]]
    }
}

/// From latents to images.
#[derive(Debug)]
pub(crate) struct MyGenerator {
    sizes: Sizes,
    layout: nn::Linear,
    doublings: Vec<nn::Conv2D>,
}

impl Generator for MyGenerator {
    fn latent_dim(&self) -> i64 {
        self.sizes.latent
    }

    fn image_shape(&self) -> [i64; 3] {
        self.sizes.image
    }

    fn options(&self) -> (Kind, Device) {
        (self.layout.ws.kind(), self.layout.ws.device())
    }

    fn forward_t(&self, latent: &Tensor, _train: bool) -> Tensor {
        let (n, [width, h, w]) = (latent.size()[0], self.sizes.smallest());
        let layout = latent.flatten(1, -1).apply(&self.layout).reshape([n, width, h, w]);
        let images = self.doublings.iter().fold(layout, |images, convolution| {
            let size = [2 * images.size()[2], 2 * images.size()[3]];
            images.relu().upsample_bilinear2d(size, false, None, None).apply(convolution)
        });
        images.tanh() // [N, C, H, W], signed
    }
}

/// The names that the weights have in PyTorch, and in the file of a trained generator.
impl NamedTensors for MyGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("layout", &self.layout), ("doublings", &self.doublings)])
    }
}

/// How it is built; saving and loading follow.
impl Network for MyGenerator {
    type Config = Sizes;
    const MODEL: &str = "my.generator";
    const FILE: &str = "generator.safetensors";

    fn build(sizes: &Sizes, path: &nn::Path) -> Result<Self, ModelError> {
        sizes.validate()?;
        let values = sizes.smallest().iter().product();
        let [a, b, c, d] = sizes.channels();
        let same = ConvConfig { padding: 1, ..Default::default() };
        let convolution = |name, from, to| nn::conv2d(path / "doublings" / name, from, to, 3, same);
        Ok(Self {
            layout: nn::linear(path / "layout", sizes.latent, values, Default::default()),
            doublings: vec![convolution(0, a, b), convolution(1, b, c), convolution(2, c, d)],
            sizes: sizes.clone(),
        })
    }

    fn config(&self) -> &Sizes {
        &self.sizes
    }
}

/// From images to scores. It is trained and then not needed any more: it has no file, and so is
/// no `Network`.
#[derive(Debug)]
pub(crate) struct MyCritic {
    sizes: Sizes,
    halvings: Vec<nn::Conv2D>,
    score: nn::Linear,
}

impl MyCritic {
    pub(crate) fn build(sizes: &Sizes, path: &nn::Path) -> Result<Self, ModelError> {
        sizes.validate()?;
        let values = sizes.smallest().iter().product();
        let [a, b, c, d] = sizes.channels();
        let half = ConvConfig { stride: 2, padding: 1, ..Default::default() };
        let convolution = |name, from, to| nn::conv2d(path / "halvings" / name, from, to, 4, half);
        Ok(Self {
            halvings: vec![convolution(0, d, c), convolution(1, c, b), convolution(2, b, a)],
            score: nn::linear(path / "score", values, 1, Default::default()),
            sizes: sizes.clone(),
        })
    }
}

impl Critic for MyCritic {
    fn image_shape(&self) -> [i64; 3] {
        self.sizes.image
    }

    fn options(&self) -> (Kind, Device) {
        (self.score.ws.kind(), self.score.ws.device())
    }

    fn forward_t(&self, images: &Tensor, _train: bool) -> Tensor {
        let halved = self.halvings.iter().fold(images.shallow_clone(), |images, convolution| {
            images.apply(convolution).leaky_relu() // half as high and wide
        });
        halved.flatten(1, -1).apply(&self.score).squeeze_dim(1) // [N]
    }
}
