//! The step of a Gaussian regression: PyTorch's updates, what it learns, resume, and its rules.

use std::collections::BTreeMap;

use astrogen_data::{Dataset, RowDataset, RowShape, Rows};
use astrogen_models::{Activation, GaussianRegressor, GaussianRegressorConfig, weights};
use astrogen_train::gaussian::{GaussianStep, GaussianStepConfig, whitened};
use astrogen_train::optim::AdamConfig;
use astrogen_train::schedule::Schedule;
use astrogen_train::step::Step;
use ndarray::{Array1, Array2};
use tch::{Device, Kind, Tensor};

use crate::agreement::{assert_relative, golden_file};
use crate::{alone, batches_of_rows, loss, resume, tensor};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn model(activation: Activation) -> GaussianRegressorConfig {
    GaussianRegressorConfig { hidden: vec![16, 16], activation, ..Default::default() }
}

fn algorithm(config: &GaussianStepConfig) -> GaussianStep {
    tch::manual_seed(11);
    GaussianStep::new(&model(Activation::LeakyRelu), config, Device::Cpu).unwrap()
}

/// Settings with a learning rate that changes so.
fn falling(schedule: Schedule) -> GaussianStepConfig {
    GaussianStepConfig { optimizer: AdamConfig { schedule, ..Default::default() } }
}

/// The values are made by `astrogen-models/tests/golden/gaussian.py`.
#[test]
fn five_updates_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden_file("gaussian.safetensors");
    for (name, activation) in [
        ("leaky_relu", Activation::LeakyRelu),
        ("relu", Activation::Relu),
        ("elu", Activation::Elu),
    ] {
        let config = GaussianStepConfig::default();
        let mut step = GaussianStep::new(&model(activation), &config, Device::Cpu).unwrap();
        let below = |prefix: &str| -> BTreeMap<String, Tensor> {
            let prefix = format!("{name}.{prefix}.");
            let named = golden.iter().filter_map(|(key, value)| {
                Some((key.strip_prefix(&prefix)?.to_owned(), value.shallow_clone()))
            });
            named.collect()
        };
        let named = step.regressor().named_tensors();
        weights::copy_into(named, &below("narrow"), "the golden file").unwrap();
        for k in 0..5 {
            let [context, observed] = ["contexts", "observed"].map(|key| golden[key].get(k));
            // As a batch of rows, and as its parts.
            let nll = if k % 2 == 0 {
                let rows = Rows { context, features: observed, weights: None };
                loss(&step.step(&rows).unwrap(), "nll")
            } else {
                step.update(&context, &observed).unwrap().double_value(&[])
            };
            let expected = golden[&format!("{name}.nll")].double_value(&[k]);
            assert_relative(&format!("{name}, update {k}"), nll, expected);
            if k > 0 {
                continue;
            }
            let gradients = below("grad");
            assert_eq!(gradients.len(), 6);
            for (key, expected) in gradients {
                let got = tensor(&step, &format!("optimizer.exp_avg.{key}")) / 0.1;
                let worst = (got - &expected).abs().max().double_value(&[]);
                let scale = expected.abs().max().double_value(&[]);
                assert!(worst < 1e-5 * scale, "{name}, {key}: {worst:e} of {scale:e}");
            }
        }
        let expected = below("final");
        assert_eq!(expected.len(), 6);
        for (key, tensor) in step.regressor().named_tensors() {
            // An update is about 1e-3 long.
            let worst = (&tensor - &expected[&key]).abs().max().double_value(&[]);
            assert!(worst < 1e-5, "{name}, {key} differs by {worst:e}");
        }
    }
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let _alone = alone();
    // The learning rate stays, and reaches zero within the run.
    for schedule in [Schedule::Constant, Schedule::Cosine { steps: 8, end: 0.0 }] {
        let config = falling(schedule);
        let whole = resume::resumes_to_the_last_bit(|| algorithm(&config), || batches_of_rows(11));
        assert_eq!(whole.losses, ["nll"]);
        // The exported network alone is enough to sample from.
        let loaded = GaussianRegressor::load(&whole.run, Device::Cpu).unwrap();
        let digest =
            |regressor: &GaussianRegressor| weights::fingerprint(&regressor.named_tensors());
        assert_eq!(digest(&loaded).unwrap(), digest(whole.step.regressor()).unwrap());
    }
}

#[test]
fn mean_and_deviation_of_a_law_are_recovered() {
    let _alone = alone();
    tch::manual_seed(3);
    let model = GaussianRegressorConfig {
        features: 2,
        true_features: 1,
        conditions: 1,
        hidden: vec![24, 24],
        activation: Activation::Elu,
    };
    let schedule = Schedule::Cosine { steps: 600, end: 0.0 };
    let config =
        GaussianStepConfig { optimizer: AdamConfig { lr: 1e-2, schedule, ..Default::default() } };
    let mut step = GaussianStep::new(&model, &config, Device::Cpu).unwrap();
    // Of the condition c and the true feature t: means and logarithms of the deviations.
    let law = |context: &Tensor| {
        let [c, t] = [0, 1].map(|column| context.narrow(1, column, 1));
        let mean = Tensor::cat(&[&t - &c * 0.5, &t * &t + 0.3], 1);
        let log_deviation = Tensor::cat(&[&c - 2.0, t * 0.7 - c * 0.3 - 1.0], 1);
        (mean, log_deviation)
    };
    for _ in 0..600 {
        let context = Tensor::rand([256, 2], FLOAT) * 2.0 - 1.0;
        let (mean, log_deviation) = law(&context);
        let features = mean + log_deviation.exp() * Tensor::randn([256, 2], FLOAT);
        step.step(&Rows { context, features, weights: None }).unwrap();
    }
    // Off the edges, where no sample lies beyond.
    let context = Tensor::rand([400, 2], FLOAT) * 1.8 - 0.9;
    let (mean, log_deviation) = law(&context);
    let [our_mean, our_log_deviation] = tch::no_grad(|| step.regressor().forward(&context));
    let off = ((our_mean - mean) / log_deviation.exp()).square();
    let off = off.mean(None::<Kind>).double_value(&[]).sqrt();
    assert!(off < 0.15, "the means are off by {off} deviations");
    let wide = (our_log_deviation - &log_deviation).abs().max().double_value(&[]);
    assert!(wide < 0.15, "the logarithm of a deviation is off by {wide}");

    // Tables of it have the spread of the law, row by row.
    let values: Vec<f32> = context.view([-1]).try_into().unwrap();
    let made: Vec<f32> = step.regressor().emulate(&values.repeat(50), 0, 5).unwrap();
    let made = Tensor::from_slice(&made).view([50, 400, 2]);
    let spread = made.std_dim(0, true, false) / log_deviation.exp();
    let typical = spread.mean(None::<Kind>).double_value(&[]);
    assert!((typical - 1.0).abs() < 0.05, "{typical}");
}

#[test]
fn the_learning_rate_falls_to_zero() {
    let _alone = alone();
    let config = falling(Schedule::Cosine { steps: 2, end: 0.0 });
    let mut step = algorithm(&config);
    let digest = |step: &GaussianStep| weights::fingerprint(&step.regressor().named_tensors());
    let mut digests = vec![digest(&step).unwrap()];
    for _ in 0..4 {
        let [context, features] = [9, 3].map(|width| Tensor::randn([4, width], FLOAT));
        step.step(&Rows { context, features, weights: None }).unwrap();
        digests.push(digest(&step).unwrap());
    }
    assert!(digests[0] != digests[1] && digests[1] != digests[2]);
    assert!(digests[2] == digests[3] && digests[3] == digests[4]);
}

#[test]
fn settings_and_batches_that_cannot_be_are_refused() {
    let _alone = alone();
    let refusal = |model: GaussianRegressorConfig, config: GaussianStepConfig| {
        GaussianStep::new(&model, &config, Device::Cpu).unwrap_err().to_string()
    };
    let (model, config) = (model(Activation::Relu), GaussianStepConfig::default());
    assert_eq!((config.optimizer.lr, config.optimizer.betas), (1e-3, [0.9, 0.999]));
    let zero = falling(Schedule::Cosine { steps: 0, end: 0.0 });
    assert_eq!(refusal(model.clone(), zero), "schedule steps must be at least 1, got 0");
    let optimizer = AdamConfig { lr: -1.0, ..Default::default() };
    assert_eq!(
        refusal(model.clone(), GaussianStepConfig { optimizer }),
        "lr must be a finite number above 0, got -1"
    );
    assert_eq!(
        refusal(GaussianRegressorConfig { features: 0, ..model }, config.clone()),
        "features must be from 1 to 65536, got 0"
    );

    let mut step = algorithm(&config);
    let zeros = |size: &[i64]| Tensor::zeros(size, FLOAT);
    for (size, got) in [(vec![4, 2], "[4, 2]"), (vec![0, 3], "[0, 3]"), (vec![], "[]")] {
        let rows = Rows { context: zeros(&[4, 9]), features: zeros(&size), weights: None };
        let message = step.step(&rows).unwrap_err().to_string();
        assert_eq!(message, format!("observed features must have shape [N, 3], got {got}"));
    }
    let weights = Some(zeros(&[4]));
    let rows = Rows { context: zeros(&[4, 9]), features: zeros(&[4, 3]), weights };
    let message = step.step(&rows).unwrap_err().to_string();
    let rule = "weights of rows must be none, since this step learns from all rows alike";
    assert_eq!(message, format!("{rule}, got some"));
    let message = step.update(&zeros(&[3, 9]), &zeros(&[4, 3])).unwrap_err().to_string();
    assert_eq!(message, "contexts must have shape [4, 9], got [3, 9]");
    let message = step.update(&zeros(&[4, 9]), &zeros(&[4, 2])).unwrap_err().to_string();
    assert_eq!(message, "observed features must have shape [N, 3], got [4, 2]");
}

#[test]
fn settings_of_earlier_versions_are_the_same_training() {
    let read = |text: &str| serde_json::from_str::<GaussianStepConfig>(text);
    let earlier = r#"{
        "optimizer": {"lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-8},
        "cosine_steps": 600
    }"#;
    let expected = falling(Schedule::Cosine { steps: 600, end: 0.0 });
    assert_eq!(read(earlier).unwrap(), expected);
    assert_eq!(read(&serde_json::to_string(&expected).unwrap()).unwrap(), expected);
    assert_eq!(read(r#"{"cosine_steps": null}"#).unwrap(), GaussianStepConfig::default());
    assert!(read(r#"{"cosine": 1}"#).unwrap_err().to_string().contains("unknown field `cosine`"));
}

#[test]
fn whitened_rows_keep_their_contexts_and_lose_mean_and_deviation() {
    let _alone = alone();
    let step = algorithm(&GaussianStepConfig::default());
    let part = |first: usize, count: usize| {
        Array2::from_shape_fn((7, count), |(n, column)| {
            (n as f32 * 0.7 + (first + column) as f32 * 1.3).sin()
        })
    };
    let rows = RowDataset::new(part(0, 9), part(9, 3)).unwrap();
    let white = whitened(&rows, step.regressor()).unwrap();
    assert_eq!(
        (white.len(), white.shape()),
        (7, RowShape { context: 9, features: 3, weighted: false })
    );
    for row in 0..7 {
        let [from, to] = [&rows, &white].map(|set| set.sample(row).unwrap());
        let tensor = |of: &Array1<f32>| Tensor::from_slice(&of.to_vec()).view([1, -1]);
        assert_eq!(from.context, to.context);
        let [mean, log_deviation] = step.regressor().forward(&tensor(&from.context));
        let z = (tensor(&from.features) - mean) / log_deviation.exp();
        let off = (z - tensor(&to.features)).abs().max().double_value(&[]);
        assert!(off < 1e-5, "{off}");
    }
    let none = RowDataset::new(Array2::zeros((0, 9)), Array2::zeros((0, 3))).unwrap();
    assert!(whitened(&none, step.regressor()).unwrap().is_empty());
    let narrow = RowDataset::new(Array2::zeros((7, 8)), Array2::zeros((7, 3))).unwrap();
    let message = whitened(&narrow, step.regressor()).unwrap_err().to_string();
    assert!(message.contains("contexts"), "{message}");
}
