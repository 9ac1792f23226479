//! Headers as writers make them that take the standard lightly.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod made;

use std::fs;

use astrogen_fits::{FitsFile, Planes};

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
