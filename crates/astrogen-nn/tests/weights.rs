//! Weights files: every tensor survives, the same bytes each time, and files that must not load.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use astrogen_nn::weights::{self, fingerprint};
use astrogen_nn::{Mlp, MlpConfig, NnError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, kind};

fn mlp() -> Mlp {
    let config = MlpConfig { inputs: 5, hidden: vec![32, 32], outputs: 3 };
    config.init(&VarStore::new(Device::Cpu).root()).unwrap()
}

fn named(name: &str, tensor: Tensor) -> (String, Tensor) {
    (name.to_owned(), tensor)
}

fn no_metadata() -> BTreeMap<String, String> {
    BTreeMap::new()
}

fn assert_same(a: &[(String, Tensor)], b: &[(String, Tensor)]) {
    assert_eq!(a.len(), b.len());
    for ((name, a), (other, b)) in a.iter().zip(b) {
        assert_eq!((name, a.kind(), a.size()), (other, b.kind(), b.size()));
        assert_eq!(a, b, "{name}");
    }
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_element_type_and_shape_survives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.safetensors");
    let base = Tensor::arange(6, kind::INT64_CPU).reshape([2, 3]);
    let kinds = [
        Kind::Bool,
        Kind::Uint8,
        Kind::Int8,
        Kind::Int16,
        Kind::Int,
        Kind::Int64,
        Kind::BFloat16,
        Kind::Half,
        Kind::Float,
        Kind::Double,
    ];
    let mut tensors: Vec<_> =
        kinds.iter().map(|&kind| named(&format!("{kind:?}"), base.to_kind(kind))).collect();
    tensors.push(named("scalar", Tensor::from(7i64)));
    tensors.push(named("empty", Tensor::zeros([0, 4], kind::FLOAT_CPU)));
    // Not contiguous in memory: what counts are the elements.
    tensors.push(named("transposed", base.to_kind(Kind::Float).transpose(0, 1)));
    tensors.push(named("trained", base.to_kind(Kind::Float).set_requires_grad(true)));
    weights::save(&path, &tensors, &no_metadata()).unwrap();

    let file = weights::read(&path).unwrap();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let read: Vec<_> =
        file.tensors.iter().map(|(name, tensor)| named(name, tensor.shallow_clone())).collect();
    assert_same(&tensors, &read);
    assert!(file.metadata.is_empty());
}

#[test]
fn bools_of_any_byte_are_read_as_bools() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bools.safetensors");
    weights::save(&path, &[named("x", Tensor::from_slice(&[true; 5]))], &no_metadata()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let data = bytes.len() - 5;
    bytes[data..].copy_from_slice(&[0, 1, 2, 128, 255]);
    fs::write(&path, &bytes).unwrap();
    let read = weights::read(&path).unwrap().tensors.into_iter().collect::<Vec<_>>();
    weights::save(&path, &read, &no_metadata()).unwrap();
    assert_eq!(fs::read(&path).unwrap()[data..], [0, 1, 1, 1, 1]);
}

#[test]
fn a_file_of_pytorch_has_no_texts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pytorch");
    for name in ["plain.pth", "protocol4.pth"] {
        let path = folder.join(name);
        assert!(weights::read_metadata(&path).unwrap().is_empty(), "{name}");
        assert!(weights::read(&path).is_ok_and(|file| file.metadata.is_empty()), "{name}");
    }
}

#[test]
fn the_same_weights_make_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let mut tensors = mlp().named_tensors();
    let metadata: BTreeMap<_, _> =
        (0..20).map(|i| (format!("key {i}"), format!("value {i}"))).collect();
    weights::save(&one, &tensors, &metadata).unwrap();
    tensors.reverse();
    weights::save(&two, &tensors, &metadata).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    assert_eq!(weights::read(&two).unwrap().metadata, metadata);
    assert_eq!(weights::read_metadata(&two).unwrap(), metadata);
}

#[test]
fn a_file_cut_anywhere_never_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(Mlp::FILE);
    mlp().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let cuts = (0..64).chain((64..whole.len()).step_by(997)).chain([whole.len() - 1]);
    for cut in cuts {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = Mlp::load(&path, Device::Cpu).unwrap_err();
        assert!(matches!(error, NnError::InvalidFile { .. }), "cut at {cut}: {error}");
        let error = weights::read_metadata(&path).unwrap_err();
        assert!(matches!(error, NnError::InvalidFile { .. }), "cut at {cut}: {error}");
    }
    let message = Mlp::load(&path, Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("is not a whole safetensors file"), "{message}");

    // Too long, not safetensors, and a header that claims more than there is.
    let mut longer = whole.clone();
    longer.push(0);
    let mut claims = whole.clone();
    claims[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for bytes in [&longer[..], b"\x89PNG\r\n\x1a\nnot weights at all", &claims[..]] {
        fs::write(&path, bytes).unwrap();
        let error = weights::read(&path).unwrap_err();
        assert!(matches!(error, NnError::InvalidFile { .. }), "{error}");
    }
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    weights::save(&path, &[named("x", Tensor::from(1.0f32))], &no_metadata()).unwrap();
    let before = fs::read(&path).unwrap();

    for second in [Tensor::from(3.0f32), Tensor::from(3i64)] {
        let twice = [named("x", Tensor::from(2.0f32)), named("x", second)];
        let error = weights::save(&path, &twice, &no_metadata()).unwrap_err();
        assert!(error.to_string().contains("two tensors have this name"), "{error}");
    }
    let reserved = [named("__metadata__", Tensor::from(2.0f32))];
    assert!(weights::save(&path, &reserved, &no_metadata()).is_err());
    let complex = [named("x", Tensor::zeros([2], (Kind::ComplexFloat, Device::Cpu)))];
    assert!(weights::save(&path, &complex, &no_metadata()).is_err());
    // A folder in the way is seen before anything is written.
    let folder_in_the_way = folder.path().join("folder");
    fs::create_dir(&folder_in_the_way).unwrap();
    let good = [named("x", Tensor::from(2.0f32))];
    assert!(weights::save(&folder_in_the_way, &good, &no_metadata()).is_err());

    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(files_in(folder.path()), ["folder", "x.safetensors"]);
}

#[cfg(unix)]
#[test]
fn a_file_is_as_readable_as_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (plain, path) = (folder.path().join("plain"), folder.path().join("x.safetensors"));
    fs::write(&plain, "").unwrap();
    weights::save(&path, &[named("x", Tensor::from(1.0f32))], &no_metadata()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[test]
fn the_fingerprint_sees_every_part_and_no_order() {
    let tensors = || {
        vec![
            named("a", Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0])),
            named("b", Tensor::from(5i64)),
        ]
    };
    let digest = fingerprint(&tensors()).unwrap();
    // The SHA-256, by another program, of the header and the bytes written out by hand.
    assert_eq!(digest, "8fc62835c4767013");
    let mut reversed = tensors();
    reversed.reverse();
    assert_eq!(fingerprint(&reversed).unwrap(), digest);

    type Change = fn(&mut Vec<(String, Tensor)>);
    let changed: [Change; 5] = [
        |tensors| tensors[0].0 = "c".into(),
        |tensors| tensors[0].1 = tensors[0].1.reshape([2, 2]),
        |tensors| tensors[0].1 = tensors[0].1.to_kind(Kind::Double),
        |tensors| tensors[0].1 = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.000_001]),
        |tensors| drop(tensors.pop()),
    ];
    for change in changed {
        let mut tensors = tensors();
        change(&mut tensors);
        assert_ne!(fingerprint(&tensors).unwrap(), digest);
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // Nowhere to write to.
    let error = weights::save(folder.path().join("no/folder"), &[], &no_metadata()).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}
