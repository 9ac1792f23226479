//! Lists in Parquet, which are vectors where all are of one length.

use astrogen_catalog::{Catalog, CatalogOptions};
use parquet::basic::Compression;
use parquet::data_type::DoubleType;

use crate::parquet::{Levels, column, read};
use crate::{open, same};

const LIST: &str =
    "OPTIONAL group mags (LIST) { REPEATED group list { OPTIONAL DOUBLE element; } }";

#[test]
fn lists_of_one_length_are_vectors() {
    // (1, 2), (3, none), none, (5, 6)
    let values = [1.0, 2.0, 3.0, 5.0, 6.0];
    let (def, rep) = ([3, 3, 3, 2, 0, 3, 3], [0, 1, 0, 1, 0, 0, 1]);
    let (_folder, path) =
        column::<DoubleType>(LIST, (&values, Some(&def), Some(&rep)), Compression::SNAPPY);
    let catalog = open(&path);
    assert_eq!((catalog.columns()[0].name.as_str(), catalog.columns()[0].length), ("mags", 2));
    let nan = f64::NAN;
    for (name, want) in [("mags[0]", [1.0, 3.0, nan, 5.0]), ("mags[1]", [2.0, nan, nan, 6.0])] {
        assert!(same(&read(&path, name).unwrap(), &want), "{name}");
        for rows in [1, 2, 3] {
            let chunks = catalog.chunks(&[name], rows).unwrap();
            let got: Vec<f64> =
                chunks.flat_map(|chunk| chunk.unwrap().values()[0].clone()).collect();
            assert!(same(&got, &want), "{name} {rows}");
        }
    }
    let message = read(&path, "mags").unwrap_err();
    assert!(message.contains("ask for one of its elements, mags[0] to mags[1]"), "{message}");
}

/// A list that is null counts as one value, as one of one element does.
#[test]
fn the_length_of_lists_is_that_of_those_that_are_there() {
    let nan = f64::NAN;
    let three: Levels<f64> =
        (&[1.0, 2.0, 3.0], Some(&[3, 3, 3, 0, 0, 0]), Some(&[0, 1, 1, 0, 0, 0]));
    let five: Levels<f64> = (
        &[1.0, 2.0, 3.0, 4.0, 5.0],
        Some(&[0, 1, 3, 3, 3, 3, 3, 0]),
        Some(&[0, 0, 0, 1, 1, 1, 1, 0]),
    );
    let nothing: Levels<f64> = (&[9.0], Some(&[0, 2, 3]), Some(&[0, 0, 0]));
    let none: Levels<f64> = (&[], Some(&[0, 1]), Some(&[0, 0]));
    let null: Levels<f64> = (&[], Some(&[2, 2]), Some(&[0, 0]));
    let nulls: Levels<f64> = (&[], Some(&[0, 0, 2, 2]), Some(&[0, 0, 0, 1]));
    for (levels, length, want) in [
        (three, 3, vec![3.0, nan, nan, nan]),
        (five, 5, vec![nan, nan, 5.0, nan]),
        (nothing, 1, vec![nan, nan, 9.0]),
        (none, 1, vec![nan, nan]),
        (null, 1, vec![nan, nan]),
        (nulls, 2, vec![nan, nan, nan]),
    ] {
        let (_folder, path) = column::<DoubleType>(LIST, levels, Compression::SNAPPY);
        let message = read(&path, "mags[9]").unwrap_err();
        assert!(message.contains(&format!("the elements are 0 to {}", length - 1)), "{message}");
        let name = if length == 1 { "mags".to_owned() } else { format!("mags[{}]", length - 1) };
        assert!(same(&read(&path, &name).unwrap(), &want), "{length}");
    }
}

/// Lists that nobody asks for are not read, be they damaged.
#[test]
fn a_catalogue_is_opened_without_reading_its_lists() {
    let levels: Levels<f64> = (&[1.0, 2.0], Some(&[3, 3, 0, 0]), Some(&[0, 1, 0, 0]));
    let (_folder, path) = column::<DoubleType>(LIST, levels, Compression::SNAPPY);
    let options = CatalogOptions::default();
    let catalog = Catalog::open(&path, &options).unwrap();
    // The least that it can be: four values in three rows make two in one of them.
    assert_eq!(catalog.columns()[0].length, 2);
    assert_eq!(catalog.read(&["mags[1]"]).unwrap().0.len(), 3);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4..30].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    assert!(Catalog::open(&path, &options).unwrap().read(&["mags"]).is_err());
}

#[test]
fn lists_of_several_lengths_are_refused() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let (def, rep) = ([3; 4], [0, 1, 1, 0]);
    let (_folder, path) =
        column::<DoubleType>(LIST, (&values, Some(&def), Some(&rep)), Compression::SNAPPY);
    let message = read(&path, "mags[0]").unwrap_err();
    assert!(message.contains("column \"mags\" holds lists of several lengths"), "{message}");
    assert!(!message.contains("again"), "{message}");
}
