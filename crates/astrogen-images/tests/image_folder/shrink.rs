//! Frames larger than a sample: what is left of their light.

use astrogen_images::folder::PixelHistograms;
use astrogen_images::{FolderConfig, ImageFolder, PipelineConfig, Shrink, Tiling};
use astrogen_preprocess::{MaskConfig, Pipeline, ResizeFilter, cutout, resize};
use ndarray::{Array3, s};

use crate::made::{assert_near, config, scene, write_fits};

/// A sky of 100 with a star of 50,000 and the unevenness of a floor.
fn star(size: usize, (y, x): (usize, usize)) -> Array3<f32> {
    let mut frame = scene(0, 1, size, size).mapv(|value| 100.0 + value / 100.0);
    frame[[0, y, x]] += 50_000.0;
    frame
}

/// Settings whose limits hold all of a frame, the star too.
fn minmax(folder: &std::path::Path, size: usize, shrink: Shrink) -> FolderConfig {
    let pipeline = PipelineConfig { interval: "minmax".parse().unwrap(), ..Default::default() };
    FolderConfig { pipeline, shrink, ..config(folder, size, 1) }
}

#[test]
fn a_star_taken_back_to_physical_units_has_its_light_wherever_it_is() {
    let light = |size: usize, at: (usize, usize), shrink: Shrink| {
        let folder = tempfile::tempdir().unwrap();
        write_fits(folder.path(), "a.fits", &star(size, at));
        let opened = ImageFolder::open(&minmax(folder.path(), 64, shrink)).unwrap();
        let sample = opened.train().sample(0).unwrap();
        let back = opened.pipeline().inverse(&sample, opened.scaling()).unwrap();
        let before = f64::from(star(size, at).mean().unwrap());
        let area = (size * size) as f64 / (64.0 * 64.0);
        let whole: f64 = back.iter().map(|&value| f64::from(value)).sum();
        // Beyond what the sky has: the sky's mean is the frame's without the star.
        let sky = before - 50_000.0 / (size * size) as f64;
        (whole - sky * 64.0 * 64.0) * area / 50_000.0
    };
    for size in [96, 128, 150] {
        for at in [(48, 48), (49, 50), (50, 49), (31, 0)] {
            let share = light(size, at, Shrink::Light);
            assert!((share - 1.0).abs() < 2e-3, "{size} {at:?}: {share}");
        }
    }
    // What it is there for: stretched before, a third of the light is left at most.
    let share = light(128, (48, 48), Shrink::Stretched);
    assert!(share < 0.4, "{share}");
}

#[test]
fn settings_that_do_not_say_it_shrink_as_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let frame = scene(5, 1, 30, 41);
    write_fits(folder.path(), "a.fits", &frame);
    let now = minmax(folder.path(), 16, Shrink::Light);
    let mut settings = serde_json::to_value(&now).unwrap();
    assert_eq!(settings["shrink"], "light");
    settings.as_object_mut().unwrap().remove("shrink");
    let before: FolderConfig = serde_json::from_value(settings.clone()).unwrap();
    assert_eq!(before, FolderConfig { shrink: Shrink::Stretched, ..now.clone() });
    settings["shrink"] = "small".into();
    let message = serde_json::from_value::<FolderConfig>(settings).unwrap_err().to_string();
    assert!(message.contains("shrink: expected light or stretched"), "{message}");

    let pipeline = Pipeline::new(now.pipeline.clone()).unwrap();
    let square = |pixels: &Array3<f32>| cutout(&pixels.view(), 0, 5, 30, 30).unwrap();
    let stretched = square(&pipeline.apply(&frame).unwrap().pixels);
    let stretched = resize(&stretched, 16, 16, ResizeFilter::Box).unwrap();
    let sample = |config| ImageFolder::open(config).unwrap().train().sample(0).unwrap();
    assert_eq!(sample(&before), stretched);

    let light = resize(&square(&frame), 16, 16, ResizeFilter::Area).unwrap();
    assert_eq!(sample(&now), pipeline.apply(&light).unwrap().pixels);
}

#[test]
fn blank_pixels_take_no_part_and_too_many_of_them_are_no_sample() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = Array3::from_shape_fn((1, 32, 32), |(_, y, _)| 10.0 * y as f32);
    frame.slice_mut(s![.., .., 4..5]).fill(f32::NAN); // a column: half of each new pixel
    let path = write_fits(folder.path(), "a.fits", &frame);
    let config = minmax(folder.path(), 16, Shrink::Light);
    let sample = ImageFolder::open(&config).unwrap().train().sample(0).unwrap();
    assert_near(
        &sample.slice(s![.., .., 2..3]).to_owned(),
        &sample.slice(s![.., .., 9..10]).to_owned(),
    );

    frame.slice_mut(s![.., .., ..9]).fill(f32::NAN);
    astrogen_fits::write_image(&path, &frame, &astrogen_fits::Header::new()).unwrap();
    let message = ImageFolder::open(&config).unwrap_err().to_string();
    assert!(message.contains("blank"), "{message}");
    frame.fill(f32::NAN);
    astrogen_fits::write_image(&path, &frame, &astrogen_fits::Header::new()).unwrap();
    let message = ImageFolder::open(&config).unwrap_err().to_string();
    assert!(message.contains("blank"), "{message}");
}

#[test]
fn bad_pixels_are_those_of_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = scene(5, 1, 32, 32);
    frame.slice_mut(s![.., 8..9, 8..10]).fill(65_535.0); // the upper half of a new pixel
    let path = write_fits(folder.path(), "a.fits", &frame);
    let open = |max_bad_fraction: f64| {
        let config = minmax(folder.path(), 16, Shrink::Light);
        let mask =
            MaskConfig { saturation: Some(60_000.0), max_bad_fraction, ..Default::default() };
        let pipeline = PipelineConfig { mask, ..config.pipeline };
        ImageFolder::open(&FolderConfig { pipeline, ..config })
    };
    let opened = open(0.5).unwrap();
    // It has no say in the limits, and lies at the top of the range.
    assert!(opened.scaling().limits[0][1] < 1000.0, "{:?}", opened.scaling());
    assert_eq!(opened.train().sample(0).unwrap()[[0, 4, 4]], 1.0);

    // A fifth of the frame, of which no new pixel is lost.
    frame.slice_mut(s![.., ..;2, ..;3]).fill(f32::NAN);
    astrogen_fits::write_image(&path, &frame, &astrogen_fits::Header::new()).unwrap();
    assert!(open(0.5).is_ok());
    let message = open(0.1).unwrap_err().to_string();
    assert!(message.contains("more than the 10.0 % allowed"), "{message}");
}

#[test]
fn histograms_are_of_what_is_stretched() {
    let folder = tempfile::tempdir().unwrap();
    write_fits(folder.path(), "a.fits", &star(128, (48, 48)));
    let brightest = |shrink: Shrink| {
        let config = FolderConfig { tiling: Tiling::Whole, ..minmax(folder.path(), 8, shrink) };
        let opened = ImageFolder::open(&config).unwrap();
        let PixelHistograms { physical, .. } = opened.histograms().unwrap();
        physical[0].high
    };
    // One of 64 pixels is a star of 50,000 over 256 old ones; of 16,384 it is too few to be seen.
    assert!((brightest(Shrink::Light) - 300.0).abs() < 5.0, "{}", brightest(Shrink::Light));
    assert!(brightest(Shrink::Stretched) < 111.0);
}
