//! Files, folders and settings that are of no use, and what is said about them.

use std::path::Path;

use astrogen_images::{FolderConfig, ImageFolder, ImagesError, Tiling};
use ndarray::Array3;

use crate::made::{config, scene, write_fits};

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
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let grey = image::GrayImage::from_fn(32, 32, |x, y| image::Luma([(x * y) as u8]));
    grey.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    write("cut.jpg", &jpeg[..jpeg.len() - 20]);
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
        ("cut.jpg", "damaged"),
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
    assert!(text.contains("13 images, 1 used, 12 skipped"), "{text}");
    assert!(text.contains("skipped: ") && text.ends_with("2 more"), "{text}");

    let strict = FolderConfig { strict: true, ..config(folder.path(), 32, 3) };
    let error = ImageFolder::open(&strict).unwrap_err();
    assert!(
        matches!(&error, ImagesError::File { path, .. } if path.ends_with("axis.fits")),
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
    assert!(message.contains(&count) && message.ends_with("2 more"), "{message}");
    assert!(message.contains("bands.fits: has 5 bands"), "{message}");

    let missing = config(&folder.path().join("nowhere"), 32, 3);
    let error = ImageFolder::open(&missing).unwrap_err();
    assert!(matches!(error, ImagesError::Folder { .. }), "{error}");
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

#[test]
fn pictures_of_other_values_than_a_picture_has_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, scale: f32| {
        let picture = image::Rgb32FImage::from_fn(16, 16, |x, y| {
            image::Rgb([x as f32, y as f32, 1.0].map(|value| scale * value / 15.0))
        });
        image::DynamicImage::from(picture).save(folder.path().join(name)).unwrap();
    };
    save("unit.tiff", 1.0);
    let settings = config(folder.path(), 16, 3);
    let report = || ImageFolder::open(&settings).unwrap().report().to_string();
    assert!(!report().contains("beyond"), "{}", report());
    save("brighter.tiff", 3.0);
    assert!(
        report().contains("values lie beyond what the interval of pictures holds"),
        "{}",
        report()
    );

    // Counts: everything but 0 would be white.
    std::fs::remove_file(folder.path().join("unit.tiff")).unwrap();
    std::fs::remove_file(folder.path().join("brighter.tiff")).unwrap();
    let counts =
        image::Rgb32FImage::from_fn(16, 16, |x, y| image::Rgb([100.0 + (x + y) as f32; 3]));
    image::DynamicImage::from(counts).save(folder.path().join("counts.tiff")).unwrap();
    let message = ImageFolder::open(&settings).unwrap_err().to_string();
    assert!(
        message.contains("holds values from 100 to 130, where those of a picture"),
        "{message}"
    );
    let told = FolderConfig { pictures: None, ..config(folder.path(), 16, 3) };
    let wide = "minmax".parse().unwrap();
    let told = FolderConfig {
        pipeline: astrogen_images::PipelineConfig { interval: wide, ..told.pipeline.clone() },
        ..told
    };
    assert_eq!(ImageFolder::open(&told).unwrap().train().len(), 1);
}
