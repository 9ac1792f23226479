//! Metrics on features of images: against torch-fidelity and written-out formulas, and the laws
//! that they keep. `golden/features.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod frechet;
mod kernel;
mod mind;
mod prdc;
mod random;
mod torch_script;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor};

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/features.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

/// Normal deviates, float64, from a generator that is not libtorch's.
fn normal<const N: usize>(shape: [i64; N], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view(&shape[..])
}

/// The table without one value.
fn holed(table: &Tensor, value: f64) -> Tensor {
    let table = table.copy();
    let _ = table.flatten(0, -1).narrow(0, 1, 1).fill_(value);
    table
}

/// Whether what `draw` does leaves libtorch's generator as it was.
fn libtorch_is_left_alone(draw: impl FnOnce()) -> bool {
    let next = || Tensor::rand([4], (Kind::Double, tch::Device::Cpu));
    tch::manual_seed(5);
    let undisturbed = next();
    tch::manual_seed(5);
    draw();
    next() == undisturbed
}
