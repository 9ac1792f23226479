//! Weights files that ask for more than they hold: refused before memory is taken for it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use astrogen_nn::{Mlp, NnError, weights};
use tch::{Device, Tensor};

fn save(path: &Path, config: &str, tensors: &[(String, Tensor)]) {
    let metadata = BTreeMap::from([
        (weights::MODEL_KEY.to_owned(), Mlp::MODEL.to_owned()),
        (weights::CONFIG_KEY.to_owned(), config.to_owned()),
    ]);
    weights::save(path, tensors, &metadata).unwrap();
}

/// Hidden layers of so many widths, all the same.
fn hidden(width: &str, layers: usize) -> String {
    format!("{{\"hidden\": [{}]}}", vec![width; layers].join(","))
}

#[test]
fn a_config_that_asks_for_more_than_the_file_holds_names_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    for tensors in [vec![], vec![("other".to_owned(), Tensor::from(1.0f32))]] {
        save(&path, &hidden("65536", 200), &tensors); // terabytes
        assert!(fs::metadata(&path).unwrap().len() < 5000);
        let error = Mlp::load(&path, Device::Cpu).unwrap_err();
        assert!(matches!(error, NnError::Mismatch { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("missing ("), "{message}");
        assert!(message.contains("net.10.weight Float [65536, 65536]"), "{message}");
        // Of 201 layers there are 402 names, which nobody reads to the end.
        assert!(message.contains("missing (402)") && message.contains("and 370 more"), "{message}");
        assert!(message.lines().count() < 50, "{message}");
        assert_eq!(message.contains("unexpected (1)"), !tensors.is_empty(), "{message}");
    }
}

#[test]
fn a_list_of_layers_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.safetensors");
    save(&path, &hidden("1", 257), &[]);
    let message = Mlp::load(&path, Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("a list of at most 256 widths, got 257"), "{message}");
}

#[test]
fn a_header_that_claims_more_than_the_file_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.safetensors");
    let bytes = 4u64 << 40;
    for (shape, offsets) in [
        ("[1048576, 1048576]", format!("[0, {bytes}]")),
        ("[1048576, 1048576]", "[0, 0]".to_owned()),
        ("[1]", format!("[{bytes}, {}]", bytes + 4)),
        ("[4294967296, 4294967296, 4294967296]", "[0, 0]".to_owned()),
    ] {
        let header =
            format!("{{\"x\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}");
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        fs::write(&path, &file).unwrap();
        for error in [weights::read(&path).map(drop), weights::read_metadata(&path).map(drop)] {
            let error = error.unwrap_err();
            assert!(matches!(error, NnError::InvalidFile { .. }), "{shape}: {error}");
        }
    }
}
