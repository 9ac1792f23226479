//! What holds for every critic: the kernels agree, and the penalty is zero where it should.

use astrogen_losses::{
    GradientPenaltyConfig, PenaltyKind, gradient_penalty, piecewise_linear_penalty,
};
use proptest::prelude::*;
use tch::{Kind, Tensor};

use crate::stack::{Layer, Stack, distance, linear, scalar, values};

fn kinds() -> impl Strategy<Value = PenaltyKind> {
    prop_oneof![
        Just(PenaltyKind::TwoSided),
        Just(PenaltyKind::OneSided),
        Just(PenaltyKind::Dragan),
        Just(PenaltyKind::R1),
        Just(PenaltyKind::R2),
    ]
}

fn configs() -> impl Strategy<Value = GradientPenaltyConfig> {
    (kinds(), 0f64..100.0, 0f64..2.0, 1u64..5).prop_map(|(kind, weight, target, interval)| {
        GradientPenaltyConfig { kind, weight, target, interval }
    })
}

/// A slope between the ReLU's and none at all.
fn slopes() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(0.2), 0f64..1.0]
}

/// A multilayer perceptron and a point for each of some samples.
fn perceptrons() -> impl Strategy<Value = (Stack, Tensor)> {
    let widths = prop::collection::vec(1i64..10, 1..5);
    (widths, slopes(), 1i64..6, any::<u32>()).prop_map(|(widths, slope, n, seed)| {
        let seed = u64::from(seed);
        let points = values(&[n, widths[0]], seed) * 3.0;
        let mut layers = Vec::new();
        for (i, &width) in widths.iter().enumerate() {
            let next = widths.get(i + 1).copied();
            layers.push(linear(width, next.unwrap_or(1), seed + 10 * (i as u64 + 1)));
            if next.is_some() {
                layers.push(Layer::LeakyRelu(slope));
            }
        }
        (Stack(layers), points)
    })
}

/// Convolutions (kernel, stride, padding, channels each) that end in a linear layer.
fn convolutions() -> impl Strategy<Value = (Stack, Tensor)> {
    let conv = (1i64..4, 1i64..3, 0i64..2, 1i64..4);
    let convs = prop::collection::vec(conv, 1..3);
    (convs, 1i64..4, 5i64..10, slopes(), 1i64..4, any::<u32>()).prop_map(
        |(convs, channels, size, slope, n, seed)| {
            let seed = u64::from(seed);
            let points = values(&[n, channels, size, size + 1], seed) * 3.0;
            let (mut layers, mut c, mut h, mut w) = (Vec::new(), channels, size, size + 1);
            for (i, (kernel, stride, padding, outputs)) in convs.into_iter().enumerate() {
                let kernel = kernel.min(h + 2 * padding);
                let weight = values(&[outputs, c, kernel, kernel], seed + 10 * (i as u64 + 1));
                layers.push(Layer::Conv {
                    weight: weight.set_requires_grad(true),
                    bias: values(&[outputs], seed + i as u64).set_requires_grad(true),
                    stride,
                    padding,
                });
                layers.push(Layer::LeakyRelu(slope));
                c = outputs;
                h = (h + 2 * padding - kernel) / stride + 1;
                w = (w + 2 * padding - kernel) / stride + 1;
            }
            layers.push(linear(c * h * w, 1, seed + 99));
            (Stack(layers), points)
        },
    )
}

/// The critic `D(x) = <w, x> + b` with `|w|` given.
fn plane(dim: i64, norm: f64, seed: u64) -> Stack {
    let direction = values(&[1, dim], seed);
    let weight = &direction * (norm / direction.norm().double_value(&[]));
    let bias = values(&[1], seed + 1);
    Stack(vec![Layer::Linear { weight: weight.set_requires_grad(true), bias }])
}

fn assert_kernels_agree(critic: &Stack, points: &Tensor, config: &GradientPenaltyConfig) {
    let a = gradient_penalty(|x| critic.forward(x), points, config);
    let b = piecewise_linear_penalty(critic, points, config);
    assert!(distance(&b.value, &a.value) < 1e-10, "{config:?}: {} {}", b.value, a.value);
    assert!(distance(&b.norm, &a.norm) < 1e-10, "{config:?}: {} {}", b.norm, a.norm);

    let weights = critic.weights();
    let biases = critic.biases();
    let parameters: Vec<&Tensor> = weights.iter().map(|(_, w)| *w).chain(biases).collect();
    let gradients = Tensor::run_backward(&[&a.value], &parameters, false, false);
    let (of_weights, of_biases) = gradients.split_at(weights.len());
    // A gradient that vanishes in one kernel may be rounding in the other.
    let floor = 1e-12 * config.weight * scalar(&a.norm).max(1.0);
    for (((name, _), expected), (got_name, got)) in weights.iter().zip(of_weights).zip(&b.gradients)
    {
        assert_eq!(got_name, name);
        let expected = if expected.defined() { expected } else { &got.zeros_like() };
        let error = (got - expected).norm().double_value(&[]);
        let allowed = 1e-10 * expected.norm().double_value(&[]) + floor;
        assert!(error <= allowed, "{config:?} {name}: differs by {error:e}");
    }
    for bias in of_biases {
        assert!(!bias.defined() || bias.abs().max().double_value(&[]) == 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn kernels_agree_on_perceptrons((critic, points) in perceptrons(), config in configs()) {
        assert_kernels_agree(&critic, &points, &config);
    }

    #[test]
    fn kernels_agree_on_convolutions((critic, points) in convolutions(), config in configs()) {
        assert_kernels_agree(&critic, &points, &config);
    }

    #[test]
    fn a_unit_slope_costs_nothing(dim in 1i64..30, n in 1i64..5, seed in 0u64..1000) {
        let (critic, points) = (plane(dim, 1.0, seed), values(&[n, dim], seed + 2));
        for kind in [PenaltyKind::TwoSided, PenaltyKind::OneSided, PenaltyKind::Dragan] {
            let config = GradientPenaltyConfig { kind, ..Default::default() };
            let a = gradient_penalty(|x| critic.forward(x), &points, &config);
            let b = piecewise_linear_penalty(&critic, &points, &config);
            for value in [a.value, b.value] {
                // (sqrt(1 + 1e-12) - 1)^2
                prop_assert!(scalar(&value).abs() < 1e-20, "{value}");
            }
            prop_assert!((scalar(&b.norm) - 1.0).abs() < 1e-11);
        }
    }

    #[test]
    fn a_plane_costs_what_its_slope_says(
        norm in 0.01f64..5.0, config in configs(), n in 1i64..5, seed in 0u64..1000,
    ) {
        let (critic, points) = (plane(7, norm, seed), values(&[n, 7], seed + 2));
        let excess = norm - config.target;
        let weight = config.weight * config.interval as f64;
        let expected = match config.kind {
            PenaltyKind::TwoSided | PenaltyKind::Dragan => weight * excess.powi(2),
            PenaltyKind::OneSided => weight * excess.max(0.0).powi(2),
            PenaltyKind::R1 | PenaltyKind::R2 => weight / 2.0 * norm.powi(2),
        };
        let value = scalar(&piecewise_linear_penalty(&critic, &points, &config).value);
        prop_assert!((value - expected).abs() <= 1e-9 * weight, "{value} and {expected}");
    }

    #[test]
    fn below_the_target_the_one_sided_penalty_is_exactly_zero(
        norm in 0f64..0.99, seed in 0u64..1000,
    ) {
        let (critic, points) = (plane(5, norm, seed), values(&[3, 5], seed + 2));
        let config =
            GradientPenaltyConfig { kind: PenaltyKind::OneSided, ..Default::default() };
        let penalty = piecewise_linear_penalty(&critic, &points, &config);
        prop_assert_eq!(scalar(&penalty.value), 0.0);
        prop_assert_eq!(penalty.gradients[0].1.abs().max().double_value(&[]), 0.0);
        let penalty = gradient_penalty(|x| critic.forward(x), &points, &config);
        prop_assert_eq!(scalar(&penalty.value), 0.0);
    }

    #[test]
    fn the_norm_knows_no_axes(seed in 0u64..1000) {
        // The same plane over [N, 24] and over [N, 2, 3, 4].
        let (critic, points) = (plane(24, 1.7, seed), values(&[3, 24], seed + 2));
        let config = GradientPenaltyConfig::default();
        let flat = piecewise_linear_penalty(&critic, &points, &config);
        let image = piecewise_linear_penalty(&critic, &points.view([3, 2, 3, 4]), &config);
        prop_assert!((scalar(&flat.value) - scalar(&image.value)).abs() < 1e-12);
        prop_assert!((scalar(&image.norm) - 1.7).abs() < 1e-9);
        prop_assert!(distance(&image.gradients[0].1, &flat.gradients[0].1) < 1e-12);
    }
}

#[test]
fn a_flat_critic_has_finite_gradients() {
    // |g| = 0: the root's derivative is where a penalty without its 1e-12 breaks.
    let critic = plane(4, 0.0, 3);
    let points = values(&[2, 4], 1);
    let config = GradientPenaltyConfig::default();
    let a = gradient_penalty(|x| critic.forward(x), &points, &config);
    assert!((scalar(&a.value) - 10.0).abs() < 1e-4);
    a.value.backward();
    let b = piecewise_linear_penalty(&critic, &points, &config);
    for gradient in [critic.weights()[0].1.grad(), b.gradients[0].1.shallow_clone()] {
        assert_eq!(gradient.abs().max().double_value(&[]), 0.0);
    }
}

#[test]
fn the_context_is_not_differentiated() {
    // D(x, c) = <w, x> + <u, c>: only w counts, however steep u is.
    let (critic, context) = (plane(6, 1.0, 8), values(&[3, 2], 4));
    let scores =
        |x: &Tensor| critic.forward(x) + (&context * 100.0).sum_dim_intlist(1i64, false, None);
    let points = values(&[3, 6], 5);
    let penalty = gradient_penalty(scores, &points, &GradientPenaltyConfig::default());
    assert!(scalar(&penalty.value).abs() < 1e-20);
    assert_eq!(penalty.norm.kind(), Kind::Double);
}
