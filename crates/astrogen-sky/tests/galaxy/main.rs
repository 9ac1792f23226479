//! Mock galaxies as star particles.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod settings;

use astrogen_sky::galaxy::{COLUMNS, Spheroid, metals};
use astrogen_sky::{Galaxy, GalaxyConfig};
use ndarray::{Array2, s};

const X: usize = 0;
const Z: usize = 2;
const METALS: usize = 6;
const IRON: usize = 7;
const OXYGEN: usize = 8;
const MASS: usize = 9;
const AGE: usize = 10;

/// The default galaxy with one component alone: thin disc, thick disc, bulge or halo.
fn alone(component: usize) -> GalaxyConfig {
    let mut config = GalaxyConfig::default();
    let shares = [
        &mut config.thin.share,
        &mut config.thick.share,
        &mut config.bulge.share,
        &mut config.halo.share,
    ];
    for (index, share) in shares.into_iter().enumerate() {
        *share = if index == component { 1.0 } else { 0.0 };
    }
    config
}

fn stars(config: &GalaxyConfig, n: usize) -> Array2<f32> {
    Galaxy::new(config, 5).unwrap().stars(n)
}

fn column(stars: &Array2<f32>, column: usize) -> Vec<f64> {
    stars.row(column).iter().map(|&value| f64::from(value)).collect()
}

/// Distance from the axis, and the velocity around it.
fn circling(stars: &Array2<f32>) -> Vec<(f64, f64)> {
    let rows: Vec<Vec<f64>> = [0, 1, 3, 4].map(|row| column(stars, row)).into();
    let star = |i: usize| {
        let [x, y, vx, vy] = [0, 1, 2, 3].map(|row| rows[row][i]);
        (x.hypot(y), (x * vy - y * vx) / x.hypot(y))
    };
    (0..stars.ncols()).map(star).collect()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(s, n), value| (s + value, n + 1.0));
    sum / count
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn a_seed_gives_one_galaxy_and_more_stars_begin_with_the_fewer() {
    let config = GalaxyConfig::default();
    let many = stars(&config, 3000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(many, pool.install(|| stars(&config, 3000)));
    let few = stars(&config, 100);
    for row in (0..COLUMNS.len()).filter(|&row| row != MASS) {
        assert_eq!(few.row(row), many.slice(s![row, ..100]), "{}", COLUMNS[row]);
    }
    assert_ne!(many, Galaxy::new(&config, 6).unwrap().stars(3000));
    assert!(many.iter().all(|value| value.is_finite()));
}

#[test]
fn masses_sum_to_the_stellar_mass_for_any_number_of_stars() {
    let config = GalaxyConfig { stellar_mass: 3e9, ..GalaxyConfig::default() };
    for n in [1, 2, 999, 40_000] {
        let sum: f64 = column(&stars(&config, n), MASS).iter().sum();
        assert!((sum / 3e9 - 1.0).abs() < 1e-6, "{n}: {sum}");
    }
    assert_eq!(stars(&config, 0).dim(), (11, 0));
}

#[test]
fn a_disc_has_its_lengths() {
    for (component, length, height) in [(0, 2.6, 0.3), (1, 2.0, 0.9)] {
        let stars = stars(&alone(component), 40_000);
        let radii = circling(&stars).into_iter().map(|(radius, _)| radius);
        let fitted = mean(radii) / 2.0; // the mean radius is two scale lengths
        assert!((fitted / length - 1.0).abs() < 0.02, "{fitted}, not {length}");
        // The mean of |z| of sech^2(z / 2h) is 2 h ln 2.
        let fitted = mean(column(&stars, Z).into_iter().map(f64::abs)) / 2.0 / 2_f64.ln();
        assert!((fitted / height - 1.0).abs() < 0.02, "{fitted}, not {height}");
    }
}

#[test]
fn a_spheroid_has_its_radius_and_axis_ratios() {
    for ratios in [[1.0, 1.0], [0.8, 0.5], [0.3, 0.2]] {
        let mut config = alone(2);
        config.bulge.axis_ratios = ratios;
        let stars = stars(&config, 40_000);
        let extent = |row| median(column(&stars, row).into_iter().map(f64::abs).collect());
        for (row, ratio) in [(1, ratios[0]), (Z, ratios[1])] {
            let found = extent(row) / extent(X);
            assert!((found / ratio - 1.0).abs() < 0.04, "{found}, not {ratio}");
        }
        if ratios == [1.0, 1.0] {
            // The cut takes 6% of the mass, all of it far out: half the rest lies a bit closer.
            let half = median(circling(&stars).into_iter().map(|(radius, _)| radius).collect());
            assert!((0.85..1.0).contains(&(half / config.bulge.radius)), "{half}");
        }
    }
}

#[test]
fn discs_follow_the_rotation_curve_and_older_hotter_ones_lag() {
    let mut config = GalaxyConfig { stellar_mass: 1.5e10, ..alone(0) };
    config.thick.share = 0.25;
    config.thin.population.age_spread = 0.5; // so that the age tells the discs apart
    let galaxy = Galaxy::new(&config, 5).unwrap();
    let stars = galaxy.stars(100_000);
    let ratio = |thick: bool, from: f64, to: f64| {
        let ages = column(&stars, AGE);
        let ring = circling(&stars).into_iter().zip(ages);
        let ring = ring.filter(|(_, age)| thick == (*age > 7.0)).map(|(star, _)| star);
        let ring = ring.filter(|(radius, _)| (from..to).contains(radius));
        mean(ring.map(|(radius, velocity)| velocity / galaxy.circular_velocity(radius)))
    };
    for (from, to) in [(4.0, 6.0), (7.0, 9.0), (10.0, 13.0)] {
        let [thin, thick] = [false, true].map(|thick| ratio(thick, from, to));
        assert!(
            thick < thin - 0.01 && (0.85..1.0).contains(&thin) && thick > 0.4,
            "{thick} beside {thin}"
        );
    }
    let galaxy = Galaxy::new(&GalaxyConfig::default(), 5).unwrap();
    // The Milky Way's curve: about 220 km/s, flat from 5 to 20 kpc.
    let speeds = [5.0, 8.0, 12.0, 20.0].map(|radius| galaxy.circular_velocity(radius));
    assert!(speeds.iter().all(|speed| (205.0..235.0).contains(speed)), "{speeds:?}");
    assert_eq!(galaxy.circular_velocity(0.0), 0.0);
}

#[test]
fn an_isolated_disc_moves_at_the_speed_of_its_own_mass() {
    // All of the mass lies inside 20 scale lengths, so there Kepler's law holds.
    let config = GalaxyConfig { dark_mass: 0.0, gas_mass: 0.0, ..alone(0) };
    let galaxy = Galaxy::new(&config, 0).unwrap();
    let kepler = (4.300_917e-6 * config.stellar_mass / 52.0_f64).sqrt();
    assert!((galaxy.circular_velocity(52.0) / kepler - 1.0).abs() < 1e-6);
    let escape = galaxy.escape_velocity(52.0);
    assert!((escape / (2_f64.sqrt() * kepler) - 1.0).abs() < 1e-3, "{escape}");
}

#[test]
fn the_dispersion_of_a_lone_spheroid_is_hernquists() {
    // Hernquist (1990), eq. 10, at r = a; the cut at 32 a takes a little of it.
    let mut config = GalaxyConfig { dark_mass: 0.0, gas_mass: 0.0, ..alone(2) };
    config.bulge = Spheroid { axis_ratios: [1.0; 2], spin: 0.0, ..config.bulge };
    let scale = config.bulge.radius / 1.8153;
    let exact = 12.0 * 16.0 / 2.0 * 2_f64.ln() - (25.0 + 52.0 + 42.0 + 12.0) / 2.0;
    let unit = 4.300_917e-6 * config.stellar_mass / 0.9403 / (12.0 * scale);
    let stars = stars(&config, 60_000);
    let near = |star: &usize| {
        let [x, y, z] = [0, 1, 2].map(|row| f64::from(stars[[row, *star]]));
        (0.9..1.1).contains(&(x.hypot(y).hypot(z) / scale))
    };
    let chosen: Vec<usize> = (0..stars.ncols()).filter(near).collect();
    for row in 3..6 {
        let variance = mean(chosen.iter().map(|&star| f64::from(stars[[row, star]]).powi(2)));
        assert!((variance / (unit * exact) - 1.0).abs() < 0.08, "{variance}, {}", unit * exact);
    }
}

#[test]
fn every_star_is_bound() {
    for config in [0, 1, 2, 3].map(alone).into_iter().chain([GalaxyConfig::default()]) {
        let galaxy = Galaxy::new(&config, 5).unwrap();
        for star in galaxy.stars(5000).columns() {
            let norm = |first: usize| {
                (first..first + 3).map(|row| f64::from(star[row]).powi(2)).sum::<f64>().sqrt()
            };
            assert!(norm(3) < 0.951 * galaxy.escape_velocity(norm(0)));
        }
    }
}

#[test]
fn metals_fall_along_the_thin_disc_and_grow_with_time() {
    let stars = stars(&alone(0), 40_000);
    let iron = column(&stars, IRON);
    let slope = |along: &[f64], of: &[f64]| {
        let (a, b) = (mean(along.iter().copied()), mean(of.iter().copied()));
        let pairs = || along.iter().zip(of);
        mean(pairs().map(|(x, y)| (x - a) * (y - b))) / mean(pairs().map(|(x, _)| (x - a).powi(2)))
    };
    let radii: Vec<f64> = circling(&stars).into_iter().map(|(radius, _)| radius).collect();
    let gradient = slope(&radii, &iron);
    assert!((gradient + 0.06).abs() < 0.003, "{gradient} dex / kpc");
    let growth = slope(&column(&stars, AGE), &iron);
    assert!((growth + 0.03).abs() < 0.004, "{growth} dex / Gyr");
    let ages = column(&stars, AGE);
    assert!(ages.iter().all(|&age| age > 0.0 && age <= 13.7));
    for star in stars.columns() {
        let expected = metals(star[IRON].into(), star[OXYGEN].into());
        assert!((f64::from(star[METALS]) / expected - 1.0).abs() < 1e-5);
    }
}

#[test]
fn the_thick_disc_is_older_and_rich_in_oxygen_at_the_same_iron() {
    let [thin, thick] = [0, 1].map(|component| stars(&alone(component), 60_000));
    let age = |stars| mean(column(stars, AGE));
    assert!(age(&thick) > age(&thin) + 4.0);
    for (from, to, apart) in [(-0.7, -0.5, 0.15), (-0.4, -0.2, 0.1), (-0.1, 0.1, 0.1)] {
        let oxygen = |stars: &Array2<f32>| -> Vec<f64> {
            let irons = column(stars, IRON);
            let chosen = irons.into_iter().zip(column(stars, OXYGEN));
            chosen.filter(|(iron, _)| (from..to).contains(iron)).map(|(_, oxygen)| oxygen).collect()
        };
        let [low, high] = [&thin, &thick].map(oxygen);
        assert!(low.len() > 100 && high.len() > 100);
        assert!(median(high) - median(low) > apart, "{from}");
    }
}

#[test]
fn young_stars_crowd_in_the_arms_and_none_do_without_arms() {
    // The length of the mean of exp(2 i (phi + ln R / tan(pitch))): 0 for an even spread.
    let order = |config: &GalaxyConfig, old: bool| {
        let stars = stars(config, 60_000);
        let winding = 1.0 / config.arms.pitch.to_radians().tan();
        let mut sum = [0.0, 0.0, 0.0];
        for star in stars.columns() {
            let [x, y] = [0, 1].map(|row| f64::from(star[row]));
            let radius = x.hypot(y) / config.thin.length;
            let chosen = if old { star[AGE] > 5.0 } else { star[AGE] < 1.0 };
            if chosen && (1.5..4.0).contains(&radius) {
                let angle = f64::from(config.arms.number) * (y.atan2(x) + winding * radius.ln());
                [angle.cos(), angle.sin(), 1.0].iter().zip(&mut sum).for_each(|(v, s)| *s += v);
            }
        }
        sum[0].hypot(sum[1]) / sum[2]
    };
    let config = alone(0);
    let [young, old] = [false, true].map(|old| order(&config, old));
    assert!(young > 0.5 && (0.2..0.4).contains(&old), "{young} {old}");
    let mut even = alone(0);
    even.arms.strength = 0.0;
    assert!(order(&even, true) < 0.02);
}
