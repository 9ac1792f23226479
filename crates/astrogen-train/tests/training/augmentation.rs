//! What the critics of the three steps are shown in place of images.

use astrogen_data::Images;
use astrogen_data::augment::SkyAugment;
use astrogen_losses::{AdversarialLoss, PenaltyDraw};
use astrogen_models::{
    Critic, CriticNormalization, DcganConfig, Discriminator, Generator, SharpConfig, Upsampling,
    WganConfig,
};
use astrogen_train::adaptive::{AdaptiveConfig, AugmentProbability};
use astrogen_train::annealing::Annealing;
use astrogen_train::augmentation::Augmentation;
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::log::History;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::state::State;
use astrogen_train::step::{Losses, Step};
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::{Device, Kind, Tensor};

use crate::{alone, batches_of, bytes_of, changed, copy_of, loss, resume, tensor};

const SHARP: SharpConfig = SharpConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 2,
    critic_features: 3,
};
const WGAN: WganConfig = WganConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 1,
    critic_features: 2,
    upsampling: Upsampling::Transposed,
    critic_normalization: CriticNormalization::None,
    spectral_norm: false,
};
const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn relativistic(augment: Option<Augmentation>) -> RelativisticStep {
    annealed(augment, None)
}

fn annealed(augment: Option<Augmentation>, annealing: Option<Annealing>) -> RelativisticStep {
    tch::manual_seed(11);
    let config = RelativisticStepConfig { gamma: 0.0, augment, annealing, ..Default::default() };
    RelativisticStep::new(&SHARP, &config, Device::Cpu).unwrap()
}

fn dcgan(augment: Option<Augmentation>) -> DcganStep {
    tch::manual_seed(11);
    let config = DcganStepConfig { augment, ..Default::default() };
    DcganStep::new(&small_dcgan(), &config, Device::Cpu).unwrap()
}

fn small_dcgan() -> DcganConfig {
    DcganConfig {
        image_size: 32,
        channels: 2,
        latent_dim: 6,
        generator_features: 4,
        discriminator_features: 4,
        upsampling: Upsampling::Transposed,
        spectral_norm: false,
        minibatch_deviation: false,
    }
}

fn wgan(augment: Option<Augmentation>) -> WganGpStep {
    tch::manual_seed(11);
    let config = WganGpStepConfig { augment, n_critic: 2, ..Default::default() };
    WganGpStep::new(&WGAN, &config, Device::Cpu).unwrap()
}

/// All operations there are.
fn operations() -> SkyAugment {
    SkyAugment { flux: 0.2, brightness: 0.1, contrast: 0.3, saturation: 0.4, ..Default::default() }
}

fn with_probability(probability: f64) -> Option<Augmentation> {
    let probability = AugmentProbability::Fixed(probability);
    Some(Augmentation { operations: operations(), probability })
}

/// A probability that moves within a few steps.
fn adaptive() -> Option<Augmentation> {
    let config =
        AdaptiveConfig { initial: 0.4, interval: 2, ramp_images: 100, ..Default::default() };
    let probability = AugmentProbability::Adaptive(config);
    Some(Augmentation { operations: operations(), probability })
}

fn images() -> Tensor {
    Tensor::randn([4, 2, 32, 32], FLOAT).tanh()
}

fn resumes_while_it_adapts<S: Step<Batch = Images>>(new: fn(Option<Augmentation>) -> S) {
    let whole = resume::resumes_to_the_last_bit(|| new(adaptive()), || batches_of(11, [2, 32, 32]));
    assert!(whole.losses.ends_with(&["augment_probability".into(), "overfitting".into()]));
    let history = History::open(&whole.run.join("history.csv")).unwrap().losses;
    let (_, values) = history.iter().find(|(name, _)| name == "augment_probability").unwrap();
    assert!(values.iter().any(|value| *value != values[0]), "{values:?}");
    let saved = whole.step.state().into_iter().filter(|(name, _)| name.starts_with("augment."));
    let saved: Vec<_> = saved.map(|(name, _)| name).collect();
    let expected = ["probability", "overfitting", "signs", "seen"];
    assert_eq!(saved, expected.map(|name| format!("augment.{name}")));
}

#[test]
fn a_resumed_run_whose_augmentation_adapts_ends_in_the_same_bytes() {
    let _alone = alone();
    resumes_while_it_adapts(relativistic);
    resumes_while_it_adapts(dcgan);
    resumes_while_it_adapts(wgan);
}

/// Spectral norms go on from their vectors, and the discriminator of a batch's deviations by autograd.
#[test]
fn a_resumed_run_of_the_dcgans_options_ends_in_the_same_bytes() {
    let _alone = alone();
    for (spectral_norm, minibatch_deviation) in [(true, false), (false, true), (true, true)] {
        let model = DcganConfig {
            upsampling: Upsampling::Bilinear,
            spectral_norm,
            minibatch_deviation,
            ..small_dcgan()
        };
        let new = || {
            tch::manual_seed(11);
            let config = DcganStepConfig { lecam: 0.1, ..Default::default() };
            DcganStep::new(&model, &config, Device::Cpu).unwrap()
        };
        resume::resumes_to_the_last_bit(new, || batches_of(11, [2, 32, 32]));
    }
}

#[test]
fn a_resumed_run_whose_augmentation_is_annealed_ends_in_the_same_bytes() {
    let _alone = alone();
    let annealing = Some(Annealing { steps: 10, beta2: 0.99, gamma: 0.1 });
    let new = || annealed(with_probability(0.5), annealing);
    let whole = resume::resumes_to_the_last_bit(new, || batches_of(11, [2, 32, 32]));
    // Its probability follows from the step: nothing is saved of it.
    assert!(!whole.step.state().iter().any(|(name, _)| name.starts_with("augment.")));
    // The first step of such a run augments nothing, the next ones do.
    let run = |augment, steps| {
        let mut step = annealed(augment, annealing);
        let batch = Images(images());
        (0..steps).for_each(|_| drop(step.step(&batch).unwrap()));
        bytes_of(&step)
    };
    assert!(run(None, 1) == run(with_probability(0.5), 1));
    assert!(run(None, 6) != run(with_probability(0.5), 6));
}

fn changes_nothing_with_probability_zero<S: Step<Batch = Images>>(
    new: fn(Option<Augmentation>) -> S,
) {
    let run = |augment| {
        let mut step = new(augment);
        let batch = Images(images());
        (0..3).for_each(|_| drop(step.step(&batch).unwrap()));
        (bytes_of(&step), Tensor::rand([1], FLOAT).double_value(&[0]))
    };
    assert!(run(None) == run(with_probability(0.0)));
    // Every weight of the generator learns through the operations.
    let before = bytes_of(&new(None));
    let all = run(with_probability(1.0)).0;
    assert!(all != run(None).0);
    let changed = changed(&before, &all);
    let weights = before.keys().filter(|name| name.starts_with("generator."));
    let stayed: Vec<_> = weights.filter(|name| !changed.contains(name)).collect();
    assert!(stayed.is_empty(), "{stayed:?}");
}

#[test]
fn a_probability_of_zero_draws_nothing_and_one_reaches_the_whole_generator() {
    let _alone = alone();
    changes_nothing_with_probability_zero(relativistic);
    changes_nothing_with_probability_zero(dcgan);
    changes_nothing_with_probability_zero(wgan);
}

#[test]
fn a_relativistic_pair_is_seen_by_one_draw_and_the_generators_by_another() {
    let _alone = alone();
    let mut step = relativistic(with_probability(1.0));
    let (real, latent) = (images(), Tensor::randn([2, 6], FLOAT));
    let (_store, generator) = copy_of(&step, "generator.", |path| SHARP.init_generator(path));
    let difference = |step: &RelativisticStep, real: &Tensor, fake: &Tensor| {
        let (_store, critic) = copy_of(step, "critic.", |path| SHARP.init_critic(path));
        critic.score(real).unwrap() - critic.score(fake).unwrap()
    };
    let mean = |scores: Tensor| scores.softplus().mean(Kind::Float).double_value(&[]);
    tch::manual_seed(3);
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    let both = operations().apply(&Tensor::cat(&[real.narrow(0, 0, 2), fake.copy()], 0), 1.0);
    let fake_again = operations().apply(&fake, 1.0);
    let other_real = operations().apply(&real.narrow(0, 2, 2), 1.0);
    let expected = mean(-difference(&step, &both.narrow(0, 0, 2), &both.narrow(0, 2, 2)));

    tch::manual_seed(3);
    let losses = step.update(&real, &latent).unwrap();
    let got = loss(&losses, "critic_loss");
    assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    let expected = mean(difference(&step, &other_real, &fake_again));
    let got = loss(&losses, "generator_loss");
    assert!((got - expected).abs() < 1e-5, "{got} {expected}");
}

#[test]
fn the_dcgans_discriminator_sees_augmented_reals_and_fakes_in_both_updates() {
    let _alone = alone();
    let (real, latent) = (images(), Tensor::randn([4, 6], FLOAT));
    let mut step = dcgan(with_probability(1.0));
    let model = step.average().config().clone();
    let opponent = |step: &DcganStep, seen: &Tensor| {
        let (_store, opponent) =
            copy_of(step, "discriminator.", |path| model.init_discriminator(path));
        opponent.forward_t(seen, true)
    };
    let (_store, generator) = copy_of(&step, "generator.", |path| model.init_generator(path));
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    tch::manual_seed(3);
    let [real_seen, fake_seen, again] =
        [&real, &fake, &fake].map(|images| operations().apply(images, 1.0));
    let expected = [&real_seen, &fake_seen].map(|seen| mean(&opponent(&step, seen).sigmoid()));
    tch::manual_seed(3);
    let losses = step.update(&real, &latent).unwrap();
    assert_near(&losses, "real_score", expected[0]);
    assert_near(&losses, "fake_score", expected[1]);
    // The generator's comes after the discriminator's update: -log sigmoid(D(fake)).
    let logits = opponent(&step, &again);
    assert_near(&losses, "generator_loss", mean(&(-logits).softplus()));
}

#[test]
fn the_wgans_critic_sees_augmented_reals_and_fakes_in_both_updates() {
    let _alone = alone();
    let (real, latent) = (images(), Tensor::randn([4, 6], FLOAT));
    let mut step = wgan(with_probability(1.0));
    let (_store, critic) = copy_of(&step, "critic.", |path| WGAN.init_critic(path));
    let (_store, generator) = copy_of(&step, "generator.", |path| WGAN.init_generator(path));
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    let draw = PenaltyDraw { weights: Tensor::ones([4], FLOAT), noise: None };
    tch::manual_seed(3);
    let both = operations().apply(&Tensor::cat(&[&real, &fake], 0), 1.0);
    let [seen, fake_seen] = [0, 4].map(|first| both.narrow(0, first, 4));
    let expected = [&seen, &fake_seen].map(|seen| mean(&critic.score(seen).unwrap()));
    // The penalty of points that are the reals, as they were seen.
    let points = seen.copy().set_requires_grad(true);
    let scores = critic.forward_t(&points, true).sum(Kind::Float);
    let slopes = Tensor::run_backward(&[scores], &[&points], false, false).remove(0);
    let norms = slopes.flatten(1, -1).norm_scalaropt_dim(2.0, [1], false);
    tch::manual_seed(3);
    let losses = step.update_critic(&real, &latent, &draw).unwrap();
    assert_near(&losses, "real_score", expected[0]);
    assert_near(&losses, "fake_score", expected[1]);
    assert_near(&losses, "gradient_norm", mean(&norms));

    tch::manual_seed(4);
    let seen = operations().apply(&fake, 1.0);
    let expected = -mean(&step.critic().score(&seen).unwrap());
    tch::manual_seed(4);
    let got = step.update_generator(&latent, &real).unwrap().double_value(&[]);
    assert!((got - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{got} {expected}");
}

fn mean(values: &Tensor) -> f64 {
    values.mean(Kind::Float).double_value(&[])
}

#[track_caller]
fn assert_near(losses: &Losses, name: &str, expected: f64) {
    let got = loss(losses, name);
    assert!((got - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{name}: {got} {expected}");
}

#[test]
fn the_probability_follows_the_margins_of_reals() {
    let _alone = alone();
    let config = AdaptiveConfig {
        initial: 0.5,
        interval: 1,
        ramp_images: 40,
        target: -0.99,
        ..Default::default()
    };
    let probability = AugmentProbability::Adaptive(config);
    let augment = Some(Augmentation { operations: SkyAugment::OFF, probability });
    // The relativistic critic sees two of the four reals, the others all. Only where all margins
    // are negative is the mean sign below its target.
    let moved = |step: &mut dyn Step<Batch = Images>| {
        let losses = step.step(&Images(images())).unwrap();
        let up = if loss(&losses, "overfitting") > -0.99 { 1.0 } else { -1.0 };
        let probability = tensor(&*step, "augment.probability").double_value(&[]);
        assert_eq!(loss(&losses, "augment_probability"), probability);
        (probability - 0.5) * up
    };
    assert!((moved(&mut relativistic(augment)) - 0.05).abs() < 1e-12);
    assert!((moved(&mut dcgan(augment)) - 0.1).abs() < 1e-12);
    assert!((moved(&mut wgan(augment)) - 0.1).abs() < 1e-12);
}

/// Where only differences of scores count, what is added to all of them says nothing.
#[test]
fn the_probability_knows_no_zero_where_the_loss_has_none() {
    let _alone = alone();
    let probability = AugmentProbability::Adaptive(AdaptiveConfig::default());
    let augment = Some(Augmentation { operations: SkyAugment::OFF, probability });
    let overfitting = |loss: AdversarialLoss, bias: f64| {
        tch::manual_seed(11);
        let config =
            WganGpStepConfig { augment, loss: loss.clone(), n_critic: 2, ..Default::default() };
        let mut step = WganGpStep::new(&WGAN, &config, Device::Cpu).unwrap();
        let state = step.state().into_iter();
        let (_, last) =
            state.filter(|(name, _)| name.ends_with(".bias")).rfind(is_critics).unwrap();
        assert_eq!(last.size(), [1], "the bias of scores");
        let _ = tch::no_grad(|| last.shallow_clone().g_add_scalar_(bias));
        tch::manual_seed(3);
        let mut losses = Vec::new();
        for _ in 0..4 {
            losses = step.step(&Images(images())).unwrap();
        }
        crate::loss(&losses, "overfitting")
    };
    for (loss, moves) in [
        (AdversarialLoss::Wasserstein, false),
        (AdversarialLoss::Relativistic, false),
        (AdversarialLoss::Hinge, true),
    ] {
        let [low, high] = [-100.0, 100.0].map(|bias| overfitting(loss.clone(), bias));
        assert_eq!(low != high, moves, "{loss:?}: {low} {high}");
    }
}

fn is_critics((name, _): &(String, Tensor)) -> bool {
    name.starts_with("critic.")
}

#[test]
fn settings_are_left_out_where_there_is_none_and_refused_out_of_range() {
    let _alone = alone(); // networks that are refused may have drawn
    let relativistic = RelativisticStepConfig::default();
    let texts = [
        serde_json::to_string(&relativistic).unwrap(),
        serde_json::to_string(&DcganStepConfig::default()).unwrap(),
        serde_json::to_string(&WganGpStepConfig::default()).unwrap(),
    ];
    assert!(texts.iter().all(|text| !text.contains("augment")), "{texts:?}");
    let augment = with_probability(0.3);
    let config = RelativisticStepConfig { augment, ..relativistic.clone() };
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<RelativisticStepConfig>(&text).unwrap(), config);

    let augment = with_probability(1.5);
    for refused in [
        RelativisticStepConfig { augment, ..relativistic.clone() }.validate(),
        DcganStepConfig { augment, ..Default::default() }.validate(),
        WganGpStepConfig { augment, ..Default::default() }.validate(),
    ] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("augment probability must be from 0 to 1"), "{message}");
    }
    let strong = SkyAugment { scale: 2.0, ..Default::default() };
    let augment = Some(Augmentation { operations: strong, ..Default::default() });
    let config = RelativisticStepConfig { augment, ..relativistic };
    let message = RelativisticStep::new(&SHARP, &config, Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("augment scale: expected from 0 to 0.5"), "{message}");
}
