//! The adversarial loss against PyTorch, against finite differences, and at its limits.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_losses::{
    AdversarialConfig, GeneratorObjective, LossError, discriminator_loss, generator_loss,
};
use serde_json::Value;
use tch::{Kind, Tensor};

/// Logits that can be differentiated, in float64.
fn logits(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double)).unwrap()
}

fn scalar(tensor: &Tensor) -> f64 {
    assert!(tensor.size().is_empty(), "a loss is a scalar, got {:?}", tensor.size());
    tensor.double_value(&[])
}

fn smoothed(real_label: f64) -> AdversarialConfig {
    AdversarialConfig { real_label, ..Default::default() }
}

fn saturating() -> AdversarialConfig {
    AdversarialConfig { objective: GeneratorObjective::Saturating, ..Default::default() }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/adversarial.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[track_caller]
fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        // A gradient near zero has lost digits in PyTorch's own formula, hence the floor.
        let error = (got - expected).abs() - 1e-15;
        assert!(error <= tolerance * expected.abs(), "expected {expected:e}, got {got:e}");
    }
}

#[test]
fn discriminator_agrees_with_pytorch() {
    let golden = golden();
    for case in golden["discriminator"].as_array().unwrap() {
        let real = logits(&list(&golden["real_logits"]));
        let fake = logits(&list(&golden["fake_logits"]));
        let config = smoothed(case["real_label"].as_f64().unwrap());
        let loss = discriminator_loss(&real, &fake, &config);
        assert_close(&[scalar(&loss.real)], &[case["real"].as_f64().unwrap()], 1e-12);
        assert_close(&[scalar(&loss.fake)], &[case["fake"].as_f64().unwrap()], 1e-12);
        loss.total().backward();
        assert_close(&values(&real.grad()), &list(&case["real_gradient"]), 1e-9);
        assert_close(&values(&fake.grad()), &list(&case["fake_gradient"]), 1e-9);
    }
}

#[test]
fn generator_agrees_with_pytorch() {
    let golden = golden();
    let fake = logits(&list(&golden["fake_logits"]));
    let loss = generator_loss(&fake, &AdversarialConfig::default());
    assert_close(&[scalar(&loss)], &[golden["generator"]["loss"].as_f64().unwrap()], 1e-12);
    loss.backward();
    assert_close(&values(&fake.grad()), &list(&golden["generator"]["gradient"]), 1e-9);
}

#[test]
fn total_is_the_sum_of_the_parts() {
    let loss = discriminator_loss(&logits(&[1.0, -2.0]), &logits(&[0.5]), &smoothed(0.9));
    assert_eq!(scalar(&loss.total()), scalar(&loss.real) + scalar(&loss.fake));
}

#[test]
fn objectives_differ_by_the_mean_logit() {
    // softplus(-x) - (-softplus(x)) = 2 softplus(x) - x: the two objectives at one batch.
    let fake = [-4.0, -0.5, 0.0, 2.5];
    let non_saturating = scalar(&generator_loss(&logits(&fake), &AdversarialConfig::default()));
    let saturating = scalar(&generator_loss(&logits(&fake), &saturating()));
    let expected = fake.iter().map(|x| 2.0 * x.exp().ln_1p() - x).sum::<f64>() / 4.0;
    assert_close(&[non_saturating - saturating], &[expected], 1e-13);
    assert!(saturating < 0.0 && non_saturating > 0.0);
}

#[test]
fn only_the_non_saturating_gradient_survives_a_winning_discriminator() {
    let gradient = |config: &AdversarialConfig| {
        let fake = logits(&[-12.0]);
        generator_loss(&fake, config).backward();
        values(&fake.grad())[0]
    };
    // Both push the logit up; d/dx -ln sigmoid(x) = -sigmoid(-x), d/dx ln sigmoid(-x) = -sigmoid(x).
    assert_close(
        &[gradient(&AdversarialConfig::default())],
        &[-1.0 / (1.0 + (-12f64).exp())],
        1e-12,
    );
    assert_close(&[gradient(&saturating())], &[-1.0 / (1.0 + 12f64.exp())], 1e-9);
}

#[test]
fn a_smoothed_label_is_where_the_real_part_is_least() {
    // bce(x, t) has its minimum at sigmoid(x) = t: no reward for ever larger logits.
    let best = (0.9f64 / 0.1).ln();
    let real = logits(&[best]);
    let loss = discriminator_loss(&real, &logits(&[0.0]), &smoothed(0.9));
    loss.total().backward();
    assert!(values(&real.grad())[0].abs() < 1e-15);
    let part =
        |x: f64| scalar(&discriminator_loss(&logits(&[x]), &logits(&[0.0]), &smoothed(0.9)).real);
    assert!(part(best) < part(best + 0.1) && part(best) < part(best - 0.1));
    // The fakes' part knows no label.
    let fake = logits(&[1.5, -0.5]);
    let hard = discriminator_loss(&real, &fake, &AdversarialConfig::default());
    assert_eq!(scalar(&hard.fake), scalar(&discriminator_loss(&real, &fake, &smoothed(0.7)).fake));
}

#[test]
fn gradients_are_finite_differences() {
    type Loss<'a> = &'a dyn Fn(&Tensor) -> Tensor;
    let other = logits(&[0.3, -1.2]);
    let config = smoothed(0.9);
    let losses: [Loss; 4] = [
        &|x| discriminator_loss(x, &other, &config).total(),
        &|x| discriminator_loss(&other, x, &config).total(),
        &|x| generator_loss(x, &AdversarialConfig::default()),
        &|x| generator_loss(x, &saturating()),
    ];
    let at = [-6.0, -1.3, -1e-3, 0.4, 3.0, 9.0];
    let step = 1e-5;
    for loss in losses {
        let x = logits(&at);
        loss(&x).backward();
        let gradient = values(&x.grad());
        for (i, analytic) in gradient.iter().enumerate() {
            let shifted = |by: f64| {
                let mut moved = at;
                moved[i] += by;
                scalar(&loss(&logits(&moved)))
            };
            let numeric = (shifted(step) - shifted(-step)) / (2.0 * step);
            assert!((numeric - analytic).abs() < 1e-9, "{i}: {numeric} and {analytic}");
        }
    }
}

#[test]
fn extreme_logits_stay_finite() {
    for kind in [Kind::Float, Kind::Double] {
        for config in [AdversarialConfig::default(), smoothed(0.9), saturating()] {
            let x = || {
                Tensor::from_slice(&[-1e4, -100.0, 0.0, 100.0, 1e4])
                    .to_kind(kind)
                    .set_requires_grad(true)
            };
            let (real, fake, generated) = (x(), x(), x());
            let loss = discriminator_loss(&real, &fake, &config);
            let total = loss.total() + generator_loss(&generated, &config);
            total.backward();
            assert!(scalar(&total).is_finite());
            for tensor in [real, fake, generated] {
                let gradient = values(&tensor.grad());
                assert!(
                    gradient.iter().all(|g| g.is_finite() && g.abs() <= 0.2 + 1e-6),
                    "{gradient:?}"
                );
            }
        }
    }
    // A confidently right discriminator pays nothing, a confidently wrong one its logit.
    let loss = discriminator_loss(&logits(&[1e4]), &logits(&[1e4]), &AdversarialConfig::default());
    assert_eq!((scalar(&loss.real), scalar(&loss.fake)), (0.0, 1e4));
}

#[test]
fn small_losses_keep_their_digits_in_float32() {
    // softplus(x) - x would round to 0 or 2e-6 here.
    let real = Tensor::from_slice(&[20.0f32]);
    let loss = discriminator_loss(&real, &real, &AdversarialConfig::default());
    assert_close(&[scalar(&loss.real)], &[(-20f64).exp()], 1e-6);
}

#[test]
fn a_label_outside_its_range_is_refused() {
    for label in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = smoothed(label).validate().unwrap_err();
        assert!(matches!(error, LossError::Setting { name: "real_label", .. }));
        assert_eq!(
            error.to_string(),
            format!("real_label must be above 0 and at most 1, got {label}")
        );
    }
    assert!(smoothed(0.9).validate().is_ok() && AdversarialConfig::default().validate().is_ok());
}

#[test]
fn config_reads_partial_files_and_refuses_unknown_keys() {
    let config: AdversarialConfig = serde_json::from_str(r#"{"objective": "saturating"}"#).unwrap();
    assert_eq!(config, saturating());
    let error = serde_json::from_str::<AdversarialConfig>(r#"{"label": 1}"#).unwrap_err();
    assert!(error.to_string().contains("unknown field `label`"), "{error}");
}
