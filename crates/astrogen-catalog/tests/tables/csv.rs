//! CSV files, well-formed and not.

use std::io::Write;

use astrogen_catalog::CatalogError;
use astrogen_catalog::{Catalog, CatalogOptions, Columns};

use crate::{open, same};

fn read(text: &[u8], names: &[&str]) -> Result<Columns, CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    let catalog = Catalog::open(&path, &CatalogOptions::default())?;
    catalog.read(names).map(|(columns, _)| columns)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn delimiters_quotes_comments_and_packing_do_not_matter() {
    let texts: [&[u8]; 8] = [
        b"a,b,c\n1,2,3\n4,,6\n",
        b"a,b,c\r\n1,2,3\r\n4,,6",
        b"a\tb\tc\n1\t2\t3\n4\tnan\t6\n",
        b"a;b;c\n1;2;3\n4;NULL;6\n",
        b"# made by hand; of two rows\n\na,b,c\n1,2,3\n# a remark\n4,--,6\n",
        b"\"a\",\"b\",\"c\"\n\"1\",\"2\",\"3\"\n4,\"\",6\n",
        b"\xef\xbb\xbfa, b ,c\n 1 ,2.0,3e0\n4,N/A,6\n",
        &gzip(b"a,b,c\n1,2,3\n4,,6\n"),
    ];
    for text in texts {
        let columns = read(text, &["c", "a", "b"]).unwrap();
        let all = [vec![3.0, 6.0], vec![1.0, 4.0], vec![2.0, f64::NAN]];
        for (got, want) in columns.values().iter().zip(&all) {
            assert!(same(got, want), "{:?}: {got:?}", String::from_utf8_lossy(text));
        }
    }
}

#[test]
fn a_column_that_is_not_asked_for_may_hold_anything() {
    let columns = read(b"name,x\n\"M 31, the near one\",1\nM 33,2\n", &["x"]).unwrap();
    assert_eq!(columns.column("x").unwrap(), [1.0, 2.0]);
}

#[test]
fn bad_text_is_refused_with_its_line() {
    let long = [b"a,b\n1,".as_slice(), &vec![b'2'; 17 << 20]].concat();
    let open = [
        b"a,b\n1,2\n3,\"4\n".as_slice(),
        &[b'5'; 1 << 10].iter().chain(b",6\n").copied().collect::<Vec<_>>().repeat(70 << 10),
    ]
    .concat();
    let table: [(&[u8], &str); 11] = [
        (&open, "a row is longer than 64 MiB; is a quote not closed?"),
        (b"a,b\n1,2\n3\n5,6\n", "line 3: expected 2 cells, got 1; check its delimiters"),
        (b"a,b\n1,2\n3,4,5\n", "line 3: expected 2 cells, got 3; check its delimiters"),
        (b"a,b\n1,2\n3,4\n5", "line 4: expected 2 cells, got 1; the file ends in mid-row"),
        (b"a,b\n1,2\nM31,4\n", "column \"a\" has no number in line 3: got \"M31\""),
        (b"a,b\n1,2\n\"1,5\",4\n", "column \"a\" has no number in line 3: got \"1,5\""),
        (b"1,2\n3,4\n", "expected a header row of column names first, got numbers"),
        (b"x,y\n1,2\n", "column \"a\" is not in the table; there are: \"x\", \"y\""),
        (b"a,a\n1,2\n", "column \"a\" is not one column but 2"),
        (&gzip(b"a,b\n1,2\n")[..20], "cannot be"),
        (&long, "a line is longer than 16 MiB"),
    ];
    for (text, words) in table {
        let message = read(text, &["a"]).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.contains("table.csv"), "the message names no file: {message}");
    }
}

#[test]
fn a_long_file_of_short_rows_is_read() {
    let row = format!("1,\"2\n{}\"\n", " ".repeat(1 << 10));
    let text = ["a,b\n", &row.repeat(70 << 10)].concat();
    assert_eq!(read(text.as_bytes(), &["a"]).unwrap().len(), 70 << 10);
}

/// Comments and empty lines are no part of a row, however many.
#[test]
fn what_is_skipped_is_no_long_row() {
    for skipped in [format!("# it's long {}\n", " ".repeat(1 << 20)), "\r\n".repeat(1 << 19)] {
        let text = ["a,b\n1,2\n", &skipped.repeat(70), "3,4\n"].concat();
        assert_eq!(read(text.as_bytes(), &["a"]).unwrap().column("a").unwrap(), [1.0, 3.0]);
    }
    let open = ["a,b\n1,\"2\n", &"\n".repeat(70 << 20)].concat();
    let message = read(open.as_bytes(), &["a"]).unwrap_err().to_string();
    assert!(message.contains("is a quote not closed?"), "{message}");
}

#[test]
fn a_stream_that_breaks_off_late_is_refused() {
    let text: String = (0..50_000).map(|row| format!("{row},{}\n", row * 7919 % 1000)).collect();
    let packed = gzip(format!("a,b\n{text}").as_bytes());
    let message = read(&packed[..packed.len() / 2], &["a"]).unwrap_err().to_string();
    assert!(message.contains("cannot be read to its end"), "{message}");
}

#[test]
fn what_is_no_catalogue() {
    let table: [(&[u8], &str); 3] = [
        (b"", "got an empty file"),
        (b"\x89PNG\r\n\x1a\n", "got a PNG image"),
        (&gzip(b"\0\x01"), "got data that starts with the bytes [00, 01], packed by gzip"),
    ];
    for (bytes, words) in table {
        let message = read(bytes, &["a"]).unwrap_err().to_string();
        assert!(message.contains("expected a FITS table, CSV"), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_delimiter_can_be_stated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.txt");
    std::fs::write(&path, "a|b,c\n1|2\n").unwrap();
    let options = CatalogOptions { delimiter: Some('|'), ..CatalogOptions::default() };
    let catalog = Catalog::open(&path, &options).unwrap();
    assert_eq!(catalog.read(&["b,c"]).unwrap().0.column("b,c").unwrap(), [2.0]);
    let options = CatalogOptions { delimiter: Some('é'), ..CatalogOptions::default() };
    let message = Catalog::open(&path, &options).unwrap_err().to_string();
    assert!(message.contains("delimiter: expected an ASCII character"), "{message}");
    assert_eq!(open(&path).columns().len(), 2);
}

#[test]
fn a_text_may_begin_with_the_name_of_a_format() {
    let texts: [&[u8]; 3] = [
        b"PAR1,b\n1,2\n3,4\n5,6\n",
        b"BZh91_flux,b\n1,2\n3,4\n",
        &gzip(b"PAR1,b\n1,2\n3,4\n5,6\n"),
    ];
    for text in texts {
        let columns = read(text, &["b"]).unwrap();
        assert_eq!(columns.column("b").unwrap()[..2], [2.0, 4.0]);
    }
    // A Parquet file that was cut is none.
    let message =
        read(b"PAR1\x15\x04\x15\x40\x15\x22\x4c\x15\x08\x15\0", &["b"]).unwrap_err().to_string();
    assert!(message.contains("is damaged"), "{message}");
}
