//! Pictures that are cut off, changed or of a kind that is not read, and files that are no
//! images: refused in words that fit the cause.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;

use astrogen_preprocess::{Frame, FrameOptions, raster};
use image::{DynamicImage, ImageBuffer, ImageFormat};
use ndarray::Array3;

#[test]
fn bad_files_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    raster::write_png(path("whole.png"), &Array3::zeros((64, 64, 3))).unwrap();
    let whole = fs::read(path("whole.png")).unwrap();
    fs::write(path("cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(path("text.png"), "this is a text").unwrap();
    fs::write(path("empty.tif"), "").unwrap();
    fs::write(path("cut.tif"), b"II*\0\x08\0\0\0\x05").unwrap();
    fs::write(path("rows.parquet"), "PAR1").unwrap();
    fs::write(path("cut.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF").unwrap();
    for (name, words) in [
        ("cut.png", "cut.png is damaged"),
        (
            "text.png",
            "expected FITS (plain or packed by gzip, bzip2 or compress), PNG, JPEG or TIFF, got text that starts with",
        ),
        ("empty.tif", "got an empty file (0 bytes)"),
        ("cut.tif", "cut.tif is damaged"),
        ("cut.jpg", "cut.jpg is damaged"),
        ("rows.parquet", "got a Parquet file"),
        ("none.png", "cannot open"),
        (".", "expected a regular file, got a folder"),
    ] {
        let message = Frame::open(path(name), &FrameOptions::default()).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

/// A picture without a pattern, so that every part of its file matters.
fn noise() -> DynamicImage {
    let value = |x: u32, y: u32, c: u32| {
        (x * 7919 + y * 104_729 + c * 31).wrapping_mul(2_654_435_761).to_be_bytes()[0]
    };
    ImageBuffer::from_fn(48, 40, |x, y| image::Rgb([0, 1, 2].map(|c| value(x, y, c)))).into()
}

#[test]
fn cut_pictures_are_damaged_wherever_the_cut_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Tiff] {
        noise().save_with_format(&path, format).unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(raster::read(&path).is_ok());
        // To the last byte: IEND of a PNG or EOI of a JPEG alone may be missing.
        for length in (32..whole.len()).step_by(97).chain([whole.len() - 12, whole.len() - 1]) {
            fs::write(&path, &whole[..length]).unwrap();
            let message = raster::read(&path).unwrap_err().to_string();
            assert!(message.contains("cut is damaged: "), "{format:?} {length}: {message}");
            assert!(message.contains("fetch or save the file again"), "{message}");
        }
        // What follows a whole picture does no harm.
        fs::write(&path, [&whole[..], b"and more"].concat()).unwrap();
        assert!(raster::read(&path).is_ok());
    }
}

#[test]
fn a_progressive_jpeg_is_read_whole_or_not_at_all() {
    // Two scans of a grey picture of 8 x 8: coefficient 0, then the others, all zero.
    let segment =
        |marker: u8, body: &[u8]| [&[0xff, marker, 0, body.len() as u8 + 2], body].concat();
    let table = |class: u8, code: u8| {
        // One code of one bit: 0.
        let mut body = vec![class, 1];
        body.extend([0; 15]);
        body.push(code);
        segment(0xc4, &body)
    };
    let quantization = segment(0xdb, &[&[0_u8][..], &[1; 64]].concat());
    let whole = [
        vec![0xff, 0xd8],
        quantization,
        segment(0xc2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
        table(0x00, 0),
        segment(0xda, &[1, 1, 0x00, 0, 0, 0]),
        vec![0x7f],
        table(0x10, 0),
        segment(0xda, &[1, 1, 0x00, 1, 63, 0]),
        vec![0x7f],
        vec![0xff, 0xd9],
    ];
    let whole = whole.concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.jpg");
    fs::write(&path, &whole).unwrap();
    assert_eq!(raster::read(&path).unwrap(), Array3::from_elem((1, 8, 8), 128.0 / 255.0));
    for length in 3..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let message = raster::read(&path).unwrap_err().to_string();
        assert!(message.contains("cut.jpg is damaged: "), "{length}: {message}");
    }
}

#[test]
fn a_jpeg_inside_a_tiff_is_whole_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    noise().into_luma8().save_with_format(&path, ImageFormat::Jpeg).unwrap();
    let jpeg = fs::read(&path).unwrap();
    // Little-endian, one strip packed by JPEG behind the directory.
    let strip = |jpeg: &[u8]| {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        let tags: [(u16, u16, u32); 8] = [
            (256, 3, 48),
            (257, 3, 40),
            (258, 3, 8),
            (259, 3, 7),
            (262, 3, 1),
            (273, 4, 110),
            (278, 3, 40),
            (279, 4, jpeg.len() as u32),
        ];
        bytes.extend(8_u16.to_le_bytes());
        for (tag, kind, value) in tags {
            bytes.extend([tag, kind].iter().flat_map(|number| number.to_le_bytes()));
            bytes.extend([1, value].iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes.extend(0_u32.to_le_bytes());
        assert_eq!(bytes.len(), 110);
        [&bytes, jpeg].concat()
    };
    fs::write(&path, strip(&jpeg)).unwrap();
    assert_eq!(raster::read(&path).unwrap().dim(), (1, 40, 48));
    fs::write(&path, strip(&jpeg[..jpeg.len() / 2])).unwrap();
    let message = raster::read(&path).unwrap_err().to_string();
    assert!(message.contains("is damaged: its strip 0 is cut off before its end"), "{message}");
    let whole = strip(&jpeg);
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let message = raster::read(&path).unwrap_err().to_string();
    assert!(message.contains("is damaged: its strip 0 needs"), "{message}");
}

#[test]
fn what_is_not_supported_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jpg");
    noise().save_with_format(&path, ImageFormat::Jpeg).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // A lossless JPEG by its header.
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    bytes[frame + 1] = 0xc3;
    fs::write(&path, &bytes).unwrap();
    noise().save_with_format(folder.path().join("x.tif"), ImageFormat::Tiff).unwrap();
    let mut bytes = fs::read(folder.path().join("x.tif")).unwrap();
    // The directory's entry of the compression method: WebP.
    let entry = bytes.windows(4).position(|entry| entry == [0x03, 0x01, 3, 0]).unwrap();
    bytes[entry + 8..entry + 10].copy_from_slice(&50_001_u16.to_le_bytes());
    fs::write(folder.path().join("x.tif"), &bytes).unwrap();
    for name in ["x.jpg", "x.tif"] {
        let message = raster::read(folder.path().join(name)).unwrap_err().to_string();
        assert!(message.contains(&format!("{name} is not supported: ")), "{message}");
        assert!(message.contains("save it") && !message.contains("again"), "{message}");
    }
}

#[test]
fn a_changed_byte_of_a_png_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    noise().save_with_format(&path, ImageFormat::Png).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let message = raster::read(&path).unwrap_err().to_string();
    assert!(message.contains("is damaged: "), "{message}");
}
