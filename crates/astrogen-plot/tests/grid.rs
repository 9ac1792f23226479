//! Grids pixel by pixel, and every way a batch can be wrong.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use astrogen_plot::grid::{NAN_COLOUR, PADDING};
use astrogen_plot::{Picture, PlotError, make_grid, save_grid};
use tch::{Device, Kind, Tensor};

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// A batch `[N, C, H, W]` from signed values.
fn images(values: &[f32], shape: [i64; 4]) -> Tensor {
    Tensor::from_slice(values).view(shape)
}

/// What a reader finds in the file.
fn decode(path: &Path) -> Picture {
    let image = image::open(path).unwrap();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let channels = image.color().channel_count() as usize;
    Picture { width, height, channels, bytes: image.into_bytes() }
}

#[test]
fn two_grey_images_are_laid_out_pixel_by_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.png");
    let batch = images(&[-1.0, 1.0, 0.0, 0.5, 1.0, 1.0, 1.0, -0.5], [2, 1, 2, 2]);
    save_grid(&batch, Some(2), &path).unwrap();
    #[rustfmt::skip]
    let expected = vec![
        0, 0,   0,   0, 0, 0,   0,   0, 0, 0,
        0, 0,   0,   0, 0, 0,   0,   0, 0, 0,
        0, 0,   0, 255, 0, 0, 255, 255, 0, 0,
        0, 0, 128, 191, 0, 0, 255,  64, 0, 0,
        0, 0,   0,   0, 0, 0,   0,   0, 0, 0,
        0, 0,   0,   0, 0, 0,   0,   0, 0, 0,
    ];
    assert_eq!(decode(&path), Picture { width: 10, height: 6, channels: 1, bytes: expected });
}

#[test]
fn rgb_keeps_its_channels_and_the_last_row_is_filled_with_black() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three.PNG");
    let full = Tensor::ones([3, 3, 1, 1], CPU);
    let _ = full.get(1).get(0).fill_(-1.0); // the second image has no red
    save_grid(&full, None, &path).unwrap(); // 2 columns, 2 rows
    let picture = decode(&path);
    assert_eq!((picture.width, picture.height, picture.channels), (8, 8, 3));
    let pixel = |x: usize, y: usize| picture.bytes[(y * 8 + x) * 3..][..3].to_vec();
    assert_eq!(pixel(2, 2), [255, 255, 255]);
    assert_eq!(pixel(5, 2), [0, 255, 255]);
    assert_eq!(pixel(2, 5), [255, 255, 255]);
    assert_eq!(pixel(5, 5), [0, 0, 0], "no fourth image");
    let lit: usize = picture.bytes.iter().filter(|byte| **byte > 0).count();
    assert_eq!(lit, 8, "padding is black");
}

#[test]
fn the_layout_is_torchvisions() {
    let size = |count: i64, columns| {
        make_grid(&Tensor::zeros([count, 3, 5, 7], CPU), columns).unwrap().size()
    };
    let (high, wide) = (5 + PADDING, 7 + PADDING);
    assert_eq!(size(64, None), [8 * high + PADDING, 8 * wide + PADDING, 3]);
    assert_eq!(size(65, None), [8 * high + PADDING, 9 * wide + PADDING, 3]);
    assert_eq!(size(2, None), [high + PADDING, 2 * wide + PADDING, 3]);
    assert_eq!(size(5, Some(100)), [high + PADDING, 5 * wide + PADDING, 3]);
    assert_eq!(size(5, Some(1)), [5 * high + PADDING, wide + PADDING, 3]);
    assert_eq!(size(1, None), [5, 7, 3], "one image needs no padding");
}

#[test]
fn values_beyond_the_range_are_clamped_and_nan_is_shown() {
    let extreme = [f32::INFINITY, f32::NEG_INFINITY, 3.0, -3.0];
    let grid = make_grid(&images(&extreme, [1, 1, 2, 2]), None).unwrap();
    assert_eq!(Picture::from_tensor(&grid).unwrap().bytes, [255, 0, 255, 0]);
    let grey = images(&[1.0, f32::NAN], [1, 1, 1, 2]);
    let picture = Picture::from_tensor(&make_grid(&grey, None).unwrap()).unwrap();
    assert_eq!(picture.channels, 3, "a grey grid with a bad pixel becomes RGB");
    assert_eq!(picture.bytes[..3], [255, 255, 255]);
    assert_eq!(picture.bytes[3..], NAN_COLOUR);
    let one_bad_channel = images(&[1.0, f32::NAN, 1.0], [1, 3, 1, 1]);
    let picture = Picture::from_tensor(&make_grid(&one_bad_channel, None).unwrap()).unwrap();
    assert_eq!(picture.bytes, NAN_COLOUR);
}

#[test]
fn other_channel_counts_are_mapped_as_stated() {
    let bytes = |values: &[f32]| {
        let batch = images(values, [1, values.len() as i64, 1, 1]);
        Picture::from_tensor(&make_grid(&batch, None).unwrap()).unwrap().bytes
    };
    assert_eq!(bytes(&[1.0, -1.0]), [255, 128, 0]);
    assert_eq!(bytes(&[1.0, -1.0, 0.0, 1.0, 1.0]), [255, 0, 128]);
}

#[test]
fn every_float_kind_and_a_tensor_with_a_graph_will_do() {
    for kind in [Kind::Half, Kind::BFloat16, Kind::Double] {
        let batch = Tensor::ones([2, 1, 2, 2], (kind, Device::Cpu)).set_requires_grad(true) * 1.0;
        let grid = make_grid(&batch, None).unwrap();
        assert_eq!(grid.max().int64_value(&[]), 255);
    }
}

#[test]
fn wrong_batches_are_errors_that_show_the_shape() {
    for shape in [&[4, 3, 8][..], &[0, 3, 8, 8], &[4, 0, 8, 8], &[4, 3, 8, 0], &[1, 1, 1, 1, 1]] {
        let error = make_grid(&Tensor::zeros(shape, CPU), None).unwrap_err();
        assert!(matches!(error, PlotError::Shape { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("[N, C, H, W]") && message.contains(&format!("{shape:?}")));
    }
    let integers = Tensor::zeros([1, 3, 2, 2], (Kind::Int64, Device::Cpu));
    let message = make_grid(&integers, None).unwrap_err().to_string();
    assert!(message.contains("floating-point") && message.contains("Int64"), "{message}");
    let error = make_grid(&Tensor::zeros([1, 3, 2, 2], CPU), Some(0)).unwrap_err();
    assert!(error.to_string().contains("at least 1 column"), "{error}");
}

#[test]
fn wrong_paths_are_errors_and_harm_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let batch = Tensor::zeros([1, 1, 2, 2], CPU);
    for name in ["grid.jpg", "grid", "png", "grid.png.tmp"] {
        let message = save_grid(&batch, None, folder.path().join(name)).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains("has to end in .png"), "{message}");
    }
    let missing = folder.path().join("missing").join("grid.png");
    let message = save_grid(&batch, None, &missing).unwrap_err().to_string();
    assert!(message.contains("make its folder first"), "{message}");
    let taken = folder.path().join("folder.png");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(save_grid(&batch, None, &taken), Err(PlotError::Write { .. })));
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["folder.png"], "no temporary file is left");
}

#[test]
fn an_older_picture_is_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.png");
    for side in [2, 3] {
        save_grid(&Tensor::zeros([1, 1, side, side], CPU), None, &path).unwrap();
        assert_eq!(decode(&path).width, side as usize);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_picture_made_by_hand_is_checked() {
    let picture = |width, height, channels, bytes| Picture { width, height, channels, bytes };
    assert!(picture(2, 1, 3, vec![9; 6]).encode().is_ok());
    for wrong in [
        picture(2, 1, 3, vec![9; 5]),
        picture(2, 1, 2, vec![9; 4]),
        picture(0, 1, 3, vec![]),
        picture(usize::MAX, usize::MAX, 3, vec![9; 3]),
    ] {
        let message = wrong.encode().unwrap_err().to_string();
        assert!(message.contains("cannot be made of"), "{message}");
    }
    let floats = Tensor::zeros([2, 2, 3], CPU);
    assert!(matches!(Picture::from_tensor(&floats), Err(PlotError::BadKind { .. })));
    let flat = Tensor::zeros([2, 2], (Kind::Uint8, Device::Cpu));
    assert!(matches!(Picture::from_tensor(&flat), Err(PlotError::Shape { .. })));
}
