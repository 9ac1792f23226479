//! Training steps of every algorithm, from the same weights on the same numbers.

use astrogen::data::Images;
use astrogen::data::augment::SkyAugment;
use astrogen::flows::FlowConfig;
use astrogen::losses::PenaltyDraw;
use astrogen::models::{
    AutoencoderConfig, Critic, DcganConfig, GaussianRegressorConfig, Generator, Network,
    R3ganConfig, R3ganDiscriminator, R3ganGenerator, SharpConfig, TabularConfig, WganConfig,
};
use astrogen::runtime::Precision;
use astrogen::train::adaptive::AugmentProbability;
use astrogen::train::augmentation::Augmentation;
use astrogen::train::checkpoint::Checkpoint;
use astrogen::train::gaussian::{GaussianStep, GaussianStepConfig};
use astrogen::train::step::{Losses, Step};
use astrogen::train::{
    AutoencoderStep, AutoencoderStepConfig, CwganGpStep, CwganGpStepConfig, DcganStep,
    DcganStepConfig, FlowStep, FlowStepConfig, RelativisticStep, RelativisticStepConfig, State,
    WganGpStep, WganGpStepConfig,
};
use tch::{Device, Tensor, no_grad};

use super::{CPU, apart, check, other, turn};

/// Holds the losses of the first steps of an algorithm on one device against those on the other. They see
/// the weights that the steps before left.
fn agree<S: State>(
    name: &str,
    tolerance: f64,
    new: impl Fn(Device) -> S,
    steps: u64,
    update: impl Fn(&mut S, &dyn Fn(&Tensor) -> Tensor) -> Losses,
) {
    tch::manual_seed(1);
    let (mut here, mut there) = (new(Device::Cpu), new(other()));
    no_grad(|| {
        for ((name, from), (_, to)) in here.state().iter().zip(there.state()) {
            to.shallow_clone().copy_(from);
            assert_eq!(apart(from, &to), 0.0, "{name}");
        }
    });
    let mut worst: f64 = 0.0;
    for step in 0..steps {
        let of = |algorithm: &mut S, device: Device| {
            tch::manual_seed(10 + step.cast_signed());
            update(algorithm, &|tensor: &Tensor| tensor.to_device(device))
        };
        let (expected, got) = (of(&mut here, Device::Cpu), of(&mut there, other()));
        for ((name, expected), (other, got)) in expected.iter().zip(&got) {
            assert_eq!(name, other);
            let [a, b] = [expected, got].map(|loss| loss.double_value(&[]));
            worst = worst.max((a - b).abs() / a.abs().max(1.0));
        }
    }
    check(&format!("step of {name}"), worst, tolerance);
}

/// Signed images; drawn on the CPU, whatever device they go to.
fn images(count: i64, side: i64) -> Tensor {
    Tensor::rand([count, 3, side, side], CPU) * 2 - 1
}

fn dcgan(device: Device) -> DcganStep {
    let model = DcganConfig {
        image_size: 32,
        generator_features: 8,
        discriminator_features: 8,
        ..DcganConfig::default()
    };
    DcganStep::new(&model, &DcganStepConfig::default(), device).expect("a step")
}

fn update_dcgan(step: &mut DcganStep, to: &dyn Fn(&Tensor) -> Tensor) -> Losses {
    let (real, latent) = (images(16, 32), Tensor::randn([16, 100], CPU));
    step.update(&to(&real), &to(&latent)).expect("a step")
}

fn wgan_gp(device: Device) -> WganGpStep {
    let model = WganConfig {
        image_size: 32,
        generator_features: 8,
        critic_features: 8,
        ..WganConfig::default()
    };
    WganGpStep::new(&model, &WganGpStepConfig::default(), device).expect("a step")
}

fn update_wgan_gp(step: &mut WganGpStep, to: &dyn Fn(&Tensor) -> Tensor) -> Losses {
    let width = step.average().latent_dim();
    let (real, latent) = (images(8, 32), Tensor::randn([8, width], CPU));
    let draw = PenaltyDraw { weights: to(&Tensor::rand([8], CPU)), noise: None };
    let mut losses = step.update_critic(&to(&real), &to(&latent), &draw).expect("a step");
    let latent = Tensor::randn([8, width], CPU);
    let loss = step.update_generator(&to(&latent), &to(&real)).expect("a step");
    losses.push(("generator_loss", loss));
    losses
}

/// Augmented as often as not, but for noise, which is drawn on the device.
fn sharp(device: Device) -> RelativisticStep {
    let model = SharpConfig {
        image_size: 32,
        generator_features: 8,
        critic_features: 8,
        ..SharpConfig::default()
    };
    let augment = Augmentation {
        operations: SkyAugment { noise: 0.0, ..SkyAugment::default() },
        probability: AugmentProbability::Fixed(0.5),
    };
    let config =
        RelativisticStepConfig { augment: Some(augment), ..RelativisticStepConfig::default() };
    RelativisticStep::new(&model, &config, device).expect("a step")
}

fn r3gan(device: Device) -> RelativisticStep<R3ganGenerator, R3ganDiscriminator> {
    let config = RelativisticStepConfig::r3gan(32, 1000);
    RelativisticStep::r3gan(&R3ganConfig::new(32, 16), &config, device).expect("a step")
}

fn update_relativistic<G: Generator + Network, C: Critic>(
    step: &mut RelativisticStep<G, C>,
    to: &dyn Fn(&Tensor) -> Tensor,
) -> Losses {
    let latent = Tensor::randn([8, step.average().latent_dim()], CPU);
    step.update(&to(&images(16, 32)), &to(&latent)).expect("a step")
}

#[test]
fn gans_of_images_agree() {
    let _turn = turn();
    agree("a DCGAN", 0.02, dcgan, 3, update_dcgan);
    agree("a WGAN-GP", 0.02, wgan_gp, 3, update_wgan_gp);
    // The noise of its generator, whose weights begin at zero, is drawn on the device.
    agree("the sharp recipe", 0.02, sharp, 1, update_relativistic);
    agree("R3GAN", 0.02, r3gan, 3, update_relativistic);
}

/// Less precise steps go the same way.
#[test]
fn precisions_agree_as_far_as_they_say() {
    let _turn = turn();
    for (precision, tolerance) in [(Precision::Tf32, 0.05), (Precision::Bf16, 0.2)] {
        // The CPU knows f32 only.
        let there = if other() == Device::Cpu { Precision::F32 } else { precision };
        there.set(other()).expect("a precision of the GPU");
        let name = |of: &str| format!("{of} in {precision}");
        in_precision(there, &name("a DCGAN"), tolerance, dcgan, update_dcgan);
        in_precision(there, &name("a WGAN-GP"), tolerance, wgan_gp, update_wgan_gp);
        in_precision(there, &name("the sharp recipe"), tolerance, sharp, update_relativistic);
        in_precision(there, &name("R3GAN"), tolerance, r3gan, update_relativistic);
    }
}

/// The first step, the other device's in a precision.
fn in_precision<S: State>(
    precision: Precision,
    name: &str,
    tolerance: f64,
    new: impl Fn(Device) -> S,
    update: impl Fn(&mut S, &dyn Fn(&Tensor) -> Tensor) -> Losses,
) {
    agree(name, tolerance, new, 1, |step, to| {
        let there = to(&Tensor::zeros([1], CPU)).device() != Device::Cpu;
        let precision = if there { precision } else { Precision::F32 };
        precision.during(|| update(step, to))
    });
}

#[test]
fn an_autoencoder_agrees() {
    let _turn = turn();
    let model = AutoencoderConfig { image_size: 64, widths: vec![8, 16, 32], ..Default::default() };
    let new = |device| {
        AutoencoderStep::new(&model, &AutoencoderStepConfig::default(), device).expect("a step")
    };
    agree("an autoencoder", 1e-3, new, 3, |step, to| {
        step.step(&Images(to(&images(4, 64)))).expect("a step")
    });
}

#[test]
fn steps_of_tables_agree() {
    let _turn = turn();
    let model = TabularConfig::default();
    let new =
        |device| CwganGpStep::new(&model, &CwganGpStepConfig::default(), device).expect("a step");
    agree("the conditional WGAN-GP", 1e-3, new, 3, |step, to| {
        let [context, real, latent] =
            [9, 3, model.latent_dim].map(|width| to(&Tensor::randn([50, width], CPU)));
        let draw = PenaltyDraw { weights: to(&Tensor::rand([50], CPU)), noise: None };
        let mut losses = step.update_critic(&context, &real, &latent, &draw).expect("a step");
        let loss = step.update_generator(&context, &real, &latent).expect("a step");
        losses.push(("generator_loss", loss));
        losses
    });
    let new = |device| {
        let model = GaussianRegressorConfig::default();
        GaussianStep::new(&model, &GaussianStepConfig::default(), device).expect("a step")
    };
    agree("the Gaussian regression", 1e-3, new, 3, |step, to| {
        let [context, observed] = [9, 3].map(|width| to(&Tensor::randn([50, width], CPU)));
        vec![("nll", step.update(&context, &observed).expect("a step"))]
    });
    for (name, config) in [
        ("a masked autoregressive flow", FlowConfig::maf(4, 2)),
        ("a spline flow", FlowConfig::nsf(4, 2)),
        ("a flow of couplings", FlowConfig::nice(4, 2)),
        ("a flow of sums of squares", FlowConfig::sospf(4, 2)),
        ("GalacticFlow", FlowConfig::galactic(4, 2)),
    ] {
        let new =
            |device| FlowStep::new(&config, &FlowStepConfig::default(), device).expect("a step");
        agree(name, 1e-3, new, 3, |step, to| {
            let [x, context] = [4, 2].map(|width| to(&Tensor::randn([100, width], CPU)));
            let [loss, norm] = step.update(Some(&context), &x, None).expect("a step");
            vec![("nll", loss), ("gradient_norm", norm)]
        });
    }
}

#[test]
fn checkpoints_go_both_ways() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let move_to = |to: &DcganStep, from: &DcganStep, name: &str| {
        let path = folder.path().join(name);
        let checkpoint = Checkpoint { step: 1, samples: 16, data: None, score: None, processes: 1 };
        checkpoint.save(&path, from).expect("written");
        Checkpoint::load(&path, to).expect("of the same networks");
        for ((name, a), (_, b)) in from.state().iter().zip(to.state()) {
            assert_eq!(apart(a, &b), 0.0, "{name}");
        }
    };
    tch::manual_seed(1);
    let (here, mut there) = (dcgan(Device::Cpu), dcgan(other()));
    move_to(&there, &here, "to the GPU");
    let (real, latent) = (images(16, 32), Tensor::randn([16, 100], CPU));
    let _ = there.update(&real.to_device(other()), &latent.to_device(other())).expect("a step");
    move_to(&here, &there, "to the CPU");
    let latent = here.average().latent(4);
    let [here, there] = [&here, &there].map(|step| step.average().sample(&latent).expect("images"));
    assert_eq!(there.device(), other());
    check("samples of a checkpoint", apart(&here, &there), 0.02);
}
