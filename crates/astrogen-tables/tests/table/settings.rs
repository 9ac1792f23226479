//! Settings that cannot work, missing columns, and a real catalogue.

use std::path::{Path, PathBuf};

use astrogen_catalog::MagnitudeRange;
use astrogen_catalog::skymap::{Ordering, SkyMapDefaults, SplitBy, SplitConfig};
use astrogen_data::{Dataset, RowShape};
use astrogen_tables::{Condition, ContextReader, Table, TableConfig, TablesError};

use crate::made::*;

#[test]
fn settings_that_cannot_work_are_refused() {
    let survey = Survey::new();
    let good = survey.config();
    let none = Vec::new;
    for (config, words) in [
        (TableConfig { truth: none(), ..good.clone() }, "truth: expected at least one"),
        (TableConfig { observed: none(), ..good.clone() }, "observed: expected at least one"),
        (TableConfig { conditions: Vec::new(), ..good.clone() }, "conditions: expected at least"),
        (TableConfig { dec: None, ..good.clone() }, "split by region of the sky (or split them"),
        (
            TableConfig { observed: vec!["R_OBS".into(), "R_TRUE".into()], ..good.clone() },
            "each name once, and none empty, got \"R_TRUE\"",
        ),
        (
            TableConfig { conditions: vec![Condition::Column("a=b".into())], ..good.clone() },
            "names without '=' and ':'",
        ),
        (
            TableConfig { test_fraction: 1.0, ..good.clone() },
            "test_fraction: expected a part of the held-out rows, at least 0 and below 1, got 1",
        ),
        (TableConfig { test_fraction: f64::NAN, ..good.clone() }, "below 1, got NaN"),
        (
            TableConfig {
                test_fraction: 0.5,
                split: SplitConfig { split: SplitBy::Row, fraction: 0.001, seed: 0 },
                ..good.clone()
            },
            "test_fraction: expected at least 2 held-out rows, or a fraction of 0, got 1",
        ),
    ] {
        let error = Table::open(&config).unwrap_err();
        assert!(matches!(error, TablesError::Setting { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // By row no position is needed, until a map is looked up.
    let by_row = SplitConfig { split: SplitBy::Row, ..SplitConfig::default() };
    let config = TableConfig { ra: None, dec: None, split: by_row, ..good };
    assert_eq!(Table::open(&config).unwrap().validation().rows.len(), 60);
    let config = TableConfig { conditions: vec![survey.map("seeing.fits")], ..config };
    let text = message(&config);
    assert!(text.contains("ra, dec: expected the names of both columns"), "{text}");
}

#[test]
fn a_map_may_need_to_be_told_its_order() {
    let survey = Survey::new();
    let path = survey.path("unordered.fits");
    let mut bytes = std::fs::read(survey.path("seeing.fits")).unwrap();
    let card = bytes.windows(9).position(|card| card == b"ORDERING=").unwrap();
    bytes[card..card + 8].copy_from_slice(b"UNKNOWN ");
    std::fs::write(&path, bytes).unwrap();

    let conditions = vec![survey.map("unordered.fits")];
    let config = TableConfig { conditions, ..survey.config() };
    let text = message(&config);
    assert!(text.contains("no ORDERING; state the ordering (ring or nested)"), "{text}");
    let maps = SkyMapDefaults { ordering: Some(Ordering::Ring), ..SkyMapDefaults::default() };
    // The footprint says its own order, which need not be that of the other map.
    let footprint = Some(survey.path("footprint.fits"));
    let got = Table::open(&TableConfig { maps, footprint: footprint.clone(), ..config }).unwrap();
    let conditions = vec![survey.map("seeing.fits")];
    let want = Table::open(&TableConfig { conditions, footprint, ..survey.config() }).unwrap();
    assert_eq!(got.validation(), want.validation());
}

#[test]
fn missing_columns_maps_and_places_are_told() {
    let survey = Survey::new();
    let good = survey.config();
    let text = message(&TableConfig { truth: vec!["R_TRU".into()], ..good.clone() });
    assert!(text.contains("R_TRU") && text.contains("nearest: \"R_TRUE\""), "{text}");
    let text = message(&TableConfig { conditions: vec![survey.map("no.fits")], ..good.clone() });
    assert!(text.contains("no.fits"), "{text}");
    let text = message(&TableConfig { path: survey.path("no_catalogue.fits"), ..good.clone() });
    assert!(text.contains("no_catalogue.fits"), "{text}");
    // Right ascensions are no declinations.
    let swapped = TableConfig { ra: Some("DEC".into()), dec: Some("RA".into()), ..good };
    let text = message(&swapped);
    assert!(text.contains("survey.fits, counting only the rows left of rows 0 to 599"), "{text}");
    assert!(text.contains("expected ra from -180 to 360 and dec from -90 to 90"), "{text}");
    let mapped = TableConfig { conditions: vec![survey.map("seeing.fits")], ..swapped };
    let table = Table::open(&survey.config()).unwrap();
    let mut reader = ContextReader::open(&mapped, table.scaling(), 250).unwrap();
    let text = reader.next().unwrap().unwrap_err().to_string();
    assert!(text.contains("left of rows 0 to 249"), "{text}");
    assert!(reader.next().is_none());
}

#[test]
fn settings_are_read_from_json() {
    let text = r#"{
        "path": "balrog.fits", "truth": ["R_TRUE"], "observed": ["R_OBS"],
        "conditions": ["AIRMASS", "fwhm_r=maps/fwhm_r.fits"], "ra": "RA", "dec": "DEC",
        "range": {"max": 30}, "split": {"split": {"by": "row"}, "fraction": 0.2}
    }"#;
    let config: TableConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.context_names(), ["AIRMASS", "fwhm_r", "R_TRUE"]);
    let Condition::Map { path, .. } = &config.conditions[1] else { panic!("{config:?}") };
    assert_eq!(path, Path::new("maps/fwhm_r.fits"));
    assert_eq!(config.split.split, SplitBy::Row);
    let again = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(config, again);
    let bad = serde_json::from_str::<TableConfig>(r#"{"conditions": ["=x"]}"#);
    assert!(bad.unwrap_err().to_string().contains("NAME=MAP_FILE"));
    assert!(serde_json::from_str::<TableConfig>(r#"{"observd": []}"#).is_err());
}

#[test]
fn real_magnitudes_and_their_errors_open() {
    let Some(root) = std::env::var_os("ASTROGEN_REAL_DATA") else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return;
    };
    let bands = ["u", "g", "r", "i", "z", "y"];
    let config = TableConfig {
        path: PathBuf::from(root).join("catalogues/rail_dc2_training_9816.csv.gz"),
        truth: bands.map(|band| format!("mag_{band}_lsst")).to_vec(),
        observed: bands.map(|band| format!("mag_err_{band}_lsst")).to_vec(),
        conditions: vec![Condition::Column("redshift".into())],
        // Galaxies that were not detected have the magnitude 99.
        range: Some(MagnitudeRange::default()),
        split: SplitConfig { split: SplitBy::Row, ..SplitConfig::default() },
        ..TableConfig::default()
    };
    let table = Table::open(&config).unwrap();
    eprintln!("{}", table.report());
    let kept = table.counts().kept() as usize;
    assert_eq!((table.counts().read(), kept), (10_225, 9_501));
    assert_eq!(table.train().shape(), RowShape { context: 7, features: 6, weighted: false });
    let held_out = table.validation().rows.len();
    assert_eq!(table.train().len() + held_out, kept);
    assert!(held_out.abs_diff(kept / 10) <= 1);
    assert!(table.validation().truth.iter().all(|magnitude| (10.0..35.0).contains(magnitude)));
    assert!(table.validation().observed.iter().all(|error| *error > 0.0));
}
