//! Star arrays.

use std::fs;
use std::path::PathBuf;

use astrogen_stars::{COLUMNS, Center, ColumnSource, Layout, StarArrayWriter};
use tempfile::TempDir;

use crate::{names, read, refusal};

/// An array of a type and order, and these bytes.
fn array(descr: &str, fortran: bool, shape: [usize; 2], bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g_1.5e12.npy");
    let order = if fortran { "True" } else { "False" };
    let [rows, columns] = shape;
    let text =
        format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((text.len() as u16).to_le_bytes());
    fs::write(&path, [file.as_slice(), text.as_bytes(), bytes].concat()).unwrap();
    (folder, path)
}

/// Column `c` of star `s` is `100 s + c`.
fn value(star: usize, column: usize) -> f64 {
    (100 * star + column) as f64
}

#[test]
fn arrays_of_every_order_and_width_read_the_same() {
    for fortran in [false, true] {
        for wide in [false, true] {
            let mut bytes = Vec::new();
            let mut push = |star, column| match wide {
                true => bytes.extend(value(star, column).to_le_bytes()),
                false => bytes.extend((value(star, column) as f32).to_le_bytes()),
            };
            match fortran {
                true => (0..3).for_each(|star| (0..11).for_each(|column| push(star, column))),
                false => (0..11).for_each(|column| (0..3).for_each(|star| push(star, column))),
            }
            let descr = if wide { "'<f8'" } else { "'<f4'" };
            let (_folder, path) = array(descr, fortran, [11, 3], &bytes);
            let galaxy = read(&path, &Layout::default()).unwrap();
            assert_eq!((galaxy.id.as_str(), galaxy.dark_mass), ("g", Some(1.5e12)));
            assert_eq!(names(&galaxy.stars), COLUMNS);
            for (column, values) in galaxy.stars.values().iter().enumerate() {
                assert_eq!(values, &[0, 1, 2].map(|star| value(star, column)));
            }
        }
    }
}

#[test]
fn other_shapes_are_told() {
    for (shape, words) in [
        (
            [10, 4],
            "expected an array [11, N] with the rows x y z vx vy vz metals feh ofe mass age, got [10, 4]",
        ),
        ([4, 11], "got [4, 11], its transpose; save array.T instead"),
        ([70_000, 11], "got [70000, 11], its transpose"),
        ([70_000, 3], "got [70000, 3]"),
        ([11, 0], "holds no stars"),
    ] {
        let (_folder, path) = array("'<f4'", false, shape, &vec![0; 4 * shape[0] * shape[1]]);
        let message = refusal(&path);
        assert!(message.contains(words), "{message}");
    }
    let (_folder, path) = array("'<f4'", false, [11, 3], &[0; 100]);
    assert!(refusal(&path).contains("is truncated"), "{}", refusal(&path));
    let (_folder, path) = array("'<c8'", false, [11, 1], &[0; 88]);
    assert!(refusal(&path).contains("holds <c8"), "{}", refusal(&path));
}

#[test]
fn layouts_centre_arrays_and_rename_none() {
    let (_folder, path) = array("'<f4'", false, [11, 2], &[0; 88]);
    let layout = Layout { center: Some(Center::At([1.0, 0.0, 0.0])), ..Layout::default() };
    assert_eq!(read(&path, &layout).unwrap().stars.column("x").unwrap(), [-1.0; 2]);
    let columns = [("x".to_owned(), ColumnSource::new("0"))].into();
    let message = read(&path, &Layout { columns, ..Layout::default() }).unwrap_err().to_string();
    assert!(message.contains("expected a layout without columns"), "{message}");
}

#[test]
fn arrays_are_written_in_chunks_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.npy");
    let columns = |stars: std::ops::Range<usize>| -> Vec<Vec<f64>> {
        (0..11).map(|column| stars.clone().map(|star| value(star, column)).collect()).collect()
    };
    let mut writer = StarArrayWriter::create(&path, 20_000).unwrap();
    writer.write(&columns(0..18_000)).unwrap();
    let message = writer.write(&columns(0..10)[..10]).unwrap_err().to_string();
    assert!(message.contains("expected the 11 columns x y"), "{message}");
    let message = writer.write(&columns(0..2001)).unwrap_err().to_string();
    assert!(message.contains("expected 2000 more at most, got 2001"), "{message}");
    assert!(!path.exists());
    writer.write(&columns(18_000..20_000)).unwrap();
    writer.finish().unwrap();
    let galaxy = read(&path, &Layout::default()).unwrap();
    assert_eq!(galaxy.stars.values(), columns(0..20_000));

    let other = folder.path().join("h.npy");
    let message = StarArrayWriter::create(&other, 1).unwrap().finish().unwrap_err().to_string();
    assert!(message.contains("announced with 1 stars, got 0"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(StarArrayWriter::create(&other, u64::MAX / 4).is_err());
}
