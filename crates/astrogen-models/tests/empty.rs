//! No samples at all are a batch, too, for every network.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_models::{
    AutoencoderConfig, Critic, CriticNormalization, DcganConfig, Discriminator, Generator,
    R3ganConfig, SharpConfig, TabularConfig, Upsampling, WganConfig,
};
use astrogen_nn::MlpConfig;
use tch::nn::VarStore;
use tch::{Device, Tensor, kind};

const SIZE: i64 = 32;

fn empty(sample: &[i64]) -> Tensor {
    let size: Vec<i64> = [0].iter().chain(sample).copied().collect();
    Tensor::zeros(size.as_slice(), kind::FLOAT_CPU)
}

fn check_generator(generator: &dyn Generator) {
    let dim = generator.latent_dim();
    for latent in [empty(&[dim]), empty(&[dim, 1, 1])] {
        let images = generator.sample(&latent).unwrap();
        assert_eq!(images.size(), [0, 3, SIZE, SIZE], "{generator:?}");
    }
}

fn check_discriminator(discriminator: &dyn Discriminator) {
    let images = empty(&[3, SIZE, SIZE]);
    assert_eq!(discriminator.logit(&images).unwrap().size(), [0]);
    assert_eq!(discriminator.probability(&images).unwrap().size(), [0]);
    assert_eq!(discriminator.features(&images).unwrap().size()[0], 0);
}

fn check_critic(critic: &dyn Critic) {
    let images = empty(&[3, SIZE, SIZE]);
    assert_eq!(critic.score(&images).unwrap().size(), [0]);
    assert_eq!(critic.features(&images).unwrap().size()[0], 0);
}

/// A store of its own.
fn store() -> VarStore {
    VarStore::new(Device::Cpu)
}

#[test]
fn networks_of_images_take_an_empty_batch() {
    let root = store;
    for (upsampling, told) in
        [(Upsampling::Transposed, false), (Upsampling::Nearest, true), (Upsampling::Bilinear, true)]
    {
        let config = DcganConfig {
            image_size: SIZE,
            upsampling,
            generator_features: 2,
            discriminator_features: 2,
            spectral_norm: told,
            minibatch_deviation: told,
            ..DcganConfig::default()
        };
        check_generator(&config.init_generator(&root().root()).unwrap());
        check_discriminator(&config.init_discriminator(&root().root()).unwrap());
    }
    use CriticNormalization::{Instance, Layer, None};
    for (critic_normalization, spectral_norm) in [(None, false), (Layer, true), (Instance, false)] {
        let config = WganConfig {
            image_size: SIZE,
            generator_features: 2,
            critic_features: 2,
            critic_normalization,
            spectral_norm,
            ..WganConfig::default()
        };
        check_generator(&config.init_generator(&root().root()).unwrap());
        check_critic(&config.init_critic(&root().root()).unwrap());
    }
    let sharp = SharpConfig {
        image_size: SIZE,
        generator_features: 2,
        critic_features: 2,
        ..SharpConfig::default()
    };
    check_generator(&sharp.init_generator(&root().root()).unwrap());
    check_critic(&sharp.init_critic(&root().root()).unwrap());
    let r3gan = R3ganConfig::new(SIZE, 8);
    check_generator(&r3gan.init_generator(&root().root()).unwrap());
    check_critic(&r3gan.init_discriminator(&root().root()).unwrap());
    // With a 1x1 convolution between stages.
    let r3gan = R3ganConfig { widths: vec![16, 8, 8, 4], group_width: 4, ..r3gan };
    check_generator(&r3gan.init_generator(&root().root()).unwrap());
    check_critic(&r3gan.init_discriminator(&root().root()).unwrap());
    for variational in [false, true] {
        let config = AutoencoderConfig {
            image_size: SIZE,
            widths: vec![4, 8],
            variational,
            ..AutoencoderConfig::default()
        };
        let autoencoder = config.init(&root().root()).unwrap();
        let latent = autoencoder.encode(&empty(&[3, SIZE, SIZE])).unwrap();
        assert_eq!(latent.size(), [0, config.latent_dim]);
        assert_eq!(autoencoder.decode(&latent).unwrap().size(), [0, 3, SIZE, SIZE]);
    }
}

#[test]
fn networks_of_tables_take_an_empty_batch() {
    let config = TabularConfig::default();
    let context = empty(&[config.conditions + config.true_features]);
    let generator = config.init_generator(&store().root()).unwrap();
    let features = generator.sample(&generator.latent(0), &context).unwrap();
    assert_eq!(features.size(), [0, config.features]);
    assert!(generator.emulate(&[], 0, 1).unwrap().is_empty());
    let critic = config.init_critic(&store().root()).unwrap();
    assert_eq!(critic.given(&context).forward(&features).size(), [0]);
    let mlp = MlpConfig { inputs: 3, ..MlpConfig::default() }.init(&store().root()).unwrap();
    assert_eq!(mlp.forward(&empty(&[3])).size(), [0, 1]);
}
