//! Files of `torch.save` against the same tensors as safetensors.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use astrogen_nn::weights::{self, PyTorchFile, Value, read_pytorch};
use astrogen_nn::{Linear, NnError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pytorch").join(name)
}

fn open(name: &str) -> PyTorchFile {
    read_pytorch(golden(name)).unwrap()
}

fn refusal<T>(result: Result<T, NnError>) -> String {
    let error = result.err().unwrap();
    assert!(matches!(error, NnError::InvalidFile { .. }), "{error}");
    error.to_string()
}

#[track_caller]
fn assert_same(got: &BTreeMap<String, Tensor>, expected: &str) {
    let expected = weights::read(golden(expected)).unwrap().tensors;
    assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, tensor) in got {
        let expected = &expected[name];
        assert_eq!((tensor.kind(), tensor.size()), (expected.kind(), expected.size()), "{name}");
        assert_eq!(tensor, expected, "{name}");
    }
}

#[test]
fn every_element_type_and_every_view_is_what_was_saved() {
    for name in ["plain.pth", "deflated.pth"] {
        let tensors = open(name).state_dict(None).unwrap();
        assert_same(&tensors, "plain.safetensors");
        assert_eq!(tensors["transposed"].stride(), [1, 6], "{name}");
        // Memory that was shared is shared.
        let start = |name: &str| tensors[name].data_ptr() as usize;
        assert_eq!(start("shared"), start("transposed"));
        assert_eq!(start("steps") - start("shared"), 6 * size_of::<f32>());
        // Both kinds of files by one door.
        let file = weights::read(golden(name)).unwrap();
        assert!(file.metadata.is_empty());
        assert_same(&file.tensors, "plain.safetensors");
    }
}

#[test]
fn newer_pickles_hold_the_same() {
    for protocol in 3..=5 {
        let file = open(&format!("protocol{protocol}.pth"));
        assert_same(&file.state_dict(None).unwrap(), "linear.safetensors");
    }
}

#[test]
fn a_checkpoint_is_a_tree_of_values() {
    let file = open("checkpoint.pth");
    for name in [None, Some("model_state_dict")] {
        assert_same(&file.state_dict(name).unwrap(), "linear.safetensors");
    }
    let at = |name: &str| file.value.get(name).unwrap();
    assert!(matches!(at("epoch"), Value::Int(3)));
    assert!(matches!(at("step"), Value::Int(0x0100_0000_0000)));
    assert!(matches!(at("train_loss"), Value::Float(-0.5)));
    assert!(matches!((at("best"), at("resumed")), (Value::None, Value::Bool(true))));
    let Value::List(columns) = at("columns") else { panic!("{:?}", at("columns")) };
    assert!(matches!(&columns[2], Value::Text(text) if text == "größe"));
    let Value::List(history) = at("history") else { panic!("{:?}", at("history")) };
    assert!(matches!(&history[0], Value::Tuple(pair) if pair.len() == 2));
    let state = at("optimizer_state_dict").get("state").unwrap();
    let Value::Dict(state) = state else { panic!("{state:?}") };
    let (Value::Int(0), first) = &state[0] else { panic!("{:?}", state[0]) };
    assert!(matches!(first.get("exp_avg"), Some(Value::Tensor(tensor)) if tensor.size() == [2, 3]));
    assert!(first.get("other").is_none());
}

#[test]
fn weights_of_either_kind_go_into_a_network() {
    let store = VarStore::new(Device::Cpu);
    let linear = Linear::build(&store.root(), [3, 2]).unwrap();
    linear.init(astrogen_nn::Initialization::Uniform).unwrap();
    weights::load_weights(&store, golden("checkpoint.pth")).unwrap();
    let expected = weights::read(golden("linear.safetensors")).unwrap().tensors;
    assert_eq!(store.variables()["weight"], expected["weight"]);
}

#[test]
fn what_there_is_is_listed_where_a_dict_of_tensors_is_not_found() {
    let message = refusal(open("two.pth").state_dict(None));
    assert!(
        message
            .ends_with("two.pth cannot be read: it holds several dicts of tensors, `model`, `ema.model`: say which"),
        "{message}"
    );
    assert_same(&open("two.pth").state_dict(Some("ema.model")).unwrap(), "linear.safetensors");
    let message = refusal(open("two.pth").state_dict(Some("net")));
    assert!(message.contains("no dict of tensors `net`, but `model`, `ema.model`"), "{message}");
    let message = refusal(weights::read(golden("numbers.pth")));
    assert!(message.contains("`epoch` (a number), `columns` (a list of 2): save one"), "{message}");
}

#[test]
fn nothing_is_executed() {
    for (name, words) in [
        (
            "function.pth",
            "holds `posix.system`, and only tensors are read: save a state_dict alone",
        ),
        ("module.pth", "holds `torch.nn.modules.linear.Linear`, and only tensors are read"),
        ("complex.pth", "`torch.ComplexFloatStorage`, and only dense tensors of bools, integers"),
        ("sparse.pth", "`torch._utils._rebuild_sparse_tensor`, and only dense tensors"),
        ("uint16.pth", "`torch._utils._rebuild_tensor_v3`, and only dense tensors"),
        ("legacy.pth", "save it again with PyTorch 1.6 or newer"),
    ] {
        for message in [refusal(read_pytorch(golden(name))), refusal(weights::read(golden(name)))] {
            assert!(message.contains(words) && message.contains(name), "{message}");
        }
    }
    // Safetensors are no zip archive, and other zip archives no files of PyTorch.
    let message = refusal(read_pytorch(golden("linear.safetensors")));
    assert!(message.contains("is not a whole zip archive"), "{message}");
    assert_eq!(open("plain.pth").state_dict(None).unwrap()["float16"].kind(), Kind::Half);
}
