//! Maps of where points lie.

use astrogen_plot::{Density, Points, save_density};

use crate::{cells, even, normal, picture, read};

#[test]
fn a_density_map_has_its_texts_and_a_panel_a_sample() {
    let (x, y) = (normal(5000, 1), normal(5000, 2));
    let text = read(|path| {
        let samples = [Points::new("true", &x, &y), Points::new("generated", &y, &x)];
        save_density(path, "Colours", "i", "r - i", &samples)
    });
    for label in ["Colours", "i", "r - i", "true", "generated", "points in a cell"] {
        assert!(text.contains(&format!("\n{label}\n")), "{label} is not in the figure");
    }
    for tick in ["\n-2\n", "\n0\n", "\n2\n", "\n1\n", "\n5\n"] {
        assert!(text.contains(tick), "tick {tick:?}");
    }
}

#[test]
fn colours_are_on_one_scale_for_all_panels() {
    // The first sample has 1 point a cell, the second 10 and 100.
    let grid = |counts: [usize; 2]| -> (Vec<f64>, Vec<f64>) {
        let columns = counts.iter().zip([0.5, 1.5]);
        let x = columns.flat_map(|(count, x)| vec![x; *count]).collect::<Vec<_>>();
        let y = vec![0.5; x.len()];
        (x, y)
    };
    let ((ax, ay), (bx, by)) = (grid([55, 55]), grid([10, 100]));
    let (x_range, y_range) = (Some((0.0, 2.0)), Some((0.0, 2.0)));
    let density = Density { x_range, y_range, bins: 2, ..Density::default() };
    let text = read(|path| {
        density.save(path, &[Points::new("even", &ax, &ay), Points::new("uneven", &bx, &by)])
    });
    let cells: Vec<String> = cells(&text).into_iter().map(|cell| cell.1).collect();
    // Two neighbouring cells of one colour are one stretch; the rest is the bar's 256 steps.
    let [even, few, many] = &cells[..3] else { panic!("{cells:?}") };
    // The ends of the scale, and at 55 of 10 to 100 its part log(5.5).
    assert_eq!([few, even, many], ["#38083B", "#75C8A0", "#F8F3A3"]);
}

#[test]
fn a_sample_of_another_size_is_scaled_and_said_so() {
    let (x, y) = (normal(4000, 1), normal(4000, 2));
    let (x_range, y_range) = (Some((-3.0, 3.0)), Some((-3.0, 3.0)));
    let density = Density { x_range, y_range, bins: 3, ..Density::default() };
    let (twice_x, twice_y) = (x.repeat(2), y.repeat(2));
    let text = read(|path| {
        let double = Points::new("generated", &twice_x, &twice_y);
        density.save(path, &[Points::new("true", &x, &y), double])
    });
    assert!(text.contains("points in a cell, scaled to the number of true"));
    // Each panel shows the same colours, half the figure apart.
    let cells = cells(&text);
    let of = |cells: &[(i32, String)]| cells.iter().map(|cell| cell.1.clone()).collect::<Vec<_>>();
    let panels = &cells[..cells.len() - 256];
    let (first, second) = panels.split_at(panels.len() / 2);
    assert_eq!(of(first), of(second));
    assert!(first.len() >= 5 && second[0].0 > first[0].0 + 300);
}

#[test]
fn a_density_map_is_seen_where_the_points_are() {
    let (x, y) = (even(20_000, 3), even(20_000, 4));
    let image = picture(|path| {
        let (x_range, y_range) = (Some((0.0, 2.0)), Some((0.0, 2.0)));
        let density = Density { x_range, y_range, width: 800, height: 500, ..Density::default() };
        density.save(path, &[Points::new("left below", &x, &y)])
    });
    assert_eq!(image.dimensions(), (800, 500));
    let coloured = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
        let all = xs.len() * ys.len();
        let pixels = ys.flat_map(|y| xs.clone().map(move |x| (x, y)));
        let spread = |pixel: [u8; 3]| pixel.iter().max().unwrap() - pixel.iter().min().unwrap();
        let count = pixels.filter(|(x, y)| spread(image.get_pixel(*x, *y).0) > 20).count();
        count as f64 / all as f64
    };
    assert!(coloured(80..300, 300..450) > 0.85, "{}", coloured(80..300, 300..450));
    assert_eq!(coloured(80..680, 60..200), 0.0, "nothing above");
    assert!(coloured(715..728, 100..400) > 0.5, "the colour bar");
}
