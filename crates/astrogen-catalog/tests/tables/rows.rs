//! Filters, missing values and counts.

use std::path::PathBuf;

use astrogen_catalog::{
    BadRows, Catalog, CatalogOptions, CatalogWriter, Columns, NewColumn, Storage,
};
use astrogen_fits::Header;
use proptest::prelude::*;

use crate::made::{hdu, primary};
use crate::same;

/// Rows 0 to `rows` as `n`, with holes in `m`, in every format.
fn tables(folder: &tempfile::TempDir, rows: usize) -> Vec<PathBuf> {
    let n: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    let m: Vec<f64> =
        n.iter().map(|&n| if n % 5.0 == 3.0 { f64::NAN } else { 20.0 + n / 4.0 }).collect();
    let csv: String = n.iter().zip(&m).map(|(n, m)| format!("{n},{m}\n")).collect();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, format!("n,m\n{csv}")).unwrap();
    let mut paths = vec![path];
    let columns = [NewColumn::new("n", Storage::Int32), NewColumn::new("m", Storage::Float64)];
    for name in ["t.fits", "t.parquet", "t.hdf5"] {
        let path = folder.path().join(name);
        let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
        writer.write(&[&n[..], &m[..]]).unwrap();
        writer.finish().unwrap();
        paths.push(path);
    }
    paths
}

#[test]
fn filters_and_missing_values_are_counted_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for path in tables(&folder, 40) {
        let mut options = CatalogOptions {
            filters: vec!["n>=10".parse().unwrap(), "N != 12".parse().unwrap()],
            ..CatalogOptions::default()
        };
        let (columns, counts) = Catalog::open(&path, &options).unwrap().read(&["m"]).unwrap();
        assert_eq!((columns.len(), counts.missing()), (29, 6), "{}", path.display());
        options.missing = BadRows::Drop;
        let (columns, counts) = Catalog::open(&path, &options).unwrap().read(&["m"]).unwrap();
        assert_eq!(columns.names(), ["m"]);
        assert!(columns.column("m").unwrap().iter().all(|m| m.is_finite()));
        let words = "23 of 40 rows kept; dropped: 10 by n >= 10, 1 by N != 12, 6 by missing values";
        assert_eq!(counts.to_string(), words);
        options.missing = BadRows::Refuse;
        let refused = Catalog::open(&path, &options).unwrap().read(&["m"]).unwrap_err().to_string();
        assert!(refused.contains("row 13 (from 0): column \"m\" has no value"), "{refused}");

        options.filters.push("m > 99".parse().unwrap());
        let message = Catalog::open(&path, &options).unwrap().read(&["n"]).unwrap_err().to_string();
        assert!(message.contains("the selection is empty: 0 of 40 rows kept"), "{message}");
        assert!(message.contains("29 by m > 99; loosen the rule"), "{message}");
        options.filters.push("mm > 99".parse().unwrap());
        let message = Catalog::open(&path, &options).unwrap_err().to_string();
        assert!(message.contains("column \"mm\" is not in the table; nearest: \"m\""), "{message}");
    }
}

#[test]
fn a_catalogue_without_rows_is_empty_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for path in tables(&folder, 0) {
        let options =
            CatalogOptions { filters: vec!["n>=10".parse().unwrap()], ..CatalogOptions::default() };
        let catalog = Catalog::open(&path, &options).unwrap();
        let names: Vec<&str> = catalog.columns().iter().map(|own| own.name.as_str()).collect();
        // HDF5 knows no order but that of names.
        let is_hdf5 = path.extension().is_some_and(|ending| ending == "hdf5");
        let order = if is_hdf5 { ["m", "n"] } else { ["n", "m"] };
        assert_eq!(names, order, "{}", path.display());
        let (columns, counts) = catalog.read(&["m", "n"]).unwrap();
        assert_eq!((columns.names(), columns.len()), (&["m".to_owned(), "n".to_owned()][..], 0));
        assert_eq!((counts.read(), counts.kept()), (0, 0));
        assert_eq!(columns.to_array().dim(), (0, 2));
        assert!(catalog.chunks(&["m"], 10).unwrap().next().is_none());
        assert!(catalog.read(&["o"]).is_err());
    }
}

#[test]
fn the_objects_of_an_ldac_catalogue_are_taken() {
    let table = |name: &'static str, column: &'static str, form: &'static str, row: &[u8]| {
        let width = if row.len() == 16 { "16" } else { "8" };
        let cards = [
            ("XTENSION", "'BINTABLE'"),
            ("BITPIX", "8"),
            ("NAXIS", "2"),
            ("NAXIS1", width),
            ("NAXIS2", "1"),
            ("PCOUNT", "0"),
            ("GCOUNT", "1"),
            ("TFIELDS", "1"),
            ("TTYPE1", column),
            ("TFORM1", form),
            ("EXTNAME", name),
        ];
        hdu(&cards, row)
    };
    let head = table("'LDAC_IMHEAD'", "'Field Header Card'", "'16A     '", &[b' '; 16]);
    let objects = table("'LDAC_OBJECTS'", "'MAG_AUTO'", "'D       '", &21.5_f64.to_be_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.cat");
    let first = hdu(&primary("8", &[]), &[]);
    std::fs::write(&path, [&first[..], &head, &objects, &head, &objects].concat()).unwrap();
    let (columns, _) = crate::open(&path).read(&["MAG_AUTO"]).unwrap();
    assert_eq!(columns.values()[0], [21.5]);
    // The header cards are there for who names them.
    let options = CatalogOptions { hdu: Some("1".parse().unwrap()), ..Default::default() };
    let catalog = Catalog::open(&path, &options).unwrap();
    assert_eq!(catalog.columns()[0].name, "Field Header Card");
}

#[test]
fn asking_for_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = &tables(&folder, 3)[0];
    let catalog = Catalog::open(path, &CatalogOptions::default()).unwrap();
    let message = catalog.read(&[] as &[&str]).unwrap_err().to_string();
    assert!(message.contains("columns: expected at least one name"), "{message}");
    assert!(catalog.chunks(&["n"], 0).is_err());
    let message = catalog.read(&["n", "m", "n"]).unwrap_err().to_string();
    assert!(message.contains("expected a name of its own"), "{message}");
}

#[test]
fn a_configuration_names_what_it_can_hold() {
    let json = r#"{"filters": ["FLAGS==0"], "missing": "drop", "hdu": {"name": "CAT"}}"#;
    let options: CatalogOptions = serde_json::from_str(json).unwrap();
    assert_eq!(options.missing, BadRows::Drop);
    assert!(serde_json::from_str::<CatalogOptions>(r#"{"filter": []}"#).is_err());
    assert!(serde_json::from_str::<CatalogOptions>(r#"{"filters": ["a=1"]}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_size_of_chunks_does_not_matter(rows in 1_usize..60, at_a_time in 1_usize..70, least in 0..30) {
        let folder = tempfile::tempdir().unwrap();
        for path in tables(&folder, rows) {
            let options = CatalogOptions {
                filters: vec![format!("n>={}", least / 2).parse().unwrap()],
                ..CatalogOptions::default()
            };
            let catalog = Catalog::open(&path, &options).unwrap();
            let mut chunks = catalog.chunks(&["m", "n"], at_a_time).unwrap();
            let mut joined = Columns::new([("m", vec![]), ("n", vec![])]).unwrap();
            for chunk in chunks.by_ref() {
                joined.append(chunk.unwrap()).unwrap();
            }
            let want: Vec<f64> = (least as usize / 2..rows).map(|n| n as f64).collect();
            prop_assert!(same(joined.column("n").unwrap(), &want));
            prop_assert_eq!(chunks.counts().read(), rows as u64);
            prop_assert_eq!(chunks.counts().kept(), want.len() as u64);
        }
    }
}
