//! A flow is one file.

use astrogen_flows::Flow;
use tch::{Device, Kind};

use crate::{alone, contexts_of, features_of, flow, members};

#[test]
fn a_saved_flow_is_the_same_flow() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for (name, config) in members(4, 2) {
        let (_store, flow) = flow(&config, Kind::Float, 3);
        let path = folder.path().join(format!("{name}.safetensors"));
        flow.save(&path).unwrap();
        let loaded = Flow::load(&path, Device::Cpu).unwrap();
        assert_eq!(loaded.config(), &config, "{name}");
        let (x, c) =
            (features_of(name, 9, 4, Kind::Float), contexts_of(9, 2, Kind::Float).unwrap());
        let of = |flow: &Flow| tch::no_grad(|| flow.given(&c).unwrap().log_prob(&x).unwrap());
        assert_eq!(of(&flow), of(&loaded), "{name}");
        let again = folder.path().join("again.safetensors");
        loaded.save(&again).unwrap();
        assert!(
            std::fs::read(&path).unwrap() == std::fs::read(&again).unwrap(),
            "{name}: other bytes"
        );
    }
}

#[test]
fn weights_of_another_member_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let all = members(4, 2);
    let config_of = |wanted: &str| all.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
    let (_store, maf) = flow(&config_of("maf"), Kind::Float, 3);
    let path = folder.path().join("maf.safetensors");
    maf.save(&path).unwrap();
    let (store, _nsf) = flow(&config_of("nsf"), Kind::Float, 3);
    let error = astrogen_nn::weights::load_weights(&store, &path).unwrap_err().to_string();
    assert!(error.contains("transform.transforms.0.hyper.4.weight"), "{error}");
    assert!(error.contains("[8, 12]") && error.contains("[92, 12]"), "{error}");
}

#[test]
fn masks_that_do_not_fit_and_settings_without_measure_are_refused() {
    let (store, flow) = flow(&members(4, 0)[1].1, Kind::Float, 3);
    let mask = &store.variables()["transform.transforms.0.mask"];
    let _ = mask.shallow_clone().fill_(1);
    let message = flow.given(None).unwrap_err().to_string();
    assert_eq!(
        message,
        "transform 0 does not fit: its mask lets 4 features stay, and its network takes 2"
    );
    let config = astrogen_flows::FlowConfig {
        hidden: vec![65536, 65536],
        ..astrogen_flows::FlowConfig::maf(4, 0)
    };
    let message = config.validate().unwrap_err().to_string();
    assert!(
        message.contains("must be such that a flow has at most 268435456 weights"),
        "{message}"
    );
}
