//! From latents and noise to images.

use astrogen_nn::layers::{Convolution, ConvolutionConfig, Passes, Unit};
use astrogen_nn::variables::allocate;
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use astrogen_runtime::draw_rows;
use tch::{Device, Kind, Tensor, nn};

use super::SharpConfig;
use super::layers::{HE, Input, Stage};
use crate::{Generator, ModelError};

/// From latents and noise to images; see the [module](super).
#[derive(Debug)]
pub struct SharpGenerator {
    config: SharpConfig,
    input: Input,
    stages: Vec<Stage>,
    output: Convolution,
}

impl SharpGenerator {
    /// Noise for `n` images, standard normal, one tensor `[n, 1, H, W]` a stage but the last (8x8,
    /// 16x16 and so on up to half size), from libtorch's generator of the weights' device.
    ///
    /// # Panics
    /// Where `n` is negative.
    pub fn noise(&self, n: i64) -> Vec<Tensor> {
        let sizes = (1..self.stages.len()).map(|stage| 4i64 << stage);
        let options = self.input.options();
        let of_size = |size| draw_rows(n, |n| Tensor::randn([n, 1, size, size], options));
        sizes.map(of_size).collect()
    }

    /// Images `[N, C, H, W]`, signed ([-1, 1]), from latents `[N, latent_dim]` and
    /// [noise](Self::noise): a function of both alone. [`Generator::forward_t`] draws the noise
    /// itself.
    ///
    /// # Panics
    /// Where latents or noise have another shape, element type or device than the network.
    pub fn forward_with(&self, latent: &Tensor, noise: &[Tensor], train: bool) -> Tensor {
        assert_eq!(
            noise.len() + 1,
            self.stages.len(),
            "one tensor of noise per stage but the last"
        );
        for (stage, noise) in (1..).zip(noise) {
            let side = 4i64 << stage;
            assert_eq!(noise.size(), [latent.size()[0], 1, side, side], "noise of stage {stage}");
        }
        let noise = noise.iter().map(Some).chain([None]);
        let first = self.input.forward_t(latent, train); // [N, C, 4, 4]
        let images = self.stages.iter().zip(noise).fold(first, |images, (stage, noise)| {
            stage.forward_t(&images, noise, train) // [N, C', 2H, 2W]
        });
        self.output.forward_t(&images, train).tanh_() // [N, bands, H, W]
    }

    /// Draws the first weights; see the [module](super).
    pub(super) fn init(&self) -> Result<(), ModelError> {
        allocate(self)?;
        self.input.init_weights();
        self.stages.iter().try_for_each(Stage::init)?;
        self.output.init(HE)?;
        tch::no_grad(|| {
            let (_, mut weight) = self.output.named_tensors().remove(0);
            let _ = weight.g_mul_scalar_(0.5);
        });
        Ok(())
    }
}

impl Generator for SharpGenerator {
    fn latent_dim(&self) -> i64 {
        self.config.latent_dim
    }

    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.input.options()
    }

    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        let n = latent.size()[0];
        // The batch size is spelt out: latents of another size must not become other samples.
        let latent = latent.reshape([n, self.config.latent_dim]);
        self.forward_with(&latent, &self.noise(n), train)
    }

    /// They draw the noise as [`forward_t`](Generator::forward_t) does, from the same numbers.
    fn passes(&self) -> Option<Passes<'_>> {
        let mut units = vec![self.input.unit("input")];
        units.extend((0..).zip(&self.stages).map(|(i, stage)| stage.unit(&format!("stages.{i}"))));
        units.push(Unit::convolution("output", &self.output).tanh());
        Passes::new(units)
    }
}

impl NamedTensors for SharpGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("input", &self.input), ("stages", &self.stages), ("output", &self.output)])
    }
}

impl Network for SharpGenerator {
    type Config = SharpConfig;
    const MODEL: &str = "sharp.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &SharpConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let widths = config.widths();
        let (stages_path, last) = (path / "stages", widths.len() - 2);
        let stages = widths.windows(2).enumerate().map(|(i, pair)| {
            let noise = i < last; // none at full size
            Stage::new(&(&stages_path / i), [pair[0], pair[1]], noise)
        });
        let channels = [config.generator_features, config.channels];
        Ok(Self {
            config: config.clone(),
            input: Input::new(&(path / "input"), config.latent_dim, widths[0])?,
            stages: stages.collect::<Result<_, _>>()?,
            output: Convolution::build(
                &(path / "output"),
                channels,
                &ConvolutionConfig::default(),
            )?,
        })
    }

    fn config(&self) -> &SharpConfig {
        &self.config
    }
}

network_methods!(SharpGenerator);
