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

/// The only test of this program, since the allocator counts what all threads take.
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
