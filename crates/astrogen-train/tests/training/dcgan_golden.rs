//! Five training steps against PyTorch: same first weights, same latents, same reals.
//!
//! The values are made by `astrogen-models/tests/golden/dcgan.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use astrogen_models::{DcganConfig, Upsampling, weights};
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::state::State;
use tch::{Device, Tensor};

use crate::{alone, loss};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../astrogen-models/tests/golden/dcgan.safetensors")
}

/// What `dcgan.py` trains.
const MODEL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 3,
    latent_dim: 16,
    generator_features: 8,
    discriminator_features: 8,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

fn is_of_a_network(name: &str) -> bool {
    name.starts_with("generator.") || name.starts_with("discriminator.")
}

/// The tensors of `state` that belong to the two networks.
fn networks(step: &DcganStep) -> Vec<(String, Tensor)> {
    let mut state = step.state();
    state.retain(|(name, _)| is_of_a_network(name));
    state
}

#[test]
fn five_steps_agree_with_pytorch() {
    let _alone = alone();
    let file = weights::read(golden()).unwrap();
    let take = |prefix: &str| -> BTreeMap<String, Tensor> {
        let named = file.tensors.iter().filter_map(|(name, tensor)| {
            let name = name.strip_prefix(prefix)?;
            is_of_a_network(name).then(|| (name.to_owned(), tensor.shallow_clone()))
        });
        named.collect()
    };
    let mut step = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap();
    weights::copy_into(networks(&step), &take("initial."), "the golden file").unwrap();

    let losses = &file.tensors["losses"];
    for k in 0..5 {
        let real = file.tensors["reals"].get(k);
        let latent = file.tensors["latents"].get(k);
        let ours = step.update(&real, &latent).unwrap();
        for (column, name) in ["discriminator_loss", "generator_loss"].into_iter().enumerate() {
            let expected = losses.double_value(&[k, column as i64]);
            let error = (loss(&ours, name) - expected).abs() / expected.abs();
            assert!(error < 1e-4, "step {k}: {name} differs by {error:e}");
        }
    }

    let expected = take("final.");
    let ours = networks(&step);
    assert_eq!(ours.len(), expected.len());
    for (name, tensor) in ours {
        let difference = (&tensor - &expected[&name]).abs().max().double_value(&[]);
        assert!(difference < 1e-4, "{name} differs by {difference:e}");
    }
}
