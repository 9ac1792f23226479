//! Two networks of plain `tch` layers, each of two layers: images in patches of 4x4 pixels.

use astrogen::models::{Critic, Generator, ModelError, Network};
use astrogen::nn::{NamedTensors, named};
use serde::{Deserialize, Serialize};
use tch::nn::{ConvConfig, ConvTransposeConfig};
use tch::{Device, Kind, Tensor, nn};

/// Side of a patch in pixels.
const PATCH: i64 = 4;

/// What both networks are built from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sizes {
    /// Channels, height and width; the last two multiples of 4.
    pub(crate) image: [i64; 3],
    pub(crate) latent: i64,
    /// Values of a patch inside the networks.
    pub(crate) width: i64,
}

impl Sizes {
    /// Refuses images that are not made of patches, before a layer of no size is drawn.
    fn validate(&self) -> Result<(), ModelError> {
        match self.image {
            [c, h, w] if c > 0 && h.min(w) >= PATCH && h % PATCH == 0 && w % PATCH == 0 => Ok(()),
            [c, h, w] => Err(ModelError::Setting {
                name: "image",
                rule: format!("of one channel or more, height and width multiples of {PATCH}"),
                got: format!("{c} channels of {h}x{w} pixels"),
            }),
        }
    }
}

/// From latents to images.
#[derive(Debug)]
pub(crate) struct MyGenerator {
    sizes: Sizes,
    layout: nn::Linear,
    patches: nn::ConvTranspose2D,
}

impl Generator for MyGenerator {
    fn latent_dim(&self) -> i64 {
        self.sizes.latent
    }

    fn image_shape(&self) -> [i64; 3] {
        self.sizes.image
    }

    fn options(&self) -> (Kind, Device) {
        (self.patches.ws.kind(), self.patches.ws.device())
    }

    fn forward_t(&self, latent: &Tensor, _train: bool) -> Tensor {
        let (n, [_, h, w]) = (latent.size()[0], self.sizes.image);
        let layout = latent.flatten(1, -1).apply(&self.layout).relu();
        let layout = layout.reshape([n, self.sizes.width, h / PATCH, w / PATCH]);
        layout.apply(&self.patches).tanh() // [N, C, H, W], signed
    }
}

/// The names that the weights have in PyTorch, and in the file of a trained generator.
impl NamedTensors for MyGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("layout", &self.layout), ("patches", &self.patches)])
    }
}

/// How it is built; saving and loading follow.
impl Network for MyGenerator {
    type Config = Sizes;
    const MODEL: &str = "my.generator";
    const FILE: &str = "generator.safetensors";

    fn build(sizes: &Sizes, path: &nn::Path) -> Result<Self, ModelError> {
        sizes.validate()?;
        let [c, h, w] = sizes.image;
        let values = sizes.width * (h / PATCH) * (w / PATCH);
        let stride = ConvTransposeConfig { stride: PATCH, ..Default::default() };
        Ok(Self {
            layout: nn::linear(path / "layout", sizes.latent, values, Default::default()),
            patches: nn::conv_transpose2d(path / "patches", sizes.width, c, PATCH, stride),
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
    patches: nn::Conv2D,
    score: nn::Linear,
}

impl MyCritic {
    pub(crate) fn build(sizes: &Sizes, path: &nn::Path) -> Result<Self, ModelError> {
        sizes.validate()?;
        let [c, h, w] = sizes.image;
        let values = sizes.width * (h / PATCH) * (w / PATCH);
        let stride = ConvConfig { stride: PATCH, ..Default::default() };
        Ok(Self {
            patches: nn::conv2d(path / "patches", c, sizes.width, PATCH, stride),
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
        (self.patches.ws.kind(), self.patches.ws.device())
    }

    fn forward_t(&self, images: &Tensor, _train: bool) -> Tensor {
        let patches = images.apply(&self.patches).leaky_relu(); // [N, width, H / 4, W / 4]
        patches.flatten(1, -1).apply(&self.score).squeeze_dim(1) // [N]
    }
}
