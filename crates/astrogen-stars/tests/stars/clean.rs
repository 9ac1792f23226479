//! What cleaning and rotation do to any galaxy.

use astrogen_stars::{
    CleaningConfig, Columns, GalaxyParameter, Parameter, rotate_to_principal_axis,
};
use proptest::prelude::*;

use crate::galaxy;

/// Stars of these places, on circular orbits.
fn stars(places: &[[f64; 3]]) -> Columns {
    let column = |of: &dyn Fn(&[f64; 3]) -> f64| places.iter().map(of).collect::<Vec<f64>>();
    Columns::new([
        ("x", column(&|p| p[0])),
        ("y", column(&|p| p[1])),
        ("z", column(&|p| p[2])),
        ("vx", column(&|p| -10.0 * p[1])),
        ("vy", column(&|p| 10.0 * p[0])),
        ("vz", column(&|_| 3.0)),
    ])
    .unwrap()
}

fn places() -> impl Strategy<Value = Vec<[f64; 3]>> {
    proptest::collection::vec([-40.0..40.0, -20.0..20.0, -2.0..2.0], 2..200)
}

fn lengths(stars: &Columns, names: [&str; 2]) -> Vec<f64> {
    let [a, b] = names.map(|name| stars.column(name).unwrap());
    a.iter().zip(b).map(|(a, b)| a.hypot(*b)).collect()
}

proptest! {
    #[test]
    fn a_rotation_keeps_radii_speeds_and_spin(places in places()) {
        let mut turned = stars(&places);
        let before = turned.clone();
        let angle = rotate_to_principal_axis(&mut turned).unwrap();
        prop_assert!(angle.abs() <= std::f64::consts::FRAC_PI_2);
        for names in [["x", "y"], ["vx", "vy"]] {
            for (a, b) in lengths(&before, names).iter().zip(lengths(&turned, names)) {
                prop_assert!((a - b).abs() < 1e-9 * a.max(1.0));
            }
        }
        let spin = |own: &Columns| -> f64 {
            let [x, y, vx, vy] = ["x", "y", "vx", "vy"].map(|name| own.column(name).unwrap());
            (0..own.len()).map(|i| x[i] * vy[i] - y[i] * vx[i]).sum()
        };
        prop_assert!((spin(&before) - spin(&turned)).abs() < 1e-8 * spin(&before).abs().max(1.0));
        prop_assert_eq!(before.column("z").unwrap(), turned.column("z").unwrap());
    }

    #[test]
    fn a_cleaning_leaves_what_is_within_the_limit(places in places(), share in 1.0..100.0) {
        let config = CleaningConfig { percentile: share, ..CleaningConfig::default() };
        let mut once = galaxy(stars(&places));
        let report = config.clean(&mut once).unwrap();
        prop_assert_eq!(report.read, report.kept + report.beyond);
        prop_assert_eq!(report.kept, once.stars.len());
        prop_assert!(report.kept > 0 || report.radius == config.max_radius);
        // With whole percentiles there is nothing more to be cut.
        let all = CleaningConfig {
            percentile: 100.0,
            percentile_within: 100.0,
            ..CleaningConfig::default()
        };
        let mut twice = once.clone();
        let again = all.clean(&mut twice).unwrap();
        prop_assert_eq!((again.kept, &twice.stars), (report.kept, &once.stars));
    }
}

/// A galaxy along a line of this angle.
fn line(angle: f64) -> Columns {
    let place = |i: i32| {
        let along = 0.01 * f64::from(i);
        [along * angle.cos(), along * angle.sin(), 0.0]
    };
    stars(&(-500..=500).map(place).collect::<Vec<_>>())
}

#[test]
fn a_line_is_laid_along_x_by_a_quarter_turn_at_most() {
    for degrees in [-89.0_f64, -30.0, 0.0, 10.0, 60.0, 89.0, 120.0] {
        let mut turned = line(degrees.to_radians());
        let angle = rotate_to_principal_axis(&mut turned).unwrap().to_degrees();
        let want = if degrees > 90.0 { degrees - 180.0 } else { degrees };
        assert!((angle - want).abs() < 0.5, "{angle} {want}");
        assert!(turned.column("y").unwrap().iter().all(|y| y.abs() < 0.05));
    }
    let mut alone = stars(&[[1.0, 2.0, 3.0]]);
    assert_eq!(rotate_to_principal_axis(&mut alone).unwrap(), 0.0);
    let message = rotate_to_principal_axis(&mut stars(&[])).unwrap_err().to_string();
    assert!(message.contains("got 0 stars"), "{message}");
    let mut broken = stars(&[[1.0, f64::NAN, 3.0]]);
    assert!(rotate_to_principal_axis(&mut broken).is_err());
}

/// 1000 stars within 10 kpc with one bad thing each, of some.
fn awkward() -> Columns {
    let place = |i: u32| [0.01 * f64::from(i), 0.0, 0.0];
    let mut own = stars(&(0..1000).map(place).collect::<Vec<_>>());
    let mut metals = vec![0.01; 1000];
    metals[..4].copy_from_slice(&[0.0, 1e-31, f64::NAN, 9e-6]);
    own.push("metals", metals).unwrap();
    let mut feh = vec![0.0; 1000];
    feh[10..13].copy_from_slice(&[f64::NEG_INFINITY, -9.0, f64::INFINITY]);
    own.push("feh", feh).unwrap();
    let mut ofe = vec![0.2; 1000];
    ofe[10] = f64::INFINITY;
    ofe[20] = -1.5;
    own.push("ofe", ofe).unwrap();
    own.push("age", vec![0.0; 1000]).unwrap();
    own.column_mut("x").unwrap()[30] = f64::INFINITY;
    own
}

#[test]
fn what_is_left_out_and_raised_is_counted() {
    let config = CleaningConfig::default();
    let mut cleaned = galaxy(awkward());
    let report = config.clean(&mut cleaned).unwrap();
    assert_eq!((report.read, report.poor, report.beyond), (1000, 3, 20));
    let not_finite: Vec<_> =
        report.not_finite.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(not_finite, [("feh", 1), ("metals", 1), ("x", 1)]);
    assert_eq!((report.kept, report.raised["metals"]), (974, 3));
    let metals = cleaned.stars.column("metals").unwrap();
    assert!(metals[..3].iter().all(|own| (1e-6..1e-5).contains(own)), "{:?}", &metals[..3]);
    assert!(metals[0] != metals[1] && metals[3] == 0.01);
    assert!(cleaned.stars.column("age").unwrap().iter().all(|age| *age == 0.0));
    assert_eq!(
        report.to_string(),
        "Of 1000 stars of galaxy \"g\", 974 are kept; left out are 3 metal-poor, 1 without a finite \
         feh, 1 without a finite metals, 1 without a finite x, 20 beyond 9.7904 kpc. Values of metals \
         below its floor: 3, drawn just below it."
    );
    assert!(!report.dropped(&config));
    assert!(report.dropped(&CleaningConfig { min_stars: 975, ..config.clone() }));

    let draw = |id: &str, seed: u64| {
        let mut own = galaxy(awkward());
        own.id = id.to_owned();
        CleaningConfig { seed, ..config.clone() }.clean(&mut own).unwrap();
        own.stars.column("metals").unwrap()[0]
    };
    assert_eq!(draw("g", 0), metals[0]);
    assert_ne!(draw("h", 0), metals[0]);
    assert_ne!(draw("g", 1), metals[0]);
}

#[test]
fn galaxies_without_stars_or_metals_are_cleaned_too() {
    let config = CleaningConfig::default();
    let report = config.clean(&mut galaxy(stars(&[]))).unwrap();
    assert!(report.kept == 0 && report.radius == 0.0 && report.dropped(&config));
    let mut far = galaxy(stars(&[[100.0, 0.0, 0.0]]));
    let report = config.clean(&mut far).unwrap();
    assert_eq!((report.beyond, report.radius), (1, 27.7));
    assert_eq!(
        report.to_string(),
        "Of 1 stars of galaxy \"g\", 0 are kept; left out are 1 beyond 27.7000 kpc."
    );
    let message = Parameter::Tau50.of(&far.stars).unwrap_err().to_string();
    assert!(message.contains("no column \"age\""), "{message}");
    let empty = Columns::new([("mass", vec![])]).unwrap();
    let message = GalaxyParameter::of(&Parameter::MStars, &empty).unwrap_err().to_string();
    assert!(message.contains("got 0 stars"), "{message}");
    assert!(
        "tau90".parse::<Parameter>().unwrap_err().to_string().contains("m_stars, tau50, tau10")
    );
    assert_eq!(serde_json::to_string(&Parameter::ZAv).unwrap(), "\"z_av\"");
}

#[test]
fn settings_are_checked_and_kept() {
    let usual = CleaningConfig::default();
    let text = serde_json::to_string(&usual).unwrap();
    assert_eq!(serde_json::from_str::<CleaningConfig>(&text).unwrap(), usual);
    assert_eq!(serde_json::from_str::<CleaningConfig>("{}").unwrap(), usual);
    for (config, words) in [
        (CleaningConfig { percentile: 0.0, ..usual.clone() }, "percentile: expected a percentile"),
        (CleaningConfig { percentile_within: f64::NAN, ..usual.clone() }, "percentile_within"),
        (CleaningConfig { max_radius: -1.0, ..usual.clone() }, "max_radius"),
        (CleaningConfig { min_feh: f64::NAN, ..usual.clone() }, "min_feh"),
        (CleaningConfig { floors: [("age".into(), 0.0)].into(), ..usual }, "floors.age"),
    ] {
        let message = config.clean(&mut galaxy(stars(&[]))).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}
