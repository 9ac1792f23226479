//! What becomes a sample.

use std::collections::BTreeSet;

use astrogen_images::{FolderConfig, ImageFolder, SkipReason, Tiling};
use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::{Array3, s};

use crate::made::{all, assert_near, config, scene, signed, write_fits};

#[test]
fn a_mixed_folder_becomes_samples_of_one_shape_in_order_of_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_fits(folder.path(), "sub/three.fits", &scene(1, 3, 16, 16));
    write_fits(folder.path(), "m51[1].fits", &scene(2, 1, 16, 16));
    RgbImage::from_fn(16, 24, |x, y| Rgb([x as u8, y as u8, 200])).save(at("c.png")).unwrap();
    RgbaImage::from_fn(32, 32, |x, y| Rgba([x as u8 * 8, y as u8 * 8, 9, (x % 2) as u8]))
        .save(at("d.PNG"))
        .unwrap();
    GrayImage::from_fn(16, 16, |x, y| Luma([(x * y) as u8])).save(at("e.jpg")).unwrap();
    ImageBuffer::from_fn(16, 16, |x, y| Luma([(x * 4000 + y) as u16])).save(at("f.tif")).unwrap();
    std::fs::write(at("credits.csv"), "file,credit\n").unwrap();

    let opened = ImageFolder::open(&config(folder.path(), 16, 3)).unwrap();
    let report = opened.report();
    assert_eq!((report.files, report.used(), report.other), (6, 6, 1), "{report}");
    let samples = all(&*opened.train());
    assert_eq!(samples.len(), 6);
    assert!(opened.validation().is_empty());

    // c.png: the middle 16 rows as they are, red = x, green = y
    let expected = Array3::from_shape_fn((3, 16, 16), |(c, y, x)| {
        [x as f32, (y + 4) as f32, 200.0][c] / 255.0 * 2.0 - 1.0
    });
    assert_near(&samples[0], &expected);
    // d.PNG: mean of 2x2 pixels, alpha has no say
    let expected = Array3::from_shape_fn((3, 16, 16), |(c, y, x)| {
        [(2 * x) as f32 * 8.0 + 4.0, (2 * y) as f32 * 8.0 + 4.0, 9.0][c] / 255.0 * 2.0 - 1.0
    });
    assert_near(&samples[1], &expected);
    // e.jpg and f.tif: grey, three times
    for grey in &samples[2..4] {
        assert_eq!(grey.slice(s![0, .., ..]), grey.slice(s![1, .., ..]));
        assert_eq!(grey.slice(s![0, .., ..]), grey.slice(s![2, .., ..]));
    }
    assert!((samples[3][[0, 0, 2]] - (8000.0 / 65535.0 * 2.0 - 1.0)).abs() < 1e-5);
    // m51[1].fits, then sub/three.fits, through the pipeline for FITS files
    assert_near(&samples[4], &signed(&scene(2, 1, 16, 16).select(ndarray::Axis(0), &[0, 0, 0])));
    assert_near(&samples[5], &signed(&scene(1, 3, 16, 16)));

    // Each file by itself gives the same.
    let files: Vec<_> = opened.train_files().collect();
    assert_eq!(files[0], (at("c.png").as_path(), [24, 16]));
    assert_eq!(files[5], (at("sub/three.fits").as_path(), [16, 16]));
    for ((path, _), sample) in files.iter().zip(&samples) {
        assert_eq!(&ImageFolder::sample_of(path, &config(folder.path(), 16, 3)).unwrap(), sample);
    }
    let missing = ImageFolder::sample_of(at("none.png"), &config(folder.path(), 16, 3));
    assert!(missing.unwrap_err().to_string().contains("none.png"));
}

#[test]
fn three_bands_become_their_mean_and_other_numbers_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let three = scene(0, 3, 8, 8);
    write_fits(folder.path(), "a.fits", &three);
    write_fits(folder.path(), "b.fits", &scene(1, 2, 8, 8));
    let opened = ImageFolder::open(&config(folder.path(), 8, 1)).unwrap();
    let mean = three.mean_axis(ndarray::Axis(0)).unwrap().insert_axis(ndarray::Axis(0));
    assert_near(&opened.train().sample(0).unwrap(), &signed(&mean));
    let skipped = &opened.report().skipped;
    assert!(matches!(skipped[0].reason, SkipReason::Bands { expected: 1, got: 2 }));
    // A cube's bands can be chosen, and any number of them is fine where asked for.
    let two = ImageFolder::open(&config(folder.path(), 8, 2)).unwrap();
    assert_eq!(two.train().shape(), [2, 8, 8]);
    assert!(two.report().skipped[0].path.ends_with("a.fits"));
}

#[test]
fn large_frames_are_tiled_and_the_tiles_are_cut_after_scaling() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = scene(0, 1, 40, 52);
    frame.slice_mut(s![.., ..8, ..8]).fill(f32::NAN); // first tile: blank
    frame.slice_mut(s![.., 32.., 44..]).fill(500.0); // last tile: constant
    write_fits(folder.path(), "frame.fits", &frame);
    let opened = ImageFolder::open(&config(folder.path(), 8, 1)).unwrap();
    let dataset = opened.train();
    // Corners at 0, 4, .. 32 and 0, 4, .. 44: 9 x 12, less the constant one and the three
    // of which more than a quarter is blank.
    assert_eq!((dataset.len(), opened.report().dropped_squares), (9 * 12 - 4, 4));
    let mut seen = BTreeSet::new();
    for sample in all(&*dataset) {
        assert_eq!(sample.shape(), [1, 8, 8]);
        let found = (0..=32).step_by(4).flat_map(|y| (0..=44).step_by(4).map(move |x| (y, x)));
        let found = found.filter(|&(y, x)| {
            let tile = frame.slice(s![.., y..y + 8, x..x + 8]).mapv(|value| value / 500.0 - 1.0);
            let near = |(a, b): (&f32, &f32)| b.is_nan() || (a - b).abs() < 1e-5;
            sample.iter().zip(&tile).all(near)
        });
        seen.extend(found);
    }
    assert!(seen.len() >= 9 * 12 - 4, "only {} tiles were found again", seen.len());

    let whole = FolderConfig { tiling: Tiling::Whole, ..config(folder.path(), 8, 1) };
    assert_eq!(ImageFolder::open(&whole).unwrap().train().len(), 1);
    let apart = Tiling::Tiles { stride: Some(8) };
    let apart = FolderConfig { tiling: apart, ..config(folder.path(), 8, 1) };
    assert_eq!(ImageFolder::open(&apart).unwrap().train().len(), 5 * 7 - 2);
}

#[test]
fn what_is_left_of_files_is_told_once_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mask = [
        "XTENSION= 'IMAGE   '",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                   32",
        "NAXIS2  =                   32",
        "EXTNAME = 'MASK    '",
        "END",
    ];
    let mask: String = mask.iter().map(|card| format!("{card:80}")).collect();
    let mask = [format!("{mask:2880}").as_bytes(), &[0; 2880]].concat();
    for (tag, name) in ["a.fits", "b.fits", "c.fits"].into_iter().enumerate() {
        let path = write_fits(folder.path(), name, &scene(tag, 1, 32, 32));
        if name != "b.fits" {
            std::fs::write(&path, [std::fs::read(&path).unwrap(), mask.clone()].concat()).unwrap();
        }
    }
    let opened = ImageFolder::open(&config(folder.path(), 32, 1)).unwrap();
    let [remark] = opened.report().remarks.as_slice() else {
        panic!("{}", opened.report());
    };
    assert_eq!((remark.files, remark.first.file_name().unwrap().to_str()), (2, Some("a.fits")));
    assert!(remark.text.contains("HDU 0 is taken and 1 MASK left"), "{}", remark.text);
    assert!(opened.report().to_string().contains("\nnote: 2 files such as "));
}
