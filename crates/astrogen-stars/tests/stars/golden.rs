//! Against numpy, scikit-learn and astropy: `tests/golden/stars.py`.

use std::path::Path;

use astrogen_stars::{CleaningConfig, Columns, Cosmology, Parameter, rotate_to_principal_axis};
use serde_json::Value as Json;

use crate::{galaxy, near};

fn golden() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stars.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(own: &Json) -> Vec<f64> {
    own.as_array().unwrap().iter().map(|own| own.as_f64().unwrap()).collect()
}

#[test]
fn cleaning_rotation_and_parameters_are_those_of_numpy() {
    for own in golden()["galaxies"].as_array().unwrap() {
        let columns = own["columns"].as_object().unwrap();
        let mut stars =
            Columns::new(columns.iter().map(|(name, own)| (name.clone(), numbers(own)))).unwrap();
        let rows = (0..stars.len()).map(|row| row as f64).collect();
        stars.push("row", rows).unwrap();
        let number = |name: &str| own[name].as_f64().unwrap();
        let config = CleaningConfig {
            percentile: number("percentile"),
            percentile_within: number("percentile_within"),
            max_radius: number("max_radius"),
            floors: [].into(),
            ..CleaningConfig::default()
        };
        let mut cleaned = galaxy(stars);
        let report = config.clean(&mut cleaned).unwrap();
        assert!((report.radius - number("radius")).abs() < 1e-12, "{report}");
        assert_eq!(cleaned.stars.column("row").unwrap(), numbers(&own["rows"]));

        let of = |parameter: Parameter| parameter.of(&cleaned.stars).unwrap();
        let parameters = Parameter::ALL.map(of);
        assert!(near(&parameters, &numbers(&own["parameters"]), 1e-13), "{parameters:?}");

        let angle = rotate_to_principal_axis(&mut cleaned.stars).unwrap();
        assert!((angle - number("angle")).abs() < 1e-10, "{angle}");
        for (name, want) in ["x", "y", "vx", "vy"].iter().zip(own["rotated"].as_array().unwrap()) {
            let got = &cleaned.stars.column(name).unwrap()[..5];
            assert!(near(got, &numbers(want), 1e-8), "{name} {got:?}");
        }
    }
}

#[test]
fn ages_are_those_of_astropy() {
    let golden = golden();
    let scale_factors = numbers(&golden["a"]);
    let pairs = golden["cosmologies"].as_array().unwrap().iter();
    for (cosmology, want) in pairs.zip(golden["ages"].as_array().unwrap()) {
        let [h, omega_matter] = numbers(cosmology)[..] else { panic!("two numbers") };
        let cosmology = Cosmology { h, omega_matter, omega_lambda: 1.0 - omega_matter };
        let ages: Vec<f64> = scale_factors.iter().map(|a| cosmology.age(*a)).collect();
        // The parsec of these simulations has seven digits.
        assert!(near(&ages, &numbers(want), 1e-6), "{ages:?} {want}");
    }
}
