//! HDF5 as other writers leave it, and what is no table.

use std::path::{Path, PathBuf};

use astrogen_catalog::{
    Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage, hdf5_attributes,
};
use astrogen_fits::Header;
use hdf5_pure::{
    AttrValue, CompoundTypeBuilder, Datatype, FileBuilder, make_f64_type, make_i8_type,
};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::{golden, golden_file, open, same};

/// A file, made.
fn made(make: impl FnOnce(&mut FileBuilder)) -> (TempDir, PathBuf) {
    let mut builder = FileBuilder::new();
    make(&mut builder);
    saved(&builder.finish().unwrap())
}

fn saved(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.h5");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn of_group(path: &Path, group: &str) -> Result<Catalog, String> {
    let options = CatalogOptions { group: Some(group.to_owned()), ..Default::default() };
    Catalog::open(path, &options).map_err(|error| error.to_string())
}

fn refusal(path: &Path) -> String {
    Catalog::open(path, &CatalogOptions::default()).unwrap_err().to_string()
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.columns().iter().map(|own| own.name.as_str()).collect()
}

#[test]
fn columns_of_every_type_read_as_in_h5py() {
    let bytes = std::fs::read(golden_file("hdf5.json")).unwrap();
    let want: Json = serde_json::from_slice(&bytes).unwrap();
    golden::check("columns.hdf5", &want["columns"]);
    golden::check("records.hdf5", &want["records"]);

    let catalog = open(golden_file("columns.hdf5"));
    let column = |name: &str| catalog.columns().iter().find(|own| own.name == name).unwrap();
    assert_eq!((column("matrix").length, column("cube").length), (3, 4));
    assert_eq!(
        (column("u4").stored_as.as_str(), column("f2").stored_as.as_str()),
        ("u32 be", "f16")
    );
    assert_eq!(
        (column("f4").unit.as_deref(), column("f8").unit.as_deref()),
        (Some("mag"), Some("Jy"))
    );
    let whole = catalog.read(&["u8"]).unwrap().0.integers("u8").unwrap();
    assert_eq!(whole[7], Some(7 << 60));
    for (name, words) in [
        ("ragged", "\"ragged\" holds arrays of variable length, expected one number"),
        ("reference", "\"reference\" holds references"),
        ("edges", "\"edges\" has 3 rows where the table has 9"),
        ("matrix", "is a vector: ask for one of its elements, matrix[0] to matrix[2]"),
        ("inner/dep", "nearest: \"inner/deep\""),
        ("scalar", "is not in the table"),
    ] {
        let message = catalog.read(&[name]).unwrap_err().to_string();
        assert!(message.contains("columns.hdf5") && message.contains(words), "{message}");
    }
}

#[test]
fn a_table_of_astropy_keeps_its_units_and_whole_numbers() {
    let catalog = open(golden_file("records.hdf5"));
    assert_eq!(names(&catalog), ["ra", "id", "flag", "mags", "text"]);
    let units: Vec<_> = catalog.columns().iter().map(|own| own.unit.as_deref()).collect();
    assert_eq!(units, [Some("hourangle"), None, None, Some("mag"), None]);
    let (columns, _) = catalog.read(&["id", "ra"]).unwrap();
    let want: Vec<_> = (0..9).map(|n| Some((1 << 60) + n)).collect();
    assert_eq!(columns.integers("id").unwrap(), want);
    let named = of_group(&golden_file("records.hdf5"), "/survey/objects/").unwrap();
    assert_eq!(names(&named), names(&catalog));
    let inside = of_group(&golden_file("records.hdf5"), "survey").unwrap();
    assert_eq!(names(&inside)[3], "objects/mags");
    assert_eq!(inside.columns()[3].unit.as_deref(), Some("mag"));
}

/// Two tables, one with a group inside.
fn snapshot(file: &mut FileBuilder) {
    for (name, rows) in [("PartType0", 3), ("PartType4", 5)] {
        let mut group = file.create_group(name);
        let values = vec![1.0; rows];
        group.create_dataset("Masses").with_f64_data(&values);
        let triples = vec![2.0; 3 * rows];
        group.create_dataset("Coordinates").with_f64_data(&triples).with_shape(&[rows as u64, 3]);
        let mut metals = group.create_group("Metals");
        metals.create_dataset("Iron").with_f64_data(&values);
        group.add_group(metals.finish());
        file.add_group(group.finish());
    }
    let mut header = file.create_group("Header");
    header.set_attr("Time", AttrValue::F64(1.0));
    file.add_group(header.finish());
}

#[test]
fn a_table_of_several_is_named() {
    let (_folder, path) = made(snapshot);
    let message = refusal(&path);
    let words = "holds several tables: \"/PartType0\" (3 rows), \"/PartType4\" (5 rows); name the";
    assert!(message.contains(words), "{message}");
    for group in ["PartType4", "/PartType4", "PartType4/"] {
        let catalog = of_group(&path, group).unwrap();
        assert_eq!(catalog.rows(), Some(5));
        assert_eq!(names(&catalog), ["Coordinates", "Masses", "Metals/Iron"]);
        let (columns, _) = catalog.read(&["coordinates[2]", "Metals/Iron"]).unwrap();
        assert_eq!(columns.values(), [[2.0; 5], [1.0; 5]]);
    }
    assert_eq!(names(&of_group(&path, "PartType0/Metals").unwrap()), ["Iron"]);
    assert_eq!(names(&of_group(&path, "PartType0/Masses").unwrap()), ["Masses"]);
    let message = of_group(&path, "PartType3").unwrap_err();
    let words = "group \"PartType3\" is not in the file, or holds no data sets with rows; nearest: \
                 \"PartType0\", \"PartType4\"";
    assert!(message.contains(words), "{message}");
    assert!(of_group(&path, "Header").unwrap_err().contains("holds no data sets"));
}

#[test]
fn what_is_no_table() {
    let (_folder, path) = made(|file| {
        file.create_dataset("one").with_f64_data(&[1.0, 2.0]);
        file.create_dataset("two").with_f64_data(&[1.0, 2.0, 3.0]);
    });
    let message = refusal(&path);
    assert!(message.contains("different numbers of rows: \"one\" 2, \"two\" 3;"), "{message}");
    assert_eq!(of_group(&path, "two").unwrap().rows(), Some(3));

    let (_folder, path) = made(|file| file.set_attr("a", AttrValue::F64(1.0)));
    assert!(refusal(&path).contains("t.h5: holds no table: expected data sets with rows"));
    let (_folder, path) = saved(b"\x89HDF\r\n\x1a\n");
    assert!(refusal(&path).contains("t.h5 is damaged: "), "{}", refusal(&path));
}

#[test]
fn records_inside_records_are_flat() {
    let point = CompoundTypeBuilder::new().f64_field("x").f64_field("y").build().unwrap();
    let record = CompoundTypeBuilder::new()
        .field("at", point)
        .field("pair", Datatype::Array { base_type: Box::new(make_i8_type()), dimensions: vec![2] })
        .build()
        .unwrap();
    let row = |x: f64| [&x.to_le_bytes()[..], &(-x).to_le_bytes(), &[x as u8, 7]].concat();
    let rows = [row(1.0), row(2.0)].concat();
    let (_folder, path) = made(|file| {
        file.create_dataset("t").with_compound_data(record, rows, 2);
    });
    let catalog = open(&path);
    assert_eq!(names(&catalog), ["at/x", "at/y", "pair"]);
    let (columns, _) = catalog.read(&["pair[1]", "at/y", "pair[0]"]).unwrap();
    assert_eq!(columns.values(), [[7.0, 7.0], [-1.0, -2.0], [1.0, 2.0]]);
}

#[test]
fn parts_of_any_size_give_the_same_rows() {
    let rows = 30_000_u32;
    let one: Vec<f64> = (0..rows).map(f64::from).collect();
    let two: Vec<i32> = (0..3 * rows as i32).collect();
    let (_folder, path) = made(|file| {
        file.create_dataset("one").with_f64_data(&one);
        let set = file.create_dataset("two").with_i32_data(&two);
        set.with_shape(&[rows.into(), 3]).with_chunks(&[7, 2]).with_shuffle().with_deflate(4);
        let set = file.create_dataset("long").with_f64_data(&one).with_chunks(&[25_000]);
        set.with_lzf().with_fletcher32();
        let texts: Vec<String> = one.iter().map(f64::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        file.create_dataset("text").with_vlen_strings(&texts);
    });
    let catalog = open(&path);
    for size in [999, 8192, 1 << 16] {
        let mut read = vec![Vec::new(); 4];
        for chunk in catalog.chunks(&["two[2]", "one", "long", "text"], size).unwrap() {
            for (read, values) in read.iter_mut().zip(chunk.unwrap().values()) {
                read.extend_from_slice(values);
            }
        }
        let third: Vec<f64> = one.iter().map(|row| 3.0 * row + 2.0).collect();
        for (read, want) in read.iter().zip([&third, &one, &one, &one]) {
            assert!(same(read, want), "{size}");
        }
    }
}

#[test]
fn texts_that_are_no_numbers_are_refused() {
    let (_folder, path) = made(|file| {
        file.create_dataset("name").with_vlen_strings(&["1", "M 31"]);
        file.create_dataset("long").with_vlen_strings(&["1", &"x".repeat(65 << 20)]);
    });
    let catalog = open(&path);
    let message = catalog.read(&["name"]).unwrap_err().to_string();
    let words = "column \"name\" has no number in row 1 (from 0): got \"M 31\"";
    assert!(message.contains(words), "{message}");
    let message = catalog.read(&["long"]).unwrap_err().to_string();
    assert!(
        message.contains("column \"long\" holds texts of 68157441 bytes in 2 rows"),
        "{message}"
    );
}

/// The bytes of records.hdf5, whose parts have no check sums, with `old` changed to `new` once.
fn changed(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(golden_file("records.hdf5")).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn a_filter_that_is_not_read_is_named() {
    let deflate = [&[1, 0, 8, 0, 1, 0, 1, 0][..], b"deflate\0"].concat();
    let (_folder, path) = saved(&changed(&deflate, &32_015_u16.to_le_bytes()));
    let message = open(&path).read(&["ra"]).unwrap_err().to_string();
    let words = "got filter 32015 (zstd) in data set \"survey/objects\"";
    assert!(message.contains(words), "{message}");
    assert!(message.contains("expected HDF5 packed by deflate"), "{message}");
}

#[test]
fn a_small_file_that_claims_to_be_large() {
    let dimensions = |rows: u64| [&[1, 1, 1, 0, 0, 0, 0, 0][..], &rows.to_le_bytes()].concat();
    for rows in [1 << 40, u64::MAX] {
        let (_folder, path) = saved(&changed(&dimensions(9), &dimensions(rows)));
        let message = open(&path).read(&["ra"]).unwrap_err().to_string();
        assert!(message.contains("more than a file of 5476 bytes can hold"), "{message}");
    }
}

#[test]
fn files_cut_anywhere_are_refused() {
    for name in ["columns.hdf5", "records.hdf5"] {
        let bytes = std::fs::read(golden_file(name)).unwrap();
        for length in [9, 60, 100, bytes.len() / 2, bytes.len() - 1] {
            let (_folder, path) = saved(&bytes[..length]);
            let message = refusal(&path);
            assert!(
                message.contains("is truncated") || message.contains("is damaged"),
                "{message}"
            );
            assert!(message.contains("again"), "{message}");
        }
    }
}

#[test]
fn types_that_nest_without_end_are_refused() {
    const STACK: usize = 1 << 28;
    let deep = || {
        let mut datatype = make_f64_type();
        for _ in 0..5000 {
            datatype = Datatype::Array { base_type: Box::new(datatype), dimensions: vec![] };
        }
        made(|file| {
            file.create_dataset("deep").with_raw_data(datatype, vec![0; 8], 1);
            file.create_dataset("flat").with_f64_data(&[1.0]);
        })
    };
    let deep = std::thread::Builder::new().stack_size(STACK).spawn(deep).unwrap();
    let (_folder, path) = deep.join().unwrap();
    let catalog = open(&path);
    assert_eq!(catalog.read(&["flat"]).unwrap().0.values()[0], [1.0]);
    let message = catalog.read(&["deep"]).unwrap_err().to_string();
    assert!(
        message.contains("column \"deep\" cannot be read (its types nest too deep)"),
        "{message}"
    );
}

#[test]
fn what_is_written_has_groups_units_and_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.hdf5");
    let columns = [
        NewColumn::new("Metals/Iron", Storage::Float32).with_unit("10^-2 \"Z\""),
        NewColumn::new("Coordinates[0]", Storage::Float64),
        NewColumn::new("Metals/Oxygen", Storage::Int32),
    ];
    let mut header = Header::new();
    header.push("SURVEY", "mock", "which survey");
    header.push("SEED", 7, "");
    header.push("COMMENT", "one", "");
    header.push("COMMENT", "two", "");
    for number in 0..30 {
        header.push(format!("KEY{number}"), f64::from(number), "");
    }
    let mut writer = CatalogWriter::create(&path, &columns, &header).unwrap();
    writer.write(&[[0.5, 1.5], [2.0, 3.0], [4.0, f64::NAN]]).unwrap();
    assert!(!path.exists(), "the file is there before it is whole");
    writer.finish().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let catalog = open(&path);
    assert_eq!(names(&catalog), ["Coordinates[0]", "Metals/Iron", "Metals/Oxygen"]);
    assert_eq!(catalog.columns()[1].unit.as_deref(), Some("10^-2 \"Z\""));
    let (read, counts) = catalog.read(&["Metals/Oxygen", "Coordinates[0]"]).unwrap();
    assert!(same(&read.values()[0], &[4.0, f64::NAN]) && counts.missing() == 1);
    let attributes =
        hdf5_pure::File::open(&path).unwrap().group("catalog").unwrap().attrs().unwrap();
    assert_eq!(attributes["SURVEY"].as_str(), Some("mock"));
    assert_eq!(attributes["COMMENT"].as_str(), Some("one\ntwo"));
    assert_eq!((attributes["SEED"].as_i64(), attributes["KEY29"].as_f64()), (Some(7), Some(29.0)));

    for odd in [["a/", "b"], ["a//b", "b"], ["./a", "b"], ["a", "a/b"]] {
        let columns = odd.map(|name| NewColumn::new(name, Storage::Float32));
        let message = CatalogWriter::create(&path, &columns, &Header::new());
        let message = message.map(drop).unwrap_err().to_string();
        assert!(message.contains("expected names of HDF5 data sets"), "{message}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn attributes_that_are_numbers_are_read() {
    let (_folder, path) = made(|file| {
        snapshot(file);
        let mut group = file.create_group("Units");
        group.set_attr("n", AttrValue::I32(-7));
        group.set_attr("big", AttrValue::U64(u64::MAX));
        group.set_attr("table", AttrValue::F64Array(vec![0.0, 1.5]));
        group.set_attr("name", AttrValue::String("kpc".to_owned()));
        let set = group.create_dataset("set").with_f64_data(&[1.0]);
        set.set_attr("scale", AttrValue::F32(0.5));
        file.add_group(group.finish());
    });
    let read = hdf5_attributes(&path, &["Header", "Units", "Units/set", "", "none", "none/set"]);
    let read = read.unwrap();
    let of = |place: usize, name: &str| read[place].as_ref().unwrap().get(name).cloned();
    assert_eq!(of(0, "Time"), Some(vec![1.0]));
    assert_eq!((of(1, "n"), of(1, "big")), (Some(vec![-7.0]), Some(vec![u64::MAX as f64])));
    assert_eq!((of(1, "table"), of(1, "name")), (Some(vec![0.0, 1.5]), None));
    assert_eq!(of(2, "scale"), Some(vec![0.5]));
    assert!(read[3].as_ref().unwrap().is_empty());
    assert!(read[4].is_none() && read[5].is_none());
    assert!(hdf5_attributes(golden_file("hdf5.json"), &[""]).is_err());
}
