//! Headers of sky maps as many programs write them, and what is no map.

use std::fs;
use std::path::Path;

use astrogen_catalog::skymap::{
    Coordinates, Ordering, SkyMap, SkyMapDefaults, SkyMapOptions, UNSEEN,
};
use astrogen_catalog::{CatalogError, CatalogWriter, NewColumn, Storage};
use astrogen_fits::{HduSelector, Header};

use crate::maps::stated;

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
