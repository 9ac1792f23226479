//! Folders of Parquet files with the same columns.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use astrogen_catalog::{Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use parquet::data_type::DoubleType;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::{open, same};

/// A file of one column of lists of one length, or null.
fn lists(path: &Path, lists: &[Option<&[f64]>]) {
    let schema = "message t { OPTIONAL group mags (LIST) { REPEATED group list { OPTIONAL DOUBLE \
                  element; } } }";
    let schema = parse_message_type(schema).unwrap();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).unwrap();
    let (mut values, mut def, mut rep) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        let own = list.unwrap_or_default();
        values.extend(own.iter().filter(|value| !value.is_nan()));
        // NaN is null.
        let level = |value: &f64| if value.is_nan() { 2 } else { 3 };
        def.extend(list.map_or(vec![0], |list| list.iter().map(level).collect()));
        rep.push(0);
        rep.extend(vec![1; own.len().saturating_sub(1)]);
    }
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&values, Some(&def), Some(&rep)).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

/// A file of one column `ra`.
fn numbers(path: &Path, unit: Option<&str>, storage: Storage) {
    let column = NewColumn::new("ra", storage);
    let column = NewColumn { unit: unit.map(str::to_owned), ..column };
    let mut writer = CatalogWriter::create(path, &[column], &Header::new()).unwrap();
    writer.write(&[[1.0]]).unwrap();
    writer.finish().unwrap();
}

fn refusal(folder: &Path, name: &str) -> String {
    let catalog = Catalog::open(folder, &CatalogOptions::default()).unwrap();
    catalog.read(&[name]).unwrap_err().to_string()
}

#[test]
fn files_follow_each_other_by_their_names_whatever_they_end_in() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["c.pq", "a.parquet", "notes.pq.txt"] {
        numbers(&folder.path().join(name).with_extension("pq"), None, Storage::Float64);
        fs::rename(folder.path().join(name).with_extension("pq"), folder.path().join(name))
            .unwrap();
    }
    let catalog = open(folder.path());
    assert_eq!(catalog.rows(), None);
    assert_eq!(catalog.read(&["ra"]).unwrap().0.len(), 2);
}

#[test]
fn files_with_another_unit_or_type_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["1.pq", "2.pq"].map(|name| folder.path().join(name));
    for (expected, unit, storage, words) in [
        (Some("deg"), Some("h"), Storage::Float64, "\"ra\", is in h and not in deg as in"),
        (None, Some("h"), Storage::Float64, "\"ra\", is in h and not in no unit as in"),
        (Some("deg"), Some("pix"), Storage::Float64, "\"ra\", is in pix and not in deg as in"),
        (Some("deg"), Some("deg"), Storage::Float32, "\"ra\", is FLOAT and not DOUBLE as in"),
    ] {
        numbers(&first, expected, Storage::Float64);
        numbers(&second, unit, storage);
        let catalog = open(folder.path()).with_position("ra", "ra").unwrap();
        let message = catalog.read(&["ra"]).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.contains("2.pq") && message.contains("1.pq; files of one"), "{message}");
    }
    // A file that names no unit is believed to have the first's.
    for (expected, unit) in [
        (Some("deg"), Some("degree")),
        (Some("h"), None),
        (Some("h"), Some("hour")),
        (None, Some("deg")),
        (None, None),
    ] {
        numbers(&first, expected, Storage::Float64);
        numbers(&second, unit, Storage::Float64);
        let catalog = open(folder.path()).with_position("ra", "ra").unwrap();
        let want = if expected == Some("h") { 15.0 } else { 1.0 };
        assert_eq!(catalog.read(&["ra"]).unwrap().0.column("ra").unwrap(), [want; 2]);
    }
    // Of what is no position units are words.
    numbers(&first, Some("mag"), Storage::Float64);
    numbers(&second, Some("mag(AB)"), Storage::Float64);
    assert_eq!(open(folder.path()).read(&["ra"]).unwrap().0.len(), 2);
}

#[test]
fn files_with_lists_of_another_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["1.parquet", "2.parquet"].map(|name| folder.path().join(name));
    lists(&first, &[Some(&[1.0, 2.0]), None]);
    lists(&second, &[Some(&[1.0, 2.0, 3.0])]);
    let message = refusal(folder.path(), "mags[1]");
    assert!(message.contains("\"mags\", holds 3 numbers a row and not 2 as in"), "{message}");

    // A list of none is as long as one of a number; what the footer does not tell, the rows do.
    lists(&first, &[Some(&[f64::NAN]), None]);
    lists(&second, &[Some(&[1.0])]);
    assert_eq!(open(folder.path()).read(&["mags"]).unwrap().0.len(), 3);
    lists(&second, &[Some(&[1.0, 2.0]), None]);
    let message = refusal(folder.path(), "mags");
    assert!(message.contains("holds lists of several lengths, such as 1 and 2"), "{message}");

    // Where no list is there, the others say how long they are.
    for (one, other) in [(&first, &second), (&second, &first)] {
        lists(one, &[None, None]);
        lists(other, &[None, Some(&[1.0, 2.0, 3.0])]);
        let catalog = open(folder.path());
        let message = refusal(folder.path(), "mags");
        assert!(message.contains("mags[0] to mags[2]"), "{message}");
        let (read, _) = catalog.read(&["mags[2]"]).unwrap();
        let mut values = read.column("mags[2]").unwrap().to_vec();
        values.sort_by(f64::total_cmp);
        assert!(same(&values, &[3.0, f64::NAN, f64::NAN, f64::NAN]), "{values:?}");
    }
}

/// Only the first file is, until a column is asked for.
#[test]
fn files_are_opened_when_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["1.parquet", "2.parquet"].map(|name| folder.path().join(name));
    lists(&first, &[None, None]);
    fs::write(&second, "no Parquet").unwrap();
    let message = refusal(folder.path(), "mags");
    assert!(message.contains("2.parquet"), "{message}");
    lists(&first, &[Some(&[1.0, 2.0]), None]);
    let catalog = Catalog::open(folder.path(), &CatalogOptions::default()).unwrap();
    let chunk = catalog.chunks(&["mags[1]"], 1).unwrap().next().unwrap().unwrap();
    assert_eq!(chunk.column("mags[1]").unwrap(), [2.0]);
}
