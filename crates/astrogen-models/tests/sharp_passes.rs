//! The sharp generator's passes without a graph against autograd: both draw noise from libtorch's generator, so
//! that nobody else may draw meanwhile.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_models::{Generator, SharpConfig, SharpGenerator};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn generator(config: &SharpConfig) -> (VarStore, SharpGenerator) {
    let store = VarStore::new(Device::Cpu);
    let generator = config.init_generator(&store.root()).unwrap();
    (store, generator)
}

fn rms(x: &Tensor) -> f64 {
    x.to_kind(Kind::Double).square().mean(Kind::Double).sqrt().double_value(&[])
}

#[test]
fn passes_have_the_images_and_gradients_of_autograd() {
    // Channels in sixteens, and not.
    for features in [16, 12] {
        agree(features);
    }
}

fn agree(generator_features: i64) {
    tch::manual_seed(7);
    let config = SharpConfig {
        image_size: 32,
        channels: 2,
        latent_dim: 10,
        generator_features,
        ..SharpConfig::default()
    };
    let (_store, generator) = generator(&config);
    // Noise is of no weight at first. Channels are all but wholly above zero or below it: where rounding turns a
    // sign, gradients differ by more than rounding.
    tch::no_grad(|| {
        for (name, mut tensor) in generator.named_tensors() {
            if name.ends_with("norm.bias") {
                let sides = Tensor::arange(tensor.numel() as i64, (Kind::Float, Device::Cpu));
                tensor.copy_(&(sides.remainder(2.0) * 10.0 - 5.0));
            } else if tensor.kind() == Kind::Float && tensor.dim() == 1 && !name.contains("running")
            {
                let _ = tensor.g_add_(&(tensor.rand_like() * 0.5));
            }
        }
    });
    let passes = generator.passes().unwrap();
    let weights: Vec<(String, Tensor)> = generator
        .named_tensors()
        .into_iter()
        .filter(|(_, tensor)| tensor.requires_grad())
        .collect();
    // By libtorch's convolutions where few tiles share the transforms, and by our own.
    for n in [2, 17] {
        let latent = Tensor::randn([n, 10, 1, 1], (Kind::Float, Device::Cpu));
        tch::manual_seed(8);
        let tape = passes.forward(&latent);
        let images = tape.outputs().copy();
        let signal = images.randn_like();
        let found = passes.backward(tape, &signal, true, true);

        tch::manual_seed(8);
        let leaf = latent.copy().set_requires_grad(true);
        let expected = generator.forward_t(&leaf, true);
        let parameters: Vec<&Tensor> =
            weights.iter().map(|(_, weight)| weight).chain([&leaf]).collect();
        let scalar = (&expected * &signal).sum(Kind::Float);
        let mut gradients = Tensor::run_backward(&[scalar], &parameters, false, false);
        let mut all = vec![("images", images, expected.detach())];
        all.push(("latents", found.inputs.unwrap(), gradients.pop().unwrap()));
        let mut named: BTreeMap<String, Tensor> = found.weights.into_iter().collect();
        for ((name, weight), expected) in weights.iter().zip(gradients) {
            let got = named.remove(name).unwrap();
            assert_eq!(got.stride(), weight.stride(), "{name} lies in memory as its weight");
            all.push((name, got, expected));
        }
        assert!(named.is_empty(), "{:?}", named.keys());
        // Beside the largest a gradient whose terms cancel is none: the next normalisation takes a bias away.
        let largest = all.iter().map(|(_, _, expected)| rms(expected)).fold(0.0, f64::max);
        for (name, got, expected) in all {
            assert_eq!(got.size(), expected.size());
            let (apart, size) = (rms(&(got - &expected)), rms(&expected));
            let within = 1e-5 * size + 1e-6 * largest;
            assert!(apart <= within, "{name}: {apart:e} of {size:e}, the largest {largest:e}");
        }
    }
}
