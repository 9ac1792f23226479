//! Bad files fail cleanly, with messages that say what was expected, got, and what to do.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compressed;
mod made;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use astrogen_fits::FitsError;
use astrogen_fits::{FitsFile, Planes};
use compressed::Compressed;
use proptest::prelude::*;

/// Reads the first image of a file that holds these bytes.
fn read(bytes: &[u8]) -> Result<(), FitsError> {
    read_with_limit(bytes, 1 << 30)
}

fn read_with_limit(bytes: &[u8], limit: u64) -> Result<(), FitsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.fits");
    fs::write(&path, bytes).unwrap();
    let mut file = FitsFile::open_with_limit(&path, limit)?;
    let index = file.hdu(None)?.index;
    file.read::<f32>(index, &Planes::Bands).map(|_| ())
}

fn refusal(bytes: &[u8]) -> String {
    let message = read(bytes).unwrap_err().to_string();
    assert!(message.contains("bad.fits"), "the message names no file: {message}");
    message
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn files_that_are_not_fits() {
    let table: [(&[u8], &str); 7] = [
        (b"", "got an empty file (0 bytes)"),
        (b"Dear reader,\nthis is a text.", "got text that starts with \"Dear reader,\\nth"),
        (b"\x89PNG\r\n\x1a\n....", "got a PNG image"),
        (b"\x89HDF\r\n\x1a\n", "got an HDF5 file"),
        (b"\0\x01\x02", "got data that starts with the bytes [00, 01, 02]"),
        (
            &gzip(b"a text in a gzip file"),
            "got text that starts with \"a text in a gzip\", packed by gzip",
        ),
        (&gzip(b""), "got an empty file (0 bytes), packed by gzip"),
    ];
    for (bytes, words) in table {
        let message = refusal(bytes);
        assert!(message.contains("expected a FITS file"), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let message = FitsFile::open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("expected a regular file, got a folder"), "{message}");
    let message = FitsFile::open(folder.path().join("none.fits")).unwrap_err().to_string();
    assert!(message.contains("cannot open") && message.contains("No such file"), "{message}");
    #[cfg(unix)]
    {
        let message = FitsFile::open("/dev/zero").unwrap_err().to_string();
        assert!(message.contains("got a pipe, socket or device"), "{message}");
    }
}

#[test]
fn headers_that_are_cut_off_or_wrong() {
    let image = |cards: &[(&str, &str)]| made::hdu(cards, &[0; 64]);
    let changed = |keyword: &str, value: &'static str| {
        let mut cards = made::primary("8", &["8", "8"]);
        for card in &mut cards {
            if card.0 == keyword {
                card.1 = value;
            }
        }
        cards.retain(|card| card.1 != "gone");
        image(&cards)
    };
    assert!(read(&changed("", "")).is_ok());
    let mut no_end = changed("", "")[..400].to_vec();
    no_end.resize(2880, b' ');
    let mut binary = no_end.clone();
    binary[1000] = 0;
    let table = [
        (
            changed("", "")[..400].to_vec(),
            "the header of HDU 0 (no END card so far) needs 2880 bytes, the file holds 400",
        ),
        (no_end, "needs 5760 bytes, the file holds 2880; fetch or copy the file again"),
        (binary, "HDU 0: expected header cards up to END, got other data"),
        (changed("BITPIX", "17"), "BITPIX: expected 8, 16, 32, 64, -32 or -64, got 17"),
        (changed("BITPIX", "gone"), "BITPIX: expected 8, 16, 32, 64, -32 or -64, got no such card"),
        (changed("NAXIS", "-1"), "NAXIS: expected a number from 0 to 999, got -1"),
        (changed("NAXIS", "1000000000"), "NAXIS: expected a number from 0 to 999"),
        (changed("NAXIS", "2.5"), "NAXIS: expected a number from 0 to 999, got 2.5"),
        (changed("NAXIS", "3"), "NAXIS3: expected a whole number from 0, got no such card"),
        (changed("NAXIS1", "-8"), "NAXIS1: expected a whole number from 0, got -8"),
        (changed("NAXIS1", "'8'"), "NAXIS1: expected a whole number from 0, got the text '8'"),
    ];
    for (bytes, words) in table {
        let message = refusal(&bytes);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_card_of_another_type_is_not_taken_for_absent() {
    let image = |bitpix, card: (&'static str, &'static str)| {
        made::hdu(&[made::primary(bitpix, &["4", "4"]), vec![card]].concat(), &[0; 128])
    };
    for (keyword, value, words) in [
        ("BSCALE", "'2.0'", "\"BSCALE\": expected a number, got the text '2.0'"),
        ("BZERO", "'100.'", "\"BZERO\": expected a number, got the text '100.'"),
        ("BZERO", "T", "\"BZERO\": expected a number, got T"),
        ("BLANK", "'-1'", "\"BLANK\": expected a whole number, got the text '-1'"),
        ("BLANK", "0.5", "\"BLANK\": expected a whole number, got 0.5"),
    ] {
        let message = refusal(&image("16", (keyword, value)));
        assert!(message.contains("bad.fits is damaged: HDU 0: "), "{message}");
        assert!(message.contains(words), "{message}");
    }
    // What is beyond doubt is read, and so is what nothing depends on.
    for (bitpix, keyword, value) in [
        ("16", "BSCALE", "2"),
        ("16", "BLANK", "-1.0"),
        ("16", "BSCALE", ""),
        ("-64", "BLANK", "'none'"),
        ("16", "GROUPS", "'F'"),
        ("16", "PCOUNT", "'0'"),
    ] {
        assert!(read(&image(bitpix, (keyword, value))).is_ok(), "{keyword} {value}");
    }

    let groups = [made::primary("16", &["0", "4"]), vec![("GROUPS", "'T'")]].concat();
    let message = refusal(&made::hdu(&groups, &[]));
    assert!(message.contains("\"GROUPS\": expected T or F, got the text 'T'"), "{message}");

    let rice = Compressed::of("I16_RICE_1");
    // Any card of the table will do to make room for one more.
    let with = |card: &str, value: &str| {
        let bytes = rice.with("EXTNAME", "'X'");
        let name = bytes.chunks(80).rposition(|card| card.starts_with(b"EXTNAME ")).unwrap() * 80;
        let card = format!("{:<80}", format!("{card:<8}= {value:>20}"));
        [&bytes[..name], card.as_bytes(), &bytes[name + 80..]].concat()
    };
    for (keyword, value, words) in [
        ("BSCALE", "'2.0'", "BSCALE: expected a number, got the text '2.0'"),
        ("ZZERO", "'0'", "ZZERO: expected a number, got the text '0'"),
        ("ZBLANK", "'0'", "ZBLANK: expected a whole number, got the text '0'"),
    ] {
        let message = refusal(&with(keyword, value));
        assert!(message.contains(words), "{message}");
    }
    let message = refusal(&rice.with("ZIMAGE", "'T'"));
    assert!(message.contains("\"ZIMAGE\": expected T or F, got the text 'T'"), "{message}");
}

#[test]
fn a_column_whose_scaling_is_no_number_is_refused() {
    let table = |form, card: (&'static str, &'static str)| {
        let cards = [
            ("XTENSION", "'BINTABLE'"),
            ("BITPIX", "8"),
            ("NAXIS", "2"),
            ("NAXIS1", "4"),
            ("NAXIS2", "2"),
            ("PCOUNT", "0"),
            ("GCOUNT", "1"),
            ("TFIELDS", "1"),
            ("TTYPE1", "'x'"),
            ("TFORM1", form),
            card,
        ];
        [made::hdu(&made::primary("8", &[]), &[]), made::hdu(&cards, &[0; 8])].concat()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.fits");
    let open = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        FitsFile::open(&path)?.table(None).map(drop)
    };
    for (keyword, value, words) in [
        ("TSCAL1", "'2.0'", "HDU 1: header card \"TSCAL1\": expected a number, got the text '2.0'"),
        ("TZERO1", "F", "\"TZERO1\": expected a number, got F"),
        ("TNULL1", "'-99'", "\"TNULL1\": expected a whole number, got the text '-99'"),
    ] {
        let message = open(&table("'1J'", (keyword, value))).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    assert!(open(&table("'1E'", ("TNULL1", "'none'"))).is_ok());
    let message = open(&table("'1E'", ("ZTABLE", "'T'"))).unwrap_err().to_string();
    assert!(message.contains("\"ZTABLE\": expected T or F"), "{message}");
}

#[test]
fn claims_that_the_file_does_not_hold() {
    let claim = |bitpix, axes: &[&str]| made::hdu(&made::primary(bitpix, axes), &[0; 2880]);
    let most = "9223372036854775807";
    let table = [
        (
            claim("16", &["256", "256"]),
            "(image of 256 x 256 at BITPIX 16) needs 133952 bytes, the file holds 5760",
        ),
        (
            claim("-64", &["3000000000", "3000000000"]),
            "needs 72000000000000002880 bytes, the file holds 5760",
        ),
        (claim("8", &[most, most]), "needs 85070591730234615847396907784232504129 bytes"),
        (claim("8", &[most, most, most]), "claim more data than any file can hold"),
        (claim("8", &["2881", "1"]), "needs 5761 bytes, the file holds 5760"),
    ];
    for (bytes, words) in table {
        let message = refusal(&bytes);
        assert!(message.contains(words), "{message}");
    }
    // Exactly what is there is read.
    assert!(read(&claim("8", &["2880", "1"])).is_ok());
}

#[test]
fn arrays_that_are_no_images() {
    let table: [(&[&str], &str); 5] = [
        (
            &[],
            "HDU 0 is empty (NAXIS = 0), expected an image of 2 axes or more; the file has 0: empty",
        ),
        (
            &["100"],
            "HDU 0 is 1-D (100), expected an image of 2 axes or more; the file has 0: image of 100",
        ),
        (&["0", "5"], "HDU 0 is empty (0 x 5), expected no axis of length 0"),
        (&["5", "5", "0"], "HDU 0 is empty (5 x 5 x 0)"),
        (
            &["5", "5", "2", "3"],
            "HDU 0 is a 4-D array (5 x 5 x 2 x 3), expected one axis of planes",
        ),
    ];
    for (axes, words) in table {
        let message = refusal(&made::hdu(&made::primary("8", axes), &[0; 150]));
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_damaged_extension_leaves_those_before_it_usable() {
    let mut bytes = made::hdu(&made::primary("8", &["2", "2"]), &[1, 2, 3, 4]);
    let whole = bytes.len();
    bytes.extend(made::hdu(&[("XTENSION", "'IMAGE   '"), ("BITPIX", "99"), ("NAXIS", "0")], &[]));
    assert!(read(&bytes).is_ok());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    for (length, words) in [
        (bytes.len(), "then damage (HDU 1: BITPIX"),
        (whole + 100, "the header of HDU 1 (no END card so far) is cut off"),
    ] {
        fs::write(&path, &bytes[..length]).unwrap();
        let file = FitsFile::open(&path).unwrap();
        let message = file.hdu(Some(&"1".parse().unwrap())).unwrap_err().to_string();
        assert!(message.contains("no HDU 1; the file has 0: image of 2 x 2, "), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn packed_files_that_are_cut_off_or_too_large() {
    let raw = made::hdu(&made::primary("8", &["1000", "1000"]), &vec![0; 1_000_000]);
    let packed = gzip(&raw);
    assert!(packed.len() < 5000);
    assert!(read(&packed).is_ok());
    let message = read_with_limit(&packed, 100_000).unwrap_err().to_string();
    assert!(
        message.contains("the unpacked file claims 100001 bytes, more than the limit of 100000"),
        "{message}"
    );

    let message = refusal(&packed[..packed.len() / 2]);
    assert!(message.contains("its gzip stream cannot be unpacked"), "{message}");
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    packer.write_all(&raw).unwrap();
    let bzip2 = packer.finish().unwrap();
    let message = refusal(&bzip2[..bzip2.len() / 2]);
    assert!(message.contains("its bzip2 stream cannot be unpacked"), "{message}");
    // A cut .Z stream has no end to miss, but the image does.
    let compress = fs::read(golden("noise.fits.Z")).unwrap();
    let message = refusal(&compress[..compress.len() / 2]);
    assert!(message.contains("is truncated: the data of HDU 0"), "{message}");
    let message = refusal(b"\x1f\x9d\x1f rest");
    assert!(message.contains("code width outside 9 to 16"), "{message}");
    let message = refusal(b"\x1f\x9d\x90\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    assert!(message.contains("first code is no byte"), "{message}");
}

#[test]
fn compressed_images_that_lie() {
    let rice = Compressed::of("I16_RICE_1");
    let table = rice.table();
    let cases = [
        (rice.with("ZTILE1", "0"), "ZTILE1: expected a length from 1, got 0"),
        (rice.with("ZTILE1", "14d0"), "ZTILE1: expected a whole number, got 14.0"),
        (rice.with("ZNAXIS1", "14."), "ZNAXIS1: expected a whole number, got 14.0"),
        (rice.with("ZTILE1", "4"), "expected a table of 8 rows, one a tile, got 6 rows"),
        (rice.with("ZNAXIS1", "1000000"), "expected a table of 400000 rows"),
        (rice.with("ZVAL1", "0"), "RICE: expected blocks of 1 to 4096 pixels"),
        (rice.with("ZVAL2", "3"), "of 1, 2 or 4 bytes, got blocks of 32 pixels of 3 bytes"),
        (rice.with("ZBITPIX", "12"), "ZBITPIX: expected 8, 16, 32, 64, -32 or -64, got 12"),
        (
            rice.with("ZCMPTYPE", "'RICE_9  '"),
            "bad.fits is not supported: HDU 1: expected a tile compressed by GZIP_1, GZIP_2, HCOMPRESS_1, PLIO_1 or RICE_1, got \"RICE_9\"",
        ),
        (rice.with("TFORM1", "'1PI     '"), "TFORM1: expected 1PB or 1QB for COMPRESSED_DATA"),
        (
            rice.with("TFORM1", "'1J      '"),
            "TFORM1: expected 1P. or 1Q. for COMPRESSED_DATA, got \"1J\"",
        ),
        (
            rice.with("TFORM1", "'999999999999999999999999J'"),
            "TFORM1: expected a column of a binary table",
        ),
        (rice.with("TTYPE1", "'OTHER   '"), "expected a column COMPRESSED_DATA, found none"),
        (rice.with("PCOUNT", "-5"), "PCOUNT"),
        (rice.with("PCOUNT", "99999999"), "needs"),
        (rice.with("GCOUNT", "0"), "and then its heap, got a heap at 48 of 0 bytes"),
        // The first tile's descriptor: how many bytes, and where.
        (
            rice.patched(table, &[0x7f, 0xff, 0xff, 0xff]),
            "COMPRESSED_DATA of tile 0: expected 2147483647 bytes at offset",
        ),
        (rice.patched(table + 4, &[0x7f, 0, 0, 0]), "at offset 2130706432, the heap holds"),
    ];
    for (number, (bytes, words)) in cases.iter().enumerate() {
        let message = refusal(bytes);
        assert!(message.contains(words), "{number}: {message}");
    }

    // One row of tiles of nine thousand million pixels each.
    let mut wide = rice;
    for (keyword, value) in [("ZTILE1", "9000000000"), ("ZNAXIS1", "9000000000"), ("NAXIS2", "2")] {
        wide = Compressed { bytes: wide.with(keyword, value) };
    }
    let message = refusal(&wide.bytes);
    let words = "the tile-compressed image in HDU 1 claims 396000000000 bytes, more than the limit of 1073741824";
    assert!(message.contains(words), "{message}");
    wide.bytes = wide.with("ZNAXIS2", "1");
    wide.bytes = wide.with("NAXIS2", "1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.fits");
    fs::write(&path, &wide.bytes).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    let region = file.read_region::<f32>(1, &Planes::Bands, 0, 0, 1, 1).unwrap_err();
    let words = "larger than the 268435456 pixels that can be unpacked at once";
    assert!(region.to_string().contains(words), "{region}");
    assert!(region.to_string().contains("is not supported: HDU 1: "), "{region}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to the cards of a header, reading it ends in a result.
    #[test]
    fn damaged_headers_end_in_a_result(
        damage in prop::collection::vec((0..36 * 80_usize, b' '..=b'~'), 1..20),
        name in prop::sample::select(vec!["I16_RICE_1", "F32_DITHER_1", "U16"]),
    ) {
        let mut bytes = Compressed::of(name).bytes;
        for (at, byte) in damage {
            bytes[2880 + at] = byte;
        }
        let _ = read(&bytes);
    }
}
