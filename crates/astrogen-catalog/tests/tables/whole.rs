//! Whole numbers of 64 bits pass catalogues unchanged.

use std::path::Path;

use astrogen_catalog::{Catalog, CatalogOptions, CatalogWriter, Columns, NewColumn, Storage};
use astrogen_fits::Header;
use proptest::prelude::*;

use crate::open;

/// An index of HEALPix order 29, and its neighbour.
const INDEX: i128 = 3_458_764_513_820_540_927;

fn write(path: &Path, columns: &Columns) {
    let new = [NewColumn::new("k", Storage::Int64), NewColumn::new("u", Storage::Unsigned64)];
    let mut writer = CatalogWriter::create(path, &new, &Header::new()).unwrap();
    writer.write_columns(columns).unwrap();
    writer.finish().unwrap();
}

fn integers(path: &Path, rows: usize) -> [Vec<Option<i128>>; 2] {
    let mut joined = Columns::new([("k", vec![]), ("u", vec![])]).unwrap();
    for chunk in open(path).chunks(&["k", "u"], rows).unwrap() {
        joined.append(chunk.unwrap()).unwrap();
    }
    ["k", "u"].map(|name| joined.integers(name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn from_every_format_to_every_format(
        rows in prop::collection::vec((any::<i64>(), any::<u64>(), 0..9_i128, any::<bool>()), 1..40),
        at_a_time in 1_usize..50,
    ) {
        let cell = |value: i128, null: bool| (!null).then_some(value);
        // The ends of the range stand for null in FITS.
        let k: Vec<_> = rows
            .iter()
            .map(|row| cell(i128::from(row.0.max(-i64::MAX)), row.3))
            .collect();
        let u: Vec<_> = rows
            .iter()
            .map(|row| match row.2 {
                0 => cell(INDEX, row.3),
                small if small < 4 => cell(small, row.3),
                _ => cell(i128::from(row.1.min(u64::MAX - 1)), row.3),
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let text = |value: &Option<i128>| value.map_or(String::new(), |value| value.to_string());
        let csv: String = k.iter().zip(&u).map(|(k, u)| format!("{},{}\n", text(k), text(u))).collect();
        let first = folder.path().join("t.csv");
        std::fs::write(&first, format!("k,u\n{csv}")).unwrap();
        let mut last = first;
        for name in ["a.fits", "b.parquet", "c.h5", "d.hdf5", "e.parquet", "f.h5", "g.fits", "h.fits"] {
            let got = integers(&last, at_a_time);
            prop_assert_eq!(&got, &[k.clone(), u.clone()], "{}", last.display());
            let (columns, _) = open(&last).read(&["k", "u"]).unwrap();
            last = folder.path().join(name);
            write(&last, &columns);
        }
    }
}

#[test]
fn filters_compare_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.fits");
    let two_53 = 1_i128 << 53;
    let mut columns = Columns::default();
    columns.push_integers("k", [0, 1, 2].map(|more| Some(two_53 + more))).unwrap();
    columns.push("u", vec![0.0, 1.0, 2.0]).unwrap();
    write(&path, &columns);
    for (filter, want) in [("k==9007199254740992", 0..1), ("k > 9007199254740992", 1..3)] {
        let options =
            CatalogOptions { filters: vec![filter.parse().unwrap()], ..Default::default() };
        let (read, _) = Catalog::open(&path, &options).unwrap().read(&["k"]).unwrap();
        let want: Vec<_> = want.map(|more| Some(two_53 + more)).collect();
        assert_eq!(read.integers("k").unwrap(), want, "{filter}");
    }
    let message = "k==9007199254740993".parse::<astrogen_catalog::ColumnFilter>();
    let message = message.unwrap_err().to_string();
    assert!(message.contains("64-bit floating point holds exactly"), "{message}");
}

#[test]
fn what_is_no_integer_is_refused() {
    let mut columns = Columns::new([("a", vec![1.0, 1.5])]).unwrap();
    let message = columns.integers("a").unwrap_err().to_string();
    assert!(
        message.contains("row 1 (from 0) of column \"a\": expected a whole number"),
        "{message}"
    );
    let message = columns.push_integers("b", [Some(1 << 64), None]).unwrap_err().to_string();
    assert!(
        message.contains("expected integers of 64 bits, got 18446744073709551616"),
        "{message}"
    );
    // What is changed is changed.
    columns.push_integers("b", [Some(INDEX), None]).unwrap();
    columns.column_mut("b").unwrap()[0] = 7.0;
    assert_eq!(columns.integers("b").unwrap(), [Some(7), None]);

    let folder = tempfile::tempdir().unwrap();
    let new = [NewColumn::new("b", Storage::Unsigned64)];
    let path = folder.path().join("t.parquet");
    let mut writer = CatalogWriter::create(path, &new, &Header::new()).unwrap();
    let message = writer.write(&[[-1.0]]).unwrap_err().to_string();
    assert!(message.contains("from 0 to 18446744073709551614, got -1"), "{message}");
    let message = writer.write_columns(&Columns::default()).unwrap_err().to_string();
    assert!(message.contains("no column \"b\""), "{message}");
}
