//! What a GPU computes is what the CPU computes, and files go both ways. `cargo xtask gpu` runs these and
//! makes a table of what they print.
//!
//! Where there is no GPU the CPU is compared with itself, which says no more than that the checks run.

mod flows;
mod kernels;
mod metrics;
mod steps;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use astrogen::runtime::{DeviceChoice, Precision};
use tch::{Device, Kind, Tensor};

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// The first GPU, or the CPU where there is none. A process that used libtorch before it was asked about
/// CUDA has none either: the tests of this folder are run by themselves to look at a GPU.
#[allow(clippy::print_stderr, reason = "who runs tests should know")]
fn other() -> Device {
    static OTHER: OnceLock<Device> = OnceLock::new();
    *OTHER.get_or_init(|| {
        DeviceChoice::Auto.resolve().unwrap_or_else(|error| {
            eprintln!("the GPU is not looked at: {error}");
            Device::Cpu
        })
    })
}

/// Tests draw from libtorch's one generator in turn, once the device is known, in f32.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Precision::F32.set(other()).expect("every device has it");
    turn
}

/// The largest difference of two tensors, as a part of the largest number of the first.
fn apart(here: &Tensor, there: &Tensor) -> f64 {
    assert_eq!(here.size(), there.size());
    let [here, there] =
        [here, there].map(|tensor| tensor.detach().to_device(Device::Cpu).to_kind(Kind::Double));
    let largest = |of: &Tensor| of.abs().max().double_value(&[]);
    largest(&(&here - there)) / largest(&here).max(1e-6)
}

/// Holds what was found to be apart against what may be.
#[allow(clippy::print_stderr, reason = "who runs tests should know")]
fn check(name: &str, found: f64, tolerance: f64) {
    if other() != Device::Cpu {
        eprintln!("gpu-check\t{name}\t{found:.1e}\t{tolerance:.0e}");
    }
    assert!(found <= tolerance, "{name}: {found} apart, {tolerance} allowed");
}
