//! The Gaussian regression: PyTorch's values, its rules, its file, and whole tables.
//! `golden/gaussian.py` made the values.

use std::f64::consts::PI;

use astrogen_models::{
    Activation, GaussianRegressor, GaussianRegressorConfig, ModelError, TabularGenerator, weights,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::agreement::penalty::scattered;
use crate::turn::alone;
use crate::{ACTIVATIONS, assert_close, below, bytes_twice, golden_file};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);
const BLOCK: usize = 1024;
const SEED: u64 = 20170331;

/// What `gaussian.py` trains.
fn small(activation: Activation) -> GaussianRegressorConfig {
    GaussianRegressorConfig { hidden: vec![16, 16], activation, ..Default::default() }
}

fn regressor(config: &GaussianRegressorConfig) -> (VarStore, GaussianRegressor) {
    let store = VarStore::new(Device::Cpu);
    let regressor = config.init(&store.root()).unwrap();
    (store, regressor)
}

/// With the first golden weights of an activation.
fn golden_regressor(activation: usize) -> (VarStore, GaussianRegressor) {
    let (name, activation) = ACTIVATIONS[activation];
    let (store, regressor) = regressor(&small(activation));
    let golden = golden_file("gaussian.safetensors");
    weights::load_into(&store, &below(&golden, &format!("{name}.initial."))).unwrap();
    (store, regressor)
}

#[test]
fn means_deviations_and_likelihoods_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden_file("gaussian.safetensors");
    let [context, observed] = ["contexts", "observed"].map(|name| golden[name].get(0));
    for (i, (name, _)) in ACTIVATIONS.iter().enumerate() {
        let (_store, regressor) = golden_regressor(i);
        let [mean, log_deviation] = regressor.forward(&context);
        assert_close(name, &mean, &golden[&format!("{name}.mean")], 1e-5);
        assert_close(name, &log_deviation, &golden[&format!("{name}.log_deviation")], 1e-5);
        // The bound shows in the values.
        assert!(log_deviation.abs().max().double_value(&[]) > 5.0);
        let nll = regressor.negative_log_likelihood(&context, &observed);
        assert_close(name, &nll, &golden[&format!("{name}.nll_of_rows")], 1e-5);
    }
}

#[test]
fn the_likelihood_is_the_formula_and_integrates_to_one() {
    let _alone = alone(1);
    let config = GaussianRegressorConfig { features: 1, ..small(Activation::Elu) };
    let (mut store, regressor) = regressor(&config);
    store.double();
    let context = scattered(&[1, 9], 0.3).to_kind(Kind::Double);
    let [mean, deviation] = regressor.forward(&context);
    let (mean, deviation) = (mean.double_value(&[0, 0]), deviation.double_value(&[0, 0]).exp());
    // By the trapezoidal rule over 12 deviations to each side.
    let (n, width) = (2001, 24.0 * deviation);
    let observed =
        Tensor::linspace(mean - width / 2.0, mean + width / 2.0, n, (Kind::Double, Device::Cpu));
    let nll =
        regressor.negative_log_likelihood(&context.expand([n, 9], false), &observed.view([n, 1]));
    let total = (-&nll).exp().sum(None::<Kind>).double_value(&[]) * width / (n - 1) as f64;
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    let least = nll.min().double_value(&[]);
    assert!((least - (deviation.ln() + 0.5 * (2.0 * PI).ln())).abs() < 1e-9, "{least}");
}

#[test]
fn the_likelihood_stays_finite_whatever_the_weights() {
    let _alone = alone(1);
    let (store, regressor) = regressor(&small(Activation::Relu));
    for sign in [-1.0, 1.0] {
        for (name, tensor) in store.variables() {
            // The last biases alone: every context gives the same `a`.
            let value = if name == "net.4.bias" { sign * 1e6 } else { 0.0 };
            let _ = tch::no_grad(|| tensor.shallow_clone().fill_(value));
        }
        let _ = tch::no_grad(|| store.variables()["net.4.bias"].narrow(0, 0, 3).zero_());
        let [_, log_deviation] = regressor.forward(&Tensor::zeros([1, 9], FLOAT));
        assert_eq!(log_deviation, Tensor::full([1, 3], sign * 10.0, FLOAT));
        let nll = regressor.negative_log_likelihood(
            &Tensor::zeros([1, 9], FLOAT),
            &Tensor::full([1, 3], 30.0, FLOAT),
        );
        assert!(nll.double_value(&[0]).is_finite(), "{nll:?}");
    }
}

#[test]
fn variables_are_named_like_a_plain_sequential() {
    let _alone = alone(1);
    let (store, regressor) = regressor(&GaussianRegressorConfig::default());
    let mut shapes: Vec<_> =
        store.variables().into_iter().map(|(name, tensor)| (name, tensor.size())).collect();
    shapes.sort();
    let expected = [
        ("net.0.bias", vec![128]),
        ("net.0.weight", vec![128, 9]),
        ("net.2.bias", vec![128]),
        ("net.2.weight", vec![128, 128]),
        ("net.4.bias", vec![128]),
        ("net.4.weight", vec![128, 128]),
        ("net.6.bias", vec![6]),
        ("net.6.weight", vec![6, 128]),
    ];
    assert_eq!(shapes, expected.clone().map(|(name, shape)| (name.to_owned(), shape)));
    assert_eq!(regressor.named_tensors().len(), expected.len());
    // A linear regression has no hidden layer.
    let linear = GaussianRegressorConfig { hidden: vec![], ..Default::default() };
    assert_eq!(self::regressor(&linear).0.variables()["net.0.weight"].size(), [6, 9]);
}

#[test]
fn settings_outside_their_range_are_refused_and_leave_nothing() {
    let _alone = alone(1);
    let default = GaussianRegressorConfig::default;
    for got in [0, -3, 65537] {
        for (field, config) in [
            ("features", GaussianRegressorConfig { features: got, ..default() }),
            ("true_features", GaussianRegressorConfig { true_features: got, ..default() }),
            ("conditions", GaussianRegressorConfig { conditions: got, ..default() }),
            ("hidden", GaussianRegressorConfig { hidden: vec![8, got], ..default() }),
        ] {
            let store = VarStore::new(Device::Cpu);
            let expected = format!("{field} must be from 1 to 65536, got {got}");
            assert_eq!(config.validate().unwrap_err().to_string(), expected);
            assert_eq!(config.init(&store.root()).unwrap_err().to_string(), expected);
            assert!(store.is_empty());
        }
    }
    let read = |text: &str| serde_json::from_str::<GaussianRegressorConfig>(text);
    assert_eq!(read("{}").unwrap(), default());
    assert_eq!(read(r#"{"activation": "elu"}"#).unwrap().activation, Activation::Elu);
    let message = read(r#"{"trunk": [4]}"#).unwrap_err().to_string();
    assert!(message.contains("unknown field `trunk`"), "{message}");
}

#[test]
fn tensors_of_another_shape_are_refused() {
    let _alone = alone(1);
    let (_store, regressor) = regressor(&small(Activation::Relu));
    let refusal = |latent: &[i64], context: &[i64]| {
        let [latent, context] = [latent, context].map(|size| Tensor::zeros(size, FLOAT));
        regressor.sample(&latent, &context).unwrap_err().to_string()
    };
    assert_eq!(refusal(&[5, 8], &[5, 9]), "latents must have shape [5, 3], got [5, 8]");
    assert_eq!(refusal(&[5, 3], &[5, 6]), "contexts must have shape [5, 9], got [5, 6]");
    assert_eq!(refusal(&[5, 3], &[4, 9]), "contexts must have shape [5, 9], got [4, 9]");
}

#[test]
fn samples_are_the_mean_and_so_many_deviations() {
    let _alone = alone(1);
    let (_store, regressor) = golden_regressor(0);
    let context = scattered(&[40, 9], 0.8).to_kind(Kind::Float);
    let [mean, log_deviation] = regressor.forward(&context);
    let latent = regressor.latent(40);
    assert_eq!(latent.size(), [40, 3]);
    let samples = regressor.sample(&latent.to_kind(Kind::Double), &context).unwrap();
    assert!(!samples.requires_grad());
    assert_close("samples", &samples, &(mean + log_deviation.exp() * latent), 1e-6);
}

#[test]
fn a_regressor_comes_back_from_its_file_byte_for_byte() {
    let _alone = alone(1);
    let cpu = Device::Cpu;
    for (_, activation) in ACTIVATIONS {
        let (_store, regressor) = regressor(&small(activation));
        let ([first, second], loaded) = bytes_twice(
            &regressor,
            |regressor, path| regressor.save(path).unwrap(),
            |path| GaussianRegressor::load(path, cpu).unwrap(),
        );
        assert!(first == second);
        assert_eq!(loaded.config(), regressor.config());
        let digest =
            |regressor: &GaussianRegressor| weights::fingerprint(&regressor.named_tensors());
        assert_eq!(digest(&loaded).unwrap(), digest(&regressor).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let (_store, regressor) = regressor(&small(Activation::Relu));
    regressor.save(folder.path().join(GaussianRegressor::FILE)).unwrap();
    GaussianRegressor::load(folder.path(), cpu).unwrap();
    let path = folder.path().join(GaussianRegressor::FILE);
    let error = TabularGenerator::load(path, cpu).unwrap_err();
    assert!(matches!(error, ModelError::WrongModel { .. }));
    assert!(error.to_string().contains("tabular.gaussian"), "{error}");
}

/// The latents of rows from the first one on: those of block `b` are stream `b` of ChaCha8.
fn latents(rows: usize) -> Tensor {
    let blocks = (0..rows.div_ceil(BLOCK)).flat_map(|block| {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        rng.set_stream(block as u64);
        StandardNormal.sample_iter(rng).take(BLOCK * 3)
    });
    let latents: Vec<f32> = blocks.take(rows * 3).collect();
    Tensor::from_slice(&latents).view([rows as i64, 3])
}

#[test]
fn tables_are_samples_of_the_streams_latents_in_both_precisions() {
    let _alone = alone(1);
    let rows = BLOCK + 300;
    let (mut store, regressor) = golden_regressor(2);
    let table = scattered(&[rows as i64, 9], 0.8).to_kind(Kind::Float);
    let context = Vec::<f32>::try_from(table.view([-1])).unwrap();
    for tolerance in [1e-5, 1e-7] {
        let expected = regressor.sample(&latents(rows), &table).unwrap();
        let made = regressor.emulate(&context, 0, SEED).unwrap();
        let made = Tensor::from_slice(&made).view([rows as i64, 3]);
        assert_close("emulated", &made, &expected, tolerance);
        store.double();
    }
}

#[test]
fn pieces_of_a_table_are_the_same_bits_on_any_number_of_threads() {
    let _alone = alone(1);
    let (_store, regressor) = golden_regressor(0);
    let rows = 2 * BLOCK + 200;
    let table = scattered(&[rows as i64 * 9], 0.8).to_kind(Kind::Float);
    let mut context = Vec::<f32>::try_from(table).unwrap();
    // A row that is no number does not touch the others.
    context[9 * 1500] = f32::NAN;
    let bits = |features: &[f32]| -> Vec<u32> { features.iter().map(|x| x.to_bits()).collect() };
    let first_row = (1 << 40) + 77;
    let whole = regressor.emulate(&context, first_row, SEED).unwrap();
    assert_eq!(whole.chunks(3).filter(|row| row.iter().any(|x| x.is_nan())).count(), 1);
    let before = tch::get_num_threads();
    for (threads, cuts) in [(1, vec![1, 700, 1800]), (2, vec![947, 948]), (3, vec![])] {
        let (mut pieces, mut from) = (Vec::new(), 0);
        for to in cuts.into_iter().chain([rows]) {
            tch::set_num_threads(threads);
            let piece = &context[9 * from..9 * to];
            pieces.extend(regressor.emulate(piece, first_row + from as u64, SEED).unwrap());
            assert_eq!(tch::get_num_threads(), threads, "the setting is left as it was");
            from = to;
        }
        assert!(bits(&pieces) == bits(&whole), "{threads} threads");
    }
    tch::set_num_threads(before);
    assert!(regressor.emulate(&context, first_row, SEED + 1).unwrap() != whole);

    let message = regressor.emulate(&[0.5; 11], 0, SEED).unwrap_err().to_string();
    assert_eq!(message, "contexts must have shape rows of 9 values, got [11]");
    assert!(regressor.emulate(&[], 7, SEED).unwrap().is_empty());
    assert_eq!(regressor.emulate(&[0.5; 18], u64::MAX - 1, SEED).unwrap().len(), 6);
}

#[test]
fn what_a_regression_leaves_is_whitened_and_taken_back_row_by_row() {
    let _alone = alone(1);
    let (_store, regressor) = golden_regressor(0);
    let golden = golden_file("gaussian.safetensors");
    let [context, observed] = ["contexts", "observed"].map(|name| golden[name].get(0));
    let [mean, log_deviation] = regressor.forward(&context);
    let whitened = regressor.whiten(&observed, &context).unwrap();
    let z = (&observed - mean) / log_deviation.exp();
    assert_close("whitened", &whitened, &z, 1e-6);

    let numbers = |tensor: &Tensor| -> Vec<f32> {
        Vec::try_from(tensor.to_kind(Kind::Float).flatten(0, -1)).unwrap()
    };
    let (white, context) = (numbers(&whitened), numbers(&context));
    let whole = regressor.unwhiten(&white, &context, 5).unwrap();
    let back = Tensor::from_slice(&whole).view_as(&observed);
    assert_close("there and back", &back, &observed, 1e-5);
    // In two pieces: the same bits.
    let (rows, width) = (white.len() / 3, context.len() / (white.len() / 3));
    let cut = rows / 3;
    let mut pieces = regressor.unwhiten(&white[..3 * cut], &context[..width * cut], 5).unwrap();
    pieces.extend(
        regressor.unwhiten(&white[3 * cut..], &context[width * cut..], 5 + cut as u64).unwrap(),
    );
    assert!(pieces == whole);

    let message = regressor.unwhiten(&white[1..], &context, 0).unwrap_err().to_string();
    assert!(message.contains("whitened features"), "{message}");
    assert!(regressor.whiten(&observed.narrow(1, 0, 2), &golden["contexts"].get(0)).is_err());
}
