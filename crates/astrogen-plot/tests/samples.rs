//! Density maps, quantile bands and histograms: what stands in the SVG, what is seen in the PNG,
//! and every refusal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use astrogen_plot::{
    Density, Histograms, Panel, PlotError, Points, QuantileBands, Scale, Values, save_bands,
    save_density, save_histograms, save_pit,
};

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
fn the_histogram_of_even_values_lies_in_its_scatter() {
    let (a, b) = (even(40_000, 1), even(40_000, 2));
    let squared: Vec<f64> = b.iter().map(|u| u * u).collect();
    let panels = [
        Panel::new("r", [Values::new("flow", &a), Values::new("baseline", &squared)]),
        Panel::new("i", [Values::new("flow", &b), Values::new("baseline", &squared)]),
    ];
    let text = read(|path| save_pit(path, "Calibration", &panels));
    for label in [
        "Calibration",
        "probability integral transform",
        "density",
        "flow",
        "baseline",
        "even",
        "95% scatter of 40000 values",
    ] {
        assert!(text.contains(&format!("\n{label}\n")), "{label} is not in the figure");
    }
    let image = picture(|path| {
        let pit = Histograms { width: 700, height: 500, ..Histograms::pit() };
        pit.save(path, &[Panel::new("", [Values::new("flow", &a)])])
    });
    // The blue steps of an even sample lie within a few rows.
    let blue = |pixel: &image::Rgb<u8>| pixel.0 == [0, 114, 178];
    let rows: Vec<u32> = image
        .enumerate_pixels()
        .filter(|(x, y, pixel)| (120..600).contains(x) && *y > 60 && blue(pixel))
        .map(|(_, y, _)| y)
        .collect();
    let (low, high) = (rows.iter().min().unwrap(), rows.iter().max().unwrap());
    assert!(rows.len() > 300 && high - low < 40, "{} pixels, rows {low} to {high}", rows.len());
}

#[test]
fn the_scatter_is_named_by_a_number_of_values_that_all_panels_have() {
    let values = even(500, 1);
    let text = |fewer: usize| {
        let panels = [&values[..], &values[fewer..]]
            .map(|values| Panel::new("", [Values::new("flow", values)]));
        read(|path| save_pit(path, "", &panels))
    };
    assert!(text(0).contains("\n95% scatter of 500 values\n"));
    assert!(text(200).contains("\n95% scatter of as many values\n"));
}

#[test]
fn a_legend_of_many_samples_is_whole_and_its_lines_differ() {
    let values = even(500, 1);
    let names: Vec<String> = (0..9).map(|k| format!("a generator of the name {k}")).collect();
    let panels = |samples: usize| {
        let samples = names[..samples].iter().map(|name| Values::new(name, &values));
        [Panel::new("", samples.collect::<Vec<_>>())]
    };
    let figure = |samples: usize, width: u32| {
        let histograms = Histograms { width, ..Histograms::default() };
        read(|path| histograms.save(path, &panels(samples)))
    };
    let text = figure(9, 1400);
    assert!(names.iter().all(|name| text.contains(&format!("\n{name}\n"))), "all are named");
    let strokes = |text: &str| text.matches("stroke=\"#0072B2\"").count();
    assert!(strokes(&text) > strokes(&figure(7, 1400)) + 50, "the eighth in dashes");
    let narrow = Histograms { width: 320, height: 320, ..Histograms::default() };
    let error = narrow.save("none.svg", &panels(9)).unwrap_err();
    assert!(matches!(error, PlotError::TooNarrow { .. }), "{error}");
}

/// The lowest texts of an SVG: where their middles lie, and what they say.
fn lowest(text: &str) -> Vec<(f64, String)> {
    let number = |line: &str, name: &str| -> f64 {
        let rest = line.split_once(&format!(" {name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let lines: Vec<&str> = text.lines().collect();
    let texts = lines.windows(2).filter(|pair| pair[0].starts_with("<text"));
    let texts: Vec<(f64, f64, String)> = texts
        .map(|pair| (number(pair[0], "x"), number(pair[0], "y"), pair[1].to_owned()))
        .collect();
    let y = texts.iter().map(|text| text.1).fold(0.0, f64::max);
    texts.into_iter().filter(|text| text.1 == y).map(|(x, _, text)| (x, text)).collect()
}

#[test]
fn values_below_panels_are_whole_and_apart() {
    for (panels, low, high) in
        [(1, 0.0, 1e5), (3, 0.0, 1e5), (4, 0.1, 0.2), (2, 2_460_000.0, 2_460_000.25)]
    {
        let values: Vec<f64> = even(1000, 3).iter().map(|u| low + (high - low) * u).collect();
        let histograms = Histograms { range: Some((low, high)), ..Histograms::default() };
        let each = vec![Panel::new("", [Values::new("true", &values)]); panels];
        let written = lowest(&read(|path| histograms.save(path, &each)));
        assert!(written.len() >= panels, "{written:?}");
        // Letters of 17 pixels are ten wide at most.
        let half = |text: &str| 5.0 * text.chars().count() as f64;
        for (x, text) in &written {
            assert!(x - half(text) >= 0.0 && x + half(text) <= 1400.0, "{text} at {x}");
        }
        for pair in written.windows(2) {
            let between = pair[1].0 - pair[0].0 - half(&pair[0].1) - half(&pair[1].1);
            assert!(between > 0.0, "{pair:?}");
        }
    }
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

#[test]
fn histograms_are_densities_of_the_whole_sample() {
    // Half of the values are beyond the range: the heights are half as large, 0.5 over [0, 1].
    let values: Vec<f64> = even(10_000, 5).iter().map(|u| 2.0 * u).collect();
    let histograms =
        Histograms { range: Some((0.0, 1.0)), bins: 1, uniform: true, ..Histograms::default() };
    let text =
        read(|path| histograms.save(path, &[Panel::new("", [Values::new("half", &values)])]));
    let step =
        text.lines().find(|line| line.contains("#0072B2") && line.contains("<rect")).unwrap();
    let number = |name: &str| -> f64 {
        let rest = step.split_once(&format!(" {name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    // The axis ends at 1.08 times the even height of 1; one bin has no scatter.
    let frame = 520.0 - 40.0 - (20.0 + 32.0);
    assert!((number("height") / frame - 0.5 / 1.08).abs() < 0.02, "{}", number("height") / frame);
}

#[test]
fn tails_are_seen_on_a_logarithmic_axis() {
    let values = normal(50_000, 1);
    let figure = |y_scale| {
        let histograms = Histograms { y_scale, range: Some((-5.0, 5.0)), ..Histograms::default() };
        read(|path| histograms.save(path, &[Panel::new("", [Values::new("n", &values)])]))
    };
    assert!(figure(Scale::Log).contains("\n0.001\n"));
    assert!(!figure(Scale::Linear).contains("\n0.001\n"));
    let text = read(|path| {
        let other: Vec<f64> = values.iter().map(|value| value + 1.0).collect();
        let samples = [Values::new("true", &values), Values::new("generated", &other)];
        save_histograms(path, "Residuals", "residual", &[Panel::new("r", samples)])
    });
    assert!(text.contains("\ngenerated\n") && text.contains("#D55E00"));
}

#[test]
fn samples_of_every_odd_shape_are_drawn_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.png");
    let odd = [
        vec![0.0],
        vec![5.0; 3],
        vec![1e299, -1e299],
        vec![f64::MAX, 1.0],
        vec![1e-310, 2e-310],
        vec![1e15, 1e15 + 1.0],
        vec![f64::NAN, 1.0, f64::INFINITY, 2.0],
    ];
    for values in odd {
        let points = Points::new("odd", &values, &values);
        Density::default().save(&path, &[points]).unwrap();
        let bands = QuantileBands { least: 0, ..QuantileBands::default() };
        bands.save(&path, &[Panel::new("", [points])]).unwrap();
        for y_scale in [Scale::Linear, Scale::Log] {
            let histograms = Histograms { y_scale, uniform: true, ..Histograms::default() };
            histograms.save(&path, &[Panel::new("", [Values::new("odd", &values)])]).unwrap();
        }
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (good, nan) = ([1.0, 2.0, 3.0], [f64::NAN; 3]);
    let density = |density: &Density, name: &str, samples: &[Points<'_>]| {
        density.save(path(name), samples).unwrap_err().to_string()
    };
    let plain = Density::default();
    let points = Points::new("true", &good, &good);
    assert!(density(&plain, "a.pdf", &[points]).contains(".png or .svg"));
    assert!(density(&plain, "a.png", &[]).contains("nothing to draw"));
    assert_eq!(
        density(&plain, "a.png", &[points, Points::new("generated", &good, &nan)]),
        "there is nothing to draw of \"generated\": it holds no point with two finite coordinates"
    );
    assert_eq!(
        density(&plain, "a.png", &[Points::new("true", &good, &good[..2])]),
        "\"true\" has 3 horizontal and 2 vertical values: every point needs both"
    );
    let far = Density { x_range: Some((7.0, 9.0)), ..plain.clone() };
    assert!(density(&far, "a.png", &[points]).contains("no point within the ranges of the axes"));
    for range in [(2.0, 1.0), (1.0, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
        let bad = Density { y_range: Some(range), ..plain.clone() };
        let message = density(&bad, "a.png", &[points]);
        assert!(message.starts_with("y_range must be two finite numbers"), "{message}");
    }
    let none = Density { bins: 0, ..plain.clone() };
    assert_eq!(density(&none, "a.png", &[points]), "bins must be 1 to 1000, got 0");
    let tiny = Density { width: 10, ..plain.clone() };
    assert!(density(&tiny, "a.png", &[points]).contains("320..=8192"));
    let message = density(&plain, "a.png", &[points; 40]);
    assert!(message.contains("too narrow for 40 panels"), "{message}");

    let bands = |panels: &[Panel<'_, Points<'_>>]| {
        QuantileBands::default().save(path("a.png"), panels).unwrap_err().to_string()
    };
    assert!(bands(&[]).contains("nothing to draw"));
    assert!(bands(&[Panel::new("r", [])]).contains("nothing to draw"));
    assert_eq!(
        bands(&[Panel::new("r", [points])]),
        "there is nothing to draw of \"true\": it holds no bin of 40 points or more"
    );
    let histograms = |histograms: &Histograms, values: &[f64]| {
        let panel = Panel::new("r", [Values::new("true", values)]);
        histograms.save(path("a.png"), &[panel]).unwrap_err().to_string()
    };
    assert!(histograms(&Histograms::default(), &nan).contains("no finite value"));
    let far = Histograms { range: Some((7.0, 9.0)), ..Histograms::default() };
    assert_eq!(
        histograms(&far, &good),
        "there is nothing to draw of \"true\": it holds no value within the range"
    );
    let none = Histograms::default().save(path("a.png"), &[Panel::new("r", [])]).unwrap_err();
    assert!(none.to_string().contains("none of the 0 series"), "{none}");
    let many = [Panel::new("", vec![Values::new("true", &good); 22])];
    let error = Histograms::default().save(path("a.png"), &many).unwrap_err().to_string();
    assert_eq!(error, "samples of a panel must be 21 at most, which are told apart, got 22");
    let error = bands(&[Panel::new("", vec![points; 8])]);
    assert_eq!(error, "samples of a panel must be 7 at most, which are told apart, got 8");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
