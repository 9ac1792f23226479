//! Small files that claim to be large take no more memory than their size explains.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../examples/fuzz/memory.rs"]
mod memory;

use std::fs;

use astrogen_preprocess::{Frame, FrameOptions};
use image::{DynamicImage, ImageFormat};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// A PNG whose header claims 20000 x 20000 pixels.
fn png() -> Vec<u8> {
    const HEADER: std::ops::Range<usize> = 12..29;
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(1, 1).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let mut bytes = bytes.into_inner();
    let size = 20_000_u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&size);
    bytes[20..24].copy_from_slice(&size);
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[HEADER]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    bytes
}

/// A TIFF of one grey strip, with this many columns and values of `StripOffsets`.
fn tiff(columns: u32, offsets: u32) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    let tags: [(u16, u32, u32); 8] = [
        (256, 1, columns),
        (257, 1, columns),
        (258, 1, 8),
        (259, 1, 1),
        (262, 1, 1),
        (273, offsets, 110),
        (278, 1, columns),
        (279, 1, 4),
    ];
    bytes.extend(8_u16.to_le_bytes());
    for (tag, count, value) in tags {
        bytes.extend([tag, 4].iter().flat_map(|number: &u16| number.to_le_bytes()));
        bytes.extend([count, value].iter().flat_map(|number| number.to_le_bytes()));
    }
    bytes.extend([0; 8]);
    bytes
}

/// One test: the allocator counts what all threads take.
#[test]
fn what_a_small_file_claims_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, tiff(2, 1)).unwrap();
    assert!(Frame::open(&path, &FrameOptions::default()).is_ok());
    for (bytes, words) in [
        (png(), "claims more pixels than a file of its length can hold"),
        (tiff(20_000, 1), "claims more pixels than a file of its length can hold"),
        (tiff(2, 4_000_000), "its tag 273 claims 4000000 values, the file has 114 bytes"),
    ] {
        fs::write(&path, &bytes).unwrap();
        let (opened, peak) = memory::peak_of(|| Frame::open(&path, &FrameOptions::default()));
        let message = opened.unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(peak < 16 << 20, "{peak} bytes: {message}");
    }
}
