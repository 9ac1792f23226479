//! The gradient penalty of these critics: double backward, closed form and PyTorch agree.

use crate::turn::alone;
use astrogen_losses::{
    GradientPenaltyConfig, PenaltyDraw, PenaltyKind, penalty_points, piecewise_linear_penalty,
};
use astrogen_models::{Critic, WganConfig};
use tch::{Kind, Tensor};

use crate::agreement::penalty::{
    PRECISIONS, assert_agree, by_double_backward, cast, golden_numbers, in_closed_form, scattered,
    spread_weights,
};
use crate::{CONFIG, Named, critic, golden, golden_critic, parameters};

#[test]
fn both_kernels_are_pytorchs_for_a_convolutional_critic() {
    let _alone = alone(1);
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

#[test]
fn both_kernels_agree_for_every_kind_of_penalty_and_size() {
    let _alone = alone(1);
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
    let _alone = alone(1);
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
