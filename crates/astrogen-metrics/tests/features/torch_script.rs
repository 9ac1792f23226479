//! Networks of TorchScript files. `golden/features.py` wrote `golden/features.pt`.

use std::path::{Path, PathBuf};

use astrogen_metrics::{FeatureNetwork, MetricsError, TorchScriptConfig};
use tch::{CModule, Device, Kind, Tensor};

use crate::{golden, normal};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/features.pt");

/// Images in [0, 100], of one channel.
fn config() -> TorchScriptConfig {
    TorchScriptConfig { repeat: true, range: [0.0, 100.0], ..TorchScriptConfig::default() }
}

fn open(
    path: impl AsRef<Path>,
    config: &TorchScriptConfig,
) -> Result<FeatureNetwork, MetricsError> {
    FeatureNetwork::open(path, config, Device::Cpu)
}

/// A file of this test's own.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torch_script");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Writes a network that does `forward`, and gives what it says of good images.
fn refused(name: &str, mut forward: impl FnMut(&Tensor) -> Tensor) -> String {
    let images = normal([2, 3, 8, 8], 1).to_kind(Kind::Float);
    let path = scratch(name);
    let example = &[images.shallow_clone()];
    let module = CModule::create_by_tracing("Network", "forward", example, &mut |images| {
        vec![forward(&images[0])]
    });
    module.unwrap().save(&path).unwrap();
    let network = open(&path, &TorchScriptConfig::default()).unwrap();
    let error = network.extract(&images).unwrap_err();
    assert!(matches!(error, MetricsError::Network { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.starts_with(&format!("the network {}", path.display())), "{message}");
    message
}

fn close(got: &Tensor, expected: &Tensor) {
    assert_eq!(got.size(), expected.size());
    let worst = (got - expected).abs().max().double_value(&[]);
    assert!(worst < 1e-5, "{worst:e}");
}

#[test]
fn features_are_those_of_python() {
    let golden = golden();
    let images = &golden["images"];
    close(&open(FILE, &config()).unwrap().extract(images).unwrap(), &golden["plain"]);
    let resized = TorchScriptConfig {
        side: Some(16),
        mean: vec![0.1, 0.2, 0.3],
        deviation: vec![0.5, 0.6, 0.7],
        ..config()
    };
    close(&open(FILE, &resized).unwrap().extract(images).unwrap(), &golden["maps"]);
    // In chunks, of another kind, with the range turned into the images.
    let chunked = TorchScriptConfig { batch: 2, range: [-1.0, 1.0], ..resized };
    let signed = images.to_kind(Kind::Double) / 50.0 - 1.0;
    let signed = signed.set_requires_grad(true);
    let got = open(FILE, &chunked).unwrap().extract(&signed).unwrap();
    close(&got, &golden["maps"]);
    assert_eq!((got.kind(), got.requires_grad()), (Kind::Float, false));
    // Three channels that are the same are as one that is repeated.
    let same = open(FILE, &config()).unwrap().extract(&images.repeat([1, 3, 1, 1])).unwrap();
    close(&same, &golden["plain"]);
}

#[test]
fn a_file_that_is_none_is_refused_in_words() {
    let nowhere = scratch("nowhere.pt");
    let text = scratch("text.pt");
    std::fs::write(&text, "no network").unwrap();
    let empty = scratch("empty.pt");
    std::fs::write(&empty, "").unwrap();
    let cut = scratch("cut.pt");
    let whole = std::fs::read(FILE).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let weights = scratch("weights.safetensors");
    Tensor::write_safetensors(&[("a", normal([2], 1))], &weights).unwrap();
    let folder = scratch("");
    for path in [&nowhere, &text, &empty, &cut, &weights, &folder] {
        let error = open(path, &config()).unwrap_err();
        assert!(matches!(error, MetricsError::Network { .. }), "{error:?}");
        let message = error.to_string();
        let expected = format!(
            "the network {} cannot be opened as TorchScript, which Python writes by \
             torch.jit.script(model).save(path): ",
            path.display()
        );
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.lines().count() == 1 && message.len() < 800, "{message}");
    }
}

#[test]
fn outputs_that_are_no_features_are_refused_in_words() {
    let message = refused("scalar.pt", |images| images.mean(Kind::Float));
    assert!(message.contains("gave [] for 2 images, where [N, D] or [N, D, h, w]"), "{message}");
    let message = refused("rows.pt", |images| images.flatten(2, 3));
    assert!(message.contains("gave [2, 3, 64] for 2 images"), "{message}");
    let message = refused("fewer.pt", |images| images.narrow(0, 0, 1).flatten(1, 3));
    assert!(message.contains("gave [1, 192] for 2 images"), "{message}");
    let message = refused("nan.pt", |images| (images.flatten(1, 3) - 100.0).sqrt());
    assert!(message.contains("gave 384 of 384 features that are not finite"), "{message}");
    let message = refused("whole.pt", |images| images.flatten(1, 3).to_kind(Kind::Int64));
    assert!(message.contains("gave Int64"), "{message}");
}

#[test]
fn images_that_do_not_fit_are_refused_in_words() {
    let plain = TorchScriptConfig::default();
    let message = |channels: i64, side: i64, config: &TorchScriptConfig| {
        let network = open(FILE, config).unwrap();
        network.extract(&normal([2, channels, side, side], 1)).unwrap_err().to_string()
    };
    assert_eq!(
        message(1, 8, &plain),
        "the images must be of the network's channels, or of one and `repeat` set, got 1 channels \
         for a network of 3"
    );
    assert!(message(2, 8, &config()).contains("got 2 channels for a network of 3"));
    // The settings fit, the network does not.
    let four = TorchScriptConfig { channels: 4, ..plain.clone() };
    let got = message(4, 8, &four);
    assert!(got.contains("features.pt failed on images [2, 4, 8, 8]: "), "{got}");
    assert!(got.contains("3 channels") && got.lines().count() == 1, "{got}");
    let got = message(3, 2, &plain);
    assert!(got.contains("failed on images [2, 3, 2, 2]: "), "{got}");
}

#[test]
fn settings_outside_their_ranges_are_refused() {
    let plain = TorchScriptConfig::default;
    for (config, expected) in [
        (TorchScriptConfig { side: Some(0), ..plain() }, "side must be 1 to 16384, got 0"),
        (TorchScriptConfig { channels: 0, ..plain() }, "channels must be 1 to 4096, got 0"),
        (
            TorchScriptConfig { range: [1.0, 1.0], ..plain() },
            "range must be two different finite numbers, got [1.0, 1.0]",
        ),
        (
            TorchScriptConfig { mean: vec![0.1, 0.2], ..plain() },
            "mean must be one finite number, or one for each channel, got [0.1, 0.2]",
        ),
        (
            TorchScriptConfig { deviation: vec![0.0], ..plain() },
            "deviation must be one number above 0, or one for each channel, got [0.0]",
        ),
        (TorchScriptConfig { batch: 0, ..plain() }, "batch must be 1 to 65536, got 0"),
    ] {
        assert_eq!(open(FILE, &config).unwrap_err().to_string(), expected);
    }
}
