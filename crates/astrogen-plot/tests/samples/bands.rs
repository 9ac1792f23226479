//! Quantile bands along a magnitude.

use astrogen_plot::{Panel, Points, QuantileBands, save_bands};

use crate::{even, normal, read};

/// A residual that grows along x, and the same half as wide.
fn residuals() -> [Vec<f64>; 3] {
    let x: Vec<f64> = even(20_000, 7).iter().map(|u| 18.0 + 6.0 * u).collect();
    let wide: Vec<f64> =
        x.iter().zip(normal(20_000, 8)).map(|(x, n)| n * 0.01 * (x - 17.0)).collect();
    let narrow = wide.iter().map(|y| 0.5 * y).collect();
    [x, wide, narrow]
}

#[test]
fn bands_have_a_panel_a_band_and_a_legend() {
    let [x, wide, narrow] = residuals();
    let panels = ["r", "i", "z"].map(|band| {
        Panel::new(band, [Points::new("true", &x, &wide), Points::new("generated", &x, &narrow)])
    });
    let text = read(|path| save_bands(path, "Residuals", "true magnitude", "residual", &panels));
    for label in ["Residuals", "r", "i", "z", "true magnitude", "residual"] {
        assert!(text.contains(&format!("\n{label}\n")), "{label} is not in the figure");
    }
    for name in ["true: median", "generated: median", "16\u{2013}84%", "2.5\u{2013}97.5%"] {
        assert!(text.contains(name), "{name} is not in the legend");
    }
    // Two filled bands in each panel, and two areas in the legend.
    assert_eq!(text.matches("<polygon").count(), 3 * 2 + 2);
    assert!(text.contains("#D55E00"));
}

#[test]
fn bands_enclose_the_part_of_the_points_that_they_name() {
    let [x, wide, _] = residuals();
    let bands = QuantileBands {
        x_range: Some((18.0, 24.0)),
        y_range: Some((-0.2, 0.2)),
        bins: 6,
        ..QuantileBands::default()
    };
    let text = read(|path| bands.save(path, &[Panel::new("", [Points::new("true", &x, &wide)])]));
    // The legend's areas come later: the first polygon is the outer band, the second the inner.
    let corners = |polygon: &str| -> Vec<(f64, f64)> {
        let points = polygon.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
        let pair = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        points.split_whitespace().map(pair).collect()
    };
    let polygons: Vec<_> = text.lines().filter(|line| line.starts_with("<polygon")).collect();
    let width = |polygon: &str, bin: usize| {
        let corners = corners(polygon);
        assert_eq!(corners.len(), 12, "six bins, there and back");
        corners[bin].1 - corners[11 - bin].1
    };
    let (outer, inner) = (polygons[0], polygons[1]);
    for bin in [0, 3, 5] {
        // Two and four standard deviations of a normal distribution, nearly.
        let ratio = width(outer, bin) / width(inner, bin);
        assert!((ratio - 3.92 / 1.99).abs() < 0.2, "bin {bin}: {ratio}");
    }
    let growth = width(inner, 5) / width(inner, 0);
    assert!((growth - 6.5 / 1.5).abs() < 0.5, "{growth}");
}

#[test]
fn bins_with_few_points_are_gaps() {
    let mut x: Vec<f64> = even(4000, 1);
    x.retain(|x| !(0.4..0.6).contains(x));
    let y = normal(x.len(), 2);
    let bands = QuantileBands { x_range: Some((0.0, 1.0)), bins: 10, ..QuantileBands::default() };
    let text = read(|path| bands.save(path, &[Panel::new("", [Points::new("true", &x, &y)])]));
    assert_eq!(text.matches("<polygon").count(), 2 * 2 + 2, "two stretches");
    let alone = QuantileBands { bins: 1, ..bands };
    let text = read(|path| alone.save(path, &[Panel::new("", [Points::new("true", &x, &y)])]));
    assert_eq!(text.matches("<circle").count(), 1, "a bin alone is a dot");
}

#[test]
fn bands_far_beyond_their_range_lie_at_its_ends() {
    let x = even(4000, 1);
    let y: Vec<f64> = normal(4000, 2).iter().map(|y| 1e9 * y).collect();
    let bands = QuantileBands {
        x_range: Some((0.0, 1.0)),
        y_range: Some((-1e-6, 1e-6)),
        bins: 4,
        ..QuantileBands::default()
    };
    let text = read(|path| bands.save(path, &[Panel::new("", [Points::new("true", &x, &y)])]));
    let outer = text.lines().find(|line| line.starts_with("<polygon")).unwrap();
    let points = outer.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
    let heights: Vec<i32> = points
        .split_whitespace()
        .map(|point| point.split_once(',').unwrap().1.parse().unwrap())
        .collect();
    assert!(heights[..4].iter().all(|y| *y == heights[0]), "{heights:?}");
    assert!(heights[4..].iter().all(|y| *y < heights[0] - 300), "{heights:?}");
}
