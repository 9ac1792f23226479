//! How far the light of the ionising stars reaches into the gas.
//!
//! Along each ray, recombinations use the ionising photons up. In units where recombination
//! costs `n^2` photons per volume, a star that sends `Q` photons per second into each steradian
//! has, at the distance `r`, spent
//!
//! ```text
//! S(r) = integral from 0 to r of n^2(r') r'^2 dr',
//! ```
//!
//! and the gas is ionised while `S < Q`: in uniform gas a sphere of radius `(3 Q / n^2)^(1/3)`
//! (Stroemgren 1939, ApJ 89, 526), here a ragged one with shadows behind dense clumps.
//! `S` is carried outwards from cell to cell by short characteristics (Mihalas, Auer &
//! Mihalas 1978, ApJ 220, 1001): each cell takes `S` from the point where the ray to it
//! leaves the layer of cells before it, by interpolation between the four cells there.

use ndarray::Array3;

/// The photons spent on the way from the cell `star` to every cell, `[layer, y, x]`.
///
/// `spacing` is the size of a cell along each axis.
pub(super) fn spent(density: &Array3<f32>, spacing: [f64; 3], star: [usize; 3]) -> Array3<f32> {
    let (depth, height, width) = density.dim();
    let density = density.as_standard_layout();
    let n: &[f32] = density.as_slice().unwrap_or_default();
    let mut s = vec![0.0_f32; n.len()];
    let stride = [(height * width) as isize, width as isize, 1];
    let [size_z, size_y, size_x] = spacing.map(|size| size as f32);
    let (outward_z, outward_y, outward_x) =
        (outward(depth, star[0]), outward(height, star[1]), outward(width, star[2]));
    // For each number of steps: one step's share of the way, and its share of r^3 / 3.
    let shares: Vec<(f32, f32)> = (0..depth.max(height).max(width))
        .map(|steps| 1.0 / steps.max(1) as f32)
        .map(|share| (share, (1.0 - (1.0 - share).powi(3)) / 3.0))
        .collect();
    for &(z, dz) in &outward_z {
        for &(y, dy) in &outward_y {
            let row = (z * height + y) * width;
            let across = (dz as f32 * size_z).powi(2) + (dy as f32 * size_y).powi(2);
            // One step back towards the star along each axis, as an offset in memory.
            let (back_z, back_y) = (dz.signum() * stride[0], dy.signum() * stride[1]);
            let (steps_z, steps_y) = (dz.unsigned_abs(), dy.unsigned_abs());
            for &(x, dx) in &outward_x {
                let here = row + x;
                let back_x = dx.signum() * stride[2];
                let steps_x = dx.unsigned_abs();
                let steps = steps_z.max(steps_y).max(steps_x);
                let squared = n[here] * n[here];
                if steps == 0 {
                    s[here] = squared * (size_x / 2.0).powi(3) / 3.0;
                    continue;
                }
                // The ray's longest axis steps back by one cell, the others by a share.
                let (share, shell) = shares[steps];
                let (whole, (one, part_one), (two, part_two)) = if steps == steps_x {
                    (back_x, (back_y, steps_y), (back_z, steps_z))
                } else if steps == steps_y {
                    (back_y, (back_x, steps_x), (back_z, steps_z))
                } else {
                    (back_z, (back_x, steps_x), (back_y, steps_y))
                };
                let (part_one, part_two) = (part_one as f32 * share, part_two as f32 * share);
                let at = |offset: isize| s[here.wrapping_add_signed(-whole - offset)];
                let near = at(0) + part_one * (at(one) - at(0));
                let far = at(two) + part_one * (at(one + two) - at(two));
                let before = near + part_two * (far - near);
                let radius = (across + (dx as f32 * size_x).powi(2)).sqrt();
                s[here] = before + squared * radius.powi(3) * shell;
            }
        }
    }
    Array3::from_shape_vec((depth, height, width), s).unwrap_or_default()
}

/// Indices along an axis with their signed distance from `start`, nearest first.
fn outward(length: usize, start: usize) -> Vec<(usize, isize)> {
    let up = (start..length).map(|i| (i, (i - start) as isize));
    let down = (0..start).rev().map(|i| (i, -((start - i) as isize)));
    up.chain(down).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_gas_spends_a_third_of_the_radius_cubed() {
        let density = Array3::from_elem((9, 21, 21), 2.0);
        let spacing = [2.0, 1.0, 1.0];
        let s = spent(&density, spacing, [4, 10, 10]);
        for ((z, y, x), &got) in s.indexed_iter() {
            let r2 = (2.0 * (z as f32 - 4.0)).powi(2)
                + (y as f32 - 10.0).powi(2)
                + (x as f32 - 10.0).powi(2);
            let expected = 4.0 * r2.powf(1.5) / 3.0;
            // Interpolating r^3 linearly between neighbours errs most close to the star.
            assert!(
                (got - expected).abs() <= 0.12 * expected + 4.0,
                "{z} {y} {x}: {got} {expected}"
            );
        }
    }

    #[test]
    fn a_dense_clump_casts_a_shadow_away_from_the_star() {
        let mut density = Array3::from_elem((1, 15, 31), 1.0_f32);
        let clear = spent(&density, [1.0; 3], [0, 7, 5]);
        density[[0, 7, 12]] = 30.0;
        let shaded = spent(&density, [1.0; 3], [0, 7, 5]);
        let ratio = |y: usize, x: usize| shaded[[0, y, x]] / clear[[0, y, x]];
        assert!(ratio(7, 25) > 3.0, "{}", ratio(7, 25));
        // Interpolation softens the shadow's edge, but 20 degrees off little is left of it.
        assert!(ratio(0, 25) < 1.3, "{}", ratio(0, 25));
        for (y, x) in [(7, 8), (0, 8), (14, 5), (7, 0)] {
            assert_eq!(ratio(y, x), 1.0);
        }
    }
}
