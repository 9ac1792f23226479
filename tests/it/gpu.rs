//! What a GPU computes is what the CPU computes, and files go both ways. Where there is none, these
//! tests say so and pass.

use astrogen::flows::{Flow, Member};
use astrogen::metrics::{FeatureNetwork, QualityConfig, RandomFeaturesConfig, image_quality};
use astrogen::models::{DcganConfig, Generator};
use astrogen::runtime::DeviceChoice;
use astrogen::train::checkpoint::Checkpoint;
use astrogen::train::{DcganStep, DcganStepConfig, State};
use tch::{Device, Kind, Tensor};

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// The first GPU; where there is none, says why the test named so is skipped.
#[allow(clippy::print_stderr, reason = "who runs tests should know")]
fn gpu(test: &str) -> Option<Device> {
    let device = DeviceChoice::Cuda(None).resolve();
    device.inspect_err(|why| eprintln!("{test} is skipped: {why}")).ok()
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b.to_device(a.device())).abs().max().double_value(&[])
}

#[test]
fn training_steps_agree_and_checkpoints_go_both_ways() {
    let Some(gpu) = gpu("training on a GPU") else { return };
    let model = DcganConfig {
        image_size: 32,
        generator_features: 8,
        discriminator_features: 8,
        ..DcganConfig::default()
    };
    let new = |device| DcganStep::new(&model, &DcganStepConfig::default(), device).expect("a step");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let move_to = |to: &DcganStep, from: &DcganStep, name: &str| {
        let path = folder.path().join(name);
        let checkpoint = Checkpoint { step: 1, samples: 16, data: None, score: None, processes: 1 };
        checkpoint.save(&path, from).expect("written");
        Checkpoint::load(&path, to).expect("of the same networks");
    };
    tch::manual_seed(1);
    let [mut here, mut there] = [new(Device::Cpu), new(gpu)];
    move_to(&there, &here, "to the GPU");
    for ((name, a), (_, b)) in here.state().iter().zip(there.state()) {
        assert_eq!(apart(a, &b), 0.0, "{name}");
    }
    for step in 0..3 {
        let real = Tensor::rand([16, 3, 32, 32], CPU) * 2 - 1;
        let latent = here.average().latent(16);
        let expected = here.update(&real, &latent).expect("a step");
        let got = there.update(&real.to_device(gpu), &latent.to_device(gpu)).expect("a step");
        for ((name, expected), (_, got)) in expected.iter().zip(&got) {
            let apart = apart(expected, got);
            assert!(apart < 0.05, "step {step}, {name}: {apart} of {expected:?}");
        }
    }
    move_to(&here, &there, "to the CPU");
    let latent = here.average().latent(4);
    let [here, there] = [&here, &there].map(|step| step.average().sample(&latent).expect("images"));
    assert_eq!(there.device(), gpu);
    assert!(apart(&here, &there) < 0.02, "{}", apart(&here, &there));
}

#[test]
fn flows_agree() {
    let Some(gpu) = gpu("a flow on a GPU") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, member) in Member::ALL {
        let store = tch::nn::VarStore::new(Device::Cpu);
        let here = member.config(4, 2).init(&store.root()).expect("a flow");
        let path = folder.path().join(Flow::FILE);
        here.save(&path).expect("written");
        let there = Flow::load(&path, gpu).expect("read");
        tch::manual_seed(2);
        let (x, context) = (Tensor::randn([100, 4], CPU), Tensor::randn([100, 2], CPU));
        let of = |flow: &Flow| {
            let (x, context) = (x.shallow_clone(), context.shallow_clone());
            flow.given(&context).expect("a context").log_prob(&x).expect("densities").detach()
        };
        let apart = apart(&of(&here), &of(&there));
        assert!(apart < 1e-3, "{name}: {apart}");
    }
}

#[test]
fn metrics_agree() {
    let Some(gpu) = gpu("metrics on a GPU") else { return };
    let network = FeatureNetwork::random(&RandomFeaturesConfig::default()).expect("a network");
    tch::manual_seed(3);
    let (real, fake) = (Tensor::randn([40, 3, 32, 32], CPU), Tensor::randn([40, 3, 32, 32], CPU));
    let of = |device| {
        let [real, fake] = [&real, &fake].map(|set| (set * 0.3).to_device(device));
        image_quality(&real, &fake, &network, &QualityConfig::default()).expect("numbers")
    };
    let (here, there) = (of(Device::Cpu), of(gpu));
    assert_eq!(here.numbers.len(), there.numbers.len());
    // Convolutions round their inputs on some GPUs, and a neighbour more or less is a jump.
    let jumps = ["precision", "density", "recall", "coverage"];
    for (here, there) in here.numbers.iter().zip(&there.numbers) {
        let [a, b] = [here, there].map(|number| number.estimate.value);
        let most = if jumps.contains(&&*here.name) { 0.2 } else { 0.02 * a.abs().max(0.1) };
        assert!((a - b).abs() <= most, "{}: {a} and {b}", here.name);
    }
}
