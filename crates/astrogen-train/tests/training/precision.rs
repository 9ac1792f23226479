//! Which precisions a training has, and what is written down of it.

use std::sync::Arc;

use astrogen_data::{BatchConfig, Batches, RowDataset, Rows};
use astrogen_flows::FlowConfig;
use astrogen_models::DcganConfig;
use astrogen_runtime::Precision;
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::{FitConfig, FlowStep, FlowStepConfig, RunDir, Step, StopSignal, fit};
use ndarray::Array2;
use tch::Device;

use crate::{alone, batches_of};

/// Why a training does not begin.
fn refused<S: Step>(step: &mut S, batches: &mut Batches<S::Batch>, precision: Precision) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let config = FitConfig { precision, steps: 1, ..FitConfig::default() };
    let refused = fit(step, batches, &run, &config, &StopSignal::default(), &mut []);
    assert!(run.checkpoints().unwrap().is_empty());
    refused.unwrap_err().to_string()
}

#[test]
fn the_cpu_has_f32_alone() {
    let _alone = alone();
    let model = DcganConfig {
        image_size: 32,
        generator_features: 2,
        discriminator_features: 2,
        ..DcganConfig::default()
    };
    let mut step = DcganStep::new(&model, &DcganStepConfig::default(), Device::Cpu).unwrap();
    for precision in [Precision::Tf32, Precision::Bf16] {
        let message = refused(&mut step, &mut batches_of(8, [3, 32, 32]), precision);
        assert!(message.starts_with(&format!("precision {precision}: the CPU")), "{message}");
    }
}

#[test]
fn a_density_is_not_trained_in_bf16() {
    let _alone = alone();
    let rows = RowDataset::new(Array2::zeros((20, 1)), Array2::ones((20, 2))).unwrap();
    let config = BatchConfig { batch_size: 5, ..BatchConfig::default() };
    let mut batches = Batches::<Rows>::new(Arc::new(rows), &config, Device::Cpu).unwrap();
    let flow = FlowConfig::maf(2, 1);
    let mut step = FlowStep::new(&flow, &FlowStepConfig::default(), Device::Cpu).unwrap();
    let message = refused(&mut step, &mut batches, Precision::Bf16);
    assert!(message.starts_with("precision must be f32 or tf32 for this algorithm"), "{message}");
}

/// Settings are written as they were before there was a choice.
#[test]
fn f32_is_not_written_down() {
    let json =
        |precision| serde_json::to_value(FitConfig { precision, ..FitConfig::default() }).unwrap();
    assert_eq!(json(Precision::F32).get("precision"), None);
    assert_eq!(json(Precision::Tf32)["precision"], "tf32");
    assert_eq!(
        serde_json::from_value::<FitConfig>(json(Precision::F32)).unwrap(),
        FitConfig::default()
    );
}
