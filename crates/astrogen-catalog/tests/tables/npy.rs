//! NumPy arrays, as NumPy saves them, and what is no table.

use astrogen_catalog::{Catalog, CatalogOptions};
use serde_json::Value as Json;

use crate::{golden, golden_file, open};

fn opened(bytes: &[u8]) -> Result<Catalog, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.npy");
    std::fs::write(&path, bytes).unwrap();
    let catalog = Catalog::open(&path, &CatalogOptions::default());
    let catalog = catalog.map_err(|error| error.to_string())?;
    let names: Vec<&str> = catalog.columns().iter().map(|own| own.name.as_str()).collect();
    catalog.read(&names).map_err(|error| error.to_string())?;
    Ok(catalog)
}

/// An array of this header, which is padded as NumPy pads it, and these bytes.
fn array(header: &str, bytes: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    [file.as_slice(), header.as_bytes(), bytes].concat()
}

fn of(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    array(&header, bytes)
}

#[test]
fn arrays_of_every_kind_read_as_in_numpy() {
    let bytes = std::fs::read(golden_file("npy.json")).unwrap();
    let want: Json = serde_json::from_slice(&bytes).unwrap();
    golden::check("records.npy", &want["records"]);
    golden::check("plain.npy", &want["plain"]);
    golden::check("fortran.npy", &want["plain"]);

    let catalog = open(golden_file("records.npy"));
    let column = |name: &str| catalog.columns().iter().find(|own| own.name == name).unwrap();
    assert_eq!((column("xyz").length, column("ofi2big").stored_as.as_str()), (3, "'>i2'"));
    for (name, words) in [
        ("name", "column \"name\" holds |S4"),
        ("z", "column \"z\" holds <c8"),
        ("xyz", "is a vector: ask for one of its elements, xyz[0] to xyz[2]"),
    ] {
        let message = catalog.read(&[name]).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    let list = opened(&of("'<f8'", "(2,)", &[0; 16])).unwrap();
    assert_eq!((list.rows(), list.columns()[0].name.as_str()), (Some(2), "0"));
    let whole = of("'<i8'", "(1, 1)", &((1_i64 << 60) + 1).to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.npy");
    std::fs::write(&path, whole).unwrap();
    let read = open(&path).read(&["0"]).unwrap().0.integers("0").unwrap();
    assert_eq!(read, [Some((1 << 60) + 1)], "whole numbers stay exact");
}

#[test]
fn what_is_no_table_is_refused() {
    let huge = "(1152921504606846976, 1152921504606846976)";
    for (bytes, words) in [
        (of("'<f4'", "(2, 3, 4)", &[0; 96]), "got '<f4' of shape [2, 3, 4]"),
        (of("'<f4'", "()", &[0; 4]), "got '<f4' of shape []"),
        (of("'|O'", "(3,)", &[0; 24]), "Python objects, which are never run here"),
        (of("'<f4'", "(9, 0)", &[]), "an array without columns"),
        (of("'<f4'", "(9223372036854775807, 0)", &[]), "an array without columns"),
        (of("'|S0'", "(9223372036854775807,)", &[]), "an array without columns"),
        (of("'<f4'", "(3, 2)", &[0; 23]), "is truncated: its array needs"),
        (of("'<f4'", huge, &[0; 8]), "is damaged: "),
        (of("'<f4'", "(1, 100000)", &[0; 8]), "of shape [1, 100000]"),
        (of("'<q9'", "(3,)", &[0; 8]), "is damaged: "),
        (array("{'descr': ", &[]), "is damaged: "),
        (array(&"(".repeat(60_000), &[]), "its header nests too deep"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f".to_vec(), "its header claims 2147483647 bytes"),
        (b"\x93NUMPY\x09\x00\x00\x00\x00\x00".to_vec(), "is damaged: "),
    ] {
        let message = opened(&bytes).err().unwrap_or_default();
        assert!(message.contains(words), "{message:?} for {words:?}");
    }
    assert!(opened(b"\x93NUMPY").is_err());
}

#[test]
fn transposed_arrays_have_a_column_for_each_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.npy");
    let save = |header: &str, shape: &str| {
        let numbers: Vec<u8> = (0..6_u8).flat_map(|own| f32::from(own).to_le_bytes()).collect();
        let header = format!("{{'descr': '<f4', 'fortran_order': {header}, 'shape': {shape}, }}\n");
        std::fs::write(&path, array(&header, &numbers)).unwrap();
        Catalog::open_transposed(&path).map_err(|error| error.to_string())
    };
    for (header, want) in [
        ("False", [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
        ("True", [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]),
    ] {
        let catalog = save(header, "(2, 3)").unwrap();
        assert_eq!((catalog.rows(), catalog.columns().len()), (Some(3), 2));
        let (columns, _) = catalog.read(&["0", "1"]).unwrap();
        assert_eq!(columns.values(), want);
        let pairs: Vec<(String, Vec<f64>)> = columns.into_iter().collect();
        assert_eq!((pairs[1].0.as_str(), &pairs[1].1[..]), ("1", &want[1][..]));
    }
    let message = save("False", "(6,)").unwrap_err();
    let words =
        "expected a NumPy array of numbers, of shape [columns, rows], got '<f4' of shape [6]";
    assert!(message.contains(words), "{message}");
    assert!(save("False", "(3, 3)").unwrap_err().contains("is truncated"));
    let message = Catalog::open_transposed(golden_file("records.npy")).unwrap_err().to_string();
    assert!(message.contains("of shape [columns, rows]"), "{message}");
    let message = Catalog::open_transposed(golden_file("hdf5.json")).unwrap_err().to_string();
    assert!(message.contains("got another catalogue"), "{message}");
}
