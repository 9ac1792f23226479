//! The reference values and the arrays that `tests/golden/astropy_golden.py` made them from.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the script writes.
#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) arrays: Vec<ArrayCase>,
    pub(crate) stretches: Vec<StretchCase>,
    pub(crate) equalizations: Vec<EqualizationCase>,
    pub(crate) lupton: Vec<LuptonCase>,
}

/// Limits and backgrounds of one array.
#[derive(Deserialize)]
pub(crate) struct ArrayCase {
    pub(crate) recipe: Recipe,
    pub(crate) sum: f64,
    pub(crate) background: BTreeMap<String, f64>,
    /// Limits by the notation of their interval.
    #[serde(flatten)]
    pub(crate) limits: BTreeMap<String, [f64; 2]>,
}

/// One stretch in both directions over one grid.
#[derive(Deserialize)]
pub(crate) struct StretchCase {
    pub(crate) name: String,
    pub(crate) x: Vec<f64>,
    pub(crate) forward: Vec<f64>,
    pub(crate) inverse: Vec<f64>,
}

/// One histogram equalization in both directions over one grid.
#[derive(Deserialize)]
pub(crate) struct EqualizationCase {
    pub(crate) recipe: Recipe,
    pub(crate) x: Vec<f64>,
    pub(crate) forward: Vec<f64>,
    pub(crate) inverse: Vec<f64>,
}

/// One colour picture, its bytes as hexadecimal digits.
#[derive(Deserialize)]
pub(crate) struct LuptonCase {
    pub(crate) seed: u64,
    pub(crate) noise: [f64; 4],
    pub(crate) minimum: [f64; 3],
    /// 0 stands for the z-scale variant.
    pub(crate) stretch: f64,
    pub(crate) q: f64,
    pub(crate) rgb: String,
}

/// Seed, count, level, width, spikes, height, blank: the arguments of the script's `array`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Recipe(
    pub(crate) u64,
    pub(crate) usize,
    pub(crate) f64,
    pub(crate) f64,
    pub(crate) f64,
    pub(crate) f64,
    pub(crate) usize,
);

pub(crate) fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/astropy_golden.json")).unwrap()
}

/// The script's `array`.
pub(crate) fn array(recipe: Recipe) -> Vec<f32> {
    let Recipe(seed, count, level, width, spikes, height, blank) = recipe;
    let mut uniform = uniform(seed);
    (0..count)
        .map(|index| {
            let sum = uniform() + uniform() + uniform() + uniform();
            let value = level + width * (sum - 2.0);
            let (chance, size) = (uniform(), uniform());
            let spike = if chance < spikes { height * size * size } else { 0.0 };
            match blank > 0 && index % blank == blank - 1 {
                true => f32::NAN,
                false => (value + spike) as f32,
            }
        })
        .collect()
}

/// The script's generator, uniform in `[0, 1)`.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1 << 24) as f64
    }
}

/// Asserts that two numbers agree to `tolerance`, relative for numbers above 1.
#[track_caller]
pub(crate) fn assert_close(got: f64, expected: f64, tolerance: f64, what: &str) {
    let allowed = tolerance * expected.abs().max(1.0);
    assert!((got - expected).abs() <= allowed, "{what}: got {got}, expected {expected}");
}

#[test]
fn the_arrays_are_those_of_the_script() {
    for case in golden().arrays {
        let values = array(case.recipe);
        let finite = values.iter().filter(|value| value.is_finite());
        let sum = finite.fold(0.0, |sum, &value| sum + f64::from(value));
        assert_close(sum, case.sum, 1e-15, &format!("{:?}", case.recipe));
    }
}
