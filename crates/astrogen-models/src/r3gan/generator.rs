//! From latents to images.

use astrogen_nn::layers::{Convolution, Direction};
use astrogen_nn::variables::allocate;
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::R3ganConfig;
use super::basis::GenerativeBasis;
use super::block::{PLAIN, POINTWISE, ResidualBlock, draw};
use super::transition::Transition;
use crate::{Generator, ModelError};

/// From latents to images; see the [module](super).
#[derive(Debug)]
pub struct R3ganGenerator {
    config: R3ganConfig,
    stages: Vec<Stage>,
    output: Convolution,
}

/// Images of one size: where they come from, and what is done to them.
#[derive(Debug)]
struct Stage {
    source: Source,
    blocks: Vec<ResidualBlock>,
}

#[derive(Debug)]
enum Source {
    Latents(GenerativeBasis),
    Smaller(Transition),
}

impl R3ganGenerator {
    /// Draws the first weights; see the [module](super).
    pub(super) fn init(&self) -> Result<(), ModelError> {
        allocate(self)?;
        for Stage { source, blocks } in &self.stages {
            match source {
                Source::Latents(basis) => basis.draw(),
                Source::Smaller(transition) => transition.draw(),
            }
            blocks.iter().for_each(|block| block.draw(self.config.depth()));
        }
        draw(&self.output, PLAIN, 1.0);
        Ok(())
    }
}

impl Generator for R3ganGenerator {
    fn latent_dim(&self) -> i64 {
        self.config.latent_dim
    }

    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        match &self.stages[0].source {
            Source::Latents(basis) => basis.options(),
            Source::Smaller(_) => unreachable!("the first stage takes latents"),
        }
    }

    /// In train mode images are unbounded, as the last layer gives them; in eval mode they are cut
    /// off at -1 and 1.
    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        // The batch size is spelt out: latents of another size must not become other samples.
        let latent = latent.reshape([latent.size()[0], self.config.latent_dim]);
        let images = self.stages.iter().fold(latent, |xs, Stage { source, blocks }| {
            let images = match source {
                Source::Latents(basis) => basis.forward(&xs), // [N, C, 4, 4]
                Source::Smaller(transition) => transition.forward(&xs), // [N, C', 2H, 2W]
            };
            blocks.iter().fold(images, |images, block| block.forward(&images))
        });
        let images = self.output.forward_t(&images, train);
        if train { images } else { images.clamp(-1.0, 1.0) }
    }
}

impl NamedTensors for Stage {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let source: &dyn NamedTensors = match &self.source {
            Source::Latents(basis) => basis,
            Source::Smaller(transition) => transition,
        };
        let first = named(&[("Layers.0", source)]);
        let blocks = (1..).zip(&self.blocks);
        let blocks = blocks.flat_map(|(i, block)| named(&[(&format!("Layers.{i}"), block)]));
        first.into_iter().chain(blocks).collect()
    }
}

impl NamedTensors for R3ganGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("MainLayers", &self.stages), ("AggregationLayer.Layer", &self.output)])
    }
}

impl Network for R3ganGenerator {
    type Config = R3ganConfig;
    const MODEL: &str = "r3gan.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &R3ganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let stage = |i: usize, width: i64| {
            let layers = path / "MainLayers" / i as i64 / "Layers";
            let first = &layers / 0;
            let source = match i {
                0 => Source::Latents(GenerativeBasis::new(&first, config.latent_dim, width)?),
                _ => {
                    let channels = [config.widths[i - 1], width];
                    Source::Smaller(Transition::new(&first, channels, Direction::Up)?)
                }
            };
            let block = |number| ResidualBlock::new(&(&layers / number), width, config);
            let blocks = (1..=config.blocks).map(block).collect::<Result<_, _>>()?;
            Ok(Stage { source, blocks })
        };
        let widths = config.widths.iter().enumerate();
        let stages = widths.map(|(i, &width)| stage(i, width));
        let last = config.widths.last().copied().unwrap_or_default();
        Ok(Self {
            stages: stages.collect::<Result<_, ModelError>>()?,
            output: Convolution::build(
                &(path / "AggregationLayer" / "Layer"),
                [last, config.channels],
                &POINTWISE,
            )?,
            config: config.clone(),
        })
    }

    fn config(&self) -> &R3ganConfig {
        &self.config
    }
}

network_methods!(R3ganGenerator);
