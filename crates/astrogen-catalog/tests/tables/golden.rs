//! Tables and maps written by other libraries; `tests/golden/catalog.py` makes them.

use astrogen_catalog::skymap::{Coordinates, Grid, Ordering, SkyMap, SkyMapOptions};
use astrogen_catalog::{Catalog, CatalogOptions};
use serde_json::Value as Json;

use crate::{golden_file, is_at, open, same};

fn golden() -> Json {
    let bytes = std::fs::read(golden_file("catalog.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    let number = |value: &Json| match value {
        Json::Null => f64::NAN,
        Json::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    };
    json.as_array().unwrap().iter().map(number).collect()
}

fn whole(json: &Json) -> Vec<u64> {
    json.as_array().unwrap().iter().map(|value| value.as_u64().unwrap()).collect()
}

/// Every column of a file, in chunks of any size.
pub(crate) fn check(file: &str, want: &Json) {
    let catalog = open(golden_file(file));
    assert_eq!(catalog.rows(), Some(9));
    let want = want.as_object().unwrap();
    let names: Vec<&String> = want.keys().collect();
    for rows in [1, 2, 4, 5, 9, 100] {
        let mut read = vec![Vec::new(); names.len()];
        for chunk in catalog.chunks(&names, rows).unwrap() {
            let chunk = chunk.unwrap();
            assert!(chunk.len() <= rows);
            for (read, values) in read.iter_mut().zip(chunk.values()) {
                read.extend_from_slice(values);
            }
        }
        for (name, got) in names.iter().zip(&read) {
            assert!(same(got, &numbers(&want[*name])), "{name}: {got:?} for {}", want[*name]);
        }
    }
}

#[test]
fn fits_columns_of_every_type_read_as_in_astropy() {
    check("catalog.fits.gz", &golden()["fits"]);
    let catalog = open(golden_file("catalog.fits.gz"));
    let column = |name: &str| catalog.columns().iter().find(|own| own.name == name).unwrap();
    assert_eq!((column("FLUX").length, column("FLUX").stored_as.as_str()), (4, "4E"));
    assert_eq!((column("X").length, column("CUBE").length), (11, 6));
    assert_eq!(column("E").unit.as_deref(), Some("mag"));
    for (name, words) in [
        ("RAGGED", "\"RAGGED\" holds arrays of variable length"),
        ("C", "\"C\" holds complex numbers"),
        ("FLUX", "is a vector: ask for one of its elements, FLUX[0] to FLUX[3]"),
        ("FLUXX", "nearest: \"FLUX\""),
    ] {
        let message = catalog.read(&[name]).unwrap_err().to_string();
        assert!(message.contains("catalog.fits.gz") && message.contains(words), "{message}");
    }
}

#[test]
fn a_table_is_chosen_by_its_name() {
    let options = CatalogOptions { hdu: Some("second".parse().unwrap()), ..Default::default() };
    let catalog = Catalog::open(golden_file("catalog.fits.gz"), &options).unwrap();
    let (columns, _) = catalog.read(&["z"]).unwrap();
    assert_eq!(columns.column("z").unwrap()[8], 1.0);
}

#[test]
fn parquet_columns_of_every_type_read_as_in_pyarrow() {
    check("catalog.parquet", &golden()["parquet"]);
    let catalog = open(golden_file("catalog.parquet"));
    // Lists of one length are vectors.
    let (lists, _) = catalog.read(&["list[0]", "list[1]"]).unwrap();
    assert_eq!(lists.values()[0], (0..9).map(f64::from).collect::<Vec<_>>());
    assert_eq!(lists.values()[1], (1..10).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn pixels_are_those_of_healpy() {
    let golden = &golden()["maps"];
    let (lon, lat) = (numbers(&golden["lon"]), numbers(&golden["lat"]));
    for (nside, want) in golden["pixels"].as_object().unwrap() {
        let grid = Grid::new(nside.parse().unwrap()).unwrap();
        let (ring, nested) = (whole(&want["ring"]), whole(&want["nested"]));
        let centres = (numbers(&want["lon"]), numbers(&want["lat"]));
        for row in 0..lon.len() {
            let pixel = nested[row];
            let position = (nside, lon[row], lat[row]);
            assert!(is_at(grid, lon[row], lat[row], pixel), "{position:?}");
            assert_eq!(grid.number(Ordering::Ring, pixel), ring[row], "{position:?}");
            assert_eq!(grid.nested(Ordering::Ring, ring[row]), pixel, "{position:?}");
            let centre = grid.centre(pixel);
            assert!((centre.0 - centres.0[row]).abs() < 1e-9, "{position:?} {centre:?}");
            assert!((centre.1 - centres.1[row]).abs() < 1e-9, "{position:?} {centre:?}");
        }
    }
}

#[test]
fn coordinates_turn_as_in_astropy() {
    let golden = &golden()["maps"];
    let (ra, dec) = (numbers(&golden["lon"]), numbers(&golden["lat"]));
    for (system, name) in [(Coordinates::Galactic, "galactic"), (Coordinates::Ecliptic, "ecliptic")]
    {
        let (lon, lat) = (numbers(&golden[name][0]), numbers(&golden[name][1]));
        for row in 0..ra.len() {
            let got = system.from_equatorial(ra[row], dec[row]);
            let off = separation(got, (lon[row], lat[row]));
            assert!(off < 0.1 / 3600.0, "{name} {row}: {off} degrees");
            let back = system.to_equatorial(got.0, got.1);
            assert!(separation(back, (ra[row], dec[row])) < 1e-7, "{name} {row}");
        }
    }
}

/// The angle between two positions, in degrees.
fn separation(a: (f64, f64), b: (f64, f64)) -> f64 {
    let vector = |(lon, lat): (f64, f64)| {
        let (lon, lat) = (lon.to_radians(), lat.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (a, b) = (vector(a), vector(b));
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt().to_degrees()
}

#[test]
fn maps_that_healpy_wrote_are_read() {
    let golden = &golden()["maps"];
    let every = golden["every"].as_u64().unwrap() as usize;
    let options = SkyMapOptions::default();
    let full = SkyMap::open(golden_file("skymap_full.fits.gz"), &options).unwrap();
    assert_eq!(full.names(), ["I", "Q"]);
    assert_eq!((full.grid().nside(), full.coordinates()), (16, Coordinates::Galactic));
    for map in 0..2 {
        let want = numbers(&golden["full_nested"][map]);
        let got: Vec<f64> =
            (0..3072).step_by(every).map(|pixel| full.value(map, pixel as u64)).collect();
        assert!(same(&got, &want), "{map}");
    }
    let partial = SkyMap::open(golden_file("skymap_partial.fits.gz"), &options).unwrap();
    assert_eq!(partial.occupied().collect::<Vec<_>>(), (100..400).collect::<Vec<_>>());
    for (pixel, want) in (0..3072).step_by(every).zip(numbers(&golden["partial_nested"])) {
        let got = partial.value(0, pixel as u64);
        assert!(got == f64::from(want as f32) || got.is_nan() && want.is_nan(), "{pixel}");
    }
}
