//! Files from telescopes, surveys and other projects' tests, against what astropy reads.
//!
//! `ASTROGEN_REAL_DATA` names the folder that holds them; without it the test says so.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test says that it skips")]

use std::path::{Path, PathBuf};

use astrogen_fits::{FitsFile, HduKind, Planes};
use ndarray::Array3;
use serde_json::Value as Json;

fn real_data() -> Option<(PathBuf, Json)> {
    let Some(folder) = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from) else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return None;
    };
    let bytes = std::fs::read(folder.join("expected/fits_reference.json")).unwrap();
    Some((folder, serde_json::from_slice(&bytes).unwrap()))
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

/// Compares one image with the numbers that astropy gives for it.
fn check(path: &Path, index: usize, pixels: &Array3<f64>, want: &Json) {
    let label = format!("{} HDU {index}", path.display());
    let flat: Vec<f64> = pixels.iter().copied().collect();
    let width = pixels.dim().2;
    let close = |name: &str, got: f64, tolerance: f64| {
        let want = number(&want[name]);
        let same = got == want || got.is_nan() && want.is_nan();
        assert!(
            same || (got - want).abs() <= tolerance * want.abs(),
            "{label} {name}: {got} for {want}"
        );
    };
    assert_eq!(
        flat.iter().filter(|pixel| !pixel.is_finite()).count() as f64,
        number(&want["n_nonfinite"]),
        "{label}"
    );
    let finite: Vec<f64> = flat.iter().copied().filter(|pixel| pixel.is_finite()).collect();
    close("min", finite.iter().copied().fold(f64::INFINITY, f64::min), 1e-6);
    close("max", finite.iter().copied().fold(f64::NEG_INFINITY, f64::max), 1e-6);
    close("mean", finite.iter().sum::<f64>() / finite.len() as f64, 1e-5);
    close("first", flat[0], 1e-6);
    close("last", flat[flat.len() - 1], 1e-6);
    close("at_x1_y3", flat[3 * width + 1], 1e-6);
    close("middle", flat[flat.len() / 2], 1e-6);
}

#[test]
fn every_real_image_reads_as_in_astropy() {
    let Some((folder, reference)) = real_data() else {
        return;
    };
    let (mut files, mut images, mut refused) = (0, 0, 0);
    for (name, want) in reference.as_object().unwrap() {
        let path = folder.join(name.replace("fits_images/", "fits/"));
        let opened = FitsFile::open(&path);
        if want["hdus"].is_null() {
            let message = opened.unwrap_err().to_string();
            assert!(message.contains("expected") || message.contains("needs"), "{message}");
            refused += 1;
            continue;
        }
        let mut file = opened.unwrap();
        files += 1;
        for hdu in want["hdus"].as_array().unwrap() {
            let index = hdu["hdu"].as_u64().unwrap() as usize;
            let read = file.hdus()[index].clone();
            match hdu["type"].as_str().unwrap() {
                "TableHDU" => assert_eq!(read.kind, HduKind::AsciiTable),
                "BinTableHDU" => assert_eq!(read.kind, HduKind::BinaryTable),
                _ => {
                    let axes: Vec<u64> = hdu["naxis_fits_order"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|n| n.as_u64().unwrap())
                        .collect();
                    assert_eq!(
                        (read.bitpix, &read.axes),
                        (hdu["bitpix"].as_i64().unwrap(), &axes),
                        "{name}"
                    );
                    let pixels = file.read::<f64>(index, &Planes::Bands);
                    if hdu["empty"] == true {
                        assert!(pixels.unwrap_err().to_string().contains("is empty"));
                    } else if !hdu["error"].is_null() {
                        let message = pixels.unwrap_err().to_string();
                        assert!(
                            message.contains("is truncated") && message.contains("again"),
                            "{message}"
                        );
                        refused += 1;
                    } else {
                        let pixels = pixels.unwrap();
                        check(&path, index, &pixels, hdu);
                        let single: Array3<f32> = file.read(index, &Planes::Bands).unwrap();
                        for (single, double) in single.iter().zip(&pixels) {
                            let double = *double as f32;
                            assert!(
                                single.is_nan() && double.is_nan()
                                    || (single - double).abs() <= 2e-7 * double.abs()
                                    || *single == double,
                                "{name}: {single} for {double}"
                            );
                        }
                        images += 1;
                    }
                }
            }
        }
        if let Some(first) = want["first_2d_image_hdu"].as_u64() {
            assert_eq!(file.hdu(None).unwrap().index as u64, first, "{name}");
        }
    }
    eprintln!("{files} files opened, {images} images compared, {refused} refused");
    assert!(files > 30 && images > 50 && refused == 3);
}
