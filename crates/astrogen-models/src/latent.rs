//! Paths through the space of latents.
//!
//! Latents are drawn from a normal distribution of many dimensions, where nearly all of them
//! lie near a sphere; the straight line between two leaves it and passes through latents the
//! generator never saw. A spherical interpolation stays (White 2016, *Sampling Generative
//! Networks*, section 2.1): with `theta` the angle between `a` and `b`,
//!
//! ```text
//! slerp(a, b, t) = sin((1 - t) theta) / sin(theta) a + sin(t theta) / sin(theta) b
//! ```

use tch::{Kind, Tensor};

use crate::ModelError;

/// Below this sine the two directions are one line, and the straight path is taken.
const LEAST_SINE: f64 = 1e-4;

/// `steps` latents `[steps, D]` on the way from one latent `[D]` to another, both ends
/// included.
///
/// ```
/// use astrogen_models::latent::slerp;
/// use tch::Tensor;
///
/// let (a, b) = (Tensor::from_slice(&[1.0f32, 0.0]), Tensor::from_slice(&[0.0f32, 1.0]));
/// let path = slerp(&a, &b, 3)?;
/// let half = 0.5f64.sqrt();
/// assert!((path.double_value(&[1, 0]) - half).abs() < 1e-6);
/// assert!((path.double_value(&[1, 1]) - half).abs() < 1e-6);
/// # Ok::<(), astrogen_models::ModelError>(())
/// ```
///
/// # Errors
/// [`ModelError::Shape`] unless both are `[D]`, and [`ModelError::Setting`] for
/// fewer than two steps.
pub fn slerp(from: &Tensor, to: &Tensor, steps: i64) -> Result<Tensor, ModelError> {
    for latent in [from, to] {
        if latent.dim() != 1 || latent.size() != from.size() {
            return Err(ModelError::Shape {
                what: "latents of a path",
                expected: "[D], both alike".into(),
                got: latent.size(),
            });
        }
    }
    if steps < 2 {
        return Err(ModelError::Setting {
            name: "steps",
            rule: "at least 2, the ends of the path".into(),
            got: steps.to_string(),
        });
    }
    let norm = |latent: &Tensor| latent.norm_scalaropt_dtype(2.0, Kind::Double).double_value(&[]);
    let dot = (from * to).sum(Kind::Double).double_value(&[]);
    let theta = (dot / (norm(from) * norm(to))).clamp(-1.0, 1.0).acos();
    let rows: Vec<Tensor> = (0..steps)
        .map(|step| {
            let t = step as f64 / (steps - 1) as f64;
            // A latent of zero length has no direction: theta is NaN, and the path straight.
            if theta.sin() > LEAST_SINE {
                let weight = |t: f64| (t * theta).sin() / theta.sin();
                from * weight(1.0 - t) + to * weight(t)
            } else {
                from * (1.0 - t) + to * t
            }
        })
        .collect();
    Ok(Tensor::stack(&rows, 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn the_path_stays_on_the_sphere_and_keeps_its_pace() {
        tch::manual_seed(5);
        let unit = |latent: Tensor| &latent / latent.norm();
        let [a, b] = [(); 2].map(|()| unit(Tensor::randn([64], (Kind::Double, Device::Cpu))));
        let path = slerp(&a, &b, 9).unwrap();
        assert!((path.get(0) - &a).abs().max().double_value(&[]) < 1e-12);
        assert!((path.get(8) - &b).abs().max().double_value(&[]) < 1e-12);
        let first = path.get(0).dot(&path.get(1)).double_value(&[]);
        for step in 0..8 {
            let (here, next) = (path.get(step), path.get(step + 1));
            assert!((here.norm().double_value(&[]) - 1.0).abs() < 1e-12);
            assert!((here.dot(&next).double_value(&[]) - first).abs() < 1e-12);
        }
    }

    #[test]
    fn parallel_and_empty_latents_take_the_straight_line() {
        let a = Tensor::from_slice(&[1.0, 2.0]);
        for b in [&a * 3.0, -&a, &a * 0.0] {
            let middle = slerp(&a, &b, 3).unwrap().get(1);
            assert!((middle - (&a + &b) / 2.0).abs().max().double_value(&[]) < 1e-12);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let a = Tensor::from_slice(&[1.0, 2.0]);
        let message = slerp(&a, &a, 1).unwrap_err().to_string();
        assert!(message.contains("steps must be at least 2"), "{message}");
        let message = slerp(&a, &Tensor::from_slice(&[1.0]), 3).unwrap_err().to_string();
        assert!(message.contains("[D], both alike, got [1]"), "{message}");
    }
}
