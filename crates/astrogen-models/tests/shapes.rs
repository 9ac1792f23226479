//! Tensors of a shape that a network does not take: they are refused, not stretched or cut until they fit.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-nn/tests/turn/mod.rs"]
mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrogen_models::{
    Critic, DcganConfig, Discriminator, GaussianRegressorConfig, R3ganConfig, SharpConfig,
    TabularConfig, WganConfig,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

fn zeros(size: &[i64]) -> Tensor {
    Tensor::zeros(size, (Kind::Float, Device::Cpu))
}

/// Whether it is refused, as the documentation says.
fn panics(forward: impl FnOnce() -> Tensor) -> bool {
    catch_unwind(AssertUnwindSafe(forward)).is_err()
}

#[test]
fn critics_and_discriminators_refuse_images_of_another_size() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let path = store.root();
    let dcgan = DcganConfig { image_size: 32, discriminator_features: 2, ..Default::default() };
    let dcgan = dcgan.init_discriminator(&(&path / "dcgan")).unwrap();
    let wgan = WganConfig { image_size: 32, critic_features: 2, ..Default::default() };
    let wgan = wgan.init_critic(&(&path / "wgan")).unwrap();
    let sharp = SharpConfig { image_size: 32, critic_features: 2, ..Default::default() };
    let sharp = sharp.init_critic(&(&path / "sharp")).unwrap();
    let r3gan = R3ganConfig::new(32, 8).init_discriminator(&(&path / "r3gan")).unwrap();
    let critics: [&dyn Critic; 3] = [&wgan, &sharp, &r3gan];
    // 35 pixels are 4 after three halvings, as 32 are; 8 are broadcast at the end.
    for side in [8, 16, 35, 64] {
        let images = zeros(&[2, 3, side, side]);
        assert!(panics(|| Discriminator::forward_t(&dcgan, &images, false)), "DCGAN, {side}");
        assert!(panics(|| Discriminator::features(&dcgan, &images).unwrap()), "DCGAN, {side}");
        for critic in critics {
            assert!(panics(|| critic.forward_t(&images, false)), "{critic:?}, {side}");
            assert!(panics(|| critic.features(&images).unwrap()), "{critic:?}, {side}");
        }
    }
    let images = zeros(&[2, 3, 32, 32]);
    assert_eq!(Discriminator::forward_t(&dcgan, &images, false).size(), [2]);
    for critic in critics {
        assert_eq!(critic.forward_t(&images, false).size(), [2]);
    }
}

#[test]
fn the_sharp_generator_refuses_noise_of_another_size() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let config = SharpConfig { image_size: 32, generator_features: 2, ..Default::default() };
    let generator = config.init_generator(&store.root()).unwrap();
    let latent = zeros(&[2, config.latent_dim]);
    let noise = generator.noise(2);
    assert_eq!(generator.forward_with(&latent, &noise, false).size(), [2, 3, 32, 32]);
    for other in [[1, 1, 8, 8], [2, 2, 8, 8], [2, 1, 1, 1]] {
        let mut noise = generator.noise(2);
        noise[0] = zeros(&other);
        assert!(panics(|| generator.forward_with(&latent, &noise, false)), "{other:?}");
    }
}

#[test]
fn networks_of_rows_refuse_contexts_and_features_of_another_width() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let config = TabularConfig::default();
    let width = config.context_dim();
    let generator = config.init_generator(&(store.root() / "generator")).unwrap();
    let critic = config.init_critic(&(store.root() / "critic")).unwrap();
    let latent = generator.latent(4);
    for wrong in [zeros(&[4, width + 1]), zeros(&[4, width - 1]), zeros(&[width])] {
        assert!(panics(|| generator.forward(&latent, &wrong)), "{:?}", wrong.size());
        let features = zeros(&[4, config.features]);
        assert!(panics(|| critic.given(&wrong).forward(&features)), "{:?}", wrong.size());
    }
    let config = GaussianRegressorConfig::default();
    let regressor = config.init(&(store.root() / "regressor")).unwrap();
    let (context, features) = (zeros(&[4, width]), regressor.features());
    for wrong in [[4, 1], [1, features]] {
        let observed = zeros(&wrong);
        assert!(panics(|| regressor.negative_log_likelihood(&context, &observed)), "{wrong:?}");
    }
}
