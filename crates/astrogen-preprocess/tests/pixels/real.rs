//! Real telescope frames, where the environment variable ASTROGEN_REAL_DATA names a folder
//! that holds some.
#![allow(clippy::print_stderr, reason = "a test that skips says so")]

use std::path::PathBuf;

use astrogen_preprocess::frame::{Frame, FrameOptions};
use astrogen_preprocess::{Pipeline, PipelineConfig};

fn files(folder: &str, limit: usize) -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("ASTROGEN_REAL_DATA") else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return Vec::new();
    };
    let entries = std::fs::read_dir(PathBuf::from(root).join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "fits" || end == "png"));
    files.sort();
    files.truncate(limit);
    assert!(!files.is_empty(), "no image in {folder}");
    files
}

#[test]
fn real_frames_become_finite_signed_pixels_and_come_back() {
    let config = |interval: &str| PipelineConfig {
        interval: interval.parse().unwrap(),
        ..PipelineConfig::default()
    };
    for path in [files("fits", 20), files("nebulae", 12)].concat() {
        let frame = Frame::open(&path, &FrameOptions::default()).unwrap();
        for interval in ["asymmetric:0.25,99.75", "zscale", "minmax"] {
            let what = format!("{} with {interval}", path.display());
            let pipeline = Pipeline::new(config(interval)).unwrap();
            let prepared = match pipeline.apply(&frame.pixels) {
                Ok(prepared) => prepared,
                Err(error) => panic!("{what}: {error}"),
            };
            assert!(prepared.pixels.iter().all(|value| (-1.0..=1.0).contains(value)), "{what}");
            let back = pipeline.inverse(&prepared.pixels, &prepared.scaling).unwrap();
            for (index, &value) in frame.pixels.indexed_iter() {
                let [vmin, vmax] = prepared.scaling.limits[index.0];
                let expected = f64::from(value).clamp(vmin, vmax);
                let error = (f64::from(back[index]) - expected).abs();
                // The steepest part of the inverse is 3 times the range for asinh:0.1.
                let allowed = 1e-6 * (vmax - vmin) + 1e-6 * expected.abs();
                assert!(!value.is_finite() || error <= allowed, "{what}: {value} {error}");
            }
        }
    }
}
