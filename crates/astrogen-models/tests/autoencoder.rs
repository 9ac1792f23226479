//! An autoencoder with the weights of PyTorch's own file, whose names are those of its state_dict:
//! `encoder.0.weight` and so on. `golden/autoencoder.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_models::{AutoencoderConfig, ModelError, weights};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn golden(ending: &str) -> String {
    format!("{}/tests/golden/autoencoder.{ending}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_cannot_be_brought_to_the_weights_is_an_error() {
    let config =
        AutoencoderConfig { image_size: 8, widths: vec![2], ..AutoencoderConfig::default() };
    let store = VarStore::new(Device::Cpu);
    let autoencoder = config.init(&store.root()).unwrap();
    // libtorch has no way from these numbers to single precision but to dequantize them.
    let quantized = |size: &[i64]| {
        let zeros = Tensor::zeros(size, (Kind::Float, Device::Cpu));
        zeros.quantize_per_tensor(0.1, 0, Kind::QUInt8)
    };
    for error in [
        autoencoder.encode(&quantized(&[2, 3, 8, 8])).unwrap_err(),
        autoencoder.decode(&quantized(&[2, 16])).unwrap_err(),
    ] {
        assert!(matches!(error, ModelError::Torch { .. }), "{error}");
    }
}

#[test]
fn a_state_dict_of_pytorch_gives_its_latents_and_images() {
    let config = AutoencoderConfig {
        image_size: 24,
        widths: vec![8, 16],
        latent_dim: 4,
        ..AutoencoderConfig::default()
    };
    let store = VarStore::new(Device::Cpu);
    let autoencoder = config.init(&store.root()).unwrap();
    weights::load_weights(&store, golden("pth")).unwrap();
    let expected = weights::read(golden("safetensors")).unwrap().tensors;
    let close = |what: &str, got: &Tensor| {
        let apart = (got - &expected[what]).abs().max().double_value(&[]);
        assert!(apart < 1e-5, "{what} differs by {apart:e}");
    };
    let latent = autoencoder.encode(&expected["images"].get(0)).unwrap();
    close("latent", &latent);
    close("reconstructed", &autoencoder.decode(&latent).unwrap());

    // One of other widths names every tensor that does not fit.
    let other = AutoencoderConfig { widths: vec![8, 12], ..config };
    let store = VarStore::new(Device::Cpu);
    let _autoencoder = other.init(&store.root()).unwrap();
    let message = weights::load_weights(&store, golden("pth")).unwrap_err().to_string();
    assert!(
        message.contains("autoencoder.pth") && message.contains("encoder.2.weight"),
        "{message}"
    );
}
