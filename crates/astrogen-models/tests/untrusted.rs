//! Weights files that ask for more than they hold: refused before memory is taken for it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use astrogen_models::{
    Autoencoder, DcganDiscriminator, DcganGenerator, GaussianRegressor, ModelError,
    R3ganDiscriminator, R3ganGenerator, SharpGenerator, TabularCritic, TabularGenerator,
    WganCritic, WganGenerator, weights,
};
use tch::{Device, Tensor};

/// The widest image networks there are: a layer alone has hundreds of gigabytes.
const IMAGES: &str = r#"{"generator_features": 65536, "channels": 65536, "latent_dim": 65536}"#;
const CRITIC: &str = r#"{"critic_features": 65536, "spectral_norm": true}"#;
const R3GAN: &str = r#"{
    "image_size": 1024, "widths": [65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536],
    "latent_dim": 65536, "blocks": 256, "expansion": 1, "group_width": 65536
}"#;
const AUTOENCODER: &str =
    r#"{"image_size": 65536, "channels": 65536, "latent_dim": 65536, "widths": [65536, 65536]}"#;

/// A network's name in files, how it is loaded, a config that asks for terabytes, and the first
/// of its weights that the file lacks.
type Case = (&'static str, fn(&Path) -> Result<(), ModelError>, String, &'static str);

fn cases() -> Vec<Case> {
    fn widths(fields: &[&str]) -> String {
        let widths = vec!["65536"; 200].join(",");
        let lists = fields.iter().map(|field| format!("\"{field}\": [{widths}]"));
        format!("{{{}}}", lists.collect::<Vec<_>>().join(","))
    }
    macro_rules! case {
        ($network:ident, $config:expr, $weight:literal) => {
            (
                $network::MODEL,
                |path: &Path| $network::load(path, Device::Cpu).map(drop),
                $config.to_string(),
                $weight,
            )
        };
    }
    let discriminator = r#"{"discriminator_features": 65536, "image_size": 512}"#;
    let (branch, hidden) = (widths(&["branch", "trunk"]), widths(&["hidden"]));
    vec![
        case!(DcganGenerator, IMAGES, "net.0.weight Float [65536, 524288, 4, 4]"),
        case!(DcganDiscriminator, discriminator, "net.11.weight Float [524288, 524288, 4, 4]"),
        case!(WganGenerator, IMAGES, "net.0.weight Float [65536, 1048576, 4, 4]"),
        case!(
            WganCritic,
            CRITIC,
            "net.2.parametrizations.weight.original Float [131072, 65536, 4, 4]"
        ),
        case!(SharpGenerator, IMAGES, "input.linear.weight Float [8388608, 65536]"),
        case!(
            R3ganGenerator,
            R3GAN,
            "MainLayers.0.Layers.1.LinearLayer2.Layer.weight Float [65536, 65536, 3, 3]"
        ),
        case!(
            R3ganDiscriminator,
            R3GAN,
            "MainLayers.0.Layers.0.LinearLayer2.Layer.weight Float [65536, 65536, 3, 3]"
        ),
        case!(Autoencoder, AUTOENCODER, "decoder.0.weight Float [17592186044416, 65536]"),
        case!(TabularGenerator, branch, "cond.10.weight Float [65536, 65536]"),
        case!(TabularCritic, branch, "cond.10.weight Float [65536, 65536]"),
        case!(GaussianRegressor, hidden, "net.10.weight Float [65536, 65536]"),
    ]
}

fn save(path: &Path, model: &str, config: &str, tensors: &[(String, Tensor)]) {
    let metadata = BTreeMap::from([
        (weights::MODEL_KEY.to_owned(), model.to_owned()),
        (weights::CONFIG_KEY.to_owned(), config.to_owned()),
    ]);
    weights::save(path, tensors, &metadata).unwrap();
}

#[test]
fn a_config_that_asks_for_more_than_the_file_holds_names_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    for (model, load, config, weight) in cases() {
        for tensors in [vec![], vec![("other".to_owned(), Tensor::from(1.0f32))]] {
            save(&path, model, &config, &tensors);
            assert!(fs::metadata(&path).unwrap().len() < 5000, "{model}");
            let error = load(&path).unwrap_err();
            assert!(matches!(error, ModelError::Mismatch { .. }), "{model}: {error}");
            let message = error.to_string();
            assert!(message.contains("missing (") && message.contains(weight), "{message}");
            assert_eq!(message.contains("unexpected (1)"), !tensors.is_empty(), "{message}");
            assert!(message.lines().count() < 50, "{message}");
        }
    }
}

#[test]
fn a_list_of_layers_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.safetensors");
    let widths = vec!["1"; 257].join(",");
    for (model, load, fields) in [
        (
            GaussianRegressor::MODEL,
            (|path| GaussianRegressor::load(path, Device::Cpu).map(drop)) as fn(&Path) -> _,
            "hidden",
        ),
        (TabularCritic::MODEL, |path| TabularCritic::load(path, Device::Cpu).map(drop), "trunk"),
    ] {
        save(&path, model, &format!("{{\"{fields}\": [{widths}]}}"), &[]);
        let message = load(&path).unwrap_err().to_string();
        assert!(message.contains("a list of at most 256 widths, got 257"), "{message}");
    }
}

#[test]
fn a_stage_of_blocks_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.safetensors");
    for blocks in [0, 257, 65536] {
        save(&path, R3ganGenerator::MODEL, &format!("{{\"blocks\": {blocks}}}"), &[]);
        let message = R3ganGenerator::load(&path, Device::Cpu).unwrap_err().to_string();
        assert!(message.contains(&format!("from 1 to 256, got {blocks}")), "{message}");
    }
}

#[test]
fn more_weights_than_can_be_counted_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countless.safetensors");
    let config = r#"{
        "image_size": 65536, "latent_dim": 65536, "widths": [65536], "variational": true
    }"#;
    save(&path, Autoencoder::MODEL, config, &[]);
    let error = Autoencoder::load(&path, Device::Cpu).unwrap_err();
    assert!(matches!(error, ModelError::Torch { .. }), "{error}");
}
