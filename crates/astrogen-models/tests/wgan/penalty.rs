//! The gradient penalty of these critics: double backward, closed form and PyTorch agree.

use astrogen_losses::{
    GradientPenaltyConfig, PenaltyDraw, PenaltyKind, penalty_points, piecewise_linear_penalty,
};
use astrogen_models::{Critic, Mlp, MlpConfig, WganConfig, weights};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::agreement::penalty::{
    PRECISIONS, assert_agree, by_double_backward, cast, golden_numbers, in_closed_form, scattered,
    spread_weights,
};
use crate::{CONFIG, Named, assert_close, below, critic, golden, golden_critic, parameters};

#[test]
fn both_kernels_are_pytorchs_for_a_convolutional_critic() {
    let golden = golden();
    let expected = golden_numbers(&golden, "penalty.conv");
    for (kind, tolerance) in PRECISIONS {
        let (mut store, critic) = golden_critic(&CONFIG, &golden, "initial.critic.");
        cast(&mut store, kind);
        let real = golden["reals"].get(0).to_kind(kind);
        let fake = golden["initial.fakes"].to_kind(kind);
        let draw = PenaltyDraw { weights: golden["weights"].get(0).to_kind(kind), noise: None };
        let config = GradientPenaltyConfig::default();
        let points = penalty_points(config.kind, &real, &fake, &draw);

        let score = |images: &Tensor| critic.forward_t(images, true);
        let twice = by_double_backward(&store, score, &points, &config);
        assert_agree(&format!("double backward, {kind:?}"), &twice, &expected, tolerance);
        let piecewise = critic.piecewise_linear().unwrap();
        let closed = in_closed_form(&store, piecewise, &points, &config);
        assert_agree(&format!("closed form, {kind:?}"), &closed, &expected, tolerance);
    }
}

fn golden_mlp(golden: &Named) -> (VarStore, Mlp) {
    let store = VarStore::new(Device::Cpu);
    let config = MlpConfig { inputs: 5, hidden: vec![8, 8], outputs: 1 };
    let mlp = config.init(&store.root()).unwrap();
    let mut tensors = below(golden, "mlp.");
    tensors.retain(|name, _| name.starts_with("net."));
    weights::load_into(&store, &tensors).unwrap();
    (store, mlp)
}

#[test]
fn both_kernels_are_pytorchs_for_fully_connected_layers() {
    let golden = golden();
    let expected = golden_numbers(&golden, "penalty.mlp");
    let config = GradientPenaltyConfig::default();
    for (kind, tolerance) in PRECISIONS {
        let (mut store, mlp) = golden_mlp(&golden);
        cast(&mut store, kind);
        let points = golden["mlp.points"].to_kind(kind);
        assert_close("outputs", &mlp.forward(&points), &golden["mlp.outputs"], 1e-6);

        let score = |xs: &Tensor| mlp.forward(xs).flatten(0, -1);
        let twice = by_double_backward(&store, score, &points, &config);
        assert_agree(&format!("double backward, {kind:?}"), &twice, &expected, tolerance);
        let closed = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &points, &config);
        assert_agree(&format!("closed form, {kind:?}"), &closed, &expected, tolerance);
    }
}

#[test]
fn a_stack_of_several_outputs_has_no_penalty_in_closed_form() {
    let store = VarStore::new(Device::Cpu);
    let mlp = MlpConfig { inputs: 5, hidden: vec![8], outputs: 2 }.init(&store.root()).unwrap();
    assert!(mlp.piecewise_linear().is_none());
}

#[test]
fn both_kernels_agree_for_a_single_layer() {
    let mut store = VarStore::new(Device::Cpu);
    let mlp = MlpConfig { inputs: 5, hidden: vec![], outputs: 1 }.init(&store.root()).unwrap();
    store.double();
    let config = GradientPenaltyConfig::default();
    let points = scattered(&[6, 5], 0.7);
    let score = |xs: &Tensor| mlp.forward(xs).flatten(0, -1);
    let twice = by_double_backward(&store, score, &points, &config);
    let closed = in_closed_form(&store, mlp.piecewise_linear().unwrap(), &points, &config);
    assert_agree("one layer", &closed, &twice, 1e-12);
}

#[test]
fn both_kernels_agree_for_every_kind_of_penalty_and_size() {
    let kinds = [
        PenaltyKind::TwoSided,
        PenaltyKind::OneSided,
        PenaltyKind::Dragan,
        PenaltyKind::R1,
        PenaltyKind::R2,
    ];
    let sizes = [(64, &kinds[..]), (128, &kinds[..1])];
    for ((image_size, kinds), (kind, tolerance)) in
        sizes.into_iter().flat_map(|size| PRECISIONS.map(|precision| (size, precision)))
    {
        let config = WganConfig { image_size, channels: 3, ..CONFIG };
        let (mut store, critic) = critic(&config);
        spread_weights(&store);
        cast(&mut store, kind);
        let images = |phase| scattered(&[3, 3, image_size, image_size], phase).to_kind(kind);
        let (real, fake) = (images(0.1), images(0.2));
        for &penalty_kind in kinds {
            let config =
                GradientPenaltyConfig { kind: penalty_kind, target: 0.5, ..Default::default() };
            let draw = PenaltyDraw {
                weights: scattered(&[3], 0.3).abs().to_kind(kind),
                noise: Some(images(0.4).abs()),
            };
            let points = penalty_points(penalty_kind, &real, &fake, &draw);
            let score = |images: &Tensor| critic.forward_t(images, true);
            let twice = by_double_backward(&store, score, &points, &config);
            let norm = twice.norm.double_value(&[]);
            assert!(norm > 0.1, "a norm of {norm:e} would hide differences");
            let piecewise = critic.piecewise_linear().unwrap();
            let closed = in_closed_form(&store, piecewise, &points, &config);
            let what = format!("{penalty_kind:?} at {image_size} px, {kind:?}");
            assert_agree(&what, &closed, &twice, tolerance);
        }
    }
}

#[test]
fn gradients_of_the_value_are_finite_differences() {
    let (mut store, critic) = critic(&CONFIG);
    spread_weights(&store);
    store.double();
    let points = scattered(&[3, 1, 64, 64], 0.5);
    let config = GradientPenaltyConfig::default();
    let piecewise = critic.piecewise_linear().unwrap();
    let closed = in_closed_form(&store, piecewise, &points, &config);

    let parameters = parameters(&store);
    let direction: Named =
        parameters.iter().map(|(name, p)| (name.clone(), scattered(&p.size(), 0.6))).collect();
    let slope: f64 = closed
        .gradients
        .iter()
        .map(|(name, gradient)| (gradient * &direction[name]).sum(Kind::Double).double_value(&[]))
        .sum();
    let moved = |by: f64| {
        tch::no_grad(|| {
            for (name, parameter) in &parameters {
                let _ = parameter.shallow_clone().g_add_(&(&direction[name] * by));
            }
        });
    };
    let value = || piecewise_linear_penalty(piecewise, &points, &config).value.double_value(&[]);
    // So short a way that no kink lies on it.
    let step = 1e-9;
    moved(step);
    let above = value();
    moved(-2.0 * step);
    let below = value();
    let numeric = (above - below) / (2.0 * step);
    assert!(slope.abs() > 1e-3, "{slope:e}");
    assert!((numeric / slope - 1.0).abs() < 1e-4, "{numeric:e} and {slope:e}");
}
