//! A galaxy brought to the origin and to rest.

use astrogen_catalog::Columns;

use crate::StarsError;
use crate::layout::{Center, Layout};

/// How far the sphere shrinks at a time, and how many stars it keeps at least.
const SHRINK: f64 = 0.95;
const FEWEST: usize = 100;
const SHARE: f64 = 0.01;

/// How far outside its box a file's rounding may put a star.
const ROUNDING: f64 = 1e-3;

const PLACE: [&str; 3] = ["x", "y", "z"];
const VELOCITY: [&str; 3] = ["vx", "vy", "vz"];

/// Brings stars to the origin and to rest as a layout says; those in a periodic box of this side in
/// kpc are put together first, where none lies outside it.
pub(crate) fn center(
    stars: &mut Columns,
    layout: &Layout,
    usual: Center,
    side: Option<f64>,
) -> Result<(), StarsError> {
    let center = layout.center.unwrap_or(usual);
    if center == Center::AsStored || stars.is_empty() {
        return Ok(());
    }
    for name in PLACE {
        let values = stars.column(name)?;
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(StarsError::Stars {
                reason: format!(
                    "row {row} (from 0) of column {name:?}: expected a finite number, which a centre \
                     takes, got {}; mend the file, or set the layout's center to as_stored",
                    values[row]
                ),
            });
        }
    }
    if let Some(side) = side {
        for (axis, name) in PLACE.into_iter().enumerate() {
            let near = match center {
                Center::At(place) => Some(place[axis]),
                _ => None,
            };
            unwrap(stars.column_mut(name)?, side, near);
        }
    }
    let masses = masses(stars)?;
    let origin = match center {
        Center::At(place) => place,
        _ => shrinking_sphere(stars, &masses)?,
    };
    for (name, origin) in PLACE.into_iter().zip(origin) {
        stars.column_mut(name)?.iter_mut().for_each(|value| *value -= origin);
    }
    let bulk = bulk_velocity(stars, &masses, layout.bulk_radius)?;
    for (name, bulk) in VELOCITY.into_iter().zip(bulk) {
        stars.column_mut(name)?.iter_mut().for_each(|value| *value -= bulk);
    }
    Ok(())
}

/// The masses, or ones where they are not known.
fn masses(stars: &Columns) -> Result<Vec<f64>, StarsError> {
    if !stars.names().iter().any(|name| name == "mass") {
        return Ok(vec![1.0; stars.len()]);
    }
    let masses = stars.column("mass")?;
    match masses.iter().position(|mass| !mass.is_finite() || *mass < 0.0) {
        None => Ok(masses.to_vec()),
        Some(row) => Err(StarsError::Stars {
            reason: format!(
                "row {row} (from 0) of column \"mass\": expected a mass of 0 or more, got {}; mend the \
                 file, or set the layout's center to as_stored",
                masses[row]
            ),
        }),
    }
}

/// Moves each value by whole sides to within half a side of a place: a given one, or the mean of
/// all on the circle that the box is.
fn unwrap(values: &mut [f64], side: f64, near: Option<f64>) {
    let inside = -ROUNDING * side..=(1.0 + ROUNDING) * side;
    if !values.iter().all(|value| inside.contains(value)) {
        return;
    }
    let near = near.unwrap_or_else(|| {
        let turn = std::f64::consts::TAU / side;
        let sum = |of: fn(f64) -> f64| values.iter().map(|value| of(value * turn)).sum::<f64>();
        sum(f64::sin).atan2(sum(f64::cos)) / turn
    });
    for value in values {
        *value -= side * ((*value - near) / side).round();
    }
}

/// The centre of mass within a sphere that shrinks around it.
fn shrinking_sphere(stars: &Columns, masses: &[f64]) -> Result<[f64; 3], StarsError> {
    let [x, y, z] = [stars.column("x")?, stars.column("y")?, stars.column("z")?];
    let fewest = FEWEST.max((SHARE * stars.len() as f64) as usize);
    let mut inside: Vec<[f64; 4]> =
        (0..stars.len()).map(|i| [x[i], y[i], z[i], masses[i]]).collect();
    let mut center = center_of_mass(&inside);
    let largest = inside.iter().map(|star| distance(star, &center)).fold(0.0, f64::max);
    let mut radius = largest;
    // Where many stars share one place, the sphere ends at the grain of the numbers.
    while radius > 1e-9 * largest {
        radius *= SHRINK;
        let within = inside.iter().filter(|star| distance(star, &center) <= radius).count();
        if within < fewest {
            break;
        }
        inside.retain(|star| distance(star, &center) <= radius);
        center = center_of_mass(&inside);
    }
    Ok(center)
}

fn center_of_mass(stars: &[[f64; 4]]) -> [f64; 3] {
    let total: f64 = stars.iter().map(|star| star[3]).sum();
    // Of stars without mass, each counts the same.
    let (even, total) = if total > 0.0 { (0.0, total) } else { (1.0, stars.len() as f64) };
    let mean = |axis: usize| stars.iter().map(|star| (star[3] + even) * star[axis]).sum::<f64>();
    [0, 1, 2].map(|axis| mean(axis) / total)
}

fn distance(star: &[f64; 4], center: &[f64; 3]) -> f64 {
    let square = |axis: usize| (star[axis] - center[axis]).powi(2);
    (square(0) + square(1) + square(2)).sqrt()
}

/// The mean velocity, weighted by mass, of the stars so near the origin.
fn bulk_velocity(stars: &Columns, masses: &[f64], radius: f64) -> Result<[f64; 3], StarsError> {
    let [x, y, z] = [stars.column("x")?, stars.column("y")?, stars.column("z")?];
    let [vx, vy, vz] = [stars.column("vx")?, stars.column("vy")?, stars.column("vz")?];
    let near: Vec<[f64; 4]> = (0..stars.len())
        .filter(|&i| (x[i] * x[i] + y[i] * y[i] + z[i] * z[i]).sqrt() <= radius)
        .map(|i| [vx[i], vy[i], vz[i], masses[i]])
        .collect();
    let velocity = center_of_mass(&near);
    match velocity.iter().all(|own| own.is_finite()) {
        true => Ok(velocity),
        false => Err(StarsError::Stars {
            reason: format!(
                "{} stars lie within {radius} kpc of the centre: expected some with finite velocities, \
                 from which the galaxy's own is taken; change center or bulk_radius of the layout",
                near.len()
            ),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// 400 stars on a small shell at a place, which moves, and 40 far away.
    fn stars(place: [f64; 3]) -> Columns {
        let mut rows = Vec::new();
        for i in 0..440 {
            let angle = f64::from(i) * 2.4;
            let height = f64::from(i % 20) / 10.0 - 0.95;
            let around = (1.0 - height * height).sqrt();
            let far = if i < 400 { 0.0 } else { 30.0 };
            let spread = [around * angle.cos() + far, around * angle.sin(), height];
            rows.push([0, 1, 2].map(|axis| place[axis] + spread[axis]));
        }
        let column = |axis: usize| rows.iter().map(|row| row[axis]).collect::<Vec<f64>>();
        let speed = |own: f64| (0..440).map(|i| own + if i < 400 { 0.0 } else { 500.0 }).collect();
        Columns::new([
            ("x", column(0)),
            ("y", column(1)),
            ("z", column(2)),
            ("vx", speed(100.0)),
            ("vy", speed(-50.0)),
            ("vz", speed(7.0)),
        ])
        .unwrap()
    }

    #[test]
    fn spheres_shrink_to_the_galaxy_and_bring_it_to_rest() {
        let mut centred = stars([1e3, 2e3, 3e3]);
        center(&mut centred, &Layout::default(), Center::ShrinkingSphere, None).unwrap();
        let mean = |name: &str| centred.column(name).unwrap()[..400].iter().sum::<f64>() / 400.0;
        for name in ["x", "y", "z", "vx", "vy", "vz"] {
            assert!(mean(name).abs() < 0.15, "{name} {}", mean(name));
        }
        let mut given = stars([1e3, 2e3, 3e3]);
        let layout = Layout { center: Some(Center::At([1e3, 2e3, 3e3])), ..Layout::default() };
        center(&mut given, &layout, Center::AsStored, None).unwrap();
        assert!((given.column("x").unwrap()[0] - 31.0_f64).abs() > 1.0);
        assert_eq!(given.column("vx").unwrap()[0], 0.0);
        assert_eq!(given.column("vx").unwrap()[430], 500.0);
        let layout = Layout { center: Some(Center::At([9e3, 0.0, 0.0])), ..Layout::default() };
        let message = center(&mut given, &layout, Center::AsStored, None).unwrap_err().to_string();
        assert!(message.contains("0 stars lie within 10 kpc"), "{message}");
    }

    #[test]
    fn periodic_boxes_are_put_together() {
        let whole = stars([50.0, 50.0, 50.0]);
        let mut alone = whole.clone();
        center(&mut alone, &Layout::default(), Center::ShrinkingSphere, None).unwrap();
        // The same galaxy at a corner of the box.
        let mut split = whole;
        for name in PLACE {
            for value in split.column_mut(name).unwrap() {
                *value = (*value + 50.0).rem_euclid(100.0);
            }
        }
        center(&mut split, &Layout::default(), Center::ShrinkingSphere, Some(100.0)).unwrap();
        for (a, b) in alone.values().iter().flatten().zip(split.values().iter().flatten()) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }
}
