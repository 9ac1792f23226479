//! Activations anywhere in a stack: none writes into what is another's.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod turn;

use astrogen_nn::layers::{Sequential, SequentialBuilder};
use astrogen_nn::{Initialization, NamedTensors};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

type Add = fn(SequentialBuilder) -> SequentialBuilder;
type Formula = fn(&Tensor) -> Tensor;

const ACTIVATIONS: [(Add, Formula); 5] = [
    (|net| net.relu(), |xs| xs.maximum(&xs.zeros_like())),
    (|net| net.leaky_relu(0.2), |xs| xs.maximum(&(xs * 0.2))),
    (|net| net.elu(), Tensor::elu),
    (|net| net.tanh(), Tensor::tanh),
    (|net| net.sigmoid(), Tensor::sigmoid),
];

#[test]
fn one_behind_another_has_the_gradients_of_its_formula() {
    let _alone = alone(11);
    let xs = Tensor::randn([7, 4], (Kind::Float, Device::Cpu));
    for (first, of_first) in ACTIVATIONS {
        for (second, of_second) in ACTIVATIONS {
            let store = VarStore::new(Device::Cpu);
            let net = Sequential::build(store.root()).linear(4, 6).unwrap();
            // What lies flat is the memory of what was there.
            let net = second(second(first(net)).flatten()).finish();
            net.init(Initialization::He { slope: 0.0 }).unwrap();
            let [weight, bias] = ["0.weight", "0.bias"].map(|name| {
                let named = net.named_tensors().into_iter();
                named.into_iter().find(|(own, _)| own == name).unwrap().1
            });
            let expected = of_first(&xs.linear(&weight, Some(&bias)));
            let expected = of_second(&of_second(&expected));
            let [got, expected] = [net.forward_t(&xs, true), expected].map(|outputs| {
                let sum = outputs.square().sum(Kind::Float);
                let gradient = Tensor::run_backward(&[sum], &[&weight], false, false).remove(0);
                [outputs.detach(), gradient]
            });
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got - expected).abs().max().double_value(&[]) < 1e-5);
            }
        }
    }
}

#[test]
fn one_in_the_beginning_leaves_the_callers_tensor_alone() {
    let _alone = alone(12);
    let xs = Tensor::randn([5, 3], (Kind::Float, Device::Cpu));
    let before = xs.copy();
    for (add, formula) in ACTIVATIONS {
        let store = VarStore::new(Device::Cpu);
        for net in [
            add(Sequential::build(store.root())).finish(),
            add(Sequential::build(store.root()).flatten()).finish(),
        ] {
            let apart = (net.forward_t(&xs, true) - formula(&xs)).abs().max();
            assert!(apart.double_value(&[]) < 1e-6);
            assert_eq!(net.features(&xs), before);
            assert_eq!(xs, before);
        }
    }
}
