//! JPEG files: pixels as Pillow reads them, and damage that their decoders pass over.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use astrogen_preprocess::raster;
use image::{DynamicImage, ImageBuffer, ImageFormat};

/// The codings of jpeg.json: `[C, H, W]` in 255ths.
fn golden() -> BTreeMap<String, Vec<Vec<Vec<f32>>>> {
    serde_json::from_slice(&fs::read(folder().join("jpeg.json")).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Where the coded data of a file's scans are: restart markers are theirs.
fn scans(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let marker = |at: usize| bytes[at] == 0xff && !matches!(bytes[at + 1], 0x00 | 0xd0..=0xd7);
    let starts = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xff, 0xda]);
    starts
        .map(|at| {
            let start = at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            start..(start..bytes.len() - 1).find(|&at| marker(at)).unwrap()
        })
        .collect()
}

#[test]
fn every_coding_has_the_pixels_that_pillow_reads() {
    for (kind, want) in golden() {
        let pixels = raster::read(folder().join(format!("jpeg_{kind}.jpg"))).unwrap();
        let shape = [want.len(), want[0].len(), want[0][0].len()];
        assert_eq!(pixels.shape(), shape, "{kind}");
        let off = |((band, row, column), &pixel): ((usize, usize, usize), &f32)| {
            (pixel * 255.0 - want[band][row][column]).abs()
        };
        let worst = pixels.indexed_iter().map(off).fold(0.0, f32::max);
        let mean = pixels.indexed_iter().map(off).sum::<f32>() / pixels.len() as f32;
        // Decoders round, and double the colours of 4:2:0, in ways of their own.
        assert!(worst <= 8.0 && mean <= 1.0, "{kind}: worst {worst}, mean {mean}");
    }
}

#[test]
fn a_scan_that_ends_before_its_pixels_is_damaged() {
    let folder_of_holed = tempfile::tempdir().unwrap();
    let path = folder_of_holed.path().join("holed.jpg");
    for kind in golden().keys().filter(|kind| !kind.contains("restarts")) {
        let whole = fs::read(folder().join(format!("jpeg_{kind}.jpg"))).unwrap();
        for scan in scans(&whole) {
            // Without the second half of the scan.
            let middle = scan.start + scan.len() / 2;
            fs::write(&path, [&whole[..middle], &whole[scan.end..]].concat()).unwrap();
            let message = raster::read(&path).unwrap_err().to_string();
            assert!(message.contains("holed.jpg is damaged: "), "{kind} {scan:?}: {message}");
        }
    }
}

#[test]
fn a_file_that_ends_well_in_the_middle_of_its_pixels_is_damaged() {
    let value = |x: u32, y: u32, c: u32| {
        (x * 7919 + y * 104_729 + c * 31).wrapping_mul(2_654_435_761).to_be_bytes()[0]
    };
    let noise = ImageBuffer::from_fn(48, 40, |x, y| image::Rgb([0, 1, 2].map(|c| value(x, y, c))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holed.jpg");
    DynamicImage::from(noise).save_with_format(&path, ImageFormat::Jpeg).unwrap();
    let whole = fs::read(&path).unwrap();
    let scan = scans(&whole)[0].clone();
    for end in scan.clone().step_by(53).chain([scan.end - 4]) {
        fs::write(&path, [&whole[..end], &[0xff, 0xd9]].concat()).unwrap();
        let message = raster::read(&path).unwrap_err().to_string();
        assert!(message.contains("holed.jpg is damaged: its coded pixels end"), "{end}: {message}");
    }
}
