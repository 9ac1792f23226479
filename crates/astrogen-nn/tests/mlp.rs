//! The multilayer perceptron: PyTorch's values, both kernels of the gradient penalty, first
//! weights, settings and files. `golden/mlp.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests compare convolutions and names too")]
mod agreement;
mod turn;

use astrogen_losses::GradientPenaltyConfig;
use astrogen_nn::{Mlp, MlpConfig, weights};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use agreement::penalty::{
    PRECISIONS, assert_agree, by_double_backward, cast, golden_numbers, in_closed_form, scattered,
};
use agreement::{Named, assert_close, below, bytes_twice, golden_file};
use turn::alone;

fn golden_mlp(golden: &Named) -> (VarStore, Mlp) {
    let store = VarStore::new(Device::Cpu);
    let config = MlpConfig { inputs: 5, hidden: vec![8, 8], outputs: 1 };
    let mlp = config.init(&store.root()).unwrap();
    let mut tensors = below(golden, "mlp.");
    tensors.retain(|name, _| name.starts_with("net."));
    weights::load_into(&store, &tensors).unwrap();
    (store, mlp)
}

#[test]
fn both_kernels_are_pytorchs_for_fully_connected_layers() {
    let _alone = alone(1);
    let golden = golden_file("mlp.safetensors");
    let expected = golden_numbers(&golden, "penalty.mlp");
    let config = GradientPenaltyConfig::default();
    for (kind, tolerance) in PRECISIONS {
        let (mut store, mlp) = golden_mlp(&golden);
        cast(&mut store, kind);
        let points = golden["mlp.points"].to_kind(kind);
        assert_close("outputs", &mlp.forward(&points), &golden["mlp.outputs"], 1e-6);

        let score = |xs: &Tensor| mlp.forward(xs).flatten(0, -1);
        let twice = by_double_backward(&store, score, &points, &config);
        assert_agree(&format!("double backward, {kind:?}"), &twice, &expected, tolerance);
        let closed = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &points, &config);
        assert_agree(&format!("closed form, {kind:?}"), &closed, &expected, tolerance);
    }
}

#[test]
fn a_stack_of_several_outputs_has_no_penalty_in_closed_form() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let mlp = MlpConfig { inputs: 5, hidden: vec![8], outputs: 2 }.init(&store.root()).unwrap();
    assert!(mlp.piecewise_linear().is_none());
}

#[test]
fn both_kernels_agree_for_a_single_layer() {
    let _alone = alone(1);
    let mut store = VarStore::new(Device::Cpu);
    let mlp = MlpConfig { inputs: 5, hidden: vec![], outputs: 1 }.init(&store.root()).unwrap();
    store.double();
    let config = GradientPenaltyConfig::default();
    let points = scattered(&[6, 5], 0.7);
    let score = |xs: &Tensor| mlp.forward(xs).flatten(0, -1);
    let twice = by_double_backward(&store, score, &points, &config);
    let closed = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &points, &config);
    assert_agree("one layer", &closed, &twice, 1e-12);
}

/// In single precision these are computed block by block in plain Rust, in double precision by libtorch:
/// widths that fill no register, one row, rows that fill no block, and more rows than there are blocks.
#[test]
fn the_penalty_in_blocks_agrees_with_double_backward() {
    let _alone = alone(6);
    let config = GradientPenaltyConfig::default();
    for (hidden, rows) in [
        (vec![128, 128, 128], 200),
        (vec![7, 3], 1),
        (vec![33], 63),
        (vec![16, 5], 1500),
        (vec![], 65),
    ] {
        let mut store = VarStore::new(Device::Cpu);
        let mlp = MlpConfig { inputs: 12, hidden, outputs: 1 }.init(&store.root()).unwrap();
        let points = scattered(&[rows, 12], 0.7);
        // A part of the columns of a wider table: rows that do not lie side by side.
        let apart = Tensor::cat(&[&points, &points], 1).to_kind(Kind::Float).narrow(1, 6, 12);
        let points = points.roll([6i64], [1i64]);
        let closed = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &apart, &config);
        let threads = tch::get_num_threads();
        tch::set_num_threads(1);
        let alone = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &apart, &config);
        tch::set_num_threads(threads);
        store.double();
        let score = |xs: &Tensor| mlp.forward(xs).flatten(0, -1);
        let twice = by_double_backward(&store, score, &points, &config);
        assert_agree(&format!("{rows} rows"), &closed, &twice, 1e-5);
        assert_agree(&format!("{rows} rows on one thread"), &alone, &closed, 0.0);
    }
}

#[test]
fn fully_connected_layers_start_as_pytorchs() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    MlpConfig { inputs: 400, hidden: vec![100], outputs: 100 }.init(&store.root()).unwrap();
    for (layer, inputs) in [(0, 400), (2, 100)] {
        let limit = 1.0 / f64::from(inputs).sqrt();
        for name in ["weight", "bias"] {
            let tensor = &store.variables()[&format!("net.{layer}.{name}")];
            let worst = tensor.abs().max().double_value(&[]);
            assert!(worst <= limit && worst > 0.7 * limit, "{layer}.{name}: {worst} of {limit}");
        }
    }
}

#[test]
fn counts_outside_their_range_are_refused() {
    for got in [0, -3, 65537, i64::MAX] {
        for (field, config) in [
            ("inputs", MlpConfig { inputs: got, ..Default::default() }),
            ("outputs", MlpConfig { outputs: got, ..Default::default() }),
            ("hidden", MlpConfig { hidden: vec![8, got], ..Default::default() }),
        ] {
            assert_eq!(
                config.validate().unwrap_err().to_string(),
                format!("{field} must be from 1 to 65536, got {got}")
            );
        }
    }
}

#[test]
fn it_comes_back_from_its_file_byte_for_byte() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let config = MlpConfig { inputs: 4, hidden: vec![6, 5], outputs: 3 };
    let mlp = config.init(&store.root()).unwrap();
    let ([first, second], loaded) = bytes_twice(
        &mlp,
        |mlp, path| mlp.save(path).unwrap(),
        |path| Mlp::load(path, Device::Cpu).unwrap(),
    );
    assert!(first == second);
    assert_eq!(loaded.config(), &config);
}
