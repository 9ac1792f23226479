//! A generator whose critic sees augmented images makes images that are not augmented.

use astrogen_data::Images;
use astrogen_data::augment::SkyAugment;
use astrogen_models::{Generator, SharpConfig};
use astrogen_train::Augmentation;
use astrogen_train::adaptive::AugmentProbability;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::step::Step;
use tch::{Device, Kind, Tensor};

use crate::alone;

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Skies `[N, 1, 32, 32]` that are brighter the higher, nowhere dark, with one blob of light each.
fn skies(n: i64) -> Tensor {
    let axis = Tensor::linspace(-1.0, 1.0, 32, FLOAT);
    let (x, y) = (axis.view([1, 1, 1, 32]), axis.view([1, 1, 32, 1]));
    let sky = Tensor::rand([n, 1, 1, 1], FLOAT) * 0.2 - 0.3 - &y * 0.25;
    let at = || Tensor::rand([n, 1, 1, 1], FLOAT) - 0.5;
    let square = (x - at()).square() + (y - at()).square();
    let width = Tensor::rand([n, 1, 1, 1], FLOAT) * 0.05 + 0.02;
    sky + (square / width * -0.5).exp() * 0.7
}

/// The parts of images that have a dark patch, as a square that was cut out is, and whose brighter edge
/// is not the upper one.
fn marks(images: &Tensor) -> [f64; 2] {
    let part = |found: Tensor| found.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    let patches = images.avg_pool2d([4, 4], [1, 1], [0, 0], false, true, None);
    let dark = patches.amin([1, 2, 3], false).lt(-0.8);
    let edge = |dimension: i64, start: i64| {
        images.narrow(dimension, start, 4).flatten(1, -1).median_dim(1, false).0
    };
    let upper = edge(2, 0);
    let others = [edge(2, 28), edge(3, 0), edge(3, 28)].map(|edge| edge.ge_tensor(&upper));
    let [lower, left, right] = others;
    [part(dark), part(lower.logical_or(&left).logical_or(&right))]
}

/// The marks of what is learnt where the critic sees images so.
fn learnt(reals: &Tensor, operations: SkyAugment, probability: f64) -> [f64; 2] {
    let model = SharpConfig {
        image_size: 32,
        channels: 1,
        latent_dim: 16,
        generator_features: 8,
        critic_features: 8,
    };
    let probability = AugmentProbability::Fixed(probability);
    let augment = Some(Augmentation { operations, probability });
    let config = RelativisticStepConfig { augment, ..Default::default() };
    let mut step = RelativisticStep::new(&model, &config, Device::Cpu).unwrap();
    for _ in 0..600 {
        let chosen = Tensor::randint(reals.size()[0], [16], (Kind::Int64, Device::Cpu));
        step.step(&Images(reals.index_select(0, &chosen))).unwrap();
    }
    let generator = step.average();
    marks(&generator.sample(&generator.latent(400)).unwrap())
}

#[test]
fn what_a_generator_learns_shows_neither_cutouts_nor_turned_skies() {
    let _turn = alone();
    tch::manual_seed(3);
    let reals = skies(400);
    assert_eq!(marks(&reals), [0.0, 0.0]);
    let [cut, turned] = marks(&SkyAugment::default().apply(&reals, 0.4));
    assert!(cut > 0.25 && turned > 0.15, "what the critic sees: {cut} {turned}");

    let all = SkyAugment::default();
    let [cut, turned] = learnt(&reals, all, 0.4);
    assert!(cut < 0.02 && turned < 0.02, "what was learnt: {cut} {turned}");
    // Where the critic never sees an image as it is, which way is up cannot be known.
    let [_, turned] = learnt(&reals, all, 1.0);
    assert!(turned > 0.3, "what was learnt of changed images alone: {turned}");
    // Networks of this size would show what is cut out, had reals been so.
    let cutouts = SkyAugment { cutout: all.cutout, ..SkyAugment::OFF };
    let [cut, _] = learnt(&cutouts.apply(&reals, 1.0), SkyAugment::OFF, 0.0);
    assert!(cut > 0.1, "what was learnt of reals that are cut out: {cut}");
}
