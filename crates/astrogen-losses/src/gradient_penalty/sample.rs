//! The penalty one sample at a time, for critics that run without tensors.

use super::{GradientPenaltyConfig, PenaltyKind, norm::EPSILON};

/// Between a real and a fake sample, `weight * real + (1 - weight) * fake`, exact at both ends:
/// a sample of [`penalty_points`](super::penalty_points) for the kinds that interpolate.
pub fn interpolate_sample(real: &[f32], fake: &[f32], weight: f32) -> impl Iterator<Item = f32> {
    real.iter().zip(fake).map(move |(&real, &fake)| {
        let way = real - fake;
        if weight < 0.5 { fake + weight * way } else { real - (1.0 - weight) * way }
    })
}

/// What one of `n` samples adds to a penalty, weight included, and to the mean norm of the
/// gradients; its input gradient gives place to the penalty's gradient by it. For critics that
/// run the passes of [`Trace`](super::Trace) by themselves.
pub fn sample_penalty(gradient: &mut [f32], n: usize, config: &GradientPenaltyConfig) -> [f64; 2] {
    let squared: f64 = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum();
    let norm = (squared + EPSILON).sqrt();
    let excess = norm - config.target_norm();
    let below = config.kind == PenaltyKind::OneSided && excess < 0.0; // never where it is NaN
    let excess = if below { 0.0 } else { excess };
    let coefficient = config.coefficient() / n as f64;
    let scale = 2.0 * coefficient * excess / norm;
    gradient.iter_mut().for_each(|g| *g = (f64::from(*g) * scale) as f32);
    [coefficient * excess * excess, norm / n as f64]
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::super::{PenaltyDraw, norm, penalty_points};
    use super::*;

    const KINDS: [PenaltyKind; 5] = [
        PenaltyKind::TwoSided,
        PenaltyKind::OneSided,
        PenaltyKind::Dragan,
        PenaltyKind::R1,
        PenaltyKind::R2,
    ];

    #[test]
    fn samples_add_up_to_the_penalty_of_a_batch() {
        let gradient = Tensor::from_slice(&[0.3f32, -0.4, 2.0, 0.1, 0.0, 0.0, 1.0, 0.0]);
        for (kind, interval) in KINDS.into_iter().zip([1, 3].into_iter().cycle()) {
            let config = GradientPenaltyConfig { kind, interval, ..Default::default() };
            let gradient = gradient.view([4, 2]);
            let norms = norm::norms(&gradient);
            let excess = norm::excess(&norms, &config);
            let tangent = norm::tangent(&gradient, &norms, &excess, &config);
            let mut sum = [0.0; 2];
            for i in 0..4 {
                let mut sample = [0, 1].map(|j| gradient.double_value(&[i, j]) as f32);
                let added = sample_penalty(&mut sample, 4, &config);
                sum = [sum[0] + added[0], sum[1] + added[1]];
                for (j, got) in (0..).zip(sample) {
                    let expected = tangent.double_value(&[i, j]);
                    assert!((f64::from(got) - expected).abs() < 1e-5, "{kind:?}, {i}, {j}");
                }
            }
            let expected = [norm::value(&excess, &config), norms.mean(None::<Kind>)];
            for (got, expected) in sum.into_iter().zip(expected) {
                assert!((got - expected.double_value(&[])).abs() < 1e-4, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_gradient_that_is_no_number_makes_a_penalty_that_is_none() {
        for kind in KINDS {
            let config = GradientPenaltyConfig { kind, ..Default::default() };
            let mut gradient = [0.5, f32::NAN];
            let added = sample_penalty(&mut gradient, 4, &config);
            assert!(added.iter().all(|number| number.is_nan()), "{kind:?}: {added:?}");
            assert!(gradient.iter().all(|number| number.is_nan()), "{kind:?}: {gradient:?}");
        }
    }

    #[test]
    fn samples_stand_where_those_of_a_batch_do() {
        let (real, fake) = ([[1.0f32, -3.0], [0.1, 0.7]], [[0.3f32, 8.0], [5.0, -0.2]]);
        for weights in [[0.0f32, 1.0], [0.2, 0.9]] {
            let draw = PenaltyDraw { weights: Tensor::from_slice(&weights), noise: None };
            let [real_rows, fake_rows] = [&real, &fake].map(|rows| Tensor::from_slice2(rows));
            let points = penalty_points(PenaltyKind::TwoSided, &real_rows, &fake_rows, &draw);
            for (i, weight) in weights.into_iter().enumerate() {
                for (j, got) in interpolate_sample(&real[i], &fake[i], weight).enumerate() {
                    let expected = points.double_value(&[i as i64, j as i64]);
                    assert!((f64::from(got) - expected).abs() < 1e-6, "{weight}, {i}, {j}");
                    let end = if weight == 0.0 { fake[i][j] } else { real[i][j] };
                    assert!(weight % 1.0 != 0.0 || got == end);
                }
            }
        }
    }
}
