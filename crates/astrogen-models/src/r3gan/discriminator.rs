//! From images to scores.

use astrogen_losses::{PiecewiseLinear, Trace, WholeTrace};
use astrogen_nn::layers::{Convolution, Direction, Piece, StackTrace};
use astrogen_nn::variables::allocate;
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::R3ganConfig;
use super::basis::DiscriminativeBasis;
use super::block::{PLAIN, POINTWISE, ResidualBlock, draw, plain};
use super::transition::Transition;
use crate::traits::assert_images;
use crate::{Critic, ModelError};

/// From images to scores; see the [module](super).
#[derive(Debug)]
pub struct R3ganDiscriminator {
    config: R3ganConfig,
    input: Convolution,
    /// From full size down to 4x4.
    stages: Vec<Stage>,
}

/// Images of one size: what is done to them, and where they go.
#[derive(Debug)]
struct Stage {
    blocks: Vec<ResidualBlock>,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Smaller(Transition),
    Scores(DiscriminativeBasis),
}

impl R3ganDiscriminator {
    /// Draws the first weights; see the [module](super).
    pub(super) fn init(&self) -> Result<(), ModelError> {
        allocate(self)?;
        draw(&self.input, PLAIN, 1.0);
        for Stage { blocks, sink } in &self.stages {
            blocks.iter().for_each(|block| block.draw(self.config.depth()));
            match sink {
                Sink::Smaller(transition) => transition.draw(),
                Sink::Scores(basis) => basis.draw(),
            }
        }
        Ok(())
    }

    /// The images `[N, C, 4, 4]` that scores are taken of, or those scores.
    fn run(
        &self,
        images: &Tensor,
        last: impl Fn(&DiscriminativeBasis, &Tensor) -> Tensor,
    ) -> Tensor {
        assert_images(images, self.config.image_shape());
        let images = self.input.forward_t(images, true);
        self.stages.iter().fold(images, |images, Stage { blocks, sink }| {
            let images = blocks.iter().fold(images, |images, block| block.forward(&images));
            match sink {
                Sink::Smaller(transition) => transition.forward(&images),
                Sink::Scores(basis) => last(basis, &images),
            }
        })
    }

    fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = vec![plain("ExtractionLayer.Layer".to_owned(), &self.input)];
        for (i, Stage { blocks, sink }) in self.stages.iter().enumerate() {
            let name = |layer: usize| format!("MainLayers.{i}.Layers.{layer}");
            let blocks = blocks.iter().enumerate();
            pieces.extend(blocks.map(|(layer, block)| block.piece(&name(layer))));
            let last = name(self.config.blocks as usize);
            match sink {
                Sink::Smaller(transition) => pieces.extend(transition.pieces(&last)),
                Sink::Scores(basis) => pieces.extend(basis.pieces(&last)),
            }
        }
        pieces
    }
}

impl Critic for R3ganDiscriminator {
    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.input.options()
    }

    fn forward_t(&self, images: &Tensor, _train: bool) -> Tensor {
        // [N, 1] -> [N]
        self.run(images, DiscriminativeBasis::forward).reshape([images.size()[0]])
    }

    fn features(&self, images: &Tensor) -> Option<Tensor> {
        Some(self.run(images, DiscriminativeBasis::features))
    }

    fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        Some(self)
    }
}

impl PiecewiseLinear for R3ganDiscriminator {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        Box::new(StackTrace::of_pieces(self.pieces(), input))
    }

    fn whole_trace(&self, input: &Tensor) -> Option<Box<dyn WholeTrace + '_>> {
        Some(Box::new(StackTrace::of_pieces(self.pieces(), input)))
    }

    fn samples_a_pass(&self) -> Option<i64> {
        Some(self.config.images_a_pass())
    }
}

impl NamedTensors for Stage {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let sink: &dyn NamedTensors = match &self.sink {
            Sink::Smaller(transition) => transition,
            Sink::Scores(basis) => basis,
        };
        let last = format!("Layers.{}", self.blocks.len());
        named(&[("Layers", &self.blocks), (&last, sink)])
    }
}

impl NamedTensors for R3ganDiscriminator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("ExtractionLayer.Layer", &self.input), ("MainLayers", &self.stages)])
    }
}

impl Network for R3ganDiscriminator {
    type Config = R3ganConfig;
    const MODEL: &str = "r3gan.discriminator";
    const FILE: &str = "discriminator.safetensors";

    fn build(config: &R3ganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let widths: Vec<i64> = config.widths.iter().rev().copied().collect();
        let stage = |i: usize, width: i64| {
            let layers = path / "MainLayers" / i as i64 / "Layers";
            let block = |number| ResidualBlock::new(&(&layers / number), width, config);
            let blocks = (0..config.blocks).map(block).collect::<Result<_, _>>()?;
            let last = &layers / config.blocks;
            let sink = match widths.get(i + 1) {
                Some(&next) => {
                    Sink::Smaller(Transition::new(&last, [width, next], Direction::Down)?)
                }
                None => Sink::Scores(DiscriminativeBasis::new(&last, width)?),
            };
            Ok(Stage { blocks, sink })
        };
        let stages = widths.iter().enumerate().map(|(i, &width)| stage(i, width));
        let first = widths.first().copied().unwrap_or_default();
        Ok(Self {
            input: Convolution::build(
                &(path / "ExtractionLayer" / "Layer"),
                [config.channels, first],
                &POINTWISE,
            )?,
            stages: stages.collect::<Result<_, ModelError>>()?,
            config: config.clone(),
        })
    }

    fn config(&self) -> &R3ganConfig {
        &self.config
    }
}

network_methods!(R3ganDiscriminator);
