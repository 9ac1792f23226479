//! A generator that makes one image again and again.

use astrogen_metrics::diversity::{CollapseConfig, Diversity, collapsed, mean_pairwise_distance};
use tch::Tensor;

use crate::{fields, golden, normal, values};

#[test]
fn distances_between_samples_tell_a_collapse() {
    let golden = golden();
    let expected = values(&golden["pairwise"])[0];
    let got = mean_pairwise_distance(&golden["rows"]).unwrap();
    assert!((got - expected).abs() < 1e-5 * expected, "{got} {expected}");
    let (reals, train) = (fields(200, 1), fields(200, 2));
    let of = |images: &Tensor| Diversity {
        distance: mean_pairwise_distance(images).unwrap(),
        coverage: None,
    };
    let fell = |now: &Tensor| collapsed(&of(now), &of(&reals), &CollapseConfig::default()).unwrap();
    assert_eq!(fell(&train), None);
    let one = train.narrow(0, 0, 1) + 0.1 * normal(&[200, 2, 16, 16], 3);
    let collapse = fell(&one).unwrap();
    assert!(collapse.distance.is_some_and(|part| part < 0.3), "{collapse}");
    // Far from 0 the rounding of the brightness is not taken for diversity.
    let same = (train.narrow(0, 0, 1) + 1000.0).repeat([50, 1, 1, 1]);
    assert!(of(&same).distance < 1e-6, "{}", of(&same).distance);
    let reals = Diversity { distance: 2.0, coverage: Some(0.9) };
    let few = Diversity { distance: 2.1, coverage: Some(0.1) };
    let text = collapsed(&few, &reals, &CollapseConfig::default()).unwrap().unwrap().to_string();
    assert_eq!(
        text,
        "the generator has collapsed: samples cover only 0.11 of what reals cover of each other"
    );
    let both = Diversity { distance: 0.2, coverage: Some(0.0) };
    let text = collapsed(&both, &reals, &CollapseConfig::default()).unwrap().unwrap().to_string();
    assert!(
        text.contains("only 0.10 times as far from each other as reals are and cover only 0.00")
    );
}
