//! Density maps, quantile bands and histograms: what stands in the SVG, what is seen in the PNG,
//! and every refusal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bands;
mod density;
mod histograms;
mod odd;

use std::fs;
use std::path::Path;

use astrogen_plot::PlotError;

/// Evenly spread values in [0, 1), the same each time.
fn even(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

/// Normal deviates by Box and Muller.
fn normal(count: usize, seed: u64) -> Vec<f64> {
    let (radius, angle) = (even(count, seed), even(count, seed + 1000));
    let deviate =
        |(r, a): (&f64, &f64)| (-2.0 * (1.0 - r).ln()).sqrt() * (std::f64::consts::TAU * a).cos();
    radius.iter().zip(&angle).map(deviate).collect()
}

fn read(save: impl Fn(&Path) -> Result<(), PlotError>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    save(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::read_to_string(path).unwrap()
}

fn picture(save: impl Fn(&Path) -> Result<(), PlotError>) -> image::RgbImage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.png");
    save(&path).unwrap();
    image::open(path).unwrap().to_rgb8()
}

/// The coloured rectangles of an SVG: (x, fill).
fn cells(text: &str) -> Vec<(i32, String)> {
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!(" {name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let rectangles = text.lines().filter(|line| line.starts_with("<rect"));
    let coloured = rectangles.filter(|line| !line.contains("#FFFFFF"));
    coloured.map(|line| (field(line, "x").parse().unwrap(), field(line, "fill"))).collect()
}
