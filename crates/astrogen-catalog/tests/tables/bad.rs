//! Damaged and hostile tables fail cleanly, with messages that say what is wrong.

use astrogen_catalog::CatalogError;
use astrogen_catalog::skymap::{SkyMap, SkyMapOptions};
use astrogen_catalog::{Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use proptest::prelude::*;

use crate::golden_file;
use crate::made::{hdu, primary};

const TABLE: [(&str, &str); 11] = [
    ("XTENSION", "'BINTABLE'"),
    ("BITPIX", "8"),
    ("NAXIS", "2"),
    ("NAXIS1", "12"),
    ("NAXIS2", "3"),
    ("PCOUNT", "0"),
    ("GCOUNT", "1"),
    ("TFIELDS", "2"),
    ("TTYPE1", "'X       '"),
    ("TFORM1", "'D       '"),
    ("TFORM2", "'J       '"),
];

/// The table of three rows with some cards changed or added.
fn table(changes: &[(&'static str, &'static str)]) -> Vec<u8> {
    let mut cards = TABLE.to_vec();
    for change in changes {
        match cards.iter_mut().find(|card| card.0 == change.0) {
            Some(card) => *card = *change,
            None => cards.push(*change),
        }
    }
    let mut bytes = hdu(&primary("8", &[]), &[]);
    bytes.extend(hdu(&cards, &[0; 36]));
    bytes
}

/// Reads every column that can be read.
fn read_all(name: &str, bytes: &[u8]) -> Result<(), CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let _ = SkyMap::open(&path, &SkyMapOptions::default());
    let catalog = Catalog::open(&path, &CatalogOptions::default())?;
    let mut result = Ok(());
    for column in catalog.columns() {
        result = catalog.read(&[&column.name]).map(|_| ()).and(result);
    }
    result
}

fn refusal(changes: &[(&'static str, &'static str)]) -> String {
    let message = read_all("bad.fits", &table(changes)).unwrap_err().to_string();
    assert!(message.contains("bad.fits"), "the message names no file: {message}");
    message
}

#[test]
fn headers_that_contradict_themselves() {
    assert!(read_all("good.fits", &table(&[])).is_ok());
    for (changes, words) in [
        (&[("NAXIS1", "13")][..], "NAXIS1: expected 12, the width of its columns, got 13"),
        (&[("NAXIS2", "300000000000")], "is truncated: the data of HDU 1"),
        (&[("NAXIS2", "9223372036854775807"), ("NAXIS1", "9223372036854775807")], "is truncated"),
        (&[("GCOUNT", "0")], "GCOUNT: expected 1 for a table"),
        (&[("BITPIX", "16")], "BITPIX: expected 8 for a table, got 16"),
        (&[("NAXIS", "1")], "NAXIS: expected 2 for a table, got 1"),
        (&[("TFIELDS", "1000")], "TFIELDS: expected a number from 0 to 999, got 1000"),
        (&[("TFIELDS", "3")], "TFORM3: expected a column of a binary table, got \"\""),
        (&[("TFORM1", "'7Z      '")], "TFORM1: expected a column of a binary table, got \"7Z\""),
        (&[("TFORM1", "'99999999999999D'")], "NAXIS1: expected 799999999999996"),
        (&[("ZTABLE", "T")], "HDU 1 is a tile-compressed table (ZTABLE), expected a plain one"),
        (&[("XTENSION", "'TABLE   '")], "no HDU holds a binary table"),
        (&[("TSCAL2", "'2.0'")], "\"TSCAL2\": expected a number, got the text '2.0'"),
        (&[("TZERO1", "'100.'")], "\"TZERO1\": expected a number, got the text '100.'"),
        (&[("TNULL2", "'-99'")], "\"TNULL2\": expected a whole number, got the text '-99'"),
        (&[("TUNIT1", "3")], "\"TUNIT1\": expected a text in quotes, got 3"),
        (&[("TTYPE1", "3")], "\"TTYPE1\": expected a text in quotes, got 3"),
        (&[("TFIELDS", "'2'")], "TFIELDS: expected a whole number, got the text '2'"),
        (&[("ZTABLE", "'T'")], "\"ZTABLE\": expected T or F, got the text 'T'"),
        (&[("TFORM1", "'8A      '"), ("TFORM2", "'4A      '")], ""),
    ] {
        if words.is_empty() {
            assert!(read_all("good.fits", &table(changes)).is_ok());
        } else {
            let message = refusal(changes);
            assert!(message.contains(words), "{message}");
        }
    }
}

#[test]
fn a_text_that_is_no_number_is_named_by_its_row() {
    let mut bytes = table(&[("TFORM1", "'8A      '")]);
    let data = bytes.len() - 2880;
    bytes[data + 12..data + 17].copy_from_slice(b"M 31 ");
    let message = read_all("bad.fits", &bytes).unwrap_err().to_string();
    let words = "column \"X\" has no number in row 1 (from 0): got \"M 31\"";
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_row_of_no_bytes_is_not_read_for_ever() {
    let changes = [("TFORM1", "'0D      '"), ("TFORM2", "'0J      '"), ("NAXIS1", "0")];
    let mut changes = changes.to_vec();
    changes.push(("NAXIS2", "9000000000000000000"));
    let message = refusal(&changes);
    assert!(message.contains("its rows hold no element"), "{message}");
}

#[test]
fn a_table_cut_anywhere_is_refused() {
    let bytes = table(&[]);
    for length in [2880, 2881, 5760, 5770, 5795] {
        assert!(read_all("bad.fits", &bytes[..length]).is_err(), "{length}");
    }
    // The padding behind the last row is not missed.
    assert!(read_all("good.fits", &bytes[..5796]).is_ok());
    let parquet = std::fs::read(golden_file("catalog.parquet")).unwrap();
    for length in [4, 8, 100, parquet.len() / 2, parquet.len() - 1] {
        let message = read_all("bad.parquet", &parquet[..length]).unwrap_err().to_string();
        assert!(message.contains("bad.parquet"), "{message}");
    }
}

#[test]
fn a_parquet_catalogue_is_no_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    std::fs::copy(golden_file("catalog.parquet"), &path).unwrap();
    let map = SkyMap::open(&path, &SkyMapOptions::default()).unwrap_err().to_string();
    assert!(map.contains("expected a FITS file") && map.contains("got a Parquet file"), "{map}");
}

const ECSV: &[u8] = b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, unit: m, datatype: int32}\n\
    # - {name: b, datatype: string, subtype: 'float64[2]'}\na b\n1 [1,2]\n2 [3,4]\n";

/// A small plain Parquet file.
fn parquet() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let columns = [NewColumn::new("a", Storage::Float32), NewColumn::new("b", Storage::Int64)];
    let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
    let values: Vec<f64> = (0..40).map(f64::from).collect();
    writer.write(&[&values[..], &values[..]]).unwrap();
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let golden = |name| std::fs::read(golden_file(name)).unwrap();
        for (name, mut bytes) in [
            ("t.fits", table(&[("NSIDE", "1"), ("ORDERING", "'RING'")])),
            ("t.parquet", parquet()),
            ("g.parquet", golden("catalog.parquet")),
            ("columns.hdf5", golden("columns.hdf5")),
            ("records.hdf5", golden("records.hdf5")),
            ("t.csv", b"a,b\n1,2\n\"3\",4\n5,6\n".to_vec()),
            ("t.ecsv", ECSV.to_vec()),
        ] {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let _ = read_all(name, &bytes);
        }
    }
}
