//! Headers as writers make them that take the standard lightly.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod made;

use std::fs;

use astrogen_fits::table::{NewColumn, Storage, TableWriter};
use astrogen_fits::{FitsFile, Header, Planes, Value, write_image};
use ndarray::Array3;

#[test]
fn zeros_behind_the_end_are_no_cards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.fits");
    let mut bytes = made::hdu(&made::primary("8", &["3", "1"]), &[7, 8, 9]);
    // Behind five cards and the word itself.
    bytes[5 * 80 + 3..2880].fill(0);
    fs::write(&path, bytes).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    assert_eq!(file.hdus()[0].header.len(), 5);
    let pixels = file.read::<f32>(0, &Planes::Bands).unwrap();
    assert_eq!(pixels.into_raw_vec_and_offset().0, [7.0, 8.0, 9.0]);
}

#[test]
fn texts_beyond_ascii_are_utf_8_or_latin_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    let mut bytes = made::hdu(
        &[made::primary("8", &["1", "1"]), vec![("OBSERVER", "'Zoë Ångström'"), ("OWNER", "'?'")]]
            .concat(),
        &[7],
    );
    // The card of three characters that are two bytes each was three bytes too long.
    let at = bytes.windows(8).position(|word| word == b"OBSERVER").unwrap() + 80;
    bytes.drain(at..at + 3);
    bytes.splice(2877..2877, *b"   ");
    let latin = bytes.iter().position(|&byte| byte == b'?').unwrap();
    bytes[latin] = 0xe9;
    fs::write(&path, &bytes).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    assert_eq!(file.hdus()[0].header.get("OBSERVER"), Some("Zoë Ångström"));
    assert_eq!(file.hdus()[0].header.get("OWNER"), Some("é"));
    assert_eq!(file.read::<f32>(0, &Planes::Bands).unwrap()[[0, 0, 0]], 7.0);
}

#[test]
fn versions_are_numbers_even_in_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    let extension = |version| {
        let cards = [
            ("XTENSION", "'IMAGE'"),
            ("BITPIX", "8"),
            ("NAXIS", "0"),
            ("EXTNAME", "'SCI'"),
            ("EXTVER", version),
        ];
        made::hdu(&cards, &[])
    };
    let primary = made::hdu(&made::primary("8", &[]), &[]);
    fs::write(&path, [primary, extension("'2'"), extension("'b'"), extension("1")].concat())
        .unwrap();
    let file = FitsFile::open(&path).unwrap();
    let index = |text: &str| file.hdu(Some(&text.parse().unwrap())).unwrap().index;
    assert_eq!([index("SCI,2"), index("SCI,1"), index("SCI")], [1, 3, 1]);
}

/// A file of one pixel whose header has these cards, as they are, beside its own.
fn file_of(cards: &[&[u8]]) -> Vec<u8> {
    let mut bytes = made::hdu(&made::primary("8", &["1", "1"]), &[7]);
    let end = 5 * 80;
    for (number, card) in cards.iter().enumerate() {
        bytes[end + 80 * number..][..card.len()].copy_from_slice(card);
    }
    bytes[end + 80 * cards.len()..][..3].copy_from_slice(b"END");
    bytes
}

#[test]
fn a_header_that_was_read_is_written_without_what_no_header_may_have() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("x.fits"), folder.path().join("copy.fits"));
    let long = format!("HIERARCH {} = 1", "LONG ".repeat(11).trim());
    let cards: [&[u8]; 10] = [
        "BUNIT   = '\u{b5}Jy' / per Å".as_bytes(),
        b"OBSERVER= 'Zo\xeb'",
        "HISTORY made by 星".as_bytes(),
        b"CONTINUE  'stray'",
        b"HUGE    = 1E400",
        b"EXPTIME=5",
        b"CAF\xc9    = 1",
        long.as_bytes(),
        b"HIERARCH = 5",
        b"SEED    =                    7",
    ];
    fs::write(&path, file_of(&cards)).unwrap();
    let mut header = FitsFile::open(&path).unwrap().hdus()[0].header.clone();
    assert_eq!((header.len(), header.get("BUNIT")), (15, Some("\u{b5}Jy")));
    assert_eq!(header.get("HUGE"), Some(f64::INFINITY));
    let pixels = Array3::ones((1, 2, 2));
    write_image(&copy, &pixels, &header).unwrap();

    let written = FitsFile::open(&copy).unwrap().hdus()[0].header.clone();
    let others: Vec<_> = written.iter().skip(5).map(|card| card.keyword.as_str()).collect();
    assert_eq!(others, ["BUNIT", "OBSERVER", "HISTORY", "SEED"]);
    assert_eq!((written.get("BUNIT"), written.get("OBSERVER")), (Some("uJy"), Some("Zoe")));
    assert_eq!(written.iter().nth(5).unwrap().comment, "per A");
    assert_eq!(written.commentary("HISTORY").next(), Some("made by ?"));

    // A table takes the same header; what is pushed has to be sound.
    let table = TableWriter::create(&copy, &[NewColumn::new("x", Storage::Float32)], &header);
    assert_eq!(table.unwrap().finish().unwrap(), 0);
    header.push("NUMBER", f64::NAN, "");
    let message = write_image(&copy, &pixels, &header).unwrap_err().to_string();
    assert!(message.contains("\"NUMBER\": expected a finite number"), "{message}");
}

#[test]
fn a_unit_is_written_in_ascii_and_the_name_of_a_column_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    let mut header = Header::new();
    header.push("BUNIT", "\u{b5}Jy", "");
    write_image(&path, &Array3::ones((1, 2, 2)), &header).unwrap();
    let written = FitsFile::open(&path).unwrap();
    assert_eq!(written.hdus()[0].header.value("BUNIT"), Some(&Value::Text("uJy".to_owned())));

    let column = NewColumn::new("flux", Storage::Float32).with_unit("\u{b5}Jy");
    TableWriter::create(&path, &[column], &Header::new()).unwrap().finish().unwrap();
    assert_eq!(FitsFile::open(&path).unwrap().hdus()[1].header.get("TUNIT1"), Some("uJy"));
    let column = NewColumn::new("\u{b5}", Storage::Float32);
    let error = TableWriter::create(&path, &[column], &Header::new()).unwrap_err();
    assert!(error.to_string().contains("\"TTYPE1\": expected printable ASCII"), "{error}");
}
