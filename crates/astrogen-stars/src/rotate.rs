//! A galaxy turned in the x-y plane so that its longer side lies along x.

use astrogen_catalog::Columns;

use crate::StarsError;
use crate::quantile::quantile;

/// Bins of a side of the histogram.
const BINS: usize = 100;
/// Bins with at least this quantile of the counts say where the galaxy is.
const SHARE: f64 = 0.9;

/// Turns stars about the z axis so that the galaxy's principal axis lies along x, positions and
/// velocities alike, and returns the angle at which it lay, in radians from x towards y, in
/// \[-pi/2, pi/2\].
///
/// The recipe is GalacticFlow's, which turns positions alone:
///
/// 1. Stars are counted in 100 x 100 bins of x and y between their smallest and largest values
///    (`numpy.histogram2d`).
/// 2. Bins are taken that hold as many stars as the 0.9 quantile of the 10,000 counts (linear, as
///    numpy's) or more, and at least one.
/// 3. With the covariance C of the taken bins' centres in kpc, each bin counting once, the axis of the
///    larger eigenvalue lies at `atan2(2 C_xy, C_xx - C_yy) / 2`: a closed form, which no sign of an
///    eigenvector can turn around.
/// 4. The stars are turned by minus this angle: at most a quarter turn. A galaxy and the same one
///    turned by half a turn stay apart. Of a round one the angle is 0.
///
/// Radii, speeds, heights and `vz` stay as they are.
///
/// # Errors
/// `Catalog` without a column `x`, `y`, `vx` or `vy`, `Stars` for no stars or a position that is
/// not finite: clean them first.
pub fn rotate_to_principal_axis(stars: &mut Columns) -> Result<f64, StarsError> {
    for name in ["vx", "vy"] {
        stars.column(name)?;
    }
    let angle = principal_angle(stars.column("x")?, stars.column("y")?)?;
    let (sin, cos) = angle.sin_cos();
    for [along, across] in [["x", "y"], ["vx", "vy"]] {
        let (x, y) = (stars.column(along)?.to_vec(), stars.column(across)?.to_vec());
        for (own, (x, y)) in stars.column_mut(along)?.iter_mut().zip(x.iter().zip(&y)) {
            *own = cos * x + sin * y;
        }
        for (own, (x, y)) in stars.column_mut(across)?.iter_mut().zip(x.iter().zip(&y)) {
            *own = cos * y - sin * x;
        }
    }
    Ok(angle)
}

/// The angle of the principal axis.
fn principal_angle(x: &[f64], y: &[f64]) -> Result<f64, StarsError> {
    if x.is_empty() || x.iter().chain(y).any(|value| !value.is_finite()) {
        return Err(StarsError::Stars {
            reason: format!(
                "a rotation needs stars with finite positions, got {} stars; clean the galaxy first",
                x.len()
            ),
        });
    }
    let (across, up) = (edges(x), edges(y));
    let mut counts = vec![0.0_f64; BINS * BINS];
    for (x, y) in x.iter().zip(y) {
        counts[bin(&across, *x) * BINS + bin(&up, *y)] += 1.0;
    }
    let least = quantile(&mut counts.clone(), SHARE).unwrap_or(0.0).max(1.0);
    let center = |edges: &[f64], bin: usize| 0.5 * (edges[bin] + edges[bin + 1]);
    let taken = counts.iter().enumerate().filter(|(_, count)| **count >= least);
    let places: Vec<[f64; 2]> =
        taken.map(|(i, _)| [center(&across, i / BINS), center(&up, i % BINS)]).collect();
    let mean =
        |axis: usize| places.iter().map(|place| place[axis]).sum::<f64>() / places.len() as f64;
    let middle = [mean(0), mean(1)];
    let [mut xx, mut xy, mut yy] = [0.0; 3];
    for place in &places {
        let [x, y] = [place[0] - middle[0], place[1] - middle[1]];
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    Ok(0.5 * (2.0 * xy).atan2(xx - yy))
}

/// The edges of the bins from the smallest to the largest value, as numpy places them.
fn edges(values: &[f64]) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
    let step = (high - low) / BINS as f64;
    let mut edges: Vec<f64> = (0..=BINS).map(|edge| low + edge as f64 * step).collect();
    edges[BINS] = high;
    edges
}

/// The bin of a value: its lower edge belongs to it, of the last one the upper edge too.
fn bin(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge <= value).saturating_sub(1).min(BINS - 1)
}
