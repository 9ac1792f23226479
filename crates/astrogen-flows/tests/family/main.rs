//! What holds of every member of the family.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod density;
mod ensemble;
mod gradients;
mod inputs;
mod inverse;
mod measured;
mod passes;
mod posterior;
mod saving;
mod shapes;
mod units;

use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_flows::{Flow, FlowConfig, Member};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};

/// libtorch has one random generator for the whole program, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every member with its sizes, small ones.
fn members(features: i64, context: i64) -> Vec<(&'static str, FlowConfig)> {
    let small = |(name, member): (&'static str, Member)| {
        let config =
            FlowConfig { transforms: 2, hidden: vec![12, 12], ..member.config(features, context) };
        (name, config)
    };
    let odd = features % 2 == 1;
    let members = Member::ALL.into_iter();
    members.filter(|(name, _)| !(odd && *name == "galactic")).map(small).collect()
}

/// A flow of this precision, its weights drawn twice as wide as a new one's, but for GalacticFlow's:
/// products of wider networks close the bins of its splines.
fn flow(config: &FlowConfig, kind: Kind, seed: i64) -> (VarStore, Flow) {
    tch::manual_seed(seed);
    let mut store = VarStore::new(Device::Cpu);
    store.set_kind(kind);
    let flow = config.init(&store.root()).unwrap();
    no_grad(|| {
        for (name, tensor) in flow.named_tensors() {
            if name.ends_with("weight") && !name.starts_with("layers") {
                let _ = tensor.shallow_clone().g_mul_scalar_(2.0);
            }
        }
    });
    (store, flow)
}

/// Features that a member takes: angles for circular splines.
fn features_of(name: &str, n: i64, features: i64, kind: Kind) -> Tensor {
    let x = Tensor::randn([n, features], (kind, Device::Cpu));
    if name == "ncsf" { (x * 2.0).sin() * 3.0 } else { x }
}

/// Contexts, where there are any.
fn contexts_of(n: i64, context: i64, kind: Kind) -> Option<Tensor> {
    (context > 0).then(|| Tensor::randn([n, context], (kind, Device::Cpu)))
}

/// The largest difference; of angles, that on the circle.
fn largest_between(name: &str, a: &Tensor, b: &Tensor) -> f64 {
    let difference = a - b;
    largest(&if name == "ncsf" { (difference * 0.5).sin() * 2.0 } else { difference })
}

fn largest(of: &Tensor) -> f64 {
    of.abs().max().double_value(&[])
}
