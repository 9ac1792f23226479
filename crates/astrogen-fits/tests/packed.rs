//! Packed files and compressed images that are read in part, or not at all.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests change compressed images in more ways")]
mod compressed;
mod made;

use std::fs;
use std::io::Write;

use astrogen_fits::{FitsError, FitsFile, Planes};
use compressed::{Compressed, read};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn refusal(bytes: &[u8]) -> FitsError {
    read::<f32>(bytes).unwrap_err()
}

/// The image with a card that it had not, for its name.
fn with_card(image: &Compressed, keyword: &str, value: &str) -> Vec<u8> {
    replaced(&image.bytes, "EXTNAME ", keyword, value)
}

fn replaced(bytes: &[u8], old: &str, keyword: &str, value: &str) -> Vec<u8> {
    let of = |card: &[u8]| card.starts_with(old.as_bytes());
    let name = bytes.chunks(80).rposition(of).unwrap() * 80;
    let card = format!("{:<80}", format!("{keyword:<8}= {value:>20}"));
    [&bytes[..name], card.as_bytes(), &bytes[name + 80..]].concat()
}

#[test]
fn zeros_behind_a_gzip_stream_are_padding() {
    let raw = made::hdu(&made::primary("8", &["100", "100"]), &[7; 10_000]);
    let (first, second) = raw.split_at(4000);
    for parts in [
        vec![gzip(&raw), vec![0; 1]],
        vec![gzip(&raw), vec![0; 100_000]],
        vec![gzip(first), gzip(second)],
        vec![gzip(first), vec![0; 512], gzip(second), vec![0; 512]],
    ] {
        assert_eq!(read::<f32>(&parts.concat()).unwrap(), [7.0; 10_000]);
    }
    let message = refusal(&[gzip(&raw), b"\0\0rest of something".to_vec()].concat()).to_string();
    assert!(message.contains("its gzip stream cannot be unpacked"), "{message}");
    let cut = gzip(second);
    let message = refusal(&[gzip(first), cut[..cut.len() - 9].to_vec()].concat()).to_string();
    assert!(message.contains("its gzip stream cannot be unpacked"), "{message}");
}

#[test]
fn a_file_that_is_taken_into_memory_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    // Without its last padding it cannot be unpacked where it lies.
    let bytes = Compressed::of("I16_RICE_1").bytes;
    fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let read = |limit: usize| {
        FitsFile::open_with_limit(&path, limit as u64)?.read::<f32>(1, &Planes::Bands)
    };
    assert!(read(bytes.len() - 100).is_ok());
    let error = read(bytes.len() - 101).unwrap_err();
    assert!(matches!(error, FitsError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("the file, which has to be in memory"), "{error}");
}

#[test]
fn whole_numbers_of_64_bits_in_gzip_are_not_supported() {
    let image = Compressed::of("GZIP_F64");
    for codec in ["'GZIP_1'", "'GZIP_2'"] {
        let bytes = Compressed { bytes: image.with("ZCMPTYPE", codec) }.with("ZBITPIX", "64");
        let error = refusal(&bytes);
        assert!(matches!(error, FitsError::Unsupported { .. }), "{error}");
        assert!(
            error.to_string().contains("8, 16 or 32 bits to be compressed by GZIP_"),
            "{error}"
        );
    }
}

/// cfitsio would scale those tiles alone that are quantized.
#[test]
fn scaled_floating_point_pixels_that_are_not_quantized_are_not_supported() {
    let image = Compressed::of("RICE_F32");
    let plain = read::<f32>(&image.bytes).unwrap();
    assert_eq!(read::<f32>(&with_card(&image, "BSCALE", "1.0")).unwrap(), plain);
    assert_eq!(read::<f32>(&with_card(&image, "BZERO", "0")).unwrap(), plain);
    for (keyword, value) in [("BSCALE", "2.0"), ("BZERO", "1")] {
        let error = refusal(&with_card(&image, keyword, value));
        assert!(matches!(error, FitsError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("BSCALE and BZERO of tile 0"), "{error}");
    }
    // Where all tiles are of one kind, all are scaled.
    for name in ["F32_DITHER_1", "GZIP_F64"] {
        let image = Compressed::of(name);
        let plain = read::<f64>(&image.bytes).unwrap();
        let scaled = read::<f64>(&with_card(&image, "BSCALE", "2.0")).unwrap();
        let twice = |(plain, scaled): (&f64, &f64)| {
            plain.is_nan() && scaled.is_nan() || (2.0 * plain - scaled).abs() <= 1e-6 * scaled.abs()
        };
        assert!(plain.iter().zip(&scaled).all(twice), "{name}");
    }
}

/// cfitsio would leave the dither as it is, and `BSCALE` aside.
#[test]
fn scales_of_quantized_pixels_may_be_cards_where_nothing_else_is_to_be_undone() {
    let mut image = Compressed::of("F32_DITHER_1");
    for (column, other) in [("'ZSCALE", "'YSCALE"), ("'ZZERO", "'YZERO")] {
        let at = image.bytes.windows(column.len()).rposition(|own| own == column.as_bytes());
        let at = at.unwrap();
        image.bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
    }
    let dithered = Compressed { bytes: with_card(&image, "ZSCALE", "0.5") };
    let error = refusal(&dithered.bytes);
    assert!(matches!(error, FitsError::Unsupported { .. }), "{error}");
    assert!(
        error.to_string().contains("expected columns ZSCALE and ZZERO of a dithered"),
        "{error}"
    );

    let plain = dithered.with("ZQUANTIZ", "'NO_DITHER'");
    let zero = replaced(&plain, "ZDITHER0", "ZZERO", "100.25");
    let (plain, moved) = (read::<f64>(&plain).unwrap(), read::<f64>(&zero).unwrap());
    let is_step = |(plain, moved): (&f64, &f64)| {
        plain.is_nan() && moved.is_nan() || (2.0 * plain).fract() == 0.0 && plain + 100.25 == *moved
    };
    assert!(plain.iter().zip(&moved).all(is_step));
    let error = refusal(&replaced(&zero, "ZZERO   =", "BSCALE", "2.0"));
    assert!(error.to_string().contains("BSCALE and BZERO of tile 0"), "{error}");
}

/// cfitsio reads the headers of all HDUs before the one that is asked for.
#[test]
fn a_damaged_hdu_is_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.fits");
    let image = Compressed::of("I16_RICE_1");
    let second = image.bytes.chunks(2880).skip_while(|block| !block.starts_with(b"XTENSION"));
    let second: Vec<u8> = second.flatten().copied().collect();
    let read = |first: &[u8]| {
        fs::write(&path, [first, &second].concat()).unwrap();
        FitsFile::open(&path)?.read::<f32>(2, &Planes::Bands)
    };
    assert!(read(&image.bytes).is_ok());
    for (keyword, words) in [
        ("ZTILE1", "two.fits is damaged: HDU 1: ZTILE1: expected a length from 1, got 0"),
        ("ZVAL1", "two.fits is damaged: HDU 1: RICE: expected blocks of 1 to 4096 pixels"),
    ] {
        let message = read(&image.with(keyword, "0")).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}
