//! The loss families and LeCam against PyTorch, against their formulas, and against finite
//! differences.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_losses::regularizer::{ScoreAverages, lecam};
use astrogen_losses::{
    AdversarialConfig, AdversarialLoss, discriminator_loss, generator_loss, relativistic,
};
use proptest::prelude::*;
use serde_json::Value;
use tch::{Kind, Tensor};

const FAMILIES: [(&str, AdversarialLoss); 4] = [
    ("wasserstein", AdversarialLoss::Wasserstein),
    ("hinge", AdversarialLoss::Hinge),
    ("least_squares", AdversarialLoss::LeastSquares),
    ("relativistic", AdversarialLoss::Relativistic),
];

/// Scores that can be differentiated, in float64.
fn scores(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn scalar(tensor: &Tensor) -> f64 {
    assert!(tensor.size().is_empty(), "a loss is a scalar, got {:?}", tensor.size());
    tensor.double_value(&[])
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double)).unwrap()
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/families.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[track_caller]
fn assert_close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        // A gradient near zero has lost digits in PyTorch's own formula, hence the floor.
        let error = (got - expected).abs() - 1e-15;
        assert!(error <= tolerance * expected.abs(), "{what}: expected {expected:e}, got {got:e}");
    }
}

/// A loss of real and fake scores against the golden loss and gradients.
fn assert_golden(what: &str, loss: impl Fn(&Tensor, &Tensor) -> Tensor, expected: &Value) {
    let golden = golden();
    let (real, fake) =
        (scores(&list(&golden["real_scores"])), scores(&list(&golden["fake_scores"])));
    let value = loss(&real, &fake);
    assert_close(what, &[scalar(&value)], &[expected["loss"].as_f64().unwrap()], 1e-12);
    value.backward();
    for (scores, key) in [(&real, "real_gradient"), (&fake, "fake_gradient")] {
        match &expected[key] {
            Value::Null => assert!(!scores.grad().defined(), "{what}: {key}"),
            gradient => assert_close(what, &values(&scores.grad()), &list(gradient), 1e-9),
        }
    }
}

#[test]
fn families_agree_with_pytorch() {
    let golden = golden();
    for (name, loss) in FAMILIES {
        let expected = &golden["families"][name];
        assert_golden(name, |real, fake| loss.critic_loss(real, fake), &expected["critic"]);
        assert_golden(
            name,
            |real, fake| loss.generator_loss(fake, || real.shallow_clone()),
            &expected["generator"],
        );
    }
}

#[test]
fn lecam_agrees_with_pytorch() {
    let golden = golden();
    let average = |key: &str| Tensor::from(golden[key].as_f64().unwrap());
    let averages = ScoreAverages { real: average("real_average"), fake: average("fake_average") };
    let expected = &golden["families"]["lecam"]["critic"];
    assert_golden("lecam", |real, fake| lecam(real, fake, &averages), expected);
}

#[test]
fn cross_entropy_is_the_adversarial_loss() {
    let config = AdversarialConfig { real_label: 0.9, ..Default::default() };
    let loss = AdversarialLoss::CrossEntropy(config.clone());
    let (real, fake) = (scores(&[1.0, -2.0]), scores(&[0.5, 0.1]));
    assert_eq!(
        scalar(&loss.critic_loss(&real, &fake)),
        scalar(&discriminator_loss(&real, &fake, &config).total())
    );
    assert_eq!(
        scalar(&loss.generator_loss(&fake, || unreachable!())),
        scalar(&generator_loss(&fake, &config))
    );
    loss.validate().unwrap();
    let wrong = AdversarialConfig { real_label: 1.5, ..Default::default() };
    let error = AdversarialLoss::CrossEntropy(wrong).validate().unwrap_err();
    assert_eq!(error.to_string(), "real_label must be above 0 and at most 1, got 1.5");
}

#[test]
fn families_read_as_plain_words() {
    for (name, loss) in FAMILIES {
        assert_eq!(serde_json::to_value(&loss).unwrap(), Value::from(name));
        assert_eq!(serde_json::from_value::<AdversarialLoss>(name.into()).unwrap(), loss);
        loss.validate().unwrap();
    }
    let text = r#"{"cross_entropy": {"real_label": 0.9}}"#;
    let loss: AdversarialLoss = serde_json::from_str(text).unwrap();
    let expected = AdversarialConfig { real_label: 0.9, ..Default::default() };
    assert_eq!(loss, AdversarialLoss::CrossEntropy(expected));
    let error = serde_json::from_str::<AdversarialLoss>(r#""bce""#).unwrap_err().to_string();
    assert!(error.contains("`wasserstein`") && error.contains("`hinge`"), "{error}");
}

#[test]
fn a_critic_that_cannot_tell_reals_from_fakes_has_no_margin() {
    let cross_entropy = AdversarialLoss::CrossEntropy(AdversarialConfig::default());
    for (loss, undecided) in [
        (cross_entropy, 0.0),
        (AdversarialLoss::Wasserstein, 0.3),
        (AdversarialLoss::Hinge, 0.0),
        (AdversarialLoss::LeastSquares, 0.5),
        (AdversarialLoss::Relativistic, 0.3),
    ] {
        // A critic with one score for all has the least loss with this one.
        let of = |score: f64| scalar(&loss.critic_loss(&scores(&[score]), &scores(&[score])));
        let least = of(undecided);
        assert!([-0.1, 0.1].iter().all(|by| of(undecided + by) >= least - 1e-15), "{loss:?}");

        let fakes = scores(&[undecided; 3]);
        let reals = scores(&[undecided, undecided + 0.25, undecided - 0.25]);
        let margins = loss.margins(&reals, &fakes);
        assert!(!margins.requires_grad());
        assert_close(&format!("{loss:?}"), &values(&margins), &[0.0, 0.25, -0.25], 1e-12);
    }
}

#[test]
fn only_pairs_of_scores_can_be_compared() {
    let (two, three) = (scores(&[1.0, 2.0]), scores(&[1.0, 2.0, 3.0]));
    let column = two.view([2, 1]);
    for (real, fake) in [(&two, &three), (&two, &column)] {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            relativistic::critic_loss(real, fake)
        }));
        let message = panic.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("one real score for each fake score"), "{message}");
    }
}

#[test]
fn score_averages_follow_the_scores() {
    let batch = |value: f64| scores(&[value - 1.0, value + 1.0]);
    let mut averages = ScoreAverages::new(&batch(4.0), &batch(-2.0));
    assert_eq!((scalar(&averages.real), scalar(&averages.fake)), (4.0, -2.0));
    averages.update(&batch(8.0), &batch(-6.0), 0.75);
    assert_eq!((scalar(&averages.real), scalar(&averages.fake)), (5.0, -3.0));
    assert!(!averages.real.requires_grad() && !averages.fake.requires_grad());
}

/// Every critic's and generator's loss as a function of (real, fake).
type Loss = Box<dyn Fn(&Tensor, &Tensor) -> Tensor>;

fn losses() -> Vec<(String, Loss)> {
    let mut losses: Vec<(String, Loss)> = Vec::new();
    for (name, loss) in FAMILIES {
        let critic = loss.clone();
        losses.push((
            format!("{name}, critic"),
            Box::new(move |real, fake| critic.critic_loss(real, fake)),
        ));
        losses.push((
            format!("{name}, generator"),
            Box::new(move |real, fake| loss.generator_loss(fake, || real.shallow_clone())),
        ));
    }
    let averages = ScoreAverages::new(&scores(&[0.9]), &scores(&[-0.4]));
    losses.push(("lecam".to_owned(), Box::new(move |real, fake| lecam(real, fake, &averages))));
    losses
}

/// The same losses on plain numbers.
fn formulas(real: &[f64], fake: &[f64]) -> Vec<f64> {
    let mean = |scores: &[f64], f: &dyn Fn(f64) -> f64| {
        scores.iter().map(|&x| f(x)).sum::<f64>() / scores.len() as f64
    };
    let pairs = |f: &dyn Fn(f64, f64) -> f64| {
        let sum: f64 = real.iter().zip(fake).map(|(&x, &g)| f(x, g)).sum();
        sum / real.len() as f64
    };
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let identity = |x: f64| x;
    vec![
        mean(fake, &identity) - mean(real, &identity),
        -mean(fake, &identity),
        mean(real, &|x| (1.0 - x).max(0.0)) + mean(fake, &|x| (1.0 + x).max(0.0)),
        -mean(fake, &identity),
        0.5 * mean(real, &|x| (x - 1.0).powi(2)) + 0.5 * mean(fake, &|x| x * x),
        0.5 * mean(fake, &|x| (x - 1.0).powi(2)),
        pairs(&|x, g| softplus(g - x)),
        pairs(&|x, g| softplus(x - g)),
        mean(real, &|x| (x + 0.4).max(0.0).powi(2)) + mean(fake, &|x| (0.9 - x).max(0.0).powi(2)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn losses_are_their_formulas(
        pairs in prop::collection::vec((-50f64..50.0, -50f64..50.0), 1..20),
    ) {
        let (real, fake): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let expected = formulas(&real, &fake);
        for ((name, loss), expected) in losses().iter().zip(expected) {
            let got = scalar(&loss(&scores(&real), &scores(&fake)));
            prop_assert!((got - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{} {} {}", name, got, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn gradients_are_finite_differences(
        pairs in prop::collection::vec((-4f64..4.0, -4f64..4.0), 1..5),
    ) {
        let step = 1e-5;
        // No margin within a step of a score: there the derivative jumps.
        let kinks = [1.0, -1.0, -0.4, 0.9];
        let smooth = |x: f64| kinks.iter().all(|kink| (x - kink).abs() > 2.0 * step);
        prop_assume!(pairs.iter().all(|&(x, g)| smooth(x) && smooth(g)));
        let (real, fake): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        for (name, loss) in losses() {
            let (real_scores, fake_scores) = (scores(&real), scores(&fake));
            loss(&real_scores, &fake_scores).backward();
            for side in 0..2 {
                let gradient = [&real_scores, &fake_scores][side].grad();
                for i in 0..real.len() {
                    let shifted = |by: f64| {
                        let mut both = [real.clone(), fake.clone()];
                        both[side][i] += by;
                        scalar(&loss(&scores(&both[0]), &scores(&both[1])))
                    };
                    let numeric = (shifted(step) - shifted(-step)) / (2.0 * step);
                    let analytic =
                        if gradient.defined() { gradient.double_value(&[i as i64]) } else { 0.0 };
                    prop_assert!((numeric - analytic).abs() < 1e-8, "{} {} {}", name, numeric, analytic);
                }
            }
        }
    }
}
