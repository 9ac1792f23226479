//! Shapes, sizes, first weights, and settings or images that cannot be.

use crate::turn::alone;
use astrogen_models::{Critic, CriticNormalization, Generator, Upsampling, WganConfig};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{CONFIG, NARROW, critic, generator};

fn count(store: &VarStore) -> usize {
    store.trainable_variables().iter().map(Tensor::numel).sum()
}

#[test]
fn the_default_is_128_px_of_three_channels() {
    let _alone = alone(1);
    let default = WganConfig::default();
    // As counted by PyTorch.
    assert_eq!(count(&generator(&default).0), 3_837_376);
    assert_eq!(count(&critic(&default).0), 2_796_001);
    let nearest = WganConfig { upsampling: Upsampling::Nearest, ..default.clone() };
    assert_eq!(count(&generator(&nearest).0), 2_618_144);
    for critic_normalization in [CriticNormalization::Layer, CriticNormalization::Instance] {
        let config = WganConfig { critic_normalization, ..default.clone() };
        assert_eq!(count(&critic(&config).0), 2_797_921);
    }
    // A division by the spectral norm adds no parameters.
    let spectral = WganConfig { spectral_norm: true, ..default };
    assert_eq!(count(&critic(&spectral).0), 2_796_001);
}

#[test]
fn every_allowed_size_works_both_ways() {
    let _alone = alone(1);
    for upsampling in [Upsampling::Transposed, Upsampling::Nearest, Upsampling::Bilinear] {
        for (image_size, convolutions) in [(32, 4), (64, 5), (128, 6), (256, 7)] {
            let config = WganConfig {
                image_size,
                channels: 2,
                latent_dim: 3,
                generator_features: 1,
                critic_features: 1,
                upsampling,
                ..Default::default()
            };
            let ((_, generator), (_, critic)) = (generator(&config), critic(&config));
            let images = generator.forward_t(&generator.latent(2), true);
            assert_eq!(images.size(), [2, 2, image_size, image_size]);
            assert_eq!(images.size()[1..], generator.image_shape());
            assert!(images.abs().max().double_value(&[]) <= 1.0);
            assert_eq!(critic.forward_t(&images, true).size(), [2]);
            for tensors in [generator.named_tensors(), critic.named_tensors()] {
                let kernels = tensors.iter().filter(|(_, tensor)| tensor.dim() == 4);
                assert_eq!(kernels.count(), convolutions);
                // Widths double with each halving, up to 16 times the features.
                let widest = tensors.iter().flat_map(|(_, tensor)| tensor.size()).max().unwrap();
                assert_eq!(widest, (image_size / 8).min(16));
            }
        }
    }
}

#[test]
fn first_weights_are_the_dcgans_and_biases_are_zero() {
    let _alone = alone(1);
    let (generator, _) = generator(&WganConfig::default());
    let (critic, _) = critic(&WganConfig::default());
    for (name, tensor) in generator.variables().into_iter().chain(critic.variables()) {
        let flat = tensor.flatten(0, -1).to_kind(Kind::Double);
        let all = |value: f64| flat.eq(value).all().int64_value(&[]) == 1;
        match (tensor.dim(), name.rsplit('.').next().unwrap()) {
            (_, "bias" | "running_mean" | "num_batches_tracked") => assert!(all(0.0), "{name}"),
            (_, "running_var") => assert!(all(1.0), "{name}"),
            (dim, "weight") => {
                let n = flat.numel() as f64;
                let mean = flat.mean(None::<Kind>).double_value(&[]);
                let expected = if dim == 4 { 0.0 } else { 1.0 };
                assert!((mean - expected).abs() < 5.0 * 0.02 / n.sqrt(), "{name}: mean {mean}");
                let deviation = flat.std(true).double_value(&[]) / 0.02;
                assert!(
                    (deviation - 1.0).abs() < 5.0 / (2.0 * n).sqrt(),
                    "{name}: deviation {deviation}"
                );
            }
            _ => panic!("{name} is unknown"),
        }
    }
}

#[test]
fn images_of_another_shape_are_refused() {
    let _alone = alone(1);
    let (_, critic) = critic(&CONFIG);
    for shape in [&[1, 64, 64][..], &[2, 3, 64, 64], &[2, 1, 32, 32], &[2, 1, 128, 128]] {
        let zeros = Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        assert_eq!(
            critic.score(&zeros).unwrap_err().to_string(),
            format!("images must have shape [N, 1, 64, 64], got {shape:?}")
        );
    }
    let (_, generator) = generator(&CONFIG);
    let latent = Tensor::zeros([4, 8], (Kind::Float, Device::Cpu));
    assert_eq!(
        generator.sample(&latent).unwrap_err().to_string(),
        "latents must have shape [N, 16] or [N, 16, 1, 1], got [4, 8]"
    );
}

#[test]
fn an_image_size_that_cannot_be_says_which_can() {
    let _alone = alone(1);
    for (image_size, nearest) in
        [(60, "32 and 64"), (16, "32"), (512, "256"), (100, "64 and 128"), (0, "32"), (-64, "32")]
    {
        let config = WganConfig { image_size, ..CONFIG };
        let expected = format!(
            "image_size must be a power of two from 32 to 256 (nearest: {nearest}), got \
             {image_size}"
        );
        assert_eq!(config.validate().unwrap_err().to_string(), expected);
        let store = VarStore::new(Device::Cpu);
        assert_eq!(config.init_generator(&store.root()).unwrap_err().to_string(), expected);
        assert_eq!(config.init_critic(&store.root()).unwrap_err().to_string(), expected);
        assert!(store.is_empty());
    }
}

#[test]
fn counts_outside_their_range_are_refused() {
    let _alone = alone(1);
    for got in [0, -3, 65537, i64::MAX] {
        for (field, config) in [
            ("channels", WganConfig { channels: got, ..CONFIG }),
            ("latent_dim", WganConfig { latent_dim: got, ..CONFIG }),
            ("generator_features", WganConfig { generator_features: got, ..CONFIG }),
            ("critic_features", WganConfig { critic_features: got, ..CONFIG }),
        ] {
            assert_eq!(
                config.validate().unwrap_err().to_string(),
                format!("{field} must be from 1 to 65536, got {got}")
            );
        }
    }
}

#[test]
fn settings_read_as_plain_words_and_there_is_no_batch_normalisation() {
    let _alone = alone(1);
    let read = serde_json::from_str::<WganConfig>;
    let text = r#"{"upsampling": "nearest", "critic_normalization": "instance"}"#;
    let config = read(text).unwrap();
    assert_eq!(
        config,
        WganConfig {
            upsampling: Upsampling::Nearest,
            critic_normalization: CriticNormalization::Instance,
            ..Default::default()
        }
    );
    for (text, parts) in [
        (
            r#"{"critic_normalization": "batch"}"#,
            ["unknown variant `batch`", "one of `none`, `layer`, `instance`"],
        ),
        (
            r#"{"upsampling": "cubic"}"#,
            ["unknown variant `cubic`", "expected one of `transposed`, `nearest`, `bilinear`"],
        ),
        (r#"{"image_sise": 64}"#, ["unknown field `image_sise`", "`image_size`"]),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn two_networks_do_not_share_a_path() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let config = WganConfig { spectral_norm: true, ..NARROW };
    config.init_critic(&(store.root() / "critic")).unwrap();
    let names = store.variables();
    assert!(names.contains_key("critic.net.0.parametrizations.weight.0._u"), "{names:?}");
    let message = config.init_critic(&(store.root() / "critic")).unwrap_err().to_string();
    assert!(message.contains("`critic.net.0.parametrizations.weight.original`"), "{message}");
}
