//! Both kernels against the values that `golden/penalties.py` made.

use std::collections::BTreeMap;

use astrogen_losses::{
    GradientPenaltyConfig, PenaltyDraw, PenaltyKind, gradient_penalty, penalty_points,
    piecewise_linear_penalty,
};
use tch::{Kind, Tensor};

use crate::stack::{Layer, Stack, distance, scalar};

const KINDS: [(&str, PenaltyKind); 5] = [
    ("two_sided", PenaltyKind::TwoSided),
    ("one_sided", PenaltyKind::OneSided),
    ("dragan", PenaltyKind::Dragan),
    ("r1", PenaltyKind::R1),
    ("r2", PenaltyKind::R2),
];
const DTYPES: [(&str, Kind, f64); 2] = [("f64", Kind::Double, 1e-10), ("f32", Kind::Float, 1e-5)];

type Golden = BTreeMap<String, Tensor>;

fn golden() -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/penalties.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

/// A golden critic: its parameters from the file, its strides and paddings known.
fn critic(golden: &Golden, name: &str, kind: Kind) -> Stack {
    let parameter =
        |key: String| golden[&format!("{name}.weight.{key}")].to_kind(kind).set_requires_grad(true);
    let layer = |i: usize| {
        let (weight, bias) = (parameter(format!("{i}.weight")), parameter(format!("{i}.bias")));
        match (name, i) {
            ("mlp", _) => Layer::Linear { weight, bias },
            (_, 4) => Layer::Conv { weight, bias, stride: 1, padding: 0 },
            _ => Layer::Conv { weight, bias, stride: 2, padding: 1 },
        }
    };
    let slope = || Layer::LeakyRelu(0.2);
    Stack(vec![layer(0), slope(), layer(2), slope(), layer(4)])
}

/// Both kernels at these points against the golden values below `prefix`.
fn assert_kernels_agree(
    golden: &Golden,
    prefix: &str,
    critic: &Stack,
    points: &Tensor,
    config: &GradientPenaltyConfig,
    tolerance: f64,
) {
    let close = |what: &str, got: &Tensor, key: &str| {
        let error = distance(got, &golden[&format!("{prefix}.{key}")]);
        assert!(error <= tolerance, "{prefix}: {what} differs by {error:e}");
    };

    let penalty = gradient_penalty(|x| critic.forward(x), points, config);
    close("double backward, value", &penalty.value, "value");
    close("double backward, norm", &penalty.norm, "norm");
    let (names, weights): (Vec<_>, Vec<_>) = critic.weights().into_iter().unzip();
    let gradients = Tensor::run_backward(&[&penalty.value], &weights, false, false);
    for (name, gradient) in names.iter().zip(&gradients) {
        close(&format!("double backward, {name}"), gradient, &format!("gradient.{name}"));
    }

    let penalty = piecewise_linear_penalty(critic, points, config);
    close("closed form, value", &penalty.value, "value");
    close("closed form, norm", &penalty.norm, "norm");
    assert_eq!(penalty.gradients.iter().map(|(name, _)| name).collect::<Vec<_>>(), {
        names.iter().collect::<Vec<_>>()
    });
    for (name, gradient) in &penalty.gradients {
        assert!(!gradient.requires_grad());
        close(&format!("closed form, {name}"), gradient, &format!("gradient.{name}"));
    }
}

#[test]
fn both_kernels_agree_with_pytorch() {
    let golden = golden();
    for name in ["mlp", "conv"] {
        for (key, kind) in KINDS {
            let config = GradientPenaltyConfig { kind, ..Default::default() };
            for (dtype, tensor_kind, tolerance) in DTYPES {
                let critic = critic(&golden, name, tensor_kind);
                let points = golden[&format!("{name}.{key}.points")].to_kind(tensor_kind);
                let prefix = format!("{name}.{key}.{dtype}");
                assert_kernels_agree(&golden, &prefix, &critic, &points, &config, tolerance);
            }
        }
    }
}

#[test]
fn the_tabular_critic_at_its_real_size_agrees_with_pytorch() {
    let golden = golden();
    for (_, tensor_kind, tolerance) in DTYPES {
        let wave = |size: &[i64], phase: f64| {
            let i: Vec<f64> = (0..size.iter().product())
                .map(|i: i64| (phase + 1.7 * i as f64 + 0.37 * (i * i % 9973) as f64).sin())
                .collect();
            Tensor::from_slice(&i).view(size)
        };
        let parameter = |size: &[i64], phase: usize, fan_in: i64| {
            let gain = (3.0 / fan_in as f64).sqrt();
            (wave(size, phase as f64) * gain).to_kind(tensor_kind).set_requires_grad(true)
        };
        let widths = [12i64, 128, 128, 128, 1];
        let mut layers = Vec::new();
        for (i, pair) in widths.windows(2).enumerate() {
            if i > 0 {
                layers.push(Layer::LeakyRelu(0.2));
            }
            layers.push(Layer::Linear {
                weight: parameter(&[pair[1], pair[0]], 2 * i, pair[0]),
                bias: parameter(&[pair[1]], 2 * i + 1, 100),
            });
        }
        let points = (wave(&[200, 12], 0.5) * 2.0).to_kind(tensor_kind);
        let config = GradientPenaltyConfig::default();
        assert_kernels_agree(&golden, "wide", &Stack(layers), &points, &config, tolerance);
    }
}

#[test]
fn points_agree_with_pytorch() {
    let golden = golden();
    for name in ["mlp", "conv"] {
        let input = |what: &str| golden[&format!("{name}.{what}")].shallow_clone();
        let draw = PenaltyDraw { weights: input("interpolation"), noise: Some(input("noise")) };
        for (key, kind) in KINDS {
            let points = penalty_points(kind, &input("real"), &input("fake"), &draw);
            let error = distance(&points, &golden[&format!("{name}.{key}.points")]);
            assert!(error < 1e-15, "{name}.{key}: {error:e}");
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    let golden = golden();
    let step = 1e-6;
    for name in ["mlp", "conv"] {
        for (key, kind) in KINDS {
            let config = GradientPenaltyConfig { kind, ..Default::default() };
            let critic = critic(&golden, name, Kind::Double);
            let points = &golden[&format!("{name}.{key}.points")];
            let penalty = piecewise_linear_penalty(&critic, points, &config);
            for ((weight_name, weight), (_, gradient)) in
                critic.weights().iter().zip(&penalty.gradients)
            {
                let flat = weight.detach().view([-1]);
                let scale = gradient.abs().max().double_value(&[]);
                for index in [0, flat.size()[0] / 3, flat.size()[0] - 1] {
                    let mut entry = flat.narrow(0, index, 1);
                    let middle = entry.double_value(&[0]);
                    let mut value_at = |w: f64| {
                        let _ = entry.fill_(w);
                        scalar(&piecewise_linear_penalty(&critic, points, &config).value)
                    };
                    let numeric =
                        (value_at(middle + step) - value_at(middle - step)) / (2.0 * step);
                    value_at(middle);
                    let analytic = gradient.reshape([-1]).double_value(&[index]);
                    assert!(
                        (numeric - analytic).abs() < 1e-6 * scale,
                        "{name}.{key} {weight_name}[{index}]: {numeric} and {analytic}"
                    );
                }
            }
        }
    }
}
