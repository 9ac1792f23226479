//! Plain sets of points in the plane, for showing and testing what a density model learns.

use crate::error::SkyError;
use crate::random::stream;
use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;
use std::path::Path;

/// Two interleaved half circles `[n, 2]`, as scikit-learn's `make_moons` defines them, in
/// random order.
///
/// ```text
/// outer (n / 2 points):     (cos t, sin t),              t even from 0 to pi, both included
/// inner (the others):       (1 - cos t, 1/2 - sin t)
/// ```
///
/// Each coordinate gets Gaussian noise of deviation `noise`, 0 to 1e6.
///
/// ```
/// let points = astrogen_sky::plane::two_moons(1000, 0.05, 7)?;
/// assert_eq!(points.dim(), (1000, 2));
/// # Ok::<(), astrogen_sky::SkyError>(())
/// ```
///
/// # Errors
/// [`SkyError::Setting`] for noise out of its range.
pub fn two_moons(n: usize, noise: f64, seed: u64) -> Result<Array2<f32>, SkyError> {
    let outer = n / 2;
    let points = (0..n).map(|index| {
        let (index, count) =
            if index < outer { (index, outer) } else { (index - outer, n - outer) };
        PI * index as f64 / (count.max(2) - 1) as f64
    });
    let points = points.enumerate().map(|(index, t)| {
        let (sin, cos) = t.sin_cos();
        if index < outer { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }
    });
    let mut rng = stream(seed, 0);
    let mut points: Vec<[f64; 2]> = points.collect();
    points.shuffle(&mut rng);
    noisy(points, noise, seed)
}

/// Two spiral arms `[n, 2]` that wind one and a half times around the origin, each point on
/// one or the other in turn.
///
/// ```text
/// +-(-cos t, sin t) t / 3,     t = 3 pi sqrt(u),  u uniform in [0, 1)
/// ```
///
/// Each coordinate gets Gaussian noise of deviation `noise`, 0 to 1e6; 0.1 gives about the set
/// of Grathwohl et al. (2019, FFJORD, ICLR).
///
/// # Errors
/// [`SkyError::Setting`] for noise out of its range.
pub fn spirals(n: usize, noise: f64, seed: u64) -> Result<Array2<f32>, SkyError> {
    let mut rng = stream(seed, 0);
    let points = (0..n).map(|index| {
        let share: f64 = rng.random();
        let t = 3.0 * PI * share.sqrt();
        let side = if index % 2 == 0 { 1.0 } else { -1.0 };
        [-t.cos(), t.sin()].map(|coordinate| side * coordinate * t / 3.0)
    });
    noisy(points.collect(), noise, seed)
}

/// The points with Gaussian noise on each coordinate.
fn noisy(points: Vec<[f64; 2]>, noise: f64, seed: u64) -> Result<Array2<f32>, SkyError> {
    SkyError::check("noise", "from 0 to 1e6", noise, (0.0..=1e6).contains(&noise))?;
    let mut rng = stream(seed, 1);
    let rows = points.into_iter().map(|point| {
        point.map(|coordinate| {
            let normal: f64 = StandardNormal.sample(&mut rng);
            (coordinate + noise * normal) as f32
        })
    });
    Ok(Array2::from(rows.collect::<Vec<_>>()))
}

/// Writes points `[n, 2]` as a table with the columns `x` and `y`: FITS, Parquet or HDF5, by the
/// name's ending.
///
/// # Errors
/// [`SkyError::Setting`] for another shape, [`SkyError::Catalog`] for another ending or if the disk
/// refuses.
pub fn save_points(path: impl AsRef<Path>, points: &Array2<f32>) -> Result<(), SkyError> {
    let got = format!("{:?}", points.shape());
    SkyError::check("the shape of the points", "[n, 2]", got, points.ncols() == 2)?;
    let columns = ["x", "y"].map(|name| NewColumn::new(name, Storage::Float32));
    let mut writer = CatalogWriter::create(path, &columns, &Header::new())?;
    let values = points.columns().into_iter().map(|column| column.mapv(f64::from).to_vec());
    writer.write(&values.collect::<Vec<_>>())?;
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_moons_are_half_circles() {
        for n in [0, 1, 2, 7, 100] {
            let moons = two_moons(n, 0.0, 3).unwrap();
            assert_eq!(moons.dim(), (n, 2));
            let on = |row: &[f32], centre: [f32; 2], side: f32| {
                let (x, y) = (row[0] - centre[0], row[1] - centre[1]);
                (x.hypot(y) - 1.0).abs() < 1e-6 && side * y > -1e-6
            };
            let rows: Vec<Vec<f32>> = moons.outer_iter().map(|row| row.to_vec()).collect();
            let outer = rows.iter().filter(|row| on(row, [0.0, 0.0], 1.0)).count();
            let inner = rows.iter().filter(|row| on(row, [1.0, 0.5], -1.0)).count();
            assert_eq!((outer, inner), (n / 2, n - n / 2));
        }
        // The ends of make_moons(4, shuffle=False): (1, 0), (-1, 0), (0, 0.5), (2, 0.5).
        let four = two_moons(4, 0.0, 0).unwrap();
        for end in [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [2.0, 0.5]] {
            let near = |row: ndarray::ArrayView1<f32>| {
                (row[0] - end[0]).abs() < 1e-6 && (row[1] - end[1]).abs() < 1e-6
            };
            assert!(four.outer_iter().any(near), "{end:?}");
        }
    }

    #[test]
    fn the_spirals_wind_outwards_on_two_sides() {
        let points = spirals(2000, 0.0, 4).unwrap();
        for (index, row) in points.outer_iter().enumerate() {
            let t = 3.0 * row[0].hypot(row[1]);
            assert!(t <= 3.0 * PI as f32 + 1e-3);
            let side = if index % 2 == 0 { 1.0 } else { -1.0 };
            assert!((row[0] + side * t.cos() * t / 3.0).abs() < 1e-3);
        }
        assert_eq!(spirals(0, 0.1, 1).unwrap().dim(), (0, 2));
    }

    #[test]
    fn noise_has_its_deviation_and_seeds_differ() {
        let deviation = |a: &Array2<f32>, b: &Array2<f32>| {
            ((a - b).mapv(|d| f64::from(d * d)).sum() / a.len() as f64).sqrt()
        };
        for set in [two_moons, spirals] {
            let clean = set(5000, 0.0, 1).unwrap();
            let noisy = set(5000, 0.2, 1).unwrap();
            assert!((deviation(&clean, &noisy) - 0.2).abs() < 0.01);
            assert_eq!(noisy, set(5000, 0.2, 1).unwrap());
            assert_ne!(noisy, set(5000, 0.2, 2).unwrap());
            let message = set(5, -1.0, 1).unwrap_err().to_string();
            assert_eq!(message, "noise must be from 0 to 1e6, but got -1");
            assert!(set(5, f64::NAN, 1).is_err());
        }
    }
}
