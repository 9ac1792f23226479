//! What netCDF's attributes say of numbers in HDF5.

use std::path::PathBuf;

use hdf5_pure::{AttrValue, FileBuilder};
use tempfile::TempDir;

use crate::{open, same};

/// A file of one group with a data set of whole numbers and one of reals, each with these attributes.
fn made(attributes: &[(&str, AttrValue)]) -> (TempDir, PathBuf) {
    let mut builder = FileBuilder::new();
    let mut group = builder.create_group("t");
    let whole = group.create_dataset("whole").with_i32_data(&[-999, -1, 7, 8]);
    for (name, value) in attributes {
        whole.set_attr(name, value.clone());
    }
    let real = group.create_dataset("real").with_f64_data(&[-999.0, -1.0, 7.5, 8.0]);
    for (name, value) in attributes {
        real.set_attr(name, value.clone());
    }
    builder.add_group(group.finish());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.h5");
    std::fs::write(&path, builder.finish().unwrap()).unwrap();
    (folder, path)
}

#[test]
fn packed_numbers_are_unpacked_and_missing_ones_are_none() {
    const NAN: f64 = f64::NAN;
    use AttrValue::{F32, F64, F64Array, I32, I64Array};
    for (attributes, whole, real) in [
        (vec![], [-999.0, -1.0, 7.0, 8.0], [-999.0, -1.0, 7.5, 8.0]),
        (
            vec![("scale_factor", F32(0.5)), ("add_offset", F64Array(vec![100.0]))],
            [-399.5, 99.5, 103.5, 104.0],
            [-399.5, 99.5, 103.75, 104.0],
        ),
        (
            vec![("missing_value", I32(-999)), ("_FillValue", I64Array(vec![-1]))],
            [NAN, NAN, 7.0, 8.0],
            [NAN, NAN, 7.5, 8.0],
        ),
        (
            vec![("missing_value", F64Array(vec![-1.0, -999.0, 0.5]))],
            [NAN, NAN, 7.0, 8.0],
            [NAN, NAN, 7.5, 8.0],
        ),
        (
            vec![("missing_value", I64Array(vec![-1, 8]))],
            [-999.0, NAN, 7.0, NAN],
            [-999.0, NAN, 7.5, NAN],
        ),
        // They say what is stored, not what that means.
        (
            vec![("missing_value", F64(8.0)), ("scale_factor", I32(2))],
            [-1998.0, -2.0, 14.0, NAN],
            [-1998.0, -2.0, 15.0, NAN],
        ),
    ] {
        let (_folder, path) = made(&attributes);
        let (columns, _) = open(&path).read(&["whole", "real"]).unwrap();
        assert!(same(columns.column("whole").unwrap(), &whole), "{attributes:?} {columns:?}");
        assert!(same(columns.column("real").unwrap(), &real), "{attributes:?} {columns:?}");
        // Without a packing whole numbers stay exact.
        let exact = columns.integers("whole").is_ok_and(|whole| whole[2] == Some(7));
        assert!(exact || attributes.iter().any(|(name, _)| *name == "scale_factor"));
    }
}

#[test]
fn attributes_of_other_kinds_are_refused_by_name() {
    for (name, value, words) in [
        (
            "scale_factor",
            AttrValue::F64Array(Vec::new()),
            "has an attribute scale_factor that is not one number",
        ),
        ("add_offset", AttrValue::F64Array(vec![1.0, 2.0]), "add_offset that is not one number"),
    ] {
        let (_folder, path) = made(&[(name, value)]);
        let message = open(&path).read(&["whole"]).unwrap_err().to_string();
        assert!(message.contains("\"whole\"") && message.contains(words), "{message}");
    }
    for name in ["missing_value", "scale_factor", "add_offset"] {
        let (_folder, path) = made(&[(name, AttrValue::String("a tenth".to_owned()))]);
        let (columns, _) = open(&path).read(&["whole"]).unwrap();
        assert_eq!(columns.column("whole").unwrap(), [-999.0, -1.0, 7.0, 8.0], "{name}");
    }
}

/// 1e20 in 64 bits is not what it is in 32.
#[test]
fn what_is_missing_is_compared_as_it_is_stored() {
    let mut builder = FileBuilder::new();
    let mut group = builder.create_group("t");
    let set = group.create_dataset("x").with_f32_data(&[1e20, 0.1, 2.0]);
    set.set_attr("missing_value", AttrValue::F64Array(vec![1e20, 0.1]));
    builder.add_group(group.finish());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.h5");
    std::fs::write(&path, builder.finish().unwrap()).unwrap();
    let (columns, _) = open(&path).read(&["x"]).unwrap();
    assert!(same(columns.column("x").unwrap(), &[f64::NAN, f64::NAN, 2.0]));
}
