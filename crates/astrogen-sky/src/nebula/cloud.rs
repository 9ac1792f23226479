//! The gas: a turbulent cloud with a gradient, stirred, with a bubble around its first star.

use super::config::NebulaConfig;
use super::region::Region;
use crate::turbulence::{PowerLaw, log_deviation, log_normal};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use rand::{Rng, RngExt};

/// A cloud of gas and the dust in front of it.
pub(super) struct Cloud {
    /// Gas density of each cell `[layer, y, x]`, mean 1.
    pub(super) density: Array3<f32>,
    /// Dust lanes `[y, x]` in front of the gas: optical depth relative to the mean one.
    pub(super) lanes: Array2<f32>,
}

impl Cloud {
    /// Draws a cloud that fills the region; `bubble` is the cell of the star whose wind has
    /// blown a hole.
    pub(super) fn draw<R: Rng>(
        config: &NebulaConfig,
        region: &Region,
        bubble: [usize; 3],
        rng: &mut R,
    ) -> Self {
        let law = PowerLaw {
            slope: config.slope,
            outer_scale: config.driving_scale * region.frame as f64,
        };
        let [still, flow] = law.fields(region.shape, region.spacing, rng);
        let distance = (config.stirring * region.frame as f64) as f32;
        let mut gas = still.clone();
        for ((mut to, from), flow) in
            gas.outer_iter_mut().zip(still.outer_iter()).zip(flow.outer_iter())
        {
            to.assign(&stir(&from, &flow, distance));
        }
        let sigma = log_deviation(config.mach, config.forcing);
        let mut density = log_normal(&gas, sigma);
        slant(&mut density, config.gradient, region, rng);
        blow(&mut density, config.cavity, &gas, region, bubble);
        density /= density.mean().unwrap_or(1.0).max(f32::MIN_POSITIVE);

        // The flow, which is independent of the gas, also serves as the cloud in front.
        let front = log_normal(&flow, sigma);
        let first = |field: &Array3<f32>| field.index_axis(Axis(0), 0).to_owned();
        let lanes = stir(&first(&front).view(), &first(&still).view(), distance);
        Self { density, lanes }
    }
}

/// Samples a periodic layer at places displaced by `distance * (v_y, v_x)`, where `v_y` is
/// the flow and `v_x` the same flow half a box away (so nearly independent of `v_y`).
fn stir(layer: &ArrayView2<f32>, flow: &ArrayView2<f32>, distance: f32) -> Array2<f32> {
    let (height, width) = layer.dim();
    const ROUNDS: f32 = 32.0; // no displacement goes as often around
    // The two nearest indices on a ring, and the share of the second.
    let place = |coordinate: f32, length: usize| {
        let ahead = coordinate + ROUNDS * length as f32; // positive, so that casts round down
        let whole = ahead as u32;
        let index = (whole % length as u32) as usize;
        let next = if index + 1 == length { 0 } else { index + 1 };
        (index, next, ahead - whole as f32)
    };
    let Some(values) = layer.as_slice() else {
        return layer.to_owned();
    };
    let mut stirred = Vec::with_capacity(values.len());
    for y in 0..height {
        let far = flow.row((y + height / 2) % height);
        let far = far.iter().cycle().skip(width / 2);
        for (x, (v_y, v_x)) in flow.row(y).iter().zip(far).enumerate() {
            let (top, below, down) = place(y as f32 + distance * v_y, height);
            let (left, right, along) = place(x as f32 + distance * v_x, width);
            let (top, below) = (&values[top * width..], &values[below * width..]);
            let above = top[left] + along * (top[right] - top[left]);
            let under = below[left] + along * (below[right] - below[left]);
            stirred.push(above + down * (under - above));
        }
    }
    Array2::from_shape_vec((height, width), stirred).unwrap_or_else(|_| layer.to_owned())
}

/// Multiplies the density by a gradient of `powers` e-foldings over the frame's side, in a
/// random direction.
fn slant<R: Rng>(density: &mut Array3<f32>, powers: f64, region: &Region, rng: &mut R) {
    let angle = rng.random_range(0.0..std::f64::consts::TAU);
    let tilt = rng.random_range(-0.5..0.5);
    let step = powers / region.frame as f64;
    let rise = [tilt, angle.sin(), angle.cos()].map(|direction| direction * step);
    let factor: [Vec<f32>; 3] = std::array::from_fn(|axis| {
        let centre = region.shape[axis] as f64 / 2.0;
        (0..region.shape[axis])
            .map(|i| (rise[axis] * region.spacing[axis] * (i as f64 - centre)).exp() as f32)
            .collect()
    });
    for (mut layer, of_layer) in density.outer_iter_mut().zip(&factor[0]) {
        for (mut row, of_row) in layer.outer_iter_mut().zip(&factor[1]) {
            for (n, of_column) in row.iter_mut().zip(&factor[2]) {
                *n *= of_layer * of_row * of_column;
            }
        }
    }
}

/// Empties a ragged bubble of about the radius `cavity` (in frame sides) and piles the gas
/// up at its edge. Where the gas is dense the bubble has grown less.
fn blow(
    density: &mut Array3<f32>,
    cavity: f64,
    gas: &Array3<f32>,
    region: &Region,
    centre: [usize; 3],
) {
    let radius = (cavity * region.frame as f64) as f32;
    if radius <= 0.0 {
        return;
    }
    let squared: [Vec<f32>; 3] = std::array::from_fn(|axis| {
        let offset = |i: usize| i.abs_diff(centre[axis]) as f64 * region.spacing[axis];
        (0..region.shape[axis]).map(|i| offset(i).powi(2) as f32).collect()
    });
    const REACH: f32 = 2.5; // beyond, neither hole nor shell change anything
    const RAGGED: [f32; 2] = [0.3, 2.0];
    let farthest = (REACH * RAGGED[1] * radius).powi(2);
    for ((mut layer, gas), z2) in density.outer_iter_mut().zip(gas.outer_iter()).zip(&squared[0]) {
        for ((mut row, gas), y2) in layer.outer_iter_mut().zip(gas.outer_iter()).zip(&squared[1]) {
            if z2 + y2 > farthest {
                continue;
            }
            for ((n, g), x2) in row.iter_mut().zip(gas).zip(&squared[2]) {
                let size = radius * (1.0 - 0.25 * g).clamp(RAGGED[0], RAGGED[1]);
                let ratio = (z2 + y2 + x2).sqrt() / size;
                if ratio < REACH {
                    let hole = 1.0 / (1.0 + ratio.powi(8));
                    let shell = (-(ratio - 1.25).powi(2) / 0.08).exp();
                    *n *= (1.0 - 0.97 * hole) * (1.0 + 1.5 * shell);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn stirring_by_nothing_changes_nothing_and_a_steady_flow_only_shifts() {
        let layer = Array2::from_shape_fn((6, 8), |(y, x)| (10 * y + x) as f32);
        let still = Array2::zeros((6, 8));
        assert_eq!(stir(&layer.view(), &still.view(), 3.0), layer);
        let steady = Array2::ones((6, 8));
        let shifted = stir(&layer.view(), &steady.view(), 2.0);
        assert_eq!(shifted[[1, 3]], layer[[3, 5]]);
        assert_eq!(shifted[[5, 7]], layer[[1, 1]]);
    }

    #[test]
    fn the_cloud_has_mean_one_a_gradient_and_a_hole() {
        let config = NebulaConfig { size: 48, mach: 1.0, cavity: 0.2, ..Default::default() };
        let region = Region::new(config.size);
        let [layers, height, width] = region.shape;
        let centre = [layers / 2, height / 2, width / 2];
        let draw = |config: &NebulaConfig| {
            Cloud::draw(config, &region, centre, &mut ChaCha8Rng::seed_from_u64(3)).density
        };
        let blown = draw(&config);
        assert!((blown.mean().unwrap() - 1.0).abs() < 1e-3);
        let filled = draw(&NebulaConfig { cavity: 0.0, ..config.clone() });
        assert!(blown[centre] < 0.1 * filled[centre]);

        let level = draw(&NebulaConfig { cavity: 0.0, gradient: 0.0, ..config.clone() });
        let ratio = &filled / &level;
        let (low, high) =
            ratio.iter().fold((f32::MAX, 0.0_f32), |(low, high), &r| (low.min(r), high.max(r)));
        // At most the whole diagonal of the box lies along the gradient, at least its side.
        let powers = (high / low).ln();
        assert!((1.5..3.5).contains(&powers), "{powers}");
    }
}
