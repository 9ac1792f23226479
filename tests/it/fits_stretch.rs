//! The example as its users meet it: options that its messages ask for, names that say another
//! format, and nobody who reads it.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen::fits::{Header, write_image};
use astrogen::preprocess::raster;
use ndarray::Array3;

use crate::program::{Program, utf8};

fn image(folder: &Path, name: &str, pixels: &Array3<f32>) -> PathBuf {
    let path = folder.join(name);
    write_image(&path, pixels, &Header::new()).expect("written");
    path
}

/// A grey TIFF of two pages: one white pixel before a black one, then the other way round.
fn two_pages() -> Vec<u8> {
    let mut file = b"II*\0\x0c\0\0\0\xff\0\0\xff".to_vec();
    for page in 0..2_u32 {
        // Width, height, bits, no compression, black is 0, where, samples, rows, bytes.
        let tags = [256, 257, 258, 259, 262, 273, 277, 278, 279_u16];
        file.extend(9_u16.to_le_bytes());
        for (tag, value) in tags.into_iter().zip([2, 1, 8, 1, 1, 8 + 2 * page, 1, 1, 2]) {
            file.extend([tag.to_le_bytes(), 4_u16.to_le_bytes()].concat());
            file.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
        }
        let next = if page == 0 { file.len() as u32 + 4 } else { 0 };
        file.extend(next.to_le_bytes());
    }
    file
}

#[test]
fn what_a_message_asks_for_can_be_given() {
    let example = Program::build("fits_stretch");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out.png");
    let out = utf8(&out);
    let minmax = ["--interval", "minmax", "--stretch", "linear"];
    let with = |path: &Path, more: &[&str]| {
        example.succeed(&[&[utf8(path), out], &minmax[..], more].concat())
    };

    // Colours on the first axis, as numpy's [H, W, C].
    let ramp = Array3::from_shape_fn((8, 6, 3), |(y, x, c)| (100 * c + 10 * y + x) as f32);
    let path = image(folder.path(), "hwc.fits", &ramp);
    let told = example.refuse(&[utf8(&path), out]);
    assert!(told.contains("state the axis order"), "{told}");
    let told = with(&path, &["--axis-order", "hwc"]);
    assert!(told.contains("3 band(s) of 6 x 8 pixels"), "{told}");
    let told = example.refuse(&[out, out]);
    assert!(told.contains("out.png would be overwritten"), "{told}");
    let told = with(&path, &["--axis-order", "hwc", "--planes", "1", "--hdu", "0"]);
    assert!(told.contains("1 band(s)") && told.contains("from 100 to 175"), "{told}");

    let blank = ramp.mapv(|value| if value % 10.0 > 2.0 { f32::NAN } else { value });
    let blank = image(folder.path(), "blank.fits", &blank.permuted_axes([2, 0, 1]));
    let path = image(
        folder.path(),
        "whole.fits",
        &Array3::from_shape_fn((1, 8, 8), |(_, y, x)| (10 * y + x) as f32),
    );
    let told = example.refuse(&[utf8(&blank), out, "--max-bad-fraction", "0.4"]);
    assert!(told.contains("raise max_bad_fraction"), "{told}");
    with(&blank, &["--max-bad-fraction", "0.6"]);
    let told = with(&path, &["--saturation", "50"]);
    assert!(told.contains("from 0 to 47"), "{told}");

    let path = folder.path().join("pages.tif");
    fs::write(&path, two_pages()).expect("written");
    let told = with(&path, &[]);
    assert!(told.contains("the option page takes another"), "{told}");
    let first = raster::read(out).expect("a picture");
    let told = with(&path, &["--page", "1"]);
    assert!(!told.contains("the option page"), "{told}");
    assert_ne!(raster::read(out).expect("a picture"), first);
}

#[test]
fn a_name_of_another_format_is_refused_and_nobody_has_to_read() {
    let example = Program::build("fits_stretch");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ramp = Array3::from_shape_fn((1, 8, 8), |(_, y, x)| (10 * y + x) as f32);
    let path = image(folder.path(), "ramp.fits", &ramp);
    let jpeg = folder.path().join("out.jpg");
    let told = example.refuse(&[utf8(&path), utf8(&jpeg)]);
    assert!(told.contains("a name that ends in .png") && told.contains("out.jpg"), "{told}");
    assert!(!jpeg.exists());

    let png = folder.path().join("out.png");
    example.succeed_unread(&[utf8(&path), utf8(&png), "--interval", "manual:-1,5"]);
    assert!(png.is_file());
}
