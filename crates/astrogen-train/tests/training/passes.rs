//! Steps by the networks' own passes train as those by autograd.

use std::collections::BTreeMap;

use astrogen_data::Images;
use astrogen_losses::{PiecewiseLinear, Trace, WholeTrace};
use astrogen_models::{
    Critic, DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, ModelError,
    Network, R3ganConfig, SharpConfig, WganConfig,
};
use astrogen_nn::NamedTensors;
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::step::Step;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use astrogen_train::{AdamConfig, Augmentation, adaptive::AugmentProbability};
use tch::{Device, Kind, Tensor, nn};

use crate::alone;

/// A network that tells nobody of its passes.
#[derive(Debug)]
struct Hidden<N> {
    network: N,
    /// How many images a trace of it takes at a time, at most; as the network has it if none.
    at_a_time: Option<i64>,
}

/// All at a time.
fn hidden<N>(network: N) -> Hidden<N> {
    Hidden { network, at_a_time: None }
}

/// Three pairs of a real and a fake at a time.
fn few<N>(network: N) -> Hidden<N> {
    Hidden { network, at_a_time: Some(6) }
}

impl<N: NamedTensors> NamedTensors for Hidden<N> {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        self.network.named_tensors()
    }
}

impl<N: Network> Network for Hidden<N> {
    type Config = N::Config;
    const MODEL: &str = N::MODEL;
    const FILE: &str = N::FILE;

    fn build(config: &N::Config, path: &nn::Path) -> Result<Self, ModelError> {
        N::build(config, path).map(hidden)
    }

    fn config(&self) -> &N::Config {
        self.network.config()
    }
}

impl<N: Generator> Generator for Hidden<N> {
    fn latent_dim(&self) -> i64 {
        self.network.latent_dim()
    }

    fn image_shape(&self) -> [i64; 3] {
        self.network.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.network.options()
    }

    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        self.network.forward_t(latent, train)
    }
}

impl<N: Discriminator> Discriminator for Hidden<N> {
    fn image_shape(&self) -> [i64; 3] {
        self.network.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.network.options()
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        self.network.forward_t(images, train)
    }
}

impl<N: Critic> Critic for Hidden<N> {
    fn image_shape(&self) -> [i64; 3] {
        self.network.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.network.options()
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        self.network.forward_t(images, train)
    }

    fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        match self.at_a_time {
            None => self.network.piecewise_linear(),
            Some(_) => Some(self),
        }
    }
}

impl<N: Critic> PiecewiseLinear for Hidden<N> {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        self.network.piecewise_linear().unwrap().trace(input)
    }

    fn whole_trace(&self, input: &Tensor) -> Option<Box<dyn WholeTrace + '_>> {
        assert!(self.at_a_time.is_none_or(|most| input.size()[0] <= most), "so many at most");
        self.network.piecewise_linear().unwrap().whole_trace(input)
    }

    fn samples_a_pass(&self) -> Option<i64> {
        self.at_a_time
    }
}

/// Weights three times as large: behind those of a new network, images are nearly equal, and normalisation
/// makes their rounding as large as what they differ by.
fn spread<S: Step>(step: S) -> S {
    tch::no_grad(|| {
        for (name, mut tensor) in step.state() {
            let is_weight = name.ends_with("weight") && tensor.dim() > 1;
            if is_weight && !name.starts_with("optimizer.") {
                let _ = tensor.g_mul_scalar_(3.0);
            }
        }
    });
    step
}

/// A step from the same weights, with the same draws: the state after it, and the losses.
fn stepped<S: Step<Batch = Images>>(mut step: S) -> (BTreeMap<String, Tensor>, Vec<(String, f64)>) {
    tch::manual_seed(4);
    let images = Images(Tensor::rand([8, 3, 32, 32], (Kind::Float, Device::Cpu)) * 2 - 1);
    let losses = step.step(&images).unwrap();
    let losses = losses.into_iter().map(|(name, loss)| (name.to_owned(), loss.double_value(&[])));
    let losses = losses.collect();
    (step.state().into_iter().collect(), losses)
}

/// Losses, gradients, as Adam's first moments have a part of them, and running statistics agree to
/// rounding: their own, or that of the largest, beside which a gradient whose terms cancel is none (a
/// relativistic loss does not change with the critic's last bias).
fn agree<A: Step<Batch = Images>, B: Step<Batch = Images>>(own: A, hidden: B) {
    let ((own, own_losses), (hidden, hidden_losses)) = (stepped(own), stepped(hidden));
    for ((name, own), (_, hidden)) in own_losses.iter().zip(&hidden_losses) {
        let apart = (own - hidden).abs();
        assert!(apart <= 1e-4 * hidden.abs().max(1e-2), "{name}: {own} {hidden}");
    }
    assert!(own.keys().eq(hidden.keys()));
    let rms = |x: &Tensor| x.square().mean(Kind::Double).sqrt().double_value(&[]);
    let compared = |part: &str| -> Vec<(String, f64, f64)> {
        let named = own.iter().filter(|(name, _)| name.contains(part));
        named
            .map(|(name, own)| {
                let [own, hidden] = [own, &hidden[name]].map(|x| x.to_kind(Kind::Double));
                (name.clone(), rms(&(own - &hidden)), rms(&hidden))
            })
            .collect()
    };
    let (moments, running) = (compared("exp_avg."), compared("running"));
    assert!(moments.len() > 10, "{:?}", own.keys());
    for some in [moments, running] {
        let largest = some.iter().map(|(_, _, size)| *size).fold(0.0, f64::max);
        for (name, apart, size) in some {
            let within = 1e-5 * size + 1e-6 * largest;
            assert!(apart <= within, "{name}: {apart:e} of {size:e}, the largest {largest:e}");
        }
    }
}

/// Adam whose updates are in proportion to the gradients, or nearly: as it is, it makes whole steps of
/// gradients that are rounding alone.
fn adam() -> AdamConfig {
    AdamConfig { eps: 1.0, ..AdamConfig::default() }
}

fn augment() -> Option<Augmentation> {
    let probability = AugmentProbability::Fixed(0.5);
    Some(Augmentation { probability, ..Augmentation::default() })
}

#[test]
fn steps_by_passes_have_the_gradients_of_autograd() {
    let _turn = alone();
    let seed = || tch::manual_seed(3);

    let model = DcganConfig {
        image_size: 32,
        generator_features: 16,
        discriminator_features: 16,
        ..DcganConfig::default()
    };
    let hide = |path: &nn::Path| model.init_generator(path).map(hidden::<DcganGenerator>);
    let hide_opponent =
        |path: &nn::Path| model.init_discriminator(path).map(hidden::<DcganDiscriminator>);
    let config = DcganStepConfig {
        generator_optimizer: adam(),
        discriminator_optimizer: adam(),
        ..DcganStepConfig::default()
    };
    for config in [
        config.clone(),
        DcganStepConfig { augment: augment(), lecam: 0.1, frozen_layers: 1, ..config },
    ] {
        seed();
        let own = DcganStep::new(&model, &config, Device::Cpu).unwrap();
        seed();
        let hidden = DcganStep::from_networks(hide, hide_opponent, &config, Device::Cpu).unwrap();
        agree(spread(own), spread(hidden));
    }

    let model = WganConfig {
        image_size: 32,
        generator_features: 16,
        critic_features: 16,
        ..WganConfig::default()
    };
    let config = WganGpStepConfig {
        generator_optimizer: adam(),
        critic_optimizer: adam(),
        n_critic: 1,
        ..WganGpStepConfig::default()
    };
    for config in [config.clone(), WganGpStepConfig { augment: augment(), lecam: 0.1, ..config }] {
        seed();
        let own = WganGpStep::new(&model, &config, Device::Cpu).unwrap();
        seed();
        let hidden = WganGpStep::from_networks(
            |path| model.init_generator(path).map(hidden),
            |path| model.init_critic(path).map(hidden),
            &config,
            Device::Cpu,
        );
        agree(spread(own), spread(hidden.unwrap()));
    }

    let model = SharpConfig {
        image_size: 32,
        generator_features: 16,
        critic_features: 16,
        ..SharpConfig::default()
    };
    // With penalties in this step, and without.
    for penalty_interval in [1, 2] {
        let config = RelativisticStepConfig {
            generator_optimizer: adam(),
            critic_optimizer: adam(),
            penalty_interval,
            ..RelativisticStepConfig::default()
        };
        let due = penalty_interval == 1;
        seed();
        let own = RelativisticStep::new(&model, &config, Device::Cpu).unwrap();
        seed();
        let hidden = RelativisticStep::from_networks(
            |path| model.init_generator(path).map(hidden),
            |path| model.init_critic(path).map(hidden),
            &config,
            Device::Cpu,
        );
        let mut both = (own, hidden.unwrap());
        if !due {
            // The first step has them.
            let images = Images(Tensor::zeros([8, 3, 32, 32], (Kind::Float, Device::Cpu)));
            tch::manual_seed(5);
            both.0.step(&images).unwrap();
            tch::manual_seed(5);
            both.1.step(&images).unwrap();
        }
        agree(both.0, both.1);
    }
}

/// Four pairs in parts of three and one: losses, penalties and gradients are means over all of them.
#[test]
fn a_batch_in_parts_has_the_gradients_of_the_whole() {
    let _turn = alone();
    let config = RelativisticStepConfig {
        generator_optimizer: adam(),
        critic_optimizer: adam(),
        penalty_interval: 1,
        gamma: 2.0,
        ..RelativisticStepConfig::default()
    };
    let sharp = SharpConfig { image_size: 32, ..SharpConfig::default() };
    let r3gan = R3ganConfig::new(32, 16);
    fn compare<G: Generator + Network, C: Critic>(
        generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        critic: impl Fn(&nn::Path) -> Result<C, ModelError>,
        config: &RelativisticStepConfig,
    ) {
        tch::manual_seed(3);
        let step = RelativisticStep::from_networks(
            &generator,
            |path| critic(path).map(few),
            config,
            Device::Cpu,
        );
        let few = spread(step.unwrap());
        tch::manual_seed(3);
        let step = RelativisticStep::from_networks(
            &generator,
            |path| critic(path).map(hidden),
            config,
            Device::Cpu,
        );
        agree(few, spread(step.unwrap()));
    }
    let config = &config;
    compare(|path| sharp.init_generator(path), |path| sharp.init_critic(path), config);
    compare(|path| r3gan.init_generator(path), |path| r3gan.init_discriminator(path), config);
}
