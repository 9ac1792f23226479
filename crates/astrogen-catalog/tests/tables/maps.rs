//! Sky maps: look-up, sparseness, files and their faults.

use std::fs;
use std::path::Path;

use astrogen_catalog::CatalogError;
use astrogen_catalog::skymap::{
    Coordinates, Coverage, Grid, Ordering, SkyMap, SkyMapDefaults, SkyMapOptions, UNSEEN,
};
use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::{HduSelector, Header};
use proptest::prelude::*;

use crate::golden_file;

fn stated(
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

/// A table written with these header cards and columns, opened as a map.
fn opened(
    cards: &[(&str, &str)],
    columns: &[(&str, Storage, &[f64])],
    options: &SkyMapOptions,
) -> Result<SkyMap, CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    write(&path, cards, columns);
    SkyMap::open(&path, options)
}

fn write(path: &Path, cards: &[(&str, &str)], columns: &[(&str, Storage, &[f64])]) {
    let mut header = Header::new();
    for (keyword, value) in cards {
        match (value.parse::<i64>(), value.trim_matches('\'')) {
            (Ok(number), _) => header.push(*keyword, number, ""),
            (Err(_), text) => header.push(*keyword, text, ""),
        }
    }
    let new: Vec<NewColumn> =
        columns.iter().map(|(name, storage, _)| NewColumn::new(*name, *storage)).collect();
    let mut writer = CatalogWriter::create(path, &new, &header).unwrap();
    writer.write(&columns.iter().map(|(_, _, values)| *values).collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
}

#[test]
fn of_several_tables_the_one_that_is_told_is_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let cards = [("NSIDE", "2"), ("ORDERING", "NESTED")];
    write(&path("one.fits"), &cards, &[("T", Storage::Float32, &sky)]);
    write(&path("log.fits"), &[], &[("TIME", Storage::Float64, &[1.0])]);
    // The log's table, then the map's.
    let [log, map] = ["log.fits", "one.fits"].map(|name| fs::read(path(name)).unwrap());
    fs::write(path("two.fits"), [&log, &map[2880..]].concat()).unwrap();

    let told = |hdu| SkyMapDefaults { hdu: Some(hdu), ..SkyMapDefaults::default() };
    let open = |name, defaults| {
        SkyMap::open(path(name), &SkyMapOptions { defaults, ..SkyMapOptions::default() })
    };
    let two = open("two.fits", told(HduSelector::Index(2))).unwrap();
    assert_eq!((two.names(), two.value(0, 7)), (&["T".to_owned()][..], 7.0));
    assert!(open("two.fits", SkyMapDefaults::default()).is_err(), "the first table is a log");
    // A file of a single table needs no telling.
    assert_eq!(open("one.fits", told(HduSelector::Index(2))).unwrap().value(0, 7), 7.0);
}

#[test]
fn headers_of_other_writers_are_understood() {
    let signal: &[f64] = &[1.0, UNSEEN, 3.0];
    let pixel: &[f64] = &[40.0, 7.0, 9.0];
    let columns = [("HPIX", Storage::Int64, pixel), ("DEPTH", Storage::Float64, signal)];
    let map =
        opened(&[("NSIDE", "2"), ("NEST", "0")], &columns, &SkyMapOptions::default()).unwrap();
    let grid = map.grid();
    assert_eq!(map.value(0, grid.nested(Ordering::Ring, 9)), 3.0);
    assert!(map.value(0, grid.nested(Ordering::Ring, 7)).is_nan());
    assert_eq!(map.occupied().count(), 2);

    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let columns = [("T", Storage::Float32, &sky[..])];
    // The size alone says nside 2.
    let options = stated(None, Some(Ordering::Nested), None);
    let map = opened(&[], &columns, &options).unwrap();
    assert_eq!((map.grid().nside(), map.value(0, 47)), (2, 47.0));
}

#[test]
fn common_spellings_are_understood() {
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let columns = [("T", Storage::Float32, &sky[..])];
    for (name, want) in [
        ("J2000", Coordinates::Equatorial),
        ("FK5", Coordinates::Equatorial),
        ("ICRS", Coordinates::Equatorial),
        ("equatorial", Coordinates::Equatorial),
        ("GALACTIC", Coordinates::Galactic),
        ("E", Coordinates::Ecliptic),
    ] {
        let cards = [("NSIDE", "'2'"), ("ORDERING", "ring"), ("COORDSYS", name)];
        let map = opened(&cards, &columns, &SkyMapOptions::default()).unwrap();
        assert_eq!((map.coordinates(), map.grid().nside()), (want, 2), "{name}");
        assert_eq!(name.parse::<Coordinates>().unwrap(), want);
    }
    assert_eq!("Nested".parse::<Ordering>().unwrap(), Ordering::Nested);
    assert!("spiral".parse::<Ordering>().unwrap_err().to_string().contains("one of ring, nested"));
    assert!("B1950".parse::<Coordinates>().is_err());

    let (pixel, signal): (&[f64], &[f64]) = (&[40.0, 7.0], &[1.0, 3.0]);
    let nested = [("NSIDE", "2"), ("ORDERING", "NESTED")];
    let explicit = [nested[0], nested[1], ("INDXSCHM", "EXPLICIT")];
    for (cards, name) in [
        (&nested[..], "INDEX"),
        (&nested, "hpix"),
        (&nested, "HEALPIX_INDEX"),
        (&explicit, "somewhere"),
    ] {
        let columns = [(name, Storage::Int64, pixel), ("DEPTH", Storage::Float64, signal)];
        let map = opened(cards, &columns, &SkyMapOptions::default()).unwrap();
        assert_eq!((map.names(), map.value(0, 7)), (&["DEPTH".to_owned()][..], 3.0), "{name}");
    }
    // A map of spectral indices has no pixel numbers.
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let map = opened(&nested, &[("INDEX", Storage::Float32, &sky)], &SkyMapOptions::default());
    assert_eq!(map.unwrap().names(), ["INDEX"]);
    // Of two columns of whole numbers either could be meant.
    let columns = [("p", Storage::Int64, pixel), ("q", Storage::Int64, pixel)];
    let message = opened(&explicit, &columns, &SkyMapOptions::default()).unwrap_err().to_string();
    assert!(message.contains("state pixel_column, its name"), "{message}");
}

#[test]
fn defaults_hold_where_the_file_does_not_say() {
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let full = [("T", Storage::Float32, &sky[..])];
    let defaults = SkyMapDefaults {
        ordering: Some(Ordering::Ring),
        coordinates: Some(Coordinates::Galactic),
        nside: Some(4),
        pixel_column: Some("where".to_owned()),
        hdu: Some(HduSelector::Index(2)),
    };
    let options = SkyMapOptions { defaults, ..SkyMapOptions::default() };
    let map = opened(&[("NSIDE", "2"), ("COORDSYS", "X")], &full, &options).unwrap();
    assert_eq!((map.coordinates(), map.grid().nside()), (Coordinates::Galactic, 2));
    assert_eq!(map.value(0, map.grid().nested(Ordering::Ring, 5)), 5.0);
    let cards = [("NSIDE", "2"), ("COORDSYS", "E"), ("ORDERING", "NESTED")];
    let map = opened(&cards, &full, &options).unwrap();
    assert_eq!((map.coordinates(), map.value(0, 5)), (Coordinates::Ecliptic, 5.0));
    let pixel: &[f64] = &[5.0, 100.0];
    let part = [("where", Storage::Int32, pixel), ("T", Storage::Float32, &sky[..2])];
    let map = opened(&[], &part, &options).unwrap();
    assert_eq!(map.value(0, map.grid().nested(Ordering::Ring, 100)), 1.0);
    let json = r#"{"ordering": "nested", "coordinates": "galactic"}"#;
    assert_eq!(
        serde_json::from_str::<SkyMapDefaults>(json).unwrap().ordering,
        Some(Ordering::Nested)
    );
}

#[test]
fn cards_of_another_type_are_refused_by_name() {
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let columns = [("T", Storage::Float32, &sky[..])];
    for (card, words) in [
        (("NSIDE", "two"), "\"NSIDE\": expected a whole number, got the text 'two'"),
        (("ORDERING", "1"), "\"ORDERING\": expected a text in quotes, got 1"),
        (("COORDSYS", "2000"), "\"COORDSYS\": expected a text in quotes, got 2000; state"),
        (("INDXSCHM", "0"), "\"INDXSCHM\": expected a text in quotes, got 0"),
        (("NEST", "maybe"), "\"NEST\": expected T or F, got the text 'maybe'"),
    ] {
        let ring = ("ORDERING", "RING");
        let cards =
            if ["ORDERING", "NEST"].contains(&card.0) { vec![card] } else { vec![card, ring] };
        let message = opened(&cards, &columns, &SkyMapOptions::default()).unwrap_err().to_string();
        assert!(message.contains("map.fits") && message.contains(words), "{message}");
    }
}

#[test]
fn a_partial_map_may_list_no_pixel() {
    let columns = [("PIXEL", Storage::Int32, &[][..]), ("T", Storage::Float32, &[][..])];
    let cards = [("NSIDE", "2"), ("ORDERING", "RING")];
    let map = opened(&cards, &columns, &SkyMapOptions::default()).unwrap();
    assert_eq!((map.names(), map.occupied().count()), (&["T".to_owned()][..], 0));
    assert!(map.lookup("T", &[10.0], &[10.0]).unwrap()[0].is_nan());
}

#[test]
fn tables_that_are_no_maps_are_refused() {
    let sky: Vec<f64> = (0..48).map(f64::from).collect();
    let sky = &sky[..];
    let short = &sky[..47];
    let none = SkyMapOptions::default();
    let named = SkyMapOptions { pixel_column: Some("where".to_owned()), ..none.clone() };
    let t = |values| [("T", Storage::Float32, values)];
    let with = |pixels| [("PIXEL", Storage::Int32, pixels), ("T", Storage::Float32, &sky[..2])];
    let nested = [("NSIDE", "2"), ("ORDERING", "NESTED")];
    for (got, words) in [
        (
            opened(&[("NSIDE", "2")], &t(sky), &none),
            "no ORDERING; state the ordering (ring or nested)",
        ),
        (
            opened(&nested, &t(short), &none),
            "expected the 48 values of a full sky of nside 2, got 47",
        ),
        (opened(&[("ORDERING", "RING")], &t(short), &none), "NSIDE: expected a power of two"),
        (
            opened(&[("NSIDE", "3"), ("ORDERING", "RING")], &t(sky), &none),
            "NSIDE: expected a power of two from 1 to 32768, got 3",
        ),
        (
            opened(&[("NSIDE", "65536"), ("ORDERING", "RING")], &with(&[1.0, 2.0]), &none),
            "NSIDE: expected a power of two from 1 to 32768, got 65536",
        ),
        (
            opened(&[("NSIDE", "2"), ("ORDERING", "SPIRAL")], &t(sky), &none),
            "ORDERING: expected RING or NESTED, got \"SPIRAL\"",
        ),
        (
            opened(&[nested[0], nested[1], ("COORDSYS", "X")], &t(sky), &none),
            "COORDSYS: expected C, G or E, got \"X\"; state the coordinates",
        ),
        (
            opened(&[nested[0], nested[1], ("INDXSCHM", "EXPLICIT")], &t(sky), &none),
            "called one of PIXEL, HPIX, IPIX, PIX, HEALPIX, INDEX, PIXELS",
        ),
        (opened(&nested, &t(sky), &named), "\"where\" is not in the table"),
        (
            opened(&nested, &with(&[48.0, 1.0]), &none),
            "row 0 (from 0): expected a pixel from 0 to 47",
        ),
        (opened(&nested, &with(&[1.0, -1.0]), &none), "row 1 (from 0): expected a pixel"),
        (opened(&nested, &with(&[1.0, f64::NAN]), &none), "row 1 (from 0): expected a pixel"),
        (opened(&nested, &with(&[5.0, 5.0]), &none), "expected each pixel once, got pixel 5 twice"),
        (opened(&nested, &with(&[5.0, 6.0])[..1], &none), "at least one column of map values"),
        (
            opened(
                &nested,
                &[("PIXEL", Storage::Float32, sky), ("T", Storage::Float32, sky)],
                &none,
            ),
            "expected whole pixel numbers, got TFORM \"E\"",
        ),
    ] {
        let message = got.unwrap_err().to_string();
        assert!(message.contains("map.fits") && message.contains(words), "{message}");
    }
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
