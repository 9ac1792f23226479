//! Real sky files, where `ASTROGEN_REAL_DATA` names a folder of them.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic and speak")]

use std::path::PathBuf;

use astrogen_data::{BatchConfig, Batches, Images};
use astrogen_images::{FolderConfig, ImageFolder, SkipReason};
use tch::Device;

fn open(name: &str, image_size: usize) -> Option<ImageFolder> {
    let Some(root) = std::env::var_os("ASTROGEN_REAL_DATA") else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return None;
    };
    let path = PathBuf::from(root).join(name);
    let opened = ImageFolder::open(&FolderConfig { path, image_size, ..Default::default() });
    let opened = opened.unwrap();
    eprintln!("{}", opened.report());
    let config = BatchConfig { batch_size: 32, ..BatchConfig::default() };
    let mut batches = Batches::new(opened.train(), &config, Device::Cpu).unwrap();
    for _ in 0..3 {
        let Images(batch) = batches.next_batch().unwrap();
        let (low, high) = (batch.min().double_value(&[]), batch.max().double_value(&[]));
        assert!(low >= -1.0 && high <= 1.0 && high - low > 1.0, "{low} to {high}");
    }
    Some(opened)
}

#[test]
fn photographs_are_one_sample_each() {
    for (name, size, files, other) in [("nebulae", 64, 331, 1), ("hubble", 64, 96, 0)] {
        let Some(opened) = open(name, size) else {
            return;
        };
        let report = opened.report();
        assert_eq!((report.files, report.other), (files, other));
        assert_eq!((report.train_samples, report.skipped.len()), (files, 0));
    }
}

#[test]
fn telescope_frames_are_tiled_and_a_spectral_cube_is_left_out() {
    let Some(opened) = open("fits", 64) else {
        return;
    };
    let report = opened.report();
    assert_eq!((report.files, report.used()), (9, 8));
    assert!(report.skipped[0].path.ends_with("l1448_13co.fits"));
    assert!(matches!(report.skipped[0].reason, SkipReason::Bands { expected: 3, got: 53 }));
    assert!(report.train_samples > 3000, "{report}");
}

#[test]
fn awkward_files_are_opened_or_named() {
    let Some(opened) = open("awkward_fits", 32) else {
        return;
    };
    let report = opened.report();
    let names = report.skipped.iter().map(|skipped| skipped.path.file_name().unwrap());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    for bad in ["derived_trunc_data.fits", "derived_trunc_header.fits", "derived_zero_bytes.fits"] {
        assert!(names.contains(&bad.into()), "{bad} is not among {names:?}");
    }
    for good in ["astropy_m13_rice.fits", "derived_gz_misnamed.fits", "derived_f32_nan_inf.fits"] {
        assert!(!names.contains(&good.into()), "{good} is among {names:?}");
    }
}

#[test]
fn a_folder_of_catalogues_has_no_images() {
    let Some(root) = std::env::var_os("ASTROGEN_REAL_DATA") else {
        return;
    };
    let path = PathBuf::from(root).join("catalogues");
    let config = FolderConfig { path, ..Default::default() };
    let message = ImageFolder::open(&config).unwrap_err().to_string();
    assert!(message.contains("nothing but other kinds of files ("), "{message}");
}
