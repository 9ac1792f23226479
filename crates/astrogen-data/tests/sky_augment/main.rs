//! What a critic is shown in place of images.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod draws;
mod geometry;
mod gradients;
mod intensity;
mod leaks;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_data::augment::SkyAugment;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

/// Every operation at once, those that break colour too.
const ALL: SkyAugment = SkyAugment {
    symmetries: true,
    shift: 0.25,
    subpixel: 0.5,
    scale: 0.3,
    flux: 0.4,
    brightness: 0.2,
    contrast: 0.5,
    saturation: 1.0,
    noise: 0.1,
    cutout: 0.3,
};

/// libtorch has one random generator for the whole program, so tests that draw take turns.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed);
    turn
}

/// Images `[N, C, H, W]` in [-1, 1], the same for the same size.
fn images(size: [i64; 4], kind: Kind) -> Tensor {
    let numbers = Tensor::arange(size.iter().product::<i64>(), DOUBLE);
    (numbers * 12.9898).sin().view(size).to_kind(kind)
}

fn golden() -> BTreeMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sky_augment.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

#[track_caller]
fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size());
    let error = (got - expected).abs().max().double_value(&[]);
    assert!(error <= tolerance, "differs by {error}");
}
