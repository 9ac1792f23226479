//! Real catalogues and maps. `ASTROGEN_REAL_DATA` names the folder that holds them; without
//! it the test says so.
#![allow(clippy::print_stderr, reason = "a test says that it skips")]

use std::path::PathBuf;

use astrogen_catalog::skymap::{Coordinates, Ordering, SkyMap, SkyMapOptions};
use astrogen_catalog::{Catalog, CatalogOptions};
use serde_json::Value as Json;

use crate::{is_at, open};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
    }
    folder
}

#[test]
fn real_catalogues_are_read() {
    let Some(folder) = folder() else {
        return;
    };
    for (name, rows, columns) in [
        ("rail_dc2_training_9816.csv.gz", 10_225, ["redshift", "mag_u_lsst", "mag_err_y_lsst"]),
        (
            "dora_des_y3gold_lups_colors.csv",
            10_892,
            ["COADD_OBJECT_ID", "lup_r", "color_err_z_minus_r"],
        ),
        ("pzflow_galaxy_data.csv.gz", 100_000, ["redshift", "u", "y"]),
        ("pzflow_two_moons.csv.gz", 20_000, ["x", "y", "x"]),
    ] {
        let catalog = open(folder.join("catalogues").join(name));
        let distinct = if columns[0] == columns[2] { &columns[..2] } else { &columns[..] };
        let (read, counts) = catalog.read(distinct).unwrap();
        assert_eq!((read.len(), counts.read()), (rows, rows as u64), "{name}");
        assert!(read.values()[0].iter().all(|value| value.is_finite()), "{name}");
        eprintln!(
            "{name}: {} columns, {counts}, {} missing",
            catalog.columns().len(),
            counts.missing()
        );
    }
    let catalog = open(folder.join("catalogues/rail_dc2_training_9816.csv.gz"));
    let (read, _) = catalog.read(&["redshift", "mag_err_y_lsst"]).unwrap();
    assert_eq!(read.column("redshift").unwrap()[1], 0.0193613);
    let message = catalog.read(&["mag_r"]).unwrap_err().to_string();
    assert!(message.contains("\"mag_r_lsst\"") || message.contains("there are"), "{message}");
}

#[test]
fn real_hdf5_is_read() {
    let Some(folder) = folder() else {
        return;
    };
    let catalog = open(folder.join("catalogues/rail_test_dc2_training_9816.hdf5"));
    let (read, _) = catalog.read(&["redshift", "mag_i_lsst", "id"]).unwrap();
    let text = open(folder.join("catalogues/rail_dc2_training_9816.csv.gz"));
    let (want, _) = text.read(&["redshift", "mag_i_lsst"]).unwrap();
    for (got, want) in read.values().iter().zip(want.values()) {
        assert_eq!(got.len(), want.len());
        let near = |(got, want): (&f64, &f64)| (got - want).abs() <= 1e-5 * want.abs();
        assert!(got.iter().zip(want).all(near));
    }
    for (name, columns) in [
        ("SimSpin_example_EAGLE.hdf5", ["Coordinates[2]", "Mass", "StellarFormationTime"]),
        ("SimSpin_example_IllustrisTNG.hdf5", ["Velocities[0]", "Masses", "GFM_Metallicity"]),
    ] {
        let path = folder.join("stars").join(name);
        let refused = Catalog::open(&path, &CatalogOptions::default()).unwrap_err().to_string();
        let words = "\"/PartType0\" (100 rows), \"/PartType4\" (2000 rows)";
        assert!(refused.contains(words), "{refused}");
        let options = CatalogOptions { group: Some("PartType4".to_owned()), ..Default::default() };
        let (read, counts) = Catalog::open(&path, &options).unwrap().read(&columns).unwrap();
        assert_eq!((read.len(), counts.missing()), (2000, 0), "{name}");
    }
}

#[test]
fn real_maps_read_as_in_healpy() {
    let Some(folder) = folder() else {
        return;
    };
    let bytes = std::fs::read(folder.join("expected/healpix_reference.json")).unwrap();
    let reference: Json = serde_json::from_slice(&bytes).unwrap();
    for (name, want) in reference.as_object().unwrap() {
        let map =
            SkyMap::open(folder.join("healpix").join(name), &SkyMapOptions::default()).unwrap();
        assert_eq!(u64::from(map.grid().nside()), want["nside"].as_u64().unwrap());
        let Some(lookups) = want["lookup"].as_array() else {
            // The partial map: as many pixels as rows.
            assert_eq!(map.occupied().count() as u64, want["rows"].as_u64().unwrap());
            assert!(map.memory() < 20 << 20, "{}", map.memory());
            continue;
        };
        let ordering = if want["nest"] == true { Ordering::Nested } else { Ordering::Ring };
        let galactic = want["coordsys"] == "G";
        assert_eq!(map.coordinates() == Coordinates::Galactic, galactic);
        for lookup in lookups {
            let number = |key: &str| lookup[key].as_f64().unwrap();
            let (lon, lat) = (number("lon"), number("lat"));
            let pixel = map.grid().nested(ordering, lookup["pix"].as_u64().unwrap());
            assert!(is_at(map.grid(), lon, lat, pixel), "{name} {lon} {lat}");
            let got = map.value(0, pixel);
            let value = number("value");
            assert!(got == value || got.is_nan() && value < -1e30, "{name}: {got} for {value}");
        }
        let missing = map.grid().len() - map.occupied().count() as u64;
        let unseen = want["n_unseen_or_nan"].as_u64().unwrap();
        assert!(missing <= unseen, "{name}: {missing} of {unseen}");
        eprintln!("{name}: {} pixels, {missing} missing in all maps", map.grid().len());
    }
}
