//! Spectral normalisation of transposed convolutions against PyTorch's. `golden/spectral.py` made the
//! values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests compare penalties and files too")]
mod agreement;

use std::collections::BTreeMap;

use astrogen_nn::layers::{Convolution, ConvolutionConfig, Direction};
use astrogen_nn::variables::allocate;
use astrogen_nn::weights;
use tch::nn::VarStore;
use tch::{Device, Kind};

use agreement::{Named, assert_all_close, assert_close, below, golden_file, gradients};

#[test]
fn transposed_convolutions_have_a_row_an_output() {
    let golden = golden_file("spectral.safetensors");
    for (name, channels, groups) in [("plain", [3, 5], 1), ("groups", [4, 6], 2)] {
        let golden: Named = below(&golden, &format!("{name}."));
        let store = VarStore::new(Device::Cpu);
        let config = ConvolutionConfig {
            direction: Direction::Up,
            kernel: 4,
            stride: 2,
            groups,
            spectral_norm: true,
            ..ConvolutionConfig::default()
        };
        let layer = Convolution::build(&store.root(), channels, &config).unwrap();
        allocate(&layer).unwrap();
        weights::load_into(&store, &below(&golden, "state.")).unwrap();

        let images = &golden["images"];
        let trained = layer.forward_t(images, true);
        assert_close(name, &trained, &golden["trained"], 1e-5);
        let gradients = gradients(&store, &trained.square().mean(Kind::Float));
        assert_all_close(name, &gradients, &below(&golden, "grad."), 1e-4);
        let vectors: BTreeMap<_, _> =
            store.variables().into_iter().filter(|(_, tensor)| !tensor.requires_grad()).collect();
        assert_all_close(name, &vectors, &below(&golden, "after."), 1e-5);
        assert_close(name, &layer.forward_t(images, false), &golden["evaluated"], 1e-5);
    }
}
