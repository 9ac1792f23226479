//! Sky maps: look-up, sparseness, and files there and back.

use astrogen_catalog::skymap::{Coordinates, Coverage, Grid, Ordering, SkyMap, SkyMapOptions};
use proptest::prelude::*;

use crate::golden_file;

pub(crate) fn stated(
    nside: Option<u32>,
    ordering: Option<Ordering>,
    coordinates: Option<Coordinates>,
) -> SkyMapOptions {
    SkyMapOptions { nside, ordering, coordinates, ..SkyMapOptions::default() }
}

#[test]
fn what_is_stated_has_to_agree_with_the_file() {
    let open = |options| SkyMap::open(golden_file("skymap_full.fits.gz"), &options);
    let all = stated(Some(16), Some(Ordering::Ring), Some(Coordinates::Galactic));
    assert!(open(all).is_ok());
    for (options, words) in [
        (stated(Some(32), None, None), "nside: expected 32 as stated, the file has 16"),
        (
            stated(None, Some(Ordering::Nested), None),
            "ordering: expected NESTED as stated, the file has RING",
        ),
        (
            stated(None, None, Some(Coordinates::Equatorial)),
            "coordinates: expected equatorial as stated, the file has Galactic",
        ),
    ] {
        let message = open(options).unwrap_err().to_string();
        assert!(message.contains("skymap_full") && message.contains(words), "{message}");
    }
    let columns = |columns: &[&str]| SkyMapOptions {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        ..SkyMapOptions::default()
    };
    assert_eq!(open(columns(&["q"])).unwrap().names(), ["Q"]);
    let message = open(columns(&["U"])).unwrap_err().to_string();
    assert!(message.contains("\"U\" is not in the table, expected one of I, Q"), "{message}");
    let tight = SkyMapOptions { limit: 1000, ..SkyMapOptions::default() };
    let message = open(tight).unwrap_err().to_string();
    assert!(message.contains("2 sky maps of nside 16 claims 24576 bytes"), "{message}");
}

#[test]
fn a_galactic_map_is_looked_up_by_right_ascension() {
    let map = SkyMap::open(golden_file("skymap_full.fits.gz"), &SkyMapOptions::default()).unwrap();
    // The centre of the Galaxy, to a second of arc.
    let (ra, dec) = (266.404_996, -28.936_172);
    let pixel = map.grid().pixel(0.0, 0.0);
    let (lon, lat) = Coordinates::Galactic.from_equatorial(ra, dec);
    assert!(lat.abs() < 1e-4 && !(1e-4..359.9999).contains(&lon), "{lon} {lat}");
    let got = map.lookup("q", &[ra + 0.1], &[dec + 0.2]).unwrap()[0];
    let near: Vec<f64> = [(0.3, 0.05), (0.2, 0.0)]
        .map(|(lon, lat)| map.value(1, map.grid().pixel(lon, lat)))
        .to_vec();
    assert!(near.contains(&got) || got == map.value(1, pixel), "{got} for {near:?}");
}

#[test]
fn positions_outside_the_sky_are_refused() {
    let values = vec![("I".to_owned(), vec![1.0; 12])];
    let map = SkyMap::full(1, Ordering::Ring, Coordinates::Equatorial, values).unwrap();
    assert_eq!(map.lookup("i", &[-180.0, 360.0], &[90.0, -90.0]).unwrap(), [1.0, 1.0]);
    for (ra, dec) in [(360.1, 0.0), (-181.0, 0.0), (0.0, 90.1), (0.0, -99.0), (f64::NAN, 0.0)] {
        let message = map.lookup("I", &[10.0, ra], &[0.0, dec]).unwrap_err().to_string();
        let words = "row 1 (from 0): expected ra from -180 to 360 and dec from -90 to 90";
        assert!(message.contains(words), "{message}");
    }
    let message = map.lookup("I", &[1.0], &[]).unwrap_err().to_string();
    assert!(message.contains("expected a declination for each of 1"), "{message}");
    let message = map.lookup("J", &[1.0], &[1.0]).unwrap_err().to_string();
    assert!(message.contains("no sky map \"J\": expected one of [\"I\"]"), "{message}");
}

#[test]
fn a_partial_map_takes_the_memory_of_its_part() {
    let grid = Grid::new(4096).unwrap();
    let first = grid.pixel(30.0, -45.0);
    let pixels: Vec<u64> = (first..first + 10_000).collect();
    let ring: Vec<u64> = pixels.iter().map(|&pixel| grid.number(Ordering::Ring, pixel)).collect();
    let values: Vec<f32> = (0..10_000).map(|row| row as f32).collect();
    let map = SkyMap::partial(
        4096,
        Ordering::Ring,
        Coordinates::Equatorial,
        &ring,
        vec![("FWHM".to_owned(), values)],
    )
    .unwrap();
    // The whole sky would take 805 MB.
    assert!(map.memory() < 13 << 20, "{}", map.memory());
    assert_eq!(map.occupied().collect::<Vec<_>>(), pixels);
    let (lon, lat) = grid.centre(pixels[1234]);
    assert_eq!(map.lookup("FWHM", &[lon], &[lat]).unwrap(), [1234.0]);
    assert!(map.lookup("FWHM", &[lon + 90.0], &[lat]).unwrap()[0].is_nan());
}

#[test]
fn maps_of_a_wrong_size_are_refused() {
    let map = |values: usize| vec![("I".to_owned(), vec![0.0; values])];
    let equatorial = Coordinates::Equatorial;
    let full = |nside, values| SkyMap::full(nside, Ordering::Ring, equatorial, map(values));
    assert!(full(3, 108).unwrap_err().to_string().contains("nside: expected a power of two"));
    assert!(full(2, 47).unwrap_err().to_string().contains("expected 48 values, got 47"));
    let partial = |pixels: &[u64]| {
        SkyMap::partial(2, Ordering::Ring, equatorial, pixels, map(pixels.len()))
            .unwrap_err()
            .to_string()
    };
    assert!(partial(&[3, 48]).contains("expected pixels below 48 (nside 2), got 48"));
    assert!(partial(&[3, 4, 3]).contains("got pixel 3 twice"));
}

#[test]
fn a_map_is_written_to_fits_alone() {
    let values = vec![("I".to_owned(), vec![1.0; 12])];
    let map = SkyMap::full(1, Ordering::Ring, Coordinates::Equatorial, values).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.parquet");
    let message = map.write(&path, Ordering::Ring, Coverage::Full).unwrap_err().to_string();
    assert!(message.contains("expected a name that ends in .fits or .fit"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_two_orders_are_permutations(depth in 0_u32..16, fraction in 0.0..1.0_f64) {
        let grid = Grid::new(1 << depth).unwrap();
        let pixel = (grid.len() as f64 * fraction) as u64;
        prop_assert_eq!(grid.nested(Ordering::Ring, grid.number(Ordering::Ring, pixel)), pixel);
        prop_assert_eq!(grid.number(Ordering::Ring, grid.nested(Ordering::Ring, pixel)), pixel);
        let (lon, lat) = grid.centre(pixel);
        prop_assert_eq!(grid.pixel(lon, lat), pixel);
    }

    #[test]
    fn maps_survive_files_in_both_orders_and_forms(
        depth in 0_u32..5,
        values in prop::collection::vec((any::<prop::sample::Index>(), -1e20_f32..1e20), 1..40),
        second in any::<f32>(),
    ) {
        let grid = Grid::new(1 << depth).unwrap();
        let mut sky = vec![f32::NAN; grid.len() as usize];
        for (pixel, value) in &values {
            sky[pixel.index(grid.len() as usize)] = *value;
        }
        let other = sky.iter().map(|v| if *v > 0.0 { second } else { f32::NAN }).collect();
        let maps = vec![("I".to_owned(), sky), ("Q".to_owned(), other)];
        let map = SkyMap::full(1 << depth, Ordering::Ring, Coordinates::Ecliptic, maps).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.fits");
        for ordering in [Ordering::Ring, Ordering::Nested] {
            for coverage in [Coverage::Full, Coverage::Partial] {
                map.write(&path, ordering, coverage).unwrap();
                let back = SkyMap::open(&path, &SkyMapOptions::default()).unwrap();
                prop_assert_eq!(back.coordinates(), Coordinates::Ecliptic);
                prop_assert_eq!(back.names(), map.names());
                for pixel in 0..grid.len() {
                    for own in 0..2 {
                        let (got, want) = (back.value(own, pixel), map.value(own, pixel));
                        prop_assert!(got == want || got.is_nan() && want.is_nan());
                    }
                }
            }
        }
    }
}
