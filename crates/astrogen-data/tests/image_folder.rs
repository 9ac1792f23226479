//! Folders of image files: what becomes a sample, and what is said about the rest.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_data::{
    BatchConfig, Batches, DataError, Dataset, FolderConfig, ImageFolder, SkipReason, Tiling,
};
use astrogen_preprocess::PipelineConfig;
use astrogen_preprocess::fits::{Header, write_image};
use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::{Array3, s};
use tch::Device;

/// From physical [0, 1000] to signed, in a straight line: values can be foretold.
fn straight() -> PipelineConfig {
    PipelineConfig {
        interval: "manual:0,1000".parse().unwrap(),
        stretch: "linear".parse().unwrap(),
        ..PipelineConfig::default()
    }
}

fn config(folder: &Path, image_size: usize, channels: usize) -> FolderConfig {
    let pipeline = straight();
    FolderConfig { path: folder.into(), image_size, channels, pipeline, ..Default::default() }
}

/// Values in [0, 1000] that differ from pixel to pixel and from `tag` to `tag`.
fn scene(tag: usize, bands: usize, height: usize, width: usize) -> Array3<f32> {
    Array3::from_shape_fn((bands, height, width), |(c, y, x)| {
        ((tag * 131 + c * 57 + y * 29 + x * 17) % 1000) as f32
    })
}

fn write_fits(folder: &Path, name: &str, pixels: &Array3<f32>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_image(&path, pixels, &Header::new()).unwrap();
    path
}

fn all(dataset: &dyn Dataset) -> Vec<Array3<f32>> {
    (0..dataset.len()).map(|index| dataset.sample(index).unwrap()).collect()
}

/// Signed values of `straight`.
fn signed(physical: &Array3<f32>) -> Array3<f32> {
    physical.mapv(|value| value / 500.0 - 1.0)
}

fn assert_near(got: &Array3<f32>, expected: &Array3<f32>) {
    assert_eq!(got.shape(), expected.shape());
    let worst = (got - expected).iter().fold(0.0, |worst: f32, d| worst.max(d.abs()));
    assert!(worst < 1e-5, "differs by {worst}");
}

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

/// A folder with every kind of bad file in it; their names and what is said about each.
fn bad_files(folder: &Path) -> Vec<(&'static str, &'static str)> {
    let good = write_fits(folder, "full.tmp", &scene(0, 1, 32, 32));
    let bytes = std::fs::read(&good).unwrap();
    std::fs::remove_file(&good).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("empty.fits", b"");
    write("text.fits", b"this is no image");
    write("text.png", b"this is no picture");
    write("truncated.fits", &bytes[..2880 + 1000]);
    write("half.png", &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..]);
    let claims = String::from_utf8_lossy(&bytes[..2880]).replace("  32", "9999");
    write("claims.fits", &[claims.as_bytes(), &bytes[2880..]].concat());
    write_fits(folder, "nan.fits", &Array3::from_elem((1, 32, 32), f32::NAN));
    write_fits(folder, "constant.fits", &Array3::from_elem((1, 32, 32), 7.0));
    write_fits(folder, "small.fits", &scene(0, 1, 31, 32));
    write_fits(folder, "bands.fits", &scene(0, 5, 32, 32));
    let axis = [
        "SIMPLE  =                    T",
        "BITPIX  =                  -32",
        "NAXIS   =                    1",
        "NAXIS1  =                   16",
        "END",
    ];
    let header: String = axis.iter().map(|card| format!("{card:80}")).collect();
    write("axis.fits", &[format!("{header:2880}").as_bytes(), &[0; 2880]].concat());
    vec![
        ("axis.fits", "axis.fits"),
        ("bands.fits", "has 5 bands where 3 are asked for"),
        ("claims.fits", "truncated"),
        ("constant.fits", "constant"),
        ("empty.fits", "an empty file (0 bytes)"),
        ("half.png", "damaged"),
        ("nan.fits", "good"),
        ("small.fits", "is 31x32 pixels, smaller than the sample of 32x32"),
        ("text.fits", "text that starts with \"this is no image"),
        ("text.png", "text that starts with \"this is no pict"),
        ("truncated.fits", "truncated"),
    ]
}

#[test]
fn bad_files_are_named_counted_and_skipped_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let bad = bad_files(folder.path());
    write_fits(folder.path(), "good|1.fits", &scene(0, 3, 32, 32));
    let opened = ImageFolder::open(&config(folder.path(), 32, 3)).unwrap();
    let report = opened.report();
    assert_eq!((report.files, report.used(), report.train_samples), (bad.len() + 1, 1, 1));
    let names = report.skipped.iter().map(|skipped| skipped.path.file_name().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), bad.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (skipped, (name, words)) in report.skipped.iter().zip(&bad) {
        let text = skipped.to_string();
        assert!(text.contains(words), "{name}: {text:?} does not say {words:?}");
        assert_eq!(text.matches(name).count(), 1, "named once: {text}");
    }
    let text = report.to_string();
    assert!(text.contains("12 images, 1 used, 11 skipped"), "{text}");
    assert!(text.contains("skipped: ") && text.ends_with("1 more"), "{text}");

    let strict = FolderConfig { strict: true, ..config(folder.path(), 32, 3) };
    let error = ImageFolder::open(&strict).unwrap_err();
    assert!(
        matches!(&error, DataError::File { path, .. } if path.ends_with("axis.fits")),
        "{error}"
    );
}

#[test]
fn a_folder_with_nothing_usable_says_what_was_looked_for_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let open = || ImageFolder::open(&config(folder.path(), 32, 3)).unwrap_err().to_string();
    let message = open();
    assert!(message.contains("looked for FITS, PNG, JPEG and TIFF"), "{message}");
    assert!(message.contains("at least 32x32") && message.contains("no file at all"), "{message}");
    std::fs::write(folder.path().join("a.csv"), "1,2").unwrap();
    assert!(open().contains("found nothing but other kinds of files (1)"), "{}", open());
    let bad = bad_files(folder.path());
    let message = open();
    let count = format!("{} of them, none usable, and 1 of other kinds", bad.len());
    assert!(message.contains(&count) && message.ends_with("1 more"), "{message}");
    assert!(message.contains("bands.fits: has 5 bands"), "{message}");

    let missing = config(&folder.path().join("nowhere"), 32, 3);
    let error = ImageFolder::open(&missing).unwrap_err();
    assert!(matches!(error, DataError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn impossible_settings_are_refused_before_any_file_is_read() {
    let missing = Path::new("/nowhere/at/all");
    let good = || config(missing, 32, 3);
    let refused = [
        (FolderConfig { image_size: 0, ..good() }, "image_size: expected 1 or more, got 0"),
        (FolderConfig { channels: 0, ..good() }, "channels: expected 1 or more, got 0"),
        (
            FolderConfig { tiling: Tiling::Tiles { stride: Some(0) }, ..good() },
            "tiling: expected a stride of 1 or more, got 0",
        ),
        (
            FolderConfig { validation_fraction: 1.0, ..good() },
            "validation_fraction: expected 0 <= fraction < 1, got 1",
        ),
    ];
    for (config, expected) in refused {
        assert_eq!(ImageFolder::open(&config).unwrap_err().to_string(), expected);
    }
}

/// Ten tiled frames whose values tell the file.
fn frames(folder: &Path) {
    for tag in 0..10 {
        let frame = scene(0, 1, 50, 60).mapv(|value| value * 0.09 + 100.0 * tag as f32 + 5.0);
        write_fits(folder, &format!("{tag}.fits"), &frame);
    }
}

#[test]
fn training_and_validation_share_no_file() {
    let folder = tempfile::tempdir().unwrap();
    frames(folder.path());
    let open = |seed| {
        let split = FolderConfig { validation_fraction: 0.3, seed, ..config(folder.path(), 8, 1) };
        ImageFolder::open(&split).unwrap()
    };
    let files = |dataset: &dyn Dataset| -> BTreeSet<usize> {
        let tag = |sample: &Array3<f32>| ((sample[[0, 4, 4]] + 1.0) * 5.0) as usize;
        all(dataset).iter().map(tag).collect()
    };
    let opened = open(1);
    let (train, validation) = (files(&*opened.train()), files(&*opened.validation()));
    assert_eq!((train.len(), validation.len()), (7, 3));
    assert!(train.is_disjoint(&validation));
    assert_eq!(opened.report().train_files, 7);
    assert_eq!(opened.report().validation_samples, opened.validation().len());
    assert_eq!(files(&*open(1).validation()), validation);
    assert!((2..9).any(|seed| files(&*open(seed).validation()) != validation));
}

#[test]
fn bounded_memory_changes_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    frames(folder.path());
    let expected = {
        let opened = ImageFolder::open(&config(folder.path(), 8, 1)).unwrap();
        assert!(opened.report().is_cached());
        take(opened.train(), &BatchConfig { batch_size: 16, ..BatchConfig::default() })
    };
    for cache_bytes in [0, 30_000, u64::MAX] {
        let bounded = FolderConfig { cache_bytes, ..config(folder.path(), 8, 1) };
        let opened = ImageFolder::open(&bounded).unwrap();
        assert_eq!(opened.report().is_cached(), cache_bytes == u64::MAX);
        for workers in [0, 1, 3] {
            let streamed =
                BatchConfig { batch_size: 16, workers, resident_bytes: 0, ..Default::default() };
            assert_eq!(take(opened.train(), &streamed), expected, "{cache_bytes}, {workers}");
        }
    }
}

fn take(dataset: Arc<dyn Dataset>, config: &BatchConfig) -> Vec<tch::Tensor> {
    let mut batches = Batches::new(dataset, config, Device::Cpu).unwrap();
    (0..12).map(|_| batches.next_batch().unwrap()).collect()
}

#[test]
fn a_file_that_goes_or_changes_during_the_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for tag in 0..30 {
        write_fits(folder.path(), &format!("{tag:02}.fits"), &scene(tag, 1, 50, 60));
    }
    let bounded = FolderConfig { cache_bytes: 0, ..config(folder.path(), 8, 1) };
    let opened = ImageFolder::open(&bounded).unwrap();
    let dataset = opened.train();
    for tag in 0..30 {
        // Large enough for a tile, too small for the last one.
        write_fits(folder.path(), &format!("{tag:02}.fits"), &scene(tag, 1, 40, 40));
    }
    let errors = |dataset: &dyn Dataset| -> Vec<String> {
        let failed = (0..dataset.len()).filter_map(|index| dataset.sample(index).err());
        failed.map(|error| error.to_string()).collect()
    };
    let changed = errors(&*dataset);
    assert!(changed.iter().any(|text| text.contains("has changed")), "{changed:?}");
    for tag in 0..30 {
        std::fs::remove_file(folder.path().join(format!("{tag:02}.fits"))).unwrap();
    }
    let gone = errors(&*dataset);
    assert!(gone.iter().any(|text| text.contains("No such file")), "{gone:?}");
}

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
