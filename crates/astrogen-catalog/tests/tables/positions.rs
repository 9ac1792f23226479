//! Positions are degrees, whatever the unit of their columns.

use astrogen_catalog::CatalogError;
use astrogen_catalog::{Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;

use crate::open;

/// The positions of a catalogue with these units, each row of which is (1.5, -0.5).
fn read(name: &str, units: [Option<&str>; 2]) -> Result<Vec<f64>, CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let columns = [("ra", units[0]), ("dec", units[1])].map(|(name, unit)| NewColumn {
        unit: unit.map(str::to_owned),
        ..NewColumn::new(name, Storage::Float64)
    });
    let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
    writer.write(&[[1.5], [-0.5]]).unwrap();
    writer.finish().unwrap();
    let (columns, _) = open(&path).with_position("RA", "dec")?.read(&["ra", "dec"])?;
    Ok(columns.values().concat())
}

#[test]
fn units_of_fits_tables_are_obeyed() {
    let degree = 1_f64.to_degrees();
    for (units, want) in [
        ([None, None], [1.5, -0.5]),
        ([Some("deg"), Some("degree")], [1.5, -0.5]),
        ([Some("h"), Some("deg")], [22.5, -0.5]),
        ([Some("rad"), Some("rad")], [1.5 * degree, -0.5 * degree]),
        ([Some("arcmin"), Some("arcsec")], [1.5 / 60.0, -0.5 / 3600.0]),
    ] {
        let got = read("t.fits", units).unwrap();
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-14, "{units:?}: {got} for {want}");
        }
    }
    let message = read("t.fits", [Some("deg"), Some("pix")]).unwrap_err().to_string();
    assert!(message.contains("t.fits: column \"dec\" is in \"pix\""), "{message}");
    assert!(message.contains("expected an angle in deg, h, rad, arcmin, arcsec"), "{message}");
}

#[test]
fn only_what_is_named_as_a_position_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.fits");
    let columns = ["a", "b", "c"].map(|name| NewColumn::new(name, Storage::Float64).with_unit("h"));
    let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
    writer.write(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
    writer.finish().unwrap();
    assert_eq!(open(&path).read(&["a"]).unwrap().0.values()[0], [1.0, 2.0]);
    // Filters see degrees as well.
    let options =
        CatalogOptions { filters: vec!["a > 15".parse().unwrap()], ..CatalogOptions::default() };
    let catalog = Catalog::open(&path, &options).unwrap().with_position("a", "b").unwrap();
    let (columns, _) = catalog.read(&["c", "b"]).unwrap();
    assert_eq!(columns.values(), [[6.0], [60.0]]);
}

#[test]
fn texts_may_be_sexagesimal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let rows = "10:22:33.6,-00:30:00\n10h22m33.6s,-0d30m0s\n155.64,-0.5\n,+10 30 00\n";
    std::fs::write(&path, format!("ra,dec\n{rows}")).unwrap();
    let catalog = open(&path).with_position("ra", "dec").unwrap();
    let (columns, counts) = catalog.read(&["ra", "dec"]).unwrap();
    assert!(columns.column("ra").unwrap()[..3].iter().all(|ra| (ra - 155.64).abs() < 1e-12));
    assert!(columns.column("ra").unwrap()[3].is_nan());
    assert_eq!(
        (columns.column("dec").unwrap(), counts.missing()),
        (&[-0.5, -0.5, -0.5, 10.5][..], 1)
    );
    // Elsewhere they are no numbers.
    let message = open(&path).read(&["ra"]).unwrap_err().to_string();
    assert!(message.contains("has no number in line 2: got \"10:22:33.6\""), "{message}");

    std::fs::write(&path, "ra,dec\n10:72:33,0\n").unwrap();
    let message = open(&path).with_position("ra", "dec").unwrap().read(&["ra"]).unwrap_err();
    assert!(message.to_string().contains("got \"10:72:33\""), "{message}");
    let message = open(&path).with_position("ra", "decl").unwrap_err().to_string();
    assert!(message.contains("column \"decl\" is not in the table; nearest: \"dec\""), "{message}");
}
