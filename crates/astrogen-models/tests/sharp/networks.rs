//! Shapes, sizes, first weights, noise, files, and settings that cannot be.

use crate::turn::alone;
use astrogen_models::{Critic, Generator, SharpConfig, SharpGenerator, WganCritic};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::agreement::bytes_twice;
use crate::{CONFIG, critic, generator};

fn count(store: &VarStore) -> usize {
    store.trainable_variables().iter().map(Tensor::numel).sum()
}

fn deviation(tensor: &Tensor) -> f64 {
    tensor.to_kind(Kind::Double).std(true).double_value(&[])
}

#[test]
fn the_default_is_64_px_of_three_channels() {
    let _alone = alone(1);
    let default = SharpConfig::default();
    // As counted by PyTorch.
    assert_eq!(count(&generator(&default).0), 408_499);
    assert_eq!(count(&critic(&default).0), 175_089);
}

#[test]
fn every_allowed_size_works_both_ways() {
    let _alone = alone(1);
    let widths = [1, 2, 3, 5, 8, 8, 8];
    for (image_size, stages) in [(32, 3), (64, 4), (128, 5), (256, 6)] {
        let config = SharpConfig {
            image_size,
            channels: 2,
            latent_dim: 3,
            generator_features: 2,
            critic_features: 1,
        };
        let ((store, generator), (_, critic)) = (generator(&config), critic(&config));
        let images = generator.forward_t(&generator.latent(2), true);
        assert_eq!(images.size(), [2, 2, image_size, image_size]);
        assert_eq!(images.size()[1..], generator.image_shape());
        assert!(images.abs().max().double_value(&[]) <= 1.0);
        assert_eq!(critic.forward_t(&images, true).size(), [2]);
        let sizes: Vec<_> = generator.noise(5).iter().map(Tensor::size).collect();
        // None at full size.
        assert_eq!(sizes.len(), stages - 1);
        assert_eq!(sizes.last().unwrap(), &[5, 1, image_size / 2, image_size / 2]);
        for stage in 0..stages {
            let weight = &store.variables()[&format!("stages.{stage}.conv.weight")];
            let [inputs, outputs] = [0, 1].map(|i| 2 * widths[stages - stage - i]);
            assert_eq!(weight.size(), [outputs, inputs, 3, 3]);
        }
    }
}

#[test]
fn first_weights_are_hes_and_noise_starts_at_zero() {
    let _alone = alone(1);
    let config = SharpConfig { generator_features: 32, ..SharpConfig::default() };
    let variables = [generator(&config).0.variables(), critic(&config).0.variables()];
    for (name, tensor) in variables.into_iter().flatten() {
        let all = |value: f64| tensor.eq(value).all().int64_value(&[]) == 1;
        match (tensor.dim(), name.rsplit('.').next().unwrap()) {
            (2 | 4, "weight") => {
                let inputs = tensor.numel() as f64 / tensor.size()[0] as f64;
                let gain = if name == "output.weight" { 0.5 } else { 1.0 };
                let expected = gain * (2.0 / 1.04 / inputs).sqrt();
                let error = (deviation(&tensor) / expected - 1.0).abs();
                let allowed = 5.0 / (2.0 * tensor.numel() as f64).sqrt();
                assert!(error < allowed, "{name}: {error} of {allowed}");
            }
            (1, "weight") if name.contains("noise") => assert!(all(0.0), "{name}"),
            (1, "weight") | (_, "running_var") => assert!(all(1.0), "{name}"),
            _ => assert!(all(0.0), "{name}"),
        }
    }
}

#[test]
fn noise_counts_by_its_weight_and_image_by_image() {
    let _alone = alone(1);
    let (store, generator) = generator(&CONFIG);
    let latent = generator.latent(4);
    let zeros: Vec<_> = generator.noise(4).iter().map(Tensor::zeros_like).collect();
    let image = |noise: &[Tensor]| generator.forward_with(&latent, noise, false);
    let quiet = image(&zeros);
    assert_eq!(image(&generator.noise(4)), quiet, "its weights start at 0");
    for (name, weight) in store.variables() {
        if name.contains("noise") {
            let _ = tch::no_grad(|| weight.shallow_clone().fill_(0.5));
        }
    }
    for stage in 0..2 {
        let noise: Vec<_> = zeros.iter().map(Tensor::copy).collect();
        let _ = noise[stage].get(2).normal_(0.0, 1.0);
        let difference = (image(&noise) - &quiet).abs().amax([1i64, 2, 3], false);
        for n in 0..4 {
            assert_eq!(difference.double_value(&[n]) > 1e-3, n == 2, "stage {stage}, image {n}");
        }
    }
}

#[test]
fn many_latents_are_sampled_in_chunks_of_the_same_images() {
    let _alone = alone(1);
    let (_, generator) = generator(&CONFIG);
    let latent = generator.latent(230);
    let together = generator.sample(&latent).unwrap();
    let alone = generator.sample(&latent.narrow(0, 200, 30)).unwrap();
    assert_eq!(together.size(), [230, 2, 32, 32]);
    let worst = (together.narrow(0, 200, 30) - alone).abs().max().double_value(&[]);
    assert!(worst < 1e-5, "{worst:e}");
    assert_eq!(generator.sample(&latent.narrow(0, 0, 0)).unwrap().size(), [0, 2, 32, 32]);
}

#[test]
fn networks_come_back_from_their_files_byte_for_byte() {
    let _alone = alone(1);
    let (_, generator) = generator(&CONFIG);
    let ([first, second], loaded) = bytes_twice(
        &generator,
        |generator, path| generator.save(path).unwrap(),
        |path| SharpGenerator::load(path, Device::Cpu).unwrap(),
    );
    assert!(first == second);
    assert_eq!(loaded.config(), &CONFIG);
    assert!(loaded.named_tensors().iter().all(|(_, tensor)| !tensor.requires_grad()));
    let (_, critic) = critic(&CONFIG);
    let ([first, second], _) = bytes_twice(
        &critic,
        |critic, path| critic.save(path).unwrap(),
        |path| WganCritic::load(path, Device::Cpu).unwrap(),
    );
    assert!(first == second);
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let _alone = alone(1);
    let refusal = |config: SharpConfig| config.validate().unwrap_err().to_string();
    assert_eq!(
        refusal(SharpConfig { image_size: 512, ..CONFIG }),
        "image_size must be a power of two from 32 to 256 (nearest: 256), got 512"
    );
    assert_eq!(
        refusal(SharpConfig { critic_features: 0, ..CONFIG }),
        "critic_features must be from 1 to 65536, got 0"
    );
    let store = VarStore::new(Device::Cpu);
    let config = SharpConfig { latent_dim: 0, ..CONFIG };
    assert!(config.init_generator(&store.root()).is_err());
    assert!(SharpConfig { image_size: 48, ..CONFIG }.init_critic(&store.root()).is_err());
}
