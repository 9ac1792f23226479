//! Damaged files: no panic, whatever they say.

use std::fs;

use astrogen_stars::Layout;

use crate::read;

/// Reads a file with bytes of it changed, and cut off.
fn harm(path: &std::path::Path, step: usize) {
    let whole = fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(path.file_name().unwrap());
    for place in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0xff;
        fs::write(&copy, &bytes).unwrap();
        let _ = read(&copy, &Layout::default());
        fs::write(&copy, &whole[..place]).unwrap();
        let cut = read(&copy, &Layout::default());
        assert!(cut.is_err(), "cut at {place} of {}", whole.len());
    }
}

#[test]
fn damaged_snapshots_are_errors() {
    let (_folder, path) = crate::snapshots::any();
    harm(&path, 7);
}

#[test]
fn damaged_arrays_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.npy");
    let mut writer = astrogen_stars::StarArrayWriter::create(&path, 9).unwrap();
    writer.write(&vec![vec![1.0; 9]; 11]).unwrap();
    writer.finish().unwrap();
    harm(&path, 1);
}
