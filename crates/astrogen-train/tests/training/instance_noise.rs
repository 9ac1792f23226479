//! Noise on the images that the DCGAN's discriminator sees.

use std::collections::BTreeMap;

use astrogen_models::{DcganConfig, DcganDiscriminator, Discriminator, Upsampling, weights};
use astrogen_train::fit::fit;
use astrogen_train::gan::{DcganStep, DcganStepConfig, InstanceNoise};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{alone, batches_of, bytes_of, config, loss, stop_at};

const MODEL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 4,
    discriminator_features: 4,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

const FADING: InstanceNoise = InstanceNoise { start: 0.4, end: 0.1, steps: 3 };

fn algorithm(instance_noise: InstanceNoise) -> DcganStep {
    tch::manual_seed(11);
    let config = DcganStepConfig { instance_noise, ..Default::default() };
    DcganStep::new(&MODEL, &config, Device::Cpu).unwrap()
}

/// A copy of the discriminator as it is now.
fn discriminator(step: &DcganStep) -> DcganDiscriminator {
    let tensors: BTreeMap<String, Tensor> = step
        .state()
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("discriminator.")?.into(), tensor)))
        .collect();
    let store = VarStore::new(Device::Cpu);
    let discriminator = MODEL.init_discriminator(&store.root()).unwrap();
    weights::load_into(&store, &tensors).unwrap();
    discriminator
}

#[test]
fn the_deviation_goes_from_start_to_end_and_stays() {
    let _alone = alone();
    let mut step = algorithm(FADING);
    let options = (Kind::Float, Device::Cpu);
    let real = Tensor::rand([4, 2, 32, 32], options);
    let latent = Tensor::randn([4, 6], options);
    for (k, deviation) in [0.4, 0.3, 0.2, 0.1, 0.1, 0.1].into_iter().enumerate() {
        let discriminator = discriminator(&step);
        tch::manual_seed(k as i64);
        let noisy = &real + real.randn_like() * deviation;
        let logits = discriminator.forward_t(&noisy, true);
        let expected = logits.sigmoid().mean(Kind::Float).double_value(&[]);

        tch::manual_seed(k as i64);
        let got = loss(&step.update(&real, &latent).unwrap(), "real_score");
        assert!((got - expected).abs() < 1e-6, "step {k}: {got} and {expected}");
    }
}

#[test]
fn without_noise_nothing_is_drawn_and_nothing_changes() {
    let _alone = alone();
    let real = Tensor::rand([4, 2, 32, 32], (Kind::Float, Device::Cpu));
    let latent = Tensor::randn([4, 6], (Kind::Float, Device::Cpu));
    let trained = |noise| {
        let mut step = algorithm(noise);
        tch::manual_seed(3);
        for _ in 0..3 {
            step.update(&real, &latent).unwrap();
        }
        let drawn_next = Tensor::rand([1], (Kind::Float, Device::Cpu)).double_value(&[0]);
        (bytes_of(&step), drawn_next)
    };
    let (plain, drawn_next) = trained(InstanceNoise::default());
    tch::manual_seed(3);
    assert_eq!(Tensor::rand([1], (Kind::Float, Device::Cpu)).double_value(&[0]), drawn_next);
    let nothing = InstanceNoise { start: 0.0, end: 0.0, steps: 100 };
    assert!(trained(nothing) == (plain.clone(), drawn_next));
    assert!(trained(FADING).0 != plain);
}

#[test]
fn a_resumed_run_goes_on_with_the_noise_of_its_step() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, stop: &StopSignal| {
        let path = folder.path().join(name);
        let run = if path.exists() { RunDir::open(&path) } else { RunDir::create(&path) }.unwrap();
        run.write_config(&config(5)).unwrap();
        let mut step = algorithm(FADING);
        let mut batches = batches_of(11, [2, 32, 32]);
        fit(&mut step, &mut batches, &run, &config(5), stop, &mut [&mut stop_at(2, stop)]).unwrap();
        bytes_of(&step)
    };
    let stop = StopSignal::default();
    train("parts", &stop);
    assert!(stop.is_raised());
    let whole = {
        let run = RunDir::create(&folder.path().join("whole")).unwrap();
        let mut step = algorithm(FADING);
        let mut batches = batches_of(11, [2, 32, 32]);
        let stop = StopSignal::default();
        fit(&mut step, &mut batches, &run, &config(5), &stop, &mut []).unwrap();
        bytes_of(&step)
    };
    assert!(train("parts", &StopSignal::default()) == whole);
}

#[test]
fn deviations_that_cannot_be_are_refused_with_their_rule() {
    let _alone = alone();
    let refusal = |instance_noise| {
        let config = DcganStepConfig { instance_noise, ..Default::default() };
        DcganStep::new(&MODEL, &config, Device::Cpu).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(InstanceNoise { start: -0.1, ..FADING }),
        "instance_noise start must be a finite deviation of at least 0, got -0.1"
    );
    assert_eq!(
        refusal(InstanceNoise { end: f64::NAN, ..FADING }),
        "instance_noise end must be a finite deviation of at least 0, got NaN"
    );
    let error = serde_json::from_str::<InstanceNoise>(r#"{"sigma": 0.1}"#).unwrap_err();
    assert!(error.to_string().contains("unknown field `sigma`"), "{error}");
}
