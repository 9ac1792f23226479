//! LeCam in the steps of the DCGAN and of WGAN-GP.

use astrogen_data::Images;
use astrogen_losses::PenaltyDraw;
use astrogen_models::{Critic, DcganConfig, Discriminator, Generator, WganConfig};
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::state::State;
use astrogen_train::step::Step;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{alone, batches_of, copy_of, loss, resume, tensor};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn dcgan_model() -> DcganConfig {
    DcganConfig {
        image_size: 32,
        channels: 2,
        latent_dim: 6,
        generator_features: 4,
        discriminator_features: 4,
        ..DcganConfig::default()
    }
}

fn dcgan(lecam: f64) -> DcganStep {
    tch::manual_seed(11);
    let config = DcganStepConfig { lecam, ..Default::default() };
    DcganStep::new(&dcgan_model(), &config, Device::Cpu).unwrap()
}

fn wgan_model() -> WganConfig {
    WganConfig {
        image_size: 32,
        channels: 2,
        latent_dim: 6,
        generator_features: 1,
        critic_features: 2,
        ..WganConfig::default()
    }
}

fn wgan(lecam: f64) -> WganGpStep {
    tch::manual_seed(11);
    let config = WganGpStepConfig { lecam, n_critic: 2, ..Default::default() };
    WganGpStep::new(&wgan_model(), &config, Device::Cpu).unwrap()
}

fn averages(step: &dyn State) -> [f64; 2] {
    ["lecam.real", "lecam.fake"].map(|name| tensor(step, name).double_value(&[]))
}

/// The formula, where the averages are these.
fn lecam(real: &Tensor, fake: &Tensor, [of_real, of_fake]: [f64; 2]) -> f64 {
    let mean = |xs: Tensor| xs.relu().square().mean(Kind::Float).double_value(&[]);
    mean(real - of_fake) + mean(-(fake - of_real))
}

fn mean(scores: &Tensor) -> f64 {
    scores.mean(Kind::Float).double_value(&[])
}

fn assert_near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{got} {expected}");
}

fn resumes<S: Step<Batch = Images>>(new: fn(f64) -> S) {
    let whole = resume::resumes_to_the_last_bit(|| new(0.3), || batches_of(11, [2, 32, 32]));
    assert_ne!(averages(&whole.step), [0.0; 2]);
    let without = new(0.0).state();
    assert!(!without.iter().any(|(name, _)| name.starts_with("lecam")));
    assert_eq!(without.len() + 2, whole.step.state().len());
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let _alone = alone();
    resumes(dcgan);
    resumes(wgan);
}

#[test]
fn it_is_added_to_the_discriminators_loss() {
    let _alone = alone();
    let real = Tensor::randn([4, 2, 32, 32], FLOAT).tanh();
    let latent = Tensor::randn([4, 6], FLOAT);
    let (mut with, mut without) = (dcgan(2.0), dcgan(0.0));
    let (_store, generator) =
        copy_of(&with, "generator.", |path| dcgan_model().init_generator(path));
    let (_store, discriminator) =
        copy_of(&with, "discriminator.", |path| dcgan_model().init_discriminator(path));
    let fake = discriminator.forward_t(&generator.forward_t(&latent, true), true);
    let seen = discriminator.forward_t(&real, true);
    let added = 2.0 * lecam(&seen, &fake, [mean(&seen), mean(&fake)]);
    assert!(added > 1e-6, "{added}");
    let [with_it, plain] = [&mut with, &mut without]
        .map(|step| loss(&step.update(&real, &latent).unwrap(), "discriminator_loss"));
    assert_near(with_it - plain, added);
    let [of_real, of_fake] = averages(&with);
    assert_near(of_real, mean(&seen));
    assert_near(of_fake, mean(&fake));
}

#[test]
fn it_is_added_to_the_critics_loss_and_not_to_its_penalty() {
    let _alone = alone();
    let real = Tensor::randn([4, 2, 32, 32], FLOAT).tanh();
    let latent = Tensor::randn([4, 6], FLOAT);
    let draw = || PenaltyDraw { weights: Tensor::full([4], 0.5, FLOAT), noise: None };
    let (mut with, mut without) = (wgan(2.0), wgan(0.0));
    for first in [true, false] {
        let (_store, generator) =
            copy_of(&with, "generator.", |path| wgan_model().init_generator(path));
        let fake = tch::no_grad(|| generator.forward_t(&latent, true));
        let (of_real, of_fake) =
            (with.critic().score(&real).unwrap(), with.critic().score(&fake).unwrap());
        let averages = if first {
            [mean(&of_real), mean(&of_fake)]
        } else {
            let [real, fake] = averages(&with);
            [0.99 * real + 0.01 * mean(&of_real), 0.99 * fake + 0.01 * mean(&of_fake)]
        };
        let losses = with.update_critic(&real, &latent, &draw()).unwrap();
        let added = 2.0 * lecam(&of_real, &of_fake, averages);
        let plain = -loss(&losses, "wasserstein") + loss(&losses, "gradient_penalty");
        assert_near(loss(&losses, "critic_loss"), plain + added);
        if first {
            let plain = without.update_critic(&real, &latent, &draw()).unwrap();
            let penalty = "gradient_penalty";
            assert_eq!(loss(&losses, penalty), loss(&plain, penalty));
        }
    }
}

/// LeCam as above, with its graph.
fn term(real: &Tensor, fake: &Tensor) -> Tensor {
    let [of_real, of_fake] = [real, fake].map(mean);
    let square = |xs: Tensor| xs.relu().square().mean(Kind::Float);
    (square(real - of_fake) + square(of_real - fake)) * 2.0
}

/// What a weight of 2 adds to a network's first gradients, which Adam's first moments have a part of, is
/// what autograd makes of the term alone.
fn adds_its_gradients(
    [with, without]: [&dyn State; 2],
    optimizer: &str,
    rest: f64,
    (store, term): (&VarStore, Tensor),
) {
    let named: Vec<_> = store.variables().into_iter().filter(|(_, x)| x.requires_grad()).collect();
    let inputs: Vec<_> = named.iter().map(|(_, parameter)| parameter).collect();
    let expected = Tensor::run_backward(&[term], &inputs, false, false);
    let all = |gradients: Vec<Tensor>| {
        Tensor::cat(
            &gradients.iter().map(|gradient| gradient.flatten(0, -1)).collect::<Vec<_>>(),
            0,
        )
    };
    let got = named.iter().map(|(name, _)| {
        let [with, without] = [with, without]
            .map(|step| tensor(step, &format!("optimizer.{optimizer}.exp_avg.{name}")));
        (with - without) / rest
    });
    let (got, expected) = (all(got.collect()), all(expected));
    let length = |xs: &Tensor| xs.norm().double_value(&[]);
    let (apart, size) = (length(&(got - &expected)), length(&expected));
    assert!(size > 1e-5 && apart < 1e-2 * size, "{apart:e} of {size:e}");
}

#[test]
fn the_networks_learn_by_it() {
    let _alone = alone();
    let real = Tensor::randn([4, 2, 32, 32], FLOAT).tanh();
    let latent = Tensor::randn([4, 6], FLOAT);
    let steps = &mut [dcgan(2.0), dcgan(0.0)];
    let (_store, generator) =
        copy_of(&steps[0], "generator.", |path| dcgan_model().init_generator(path));
    let (store, discriminator) =
        copy_of(&steps[0], "discriminator.", |path| dcgan_model().init_discriminator(path));
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    let [seen, fakes] = [&real, &fake].map(|images| discriminator.forward_t(images, true));
    for step in &mut *steps {
        step.update(&real, &latent).unwrap();
    }
    let both: [&dyn State; 2] = [&steps[0], &steps[1]];
    adds_its_gradients(both, "discriminator", 0.5, (&store, term(&seen, &fakes)));

    let steps = &mut [wgan(2.0), wgan(0.0)];
    let (_store, generator) =
        copy_of(&steps[0], "generator.", |path| wgan_model().init_generator(path));
    let (store, critic) = copy_of(&steps[0], "critic.", |path| wgan_model().init_critic(path));
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    let [seen, fakes] = [&real, &fake].map(|images| critic.forward_t(images, true));
    for step in &mut *steps {
        let draw = PenaltyDraw { weights: Tensor::full([4], 0.5, FLOAT), noise: None };
        step.update_critic(&real, &latent, &draw).unwrap();
    }
    let both: [&dyn State; 2] = [&steps[0], &steps[1]];
    adds_its_gradients(both, "critic", 1.0, (&store, term(&seen, &fakes)));
}

#[test]
fn a_weight_of_zero_is_left_out_of_settings_and_a_negative_one_refused() {
    let texts = [
        serde_json::to_string(&DcganStepConfig::default()).unwrap(),
        serde_json::to_string(&WganGpStepConfig::default()).unwrap(),
    ];
    assert!(texts.iter().all(|text| !text.contains("lecam")), "{texts:?}");
    for lecam in [-1.0, f64::INFINITY] {
        for refused in [
            DcganStepConfig { lecam, ..Default::default() }.validate(),
            WganGpStepConfig { lecam, ..Default::default() }.validate(),
        ] {
            let message = refused.unwrap_err().to_string();
            let rule = "lecam must be finite and at least 0 (0 is off), got";
            assert_eq!(message, format!("{rule} {lecam}"));
        }
    }
}
