//! Checkpoints that claim more than they hold.

use std::fs;

use astrogen_models::{DcganConfig, ModelError};
use astrogen_train::TrainError;
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use tch::Device;

use crate::alone;

#[test]
fn a_header_that_claims_more_than_the_file_holds_is_refused() {
    let _alone = alone();
    let small = DcganConfig {
        image_size: 32,
        generator_features: 1,
        discriminator_features: 1,
        ..DcganConfig::default()
    };
    let algorithm = DcganStep::new(&small, &DcganStepConfig::default(), Device::Cpu).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.safetensors");
    for offsets in ["[0, 4398046511104]", "[0, 0]"] {
        let header = format!(
            r#"{{"generator.net.0.weight":{{"dtype":"F32","shape":[1048576,1048576],"data_offsets":{offsets}}}}}"#
        );
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        fs::write(&path, bytes).unwrap();
        for error in [
            Checkpoint::inspect(&path).unwrap_err(),
            Checkpoint::load(&path, &algorithm).unwrap_err(),
        ] {
            let cut_off = matches!(error, TrainError::Model(ModelError::InvalidFile { .. }));
            assert!(cut_off, "{error}");
        }
    }
}
