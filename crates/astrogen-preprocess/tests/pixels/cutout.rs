//! Cutouts, tiles and resizing.

use astrogen_preprocess::{ResizeFilter, centre_crop, cutout, resize, tiles};
use ndarray::Array3;
use proptest::prelude::*;

fn ramp(channels: usize, height: usize, width: usize) -> Array3<f32> {
    Array3::from_shape_fn((channels, height, width), |(c, y, x)| (c * 10_000 + y * 100 + x) as f32)
}

#[test]
fn a_cutout_is_the_rectangle_asked_for() {
    let frame = ramp(2, 10, 20);
    let part = cutout(&frame.view(), 3, 5, 2, 4).unwrap();
    assert_eq!(part.dim(), (2, 2, 4));
    assert_eq!(part[[1, 1, 3]], 10_408.0);
    for (y, x, height, width) in [(9, 0, 2, 1), (0, 20, 1, 1), (0, 0, 0, 3), (usize::MAX, 0, 2, 1)]
    {
        let message = cutout(&frame.view(), y, x, height, width).unwrap_err().to_string();
        assert!(message.contains("inside a frame of 10 x 20 pixels"), "{message}");
    }
}

#[test]
fn the_centre_crop_is_the_largest_square() {
    let crop = centre_crop(&ramp(3, 6, 11));
    assert_eq!(crop.dim(), (3, 6, 6));
    assert_eq!(crop[[0, 0, 0]], 2.0);
    assert_eq!(centre_crop(&ramp(1, 9, 4))[[0, 0, 0]], 200.0);
}

#[test]
fn tiles_end_at_the_edges() {
    assert_eq!(tiles(64, 64, 64, 32), [(0, 0)]);
    assert_eq!(tiles(128, 64, 64, 64), [(0, 0), (64, 0)]);
    assert_eq!(tiles(5, 4, 3, 2), [(0, 0), (0, 1), (2, 0), (2, 1)]);
    assert!(tiles(63, 64, 64, 64).is_empty());
    assert!(tiles(64, 64, 0, 1).is_empty());
    assert_eq!(tiles(3, 2, 2, 0).len(), 2);
}

proptest! {
    #[test]
    fn tiles_cover_every_pixel_and_stay_inside(
        height in 1..60_usize, width in 1..60_usize, size in 1..30_usize, step in 1..30_usize,
    ) {
        prop_assume!(size <= height && size <= width);
        let stride = step.min(size);
        let mut covered = vec![false; height * width];
        let tiles = tiles(height, width, size, stride);
        for &(y, x) in &tiles {
            prop_assert!(y + size <= height && x + size <= width);
            for row in y..y + size {
                covered[row * width + x..row * width + x + size].fill(true);
            }
        }
        prop_assert!(covered.into_iter().all(|pixel| pixel));
        let mut unique = tiles.clone();
        unique.dedup();
        prop_assert_eq!(unique, tiles);
    }
}

#[test]
fn an_area_average_keeps_the_flux() {
    let frame = ramp(2, 12, 8);
    let small = resize(&frame, 3, 4, ResizeFilter::Area).unwrap();
    assert_eq!(small.dim(), (2, 3, 4));
    // The mean of rows 0 to 3 and columns 0 to 1.
    assert!((small[[0, 0, 0]] - 150.5).abs() < 1e-3);
    let (before, after) = (frame.mean().unwrap(), small.mean().unwrap());
    assert!((before - after).abs() < 1e-2, "{before} {after}");
}

/// The mean of an area by its definition: every pixel in `height * width` equal parts, and of these
/// as many as a new pixel covers.
fn mean_of_parts(frame: &Array3<f32>, height: usize, width: usize) -> Array3<f64> {
    let (bands, rows, columns) = frame.dim();
    Array3::from_shape_fn((bands, height, width), |(c, y, x)| {
        let parts = (y * rows..(y + 1) * rows)
            .flat_map(|part| (x * columns..(x + 1) * columns).map(move |other| (part, other)));
        let values = parts.map(|(y, x)| f64::from(frame[[c, y / height, x / width]]));
        let there: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        match 2 * there.len() < rows * columns {
            true => f64::NAN,
            false => there.iter().sum::<f64>() / there.len() as f64,
        }
    })
}

proptest! {
    #[test]
    fn an_area_average_is_the_mean_of_all_parts(
        sides in (1..12_usize, 1..12_usize, 1..12_usize, 1..12_usize),
        values in prop::collection::vec(prop_oneof![9 => -1e3..1e3_f32, 1 => Just(f32::NAN)], 2 * 121),
    ) {
        let (rows, columns, height, width) = sides;
        let frame = Array3::from_shape_fn((2, rows, columns), |(c, y, x)| {
            values[c * 121 + y * 11 + x]
        });
        prop_assume!((rows, columns) != (height, width));
        let means = resize(&frame, height, width, ResizeFilter::Area).unwrap();
        for (&got, &expected) in means.iter().zip(&mean_of_parts(&frame, height, width)) {
            let near = (f64::from(got) - expected).abs() <= 1e-4;
            prop_assert!(near || got.is_nan() && expected.is_nan(), "{got} {expected}");
        }
    }
}

#[test]
fn the_light_of_a_star_is_the_same_at_every_place() {
    for place in 0..96 {
        let mut frame = Array3::zeros((1, 96, 96));
        frame[[0, place, 95 - place]] = 1.0_f32;
        let small = resize(&frame, 64, 64, ResizeFilter::Area).unwrap();
        let light = f64::from(small.sum()) * 2.25;
        assert!((light - 1.0).abs() < 1e-6, "{place}: {light}");
    }
}

#[test]
fn every_filter_keeps_a_constant_and_a_ramp() {
    let filters =
        [ResizeFilter::Area, ResizeFilter::Box, ResizeFilter::Lanczos3, ResizeFilter::Bilinear];
    for filter in filters {
        for (height, width) in [(5, 9), (32, 32), (50, 70)] {
            let flat = resize(&Array3::from_elem((1, 32, 32), 7.5), height, width, filter).unwrap();
            assert!(flat.iter().all(|value| (value - 7.5).abs() < 1e-4), "{filter:?}");
            let tilted = resize(&ramp(1, 32, 32), height, width, filter).unwrap();
            let middle = tilted.mean().unwrap();
            assert!((middle - ramp(1, 32, 32).mean().unwrap()).abs() < 8.0, "{filter:?} {middle}");
        }
    }
    let frame = ramp(3, 7, 7);
    assert_eq!(resize(&frame, 7, 7, ResizeFilter::Lanczos3).unwrap(), frame);
}

#[test]
fn an_empty_frame_cannot_be_resized() {
    for (frame, height) in [(ramp(1, 0, 4), 2), (ramp(1, 4, 4), 0)] {
        let message = resize(&frame, height, 2, ResizeFilter::Area).unwrap_err().to_string();
        assert!(message.starts_with("resize: expected sides from 1"), "{message}");
    }
}
