//! The steps with anyone's networks: the same loop, and what is refused before it.

use astrogen_models::{
    Critic, DcganConfig, Discriminator, Generator, ModelError, Network, SharpConfig, WganConfig,
};
use astrogen_nn::{NamedTensors, named};
use astrogen_train::TrainError;
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::{Device, Kind, Tensor, nn};

use crate::{alone, batches_of, bytes_of, resume};

const IMAGE: [i64; 3] = [1, 4, 4];
const PIXELS: i64 = 16;
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// One layer of `tch` each way. The flag breaks the rule that a test is about.
#[derive(Debug)]
struct Own {
    layer: nn::Linear,
    broken: bool,
}

impl Own {
    fn critic(path: &nn::Path, broken: bool) -> Result<Self, ModelError> {
        Ok(Self { layer: nn::linear(path / "layer", PIXELS, 1, Default::default()), broken })
    }
}

impl NamedTensors for Own {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[(if self.broken { "other" } else { "layer" }, &self.layer)])
    }
}

impl Network for Own {
    type Config = bool;
    const MODEL: &str = "own";
    const FILE: &str = "own.safetensors";

    fn build(broken: &bool, path: &nn::Path) -> Result<Self, ModelError> {
        let layer = nn::linear(path / "layer", 3, PIXELS, Default::default());
        Ok(Self { layer, broken: *broken })
    }

    fn config(&self) -> &bool {
        &self.broken
    }
}

impl Generator for Own {
    fn latent_dim(&self) -> i64 {
        3
    }

    fn image_shape(&self) -> [i64; 3] {
        IMAGE
    }

    fn options(&self) -> (Kind, Device) {
        CPU
    }

    fn forward_t(&self, latent: &Tensor, _train: bool) -> Tensor {
        latent.apply(&self.layer).tanh().reshape([-1, 1, 4, 4])
    }
}

impl Critic for Own {
    fn image_shape(&self) -> [i64; 3] {
        IMAGE
    }

    fn options(&self) -> (Kind, Device) {
        CPU
    }

    /// Scores `[N]`, or `[N, 1]` where it is broken.
    fn forward_t(&self, images: &Tensor, _train: bool) -> Tensor {
        let scores = images.flatten(1, -1).apply(&self.layer);
        if self.broken { scores } else { scores.squeeze_dim(1) }
    }
}

impl Discriminator for Own {
    fn image_shape(&self) -> [i64; 3] {
        IMAGE
    }

    fn options(&self) -> (Kind, Device) {
        CPU
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        Critic::forward_t(self, images, train)
    }
}

fn generator(path: &nn::Path) -> Result<Own, ModelError> {
    Own::build(&false, path)
}

fn critic(path: &nn::Path) -> Result<Own, ModelError> {
    Own::critic(path, false)
}

#[test]
fn runs_of_own_networks_resume_to_the_same_bytes_and_are_loaded() {
    let _alone = alone();
    let batches = || batches_of(11, [1, 4, 4]);
    let latent = Tensor::linspace(-1, 1, 6, CPU).view([2, 3]);
    let seeded = || tch::manual_seed(11);

    let config = WganGpStepConfig { n_critic: 2, ..Default::default() };
    let new = || WganGpStep::from_networks(generator, critic, &config, Device::Cpu).unwrap();
    let whole = resume::resumes_to_the_last_bit(|| (seeded(), new()).1, batches);
    let loaded = Own::load(&whole.run, Device::Cpu).unwrap();
    assert_eq!(loaded.sample(&latent).unwrap(), whole.step.average().sample(&latent).unwrap());

    let config = DcganStepConfig::default();
    let new = || DcganStep::from_networks(generator, critic, &config, Device::Cpu).unwrap();
    let whole = resume::resumes_to_the_last_bit(|| (seeded(), new()).1, batches);
    let loaded = Own::load(&whole.run, Device::Cpu).unwrap();
    assert_eq!(loaded.sample(&latent).unwrap(), whole.step.average().sample(&latent).unwrap());

    let config = RelativisticStepConfig::default();
    let new = || RelativisticStep::from_networks(generator, critic, &config, Device::Cpu).unwrap();
    let whole = resume::resumes_to_the_last_bit(|| (seeded(), new()).1, batches);
    let loaded = Own::load(&whole.run, Device::Cpu).unwrap();
    assert_eq!(loaded.sample(&latent).unwrap(), whole.step.average().sample(&latent).unwrap());
}

#[test]
fn the_networks_of_a_config_are_the_default() {
    let _alone = alone();
    let model = WganConfig {
        image_size: 32,
        generator_features: 2,
        critic_features: 2,
        ..WganConfig::default()
    };
    let config = WganGpStepConfig::default();
    tch::manual_seed(5);
    let by_config = WganGpStep::new(&model, &config, Device::Cpu).unwrap();
    tch::manual_seed(5);
    let by_networks = WganGpStep::from_networks(
        |path| model.init_generator(path),
        |path| model.init_critic(path),
        &config,
        Device::Cpu,
    );
    assert!(bytes_of(&by_config) == bytes_of(&by_networks.unwrap()));
}

/// What a step says of two networks, when it is made or at its first update.
fn refusal<G: Generator + Network, C: Critic>(
    generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
    critic: impl Fn(&nn::Path) -> Result<C, ModelError>,
) -> String {
    use astrogen_data::Images;
    use astrogen_train::step::Step;
    let config = WganGpStepConfig::default();
    let step = WganGpStep::from_networks(generator, critic, &config, Device::Cpu);
    let refused: Result<_, TrainError> =
        step.and_then(|mut step| step.step(&Images(Tensor::zeros([4, 1, 4, 4], CPU))));
    refused.unwrap_err().to_string()
}

#[test]
fn networks_that_cannot_be_trained_together_are_refused_in_words() {
    let _alone = alone();
    let told = refusal(|path| Own::build(&true, path), critic);
    assert!(told.starts_with("the generator: `layer.bias` [16] is not both"), "{told}");
    let told = refusal(generator, |path| Own::critic(path, true));
    assert_eq!(told, "the scores of the generator's opponent must have shape [8], got [8, 1]");

    let sharp = SharpConfig { image_size: 32, ..SharpConfig::default() };
    let told = refusal(|path| sharp.init_generator(path), critic);
    assert_eq!(
        told,
        "the generator: it makes images [3, 32, 32], the critic takes [1, 4, 4]: give both one \
         shape"
    );
    let dcgan = DcganConfig { image_size: 32, ..DcganConfig::default() };
    let told = refusal(|path| astrogen_models::DcganGenerator::build(&dcgan, path), critic);
    assert!(told.contains("`net.0.weight` has no memory: draw the first weights"), "{told}");
}
