//! The way back to physical units, and their name.

use astrogen_fits::{Header, write_image};
use astrogen_images::{FolderConfig, ImageFolder};
use astrogen_preprocess::PipelineConfig;
use image::{GrayImage, Luma};

use crate::made::{config, scene, straight, write_fits};

#[test]
fn the_scaling_leads_back_to_physical_units() {
    let folder = tempfile::tempdir().unwrap();
    let frame = scene(3, 2, 16, 16);
    write_fits(folder.path(), "a.fits", &frame);
    let minmax =
        PipelineConfig { interval: "minmax".parse().unwrap(), ..PipelineConfig::default() };
    let minmax = FolderConfig { pipeline: minmax, ..config(folder.path(), 16, 2) };
    let opened = ImageFolder::open(&minmax).unwrap();
    let sample = opened.train().sample(0).unwrap();
    let back = opened.pipeline().inverse(&sample, opened.scaling()).unwrap();
    assert!((&back - &frame).iter().all(|difference| difference.abs() < 0.01));
    // Of three files the middle one is typical.
    for (name, factor) in [("b.fits", 10.0), ("c.fits", 100.0)] {
        write_fits(folder.path(), name, &frame.mapv(|value| value * factor));
    }
    let three = ImageFolder::open(&minmax).unwrap();
    let expected: Vec<_> =
        opened.scaling().limits.iter().map(|limits| limits.map(|limit| limit * 10.0)).collect();
    assert_eq!(three.scaling().limits, expected);
}

#[test]
fn the_unit_is_known_where_all_files_agree() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, unit: &str| {
        let mut header = Header::new();
        header.push("BUNIT", unit, "");
        write_image(folder.path().join(name), &scene(1, 1, 8, 8), &header).unwrap();
    };
    let unit = || {
        let folder = ImageFolder::open(&config(folder.path(), 8, 1)).unwrap();
        folder.unit().map(str::to_owned)
    };
    write("a.fits", "electron");
    write("b.fits", "electron");
    assert_eq!(unit().as_deref(), Some("electron"));
    write("b.fits", "adu");
    assert_eq!(unit(), None);
    write_fits(folder.path(), "b.fits", &scene(1, 1, 8, 8));
    assert_eq!(unit(), None, "one file does not say");
}

#[test]
fn pictures_keep_their_own_stretch_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    GrayImage::from_fn(8, 8, |x, y| Luma([(50 + x + y) as u8])).save(path).unwrap();
    let own = config(folder.path(), 8, 1);
    let opened = ImageFolder::open(&own).unwrap();
    assert_eq!(*opened.pipeline().config(), PipelineConfig::picture());
    assert_eq!(opened.scaling().limits, [[0.0, 1.0]]);
    let value = opened.train().sample(0).unwrap()[[0, 0, 0]];
    assert!((value - (50.0 / 255.0 * 2.0 - 1.0)).abs() < 1e-6, "{value}");

    let minmax =
        PipelineConfig { interval: "minmax".parse().unwrap(), ..PipelineConfig::default() };
    let same = FolderConfig { pipeline: minmax.clone(), pictures: None, ..own.clone() };
    let opened = ImageFolder::open(&same).unwrap();
    assert_eq!(*opened.pipeline().config(), minmax);
    assert_eq!(opened.train().sample(0).unwrap()[[0, 0, 0]], -1.0);

    // With a FITS file beside it, the way back is that of the FITS file.
    write_fits(folder.path(), "b.fits", &scene(0, 1, 8, 8));
    let mixed = ImageFolder::open(&own).unwrap();
    assert_eq!((mixed.train().len(), mixed.scaling().limits[0]), (2, [0.0, 1000.0]));
    assert_eq!(*mixed.pipeline().config(), straight());
}
