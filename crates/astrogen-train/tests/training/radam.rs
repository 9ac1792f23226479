//! RAdam against PyTorch's.

use std::path::Path;

use astrogen_models::weights;
use astrogen_train::{Adam, AdamConfig};
use tch::Kind;

#[test]
fn every_step_is_pytorchs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/radam.safetensors");
    let golden = weights::read(path).unwrap().tensors;
    for kind in [Kind::Float, Kind::Double] {
        // In single precision by the kernel, in double by tensor operations.
        let weight = golden["weight"].to_kind(kind).copy().set_requires_grad(true);
        let config =
            AdamConfig { lr: 1e-2, betas: [0.9, 0.99], rectified: true, ..AdamConfig::default() };
        let mut radam = Adam::new(vec![("w".into(), weight.shallow_clone())], config).unwrap();
        for step in 0..12 {
            radam.step(&[golden["gradients"].get(step).to_kind(kind).contiguous()]).unwrap();
            let error = (&weight - golden["weights"].get(step)).abs().max().double_value(&[]);
            assert!(error < 1e-6, "step {step} {kind:?}: {error:e}");
        }
    }
    let json = serde_json::to_string(&AdamConfig::default()).unwrap();
    assert!(!json.contains("rectified"), "settings of runs from before read alike: {json}");
}
