//! Catalogues written and read back.

use std::fs;

use astrogen_catalog::{CatalogWriter, NewColumn, Storage, hdf5_attributes};
use astrogen_fits::{FitsFile, Header};
use parquet::file::metadata::ParquetMetaDataReader;
use proptest::prelude::*;

use crate::{open, same};

const STORAGES: [Storage; 4] = [Storage::Float32, Storage::Float64, Storage::Int32, Storage::Int64];

fn columns() -> Vec<NewColumn> {
    let names = ["f", "d", "j", "k"];
    names.iter().zip(STORAGES).map(|(name, storage)| NewColumn::new(*name, storage)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec((any::<f32>(), any::<f64>(), any::<i32>(), -(1_i64 << 53)..1 << 53, any::<bool>()), 1..50),
        cuts in prop::collection::vec(0_usize..50, 0..4),
    ) {
        let mut values = vec![Vec::new(); 4];
        for &(f, d, j, k, null) in &rows {
            values[0].push(f64::from(f));
            values[1].push(d);
            values[2].push(if null || j == i32::MIN { f64::NAN } else { j.into() });
            values[3].push(if null { f64::NAN } else { k as f64 });
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
        cuts.extend([0, rows.len()]);
        cuts.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        for name in ["t.fits", "t.parquet", "t.hdf5"] {
            let path = folder.path().join(name);
            let mut writer = CatalogWriter::create(&path, &columns(), &Header::new()).unwrap();
            for cut in cuts.windows(2) {
                let part: Vec<&[f64]> = values.iter().map(|column| &column[cut[0]..cut[1]]).collect();
                writer.write(&part).unwrap();
            }
            prop_assert_eq!(writer.finish().unwrap(), rows.len() as u64);
            let (read, _) = open(&path).read(&["f", "d", "j", "k"]).unwrap();
            for (got, want) in read.values().iter().zip(&values) {
                prop_assert!(same(got, want), "{}: {:?} for {:?}", name, got, want);
            }
        }
    }
}

#[test]
fn many_rows_pass_the_groups_of_parquet_and_the_chunks_of_hdf5() {
    let folder = tempfile::tempdir().unwrap();
    let columns = [NewColumn::new("n", Storage::Int64)];
    let n: Vec<f64> = (0..300_000).map(f64::from).collect();
    for (name, rows) in
        [("t.pq", n.len()), ("t.h5", n.len()), ("u.h5", 1 << 15), ("v.h5", (1 << 15) + 1)]
    {
        let path = folder.path().join(name);
        let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
        writer.write(&[&n[..7]]).unwrap();
        writer.write(&[&n[7..rows]]).unwrap();
        assert_eq!(writer.finish().unwrap(), rows as u64);
        assert!(same(open(&path).read(&["n"]).unwrap().0.column("n").unwrap(), &n[..rows]));
    }
}

#[test]
fn the_header_travels_and_the_file_is_whole_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mock.fits");
    let mut header = Header::new();
    header.push("SURVEY", "mock", "which survey");
    header.push("SEED", 7, "");
    header.push("NAXIS2", 99, "of another file");
    header.push("TTYPE1", "other", "of another file");
    let columns = [NewColumn::new("ra", Storage::Float64).with_unit("deg")];
    let mut writer = CatalogWriter::create(&path, &columns, &header).unwrap();
    writer.write(&[[1.5, 2.5]]).unwrap();
    assert!(!path.exists(), "the file is there before it is whole");
    writer.finish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len() % 2880, 0);
    let file = FitsFile::open(&path).unwrap();
    let header = &file.hdus()[1].header;
    assert_eq!((header.get("SURVEY"), header.get("SEED")), (Some("mock"), Some(7_i64)));
    assert_eq!((header.get("NAXIS2"), header.get("TUNIT1")), (Some(2_i64), Some("deg")));
    assert_eq!(open(&path).columns()[0].unit.as_deref(), Some("deg"));
}

#[test]
fn cards_of_a_layout_are_left_out_whatever_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut header = Header::new();
    header.push("SEED", 7, "");
    header.push("NAXIS2", 99, "of another file");
    header.push("TTYPE1", "other", "of another file");
    let columns = [NewColumn::new("ra", Storage::Float64)];
    let write = |name: &str| {
        let path = folder.path().join(name);
        let mut writer = CatalogWriter::create(&path, &columns, &header).unwrap();
        writer.write(&[[1.5]]).unwrap();
        writer.finish().unwrap();
        path
    };
    let attributes = hdf5_attributes(write("t.h5"), &["catalog"]).unwrap();
    let attributes: Vec<String> = attributes[0].clone().unwrap().into_keys().collect();
    assert_eq!(attributes, ["SEED"]);
    let file = fs::File::open(write("t.parquet")).unwrap();
    let footer = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let pairs = footer.file_metadata().key_value_metadata().unwrap();
    assert_eq!(pairs.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["SEED"]);
}

#[test]
fn an_abandoned_catalogue_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.fits", "t.parquet", "t.hdf5"] {
        let path = folder.path().join(name);
        fs::write(&path, "the old one").unwrap();
        let mut writer = CatalogWriter::create(&path, &columns(), &Header::new()).unwrap();
        writer.write(&[[1.0], [1.0], [1.0], [1.0]]).unwrap();
        drop(writer);
        assert_eq!(fs::read(&path).unwrap(), b"the old one");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.fits");
    let create = |name: &str, columns: &[NewColumn]| {
        CatalogWriter::create(folder.path().join(name), columns, &Header::new())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let message = create("t.csv", &columns());
    assert!(message.contains("expected a name that ends in .fits"), "{message}");
    assert!(create("t.fits", &[]).contains("1 to 999 columns"));
    let twice = [NewColumn::new("a", Storage::Float32), NewColumn::new("A", Storage::Float32)];
    assert!(create("t.fits", &twice).contains("a name of its own"));
    let odd = [NewColumn::new("größe", Storage::Float32)];
    assert!(create("t.fits", &odd).contains("printable ASCII"));

    let mut writer = CatalogWriter::create(&path, &columns(), &Header::new()).unwrap();
    let message = writer.write(&[[1.0]]).unwrap_err().to_string();
    assert!(message.contains("columns to write: expected 4, got 1"), "{message}");
    let ragged = [vec![1.0], vec![1.0], vec![1.0, 2.0], vec![1.0]];
    assert!(writer.write(&ragged).unwrap_err().to_string().contains("1 rows in each, got 2"));
    writer.write(&[[1.0], [1.0], [1.0], [1.0]]).unwrap();
    for (bad, words) in [(1.5, "got 1.5"), (3e9, "got 3000000000"), (f64::INFINITY, "got inf")] {
        let message = writer.write(&[[1.0], [1.0], [bad], [1.0]]).unwrap_err().to_string();
        let named = "row 1 (from 0) of column \"j\": expected a whole number from -2147483647";
        assert!(message.contains(named) && message.contains(words), "{message}");
    }
    // What was refused is not in the file.
    assert_eq!(writer.finish().unwrap(), 1);
    assert_eq!(open(&path).read(&["j"]).unwrap().0.len(), 1);
}
