//! Settings: which are refused, and what any others give.

use astrogen_sky::galaxy::{COLUMNS, Disc, Population, Spheroid};
use astrogen_sky::{Galaxy, GalaxyConfig};
use ndarray::s;
use proptest::prelude::*;

use crate::{AGE, MASS, METALS, alone, column, stars};

#[test]
fn a_setting_out_of_range_is_named_with_its_rule() {
    let refusal = |change: fn(&mut GalaxyConfig)| {
        let mut config = GalaxyConfig::default();
        change(&mut config);
        Galaxy::new(&config, 0).unwrap_err().to_string()
    };
    for (change, message) in [
        (
            (|config| config.dark_mass = f64::NAN) as fn(&mut GalaxyConfig),
            "dark_mass must be from 0 to 1e16 solar masses, but got NaN",
        ),
        (|config| config.thick.length = 0.0, "length must be from 1e-3 to 1e3 kpc, but got 0"),
        (
            |config| config.thin.height = 9.0,
            "height must be from 1e-4 kpc to the length, but got 9",
        ),
        (
            |config| config.halo.axis_ratios[1] = 1.5,
            "axis_ratios must be from 0.05 to 1, but got 1.5",
        ),
        (
            |config| config.bulge.population.age = 20.0,
            "age must be from 0.01 to 13.7 Gyr, but got 20",
        ),
        (|config| config.arms.number = 0, "number must be from 1 to 20 arms, but got 0"),
        (
            |config| {
                config.thin.share = 0.0;
                config.thick.share = 0.0;
                config.bulge.share = 0.0;
                config.halo.share = 0.0;
            },
            "share must be above 0 for one component, but got [0.0, 0.0, 0.0, 0.0]",
        ),
    ] {
        assert_eq!(refusal(change), message);
    }
    let unknown = serde_json::from_str::<GalaxyConfig>(r#"{"mas": 1}"#).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `mas`"));
}

#[test]
fn settings_at_the_ends_of_their_ranges_give_finite_stars() {
    let population = |age, age_spread, metallicity, metallicity_spread, gradient| Population {
        age,
        age_spread,
        metallicity,
        metallicity_spread,
        gradient,
    };
    let default = GalaxyConfig::default();
    let small = Disc {
        share: 1e6,
        length: 1e-3,
        height: 1e-4,
        population: population(0.01, 10.0, -4.0, 2.0, -10.0),
    };
    let large = Disc {
        share: 1e-6,
        length: 1e3,
        height: 1e3,
        population: population(13.7, 10.0, 1.0, 2.0, 10.0),
    };
    let point = Spheroid {
        share: 1.0,
        radius: 1e-3,
        axis_ratios: [0.05; 2],
        spin: 2.0,
        population: population(5.0, 0.0, 0.0, 0.0, 0.0),
    };
    let wide = Spheroid { radius: 1e3, spin: -2.0, ..point.clone() };
    for config in [
        GalaxyConfig { thin: small.clone(), thick: large.clone(), ..default.clone() },
        GalaxyConfig { thin: large.clone(), thick: small.clone(), ..default.clone() },
        GalaxyConfig { bulge: point.clone(), halo: wide.clone(), ..default.clone() },
        GalaxyConfig { bulge: wide, halo: point, dark_mass: 0.0, gas_mass: 0.0, ..alone(2) },
        GalaxyConfig { stellar_mass: 1e14, dark_mass: 1e16, concentration: 100.0, ..alone(3) },
        GalaxyConfig { stellar_mass: 1e4, dark_mass: 0.0, gas_mass: 1e14, ..alone(1) },
    ] {
        assert!(stars(&config, 2000).iter().all(|value| value.is_finite()), "{config:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the galaxy: masses sum up, numbers are finite, ages and metals lie in their
    /// ranges, stars are bound, and fewer stars are the first of more.
    #[test]
    fn any_valid_galaxy_has_sound_stars(
        seed: u64,
        masses in (4.0..14.0, 0.0..16.0, 0.0..14.0_f64),
        sizes in (-3.0..3.0, 0.0..1.0, -3.0..3.0_f64),
        shares in (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.001..1.0),
        population in (0.01..13.7, 0.0..10.0, -4.0..1.0, 0.0..2.0, -10.0..10.0),
        arms in (1_u32..20, 1.0..80.0, 0.0..5.0),
    ) {
        let dex = |value: f64| 10.0_f64.powf(value);
        let population = Population {
            age: population.0,
            age_spread: population.1,
            metallicity: population.2,
            metallicity_spread: population.3,
            gradient: population.4,
        };
        let mut config = GalaxyConfig {
            stellar_mass: dex(masses.0),
            dark_mass: dex(masses.1),
            gas_mass: dex(masses.2),
            ..GalaxyConfig::default()
        };
        let length = dex(sizes.0);
        let height = 1e-4 + (length - 1e-4) * sizes.1;
        config.thin = Disc { share: shares.0, length, height, population: population.clone() };
        config.thick = Disc { share: shares.1, length, height: length, population: population.clone() };
        config.bulge = Spheroid { share: shares.2, radius: dex(sizes.2), population, ..config.bulge };
        config.halo.share = shares.3;
        (config.arms.number, config.arms.pitch, config.arms.strength) = arms;
        let galaxy = Galaxy::new(&config, seed).unwrap();
        let stars = galaxy.stars(200);
        prop_assert!(stars.iter().all(|value| value.is_finite()));
        let sum: f64 = column(&stars, MASS).iter().sum();
        prop_assert!((sum / config.stellar_mass - 1.0).abs() < 1e-6);
        for star in stars.columns() {
            prop_assert!(star[AGE] > 0.0 && star[AGE] <= 13.7);
            prop_assert!(star[METALS] > 0.0 && star[METALS] < 1.0);
            let norm = |first: usize| {
                (first..first + 3).map(|row| f64::from(star[row]).powi(2)).sum::<f64>().sqrt()
            };
            prop_assert!(norm(3) <= 0.96 * galaxy.escape_velocity(norm(0)));
        }
        let fewer = galaxy.stars(20);
        for row in (0..COLUMNS.len()).filter(|&row| row != MASS) {
            prop_assert_eq!(fewer.row(row), stars.slice(s![row, ..20]));
        }
    }
}
