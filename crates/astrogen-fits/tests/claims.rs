//! Small FITS files that claim to be large take no more memory than their size explains.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests change compressed images in more ways")]
mod compressed;
#[path = "../../astrogen-preprocess/examples/fuzz/memory.rs"]
mod memory;

use std::fs;

use astrogen_fits::{FitsFile, Planes};
use compressed::Compressed;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// A tile-compressed image of hundreds of millions of pixels, by its header.
fn tiled() -> Vec<u8> {
    let image = Compressed::of("I16_RICE_1");
    // Three tiles in a row, as before.
    Compressed { bytes: image.with("ZNAXIS1", "60000000") }.with("ZTILE1", "20000000")
}

/// In this test alone, since the allocator counts what all threads take.
#[test]
fn what_a_compressed_image_claims_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, tiled()).unwrap();
    let (opened, peak) = memory::peak_of(|| {
        FitsFile::open(&path).and_then(|mut file| file.read::<f32>(1, &Planes::Bands))
    });
    let message = opened.unwrap_err().to_string();
    assert!(message.contains("its RICE stream"), "{message}");
    assert!(peak < 16 << 20, "{peak} bytes: {message}");
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
