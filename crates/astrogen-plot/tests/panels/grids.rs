//! Grids with labels.

use astrogen_plot::{LabelledGrid, make_grid, save_labelled_grid};
use tch::Tensor;

use crate::{CPU, pixels};

/// Smooth grey images whose brightness rises along a row.
pub(crate) fn traversal(rows: i64, columns: i64, side: i64, channels: i64) -> Tensor {
    let ramp = Tensor::linspace(-1.0, 1.0, side, CPU);
    let image = ramp.view([1, 1, side, 1]) * ramp.view([1, 1, 1, side]);
    let along = Tensor::linspace(-0.9, 0.9, columns, CPU).repeat([rows]).view([-1, 1, 1, 1]);
    (image * 0.3 + along).expand([-1, channels, -1, -1], false)
}

#[test]
fn a_labelled_grid_holds_the_grid_and_its_labels() {
    let images = traversal(4, 7, 40, 3);
    let row_labels: Vec<String> = (0..4).map(|latent| format!("latent {latent}")).collect();
    let column_labels: Vec<String> = (-3..=3).map(|sigma| format!("{sigma:+} sigma")).collect();
    let title = "How a reconstruction changes with each latent";
    let picture = pixels("latents.png", |path| {
        save_labelled_grid(&images, title, &row_labels, &column_labels, path)
    });
    // Below and right of everything stands a margin of 10.
    let (grid_width, grid_height) = (7 * 130 + 2, 4 * 130 + 2);
    let (left, top) = (picture.width() - 10 - grid_width, picture.height() - 10 - grid_height);
    assert_eq!(top, 46 + 24);
    assert!((70..110).contains(&left), "{left}");
    let dark = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
        ys.flat_map(|y| xs.clone().map(move |x| (x, y)))
            .filter(|(x, y)| picture.get_pixel(*x, *y).0[0] < 160)
            .count()
    };
    for row in 0..4 {
        assert!(dark(0..left - 4, top + row * 130 + 50..top + row * 130 + 80) > 30, "row {row}");
    }
    for column in 0..7 {
        let middle = left + column * 130 + 66;
        assert!(dark(middle - 30..middle + 30, 46..top - 2) > 30, "column {column}");
    }

    // As they are, images are what the grid without labels shows.
    let plain = LabelledGrid { row_labels, side: None, ..LabelledGrid::default() };
    let picture = pixels("plain.png", |path| plain.save(&images.narrow(1, 0, 1), path));
    let grid = make_grid(&images.narrow(1, 0, 1), Some(7)).unwrap();
    let [high, wide, _] = grid.size()[..] else { panic!() };
    let left = picture.width() - 10 - wide as u32;
    for (x, y) in [(2, 2), (30, 11), (100, 60), (290, 160), (0, 0)] {
        let expected = grid.get(y).get(x).int64_value(&[0]) as u8;
        assert_eq!(picture.get_pixel(left + x as u32, 10 + y as u32).0, [expected; 3], "{x} {y}");
    }
    assert_eq!(picture.height(), high as u32 + 20);
}

#[test]
fn images_are_averaged_down_and_repeated_up() {
    let image = Tensor::from_slice(&[-1.0f32, 1.0, -1.0, 1.0]).view([1, 1, 2, 2]);
    let shown = |images: &Tensor, side| {
        let grid = LabelledGrid { side: Some(side), ..LabelledGrid::default() };
        pixels("one.png", |path| grid.save(images, path))
    };
    let large = shown(&image, 8);
    assert_eq!(large.dimensions(), (28, 28));
    assert_eq!([13, 14].map(|x| large.get_pixel(x, 12).0[0]), [0, 255]);
    let small = shown(&image.repeat([1, 1, 8, 4]), 8);
    assert_eq!(small.dimensions(), (24, 28));
    assert_eq!(small.get_pixel(11, 11).0, [128; 3]);
    let holed = image.repeat([1, 1, 8, 8]);
    let _ = holed.narrow(2, 0, 1).narrow(3, 0, 1).fill_(f64::NAN);
    assert_eq!(shown(&holed, 8).get_pixel(10, 10).0, [255, 0, 255]);
}
