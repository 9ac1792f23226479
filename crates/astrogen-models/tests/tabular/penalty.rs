//! The gradient penalty by the observed features, the context being constant: double backward,
//! closed form and PyTorch agree.

use astrogen_losses::{GradientPenaltyConfig, PenaltyDraw, PenaltyKind, penalty_points};
use astrogen_models::{Activation, TabularConfig};

use crate::agreement::penalty::{
    PRECISIONS, assert_agree, by_double_backward, cast, golden_numbers, in_closed_form, scattered,
    spread_weights,
};
use crate::turn::alone;
use crate::{ACTIVATIONS, contexts, critic, golden, golden_pair, small};

#[test]
fn both_kernels_are_pytorchs_for_every_activation() {
    let _alone = alone(1);
    let golden = golden();
    for ((name, activation), (kind, tolerance)) in ACTIVATIONS
        .into_iter()
        .flat_map(|activation| PRECISIONS.map(|precision| (activation, precision)))
    {
        let expected = golden_numbers(&golden, &format!("{name}.penalty"));
        let (_, (mut store, critic)) = golden_pair(activation, &golden, &format!("{name}.initial"));
        cast(&mut store, kind);
        let [real, fake, weights, context] = [
            golden["reals"].get(0),
            golden[&format!("{name}.fakes")].copy(),
            golden["weights"].get(0),
            contexts(&golden),
        ]
        .map(|tensor| tensor.to_kind(kind));
        let config = GradientPenaltyConfig::default();
        let draw = PenaltyDraw { weights, noise: None };
        let points = penalty_points(config.kind, &real, &fake, &draw);
        let given = critic.given(&context);

        let score = |features: &_| given.forward(features);
        let twice = by_double_backward(&store, score, &points, &config);
        assert_agree(&format!("{name}, twice, {kind:?}"), &twice, &expected, tolerance);
        if let Some(piecewise) = given.piecewise_linear() {
            let closed = in_closed_form(&store, piecewise, &points, &config);
            assert_agree(&format!("{name}, closed, {kind:?}"), &closed, &expected, tolerance);
        }
    }
}

#[test]
fn only_a_smooth_activation_has_no_closed_form() {
    let _alone = alone(1);
    for (name, activation) in ACTIVATIONS {
        let (_, critic) = critic(&small(activation));
        let given = critic.given(&contexts(&golden()));
        let smooth = activation == Activation::Elu;
        assert_eq!(given.piecewise_linear().is_none(), smooth, "{name}");
    }
}

#[test]
fn both_kernels_agree_for_every_size_and_kind_of_penalty() {
    let _alone = alone(1);
    let default = TabularConfig::default();
    let sizes = [
        TabularConfig { branch: vec![7], trunk: vec![5], features: 1, ..default.clone() },
        TabularConfig { branch: vec![9, 6, 4], trunk: vec![8, 5, 6], ..default.clone() },
        TabularConfig { features: 5, true_features: 1, conditions: 2, ..default.clone() },
        default,
    ];
    let kinds = [PenaltyKind::TwoSided, PenaltyKind::OneSided, PenaltyKind::R1];
    for (size, activation) in sizes
        .into_iter()
        .flat_map(|size| [Activation::LeakyRelu, Activation::Relu].map(|a| (size.clone(), a)))
    {
        for (kind, tolerance) in PRECISIONS {
            let config = TabularConfig { activation, ..size.clone() };
            let (mut store, critic) = critic(&config);
            spread_weights(&store);
            cast(&mut store, kind);
            let context = scattered(&[12, config.context_dim()], 0.1).to_kind(kind);
            let points = scattered(&[12, config.features], 0.2).to_kind(kind);
            for penalty_kind in kinds {
                let given = critic.given(&context);
                let penalty =
                    GradientPenaltyConfig { kind: penalty_kind, target: 0.1, ..Default::default() };
                let score = |features: &_| given.forward(features);
                let twice = by_double_backward(&store, score, &points, &penalty);
                let norm = twice.norm.double_value(&[]);
                assert!(norm > 0.05, "a norm of {norm:e} would hide differences");
                let piecewise = given.piecewise_linear().unwrap();
                let closed = in_closed_form(&store, piecewise, &points, &penalty);
                assert_agree(&format!("{config:?}, {kind:?}"), &closed, &twice, tolerance);
            }
        }
    }
}
