//! Curves: what stands in the SVG, what is seen in the PNG, and every refusal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use astrogen_plot::{Curves, PlotError, Scale, Series, Smoothing, save_curves};

const BLUE: [u8; 3] = [0, 114, 178];

fn losses(count: u32) -> Vec<Series> {
    ["generator", "discriminator"]
        .map(|name| {
            let offset = name.len() as f64;
            Series::new(name, (0..count).map(|step| (step, offset + f64::from(step).sin())))
        })
        .to_vec()
}

fn svg(curves: &Curves, series: &[Series]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    curves.save(&path, series).unwrap();
    fs::read_to_string(path).unwrap()
}

#[test]
fn an_svg_holds_every_text_and_every_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("losses.svg");
    save_curves(&path, "Losses <1 & 2>", "step", "loss", &losses(50)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
    for label in
        ["Losses &lt;1 &amp; 2&gt;", "step", "loss", "generator", "discriminator", "sans-serif"]
    {
        assert!(text.contains(label), "{label} is not in the figure");
    }
    for tick in ["\n0\n", "\n10\n", "\n40\n"] {
        assert!(text.contains(tick), "tick {tick:?}");
    }
    assert!(text.contains("#0072B2") && text.contains("#D55E00"), "a colour for each series");
    assert!(!text.contains("mean of"), "a short history is not smoothed");
}

#[test]
fn a_png_has_its_size_its_lines_and_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("losses.png");
    let curves = Curves { title: "Losses".into(), width: 640, height: 400, ..Curves::default() };
    curves.save(&path, &losses(50)).unwrap();
    let image = image::open(&path).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (640, 400));
    let blue = image.pixels().filter(|pixel| pixel.0 == BLUE).count();
    assert!(blue > 200, "{blue} pixels of the first line");
    let dark = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        y.flat_map(|y| x.clone().map(move |x| (x, y)))
            .filter(|(x, y)| image.get_pixel(*x, *y).0.iter().all(|channel| *channel < 110))
            .count()
    };
    assert!(dark(0..300, 0..50) > 30, "the title");
    assert!(dark(0..640, 360..400) > 30, "the labels below");
    assert_eq!(dark(0..640, 0..3) + dark(0..3, 0..400) + dark(637..640, 0..400), 0, "the edges");
}

#[test]
fn values_that_are_not_finite_are_gaps() {
    let points =
        [(0, 1.0), (1, 2.0), (2, f64::NAN), (3, 1.0), (4, 2.0), (5, f64::INFINITY), (6, 1.0)];
    let text = svg(&Curves::default(), &[Series::new("loss", points)]);
    let lines = text.matches("stroke=\"#0072B2\"").count();
    assert_eq!(lines, 3, "two stretches and the legend");
    assert_eq!(text.matches("<circle").count(), 1, "a value alone is a dot");
}

#[test]
fn a_hundred_thousand_points_make_a_small_file() {
    let noisy = |step: u32| (step, f64::from(step.wrapping_mul(2_654_435_761) >> 8));
    let text = svg(&Curves::default(), &[Series::new("loss", (0..100_000).map(noisy))]);
    assert!(text.len() < 60_000, "{} bytes", text.len());
    assert!(text.contains("mean of 1001") && text.contains("faint"));
    let plain = Curves { smoothing: Smoothing::Off, ..Curves::default() };
    let text = svg(&plain, &[Series::new("loss", (0..100_000).map(noisy))]);
    assert!(!text.contains("mean of"));
}

#[test]
fn a_short_series_beside_a_long_one_is_not_averaged_away() {
    let long = Series::new("training", (0..10_000).map(|step| (step, f64::from(step % 7))));
    let short = Series::new("validation", (0..10).map(|epoch| (epoch * 1000, f64::from(epoch))));
    let lines = |text: &str, colour: &str| text.matches(&format!("stroke=\"{colour}\"")).count();
    let text = svg(&Curves::default(), &[long, short]);
    assert_eq!(lines(&text, "#0072B2"), 3, "faint, bold and the legend");
    assert_eq!(lines(&text, "#D55E00"), 2, "its values and the legend");
}

#[test]
fn a_logarithmic_axis_has_decades() {
    let curves = Curves { y_scale: Scale::Log, ..Curves::default() };
    let points = (0..100).map(|step| (step, 10f64.powf(3.0 - f64::from(step) / 20.0)));
    let text = svg(&curves, &[Series::new("loss", points)]);
    for decade in ["\n0.1\n", "\n1\n", "\n10\n", "\n100\n", "\n1000\n"] {
        assert!(text.contains(decade), "{decade:?}");
    }
}

#[test]
fn the_eighth_series_is_dashed_in_the_first_colour() {
    let series: Vec<_> =
        (0..8).map(|k| Series::new(format!("s{k}"), [(0, f64::from(k)), (1, 9.0)])).collect();
    let text = svg(&Curves::default(), &series);
    assert!(text.matches("#0072B2").count() > 10, "many short strokes");
}

#[test]
fn every_one_of_21_series_has_a_line_of_its_own_and_more_are_refused() {
    let series = |count: u32| -> Vec<Series> {
        (0..count).map(|k| Series::new(format!("s{k}"), [(0, f64::from(k)), (1, 9.0)])).collect()
    };
    let text = svg(&Curves::default(), &series(21));
    let strokes = |colour: &str| text.matches(&format!("stroke=\"{colour}\"")).count();
    assert!(strokes("#0072B2") > 200, "a solid line, one in dashes and one in dots");
    let error = Curves::default().save("none.svg", &series(22)).unwrap_err().to_string();
    assert_eq!(error, "series must be 21 at most, which are told apart, got 22");
}

#[test]
fn the_legend_names_as_many_points_as_the_mean_is_of() {
    let series = [Series::new("loss", (0..40).map(|step| (step, f64::from(step % 7))))];
    for (window, named) in [(4, 5), (5, 5), (20, 0)] {
        let curves = Curves { smoothing: Smoothing::Window(window), ..Curves::default() };
        let text = svg(&curves, &series);
        assert_eq!(text.contains(&format!("\nbold: mean of {named}\n")), named > 0, "{window}");
    }
}

#[test]
fn names_of_any_length_and_letters_are_drawn() {
    let long = "a name that is much longer than the legend beside the curves could ever be wide";
    let series =
        [Series::new(long, [(0, 1.0), (1, 2.0)]), Series::new("a\n\u{1}b", [(0, 1.0), (9, 2.0)])];
    let text =
        svg(&Curves { title: "Verlust \u{3b1} \u{2192} 0".into(), ..Curves::default() }, &series);
    assert!(text.contains('\u{2026}') && !text.contains(long), "cut with an ellipsis");
    assert!(text.contains("a  b"), "control characters are blanks");
}

#[test]
fn histories_of_every_odd_shape_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.png");
    let odd = [
        vec![(0.0, 0.0)],
        vec![(5.0, 3.0), (5.0, 3.0)],
        vec![(0.0, 1e299), (1.0, -1e299)],
        vec![(0.0, f64::MAX), (1.0, 1.0)],
        vec![(0.0, 1e-310), (1.0, 2e-310)],
        vec![(1e15, 1.0), (1e15 + 1.0, 1.0 + 1e-15)],
        vec![(3.0, 1.0), (1.0, 2.0), (2.0, 0.5)],
    ];
    for points in odd {
        for y_scale in [Scale::Linear, Scale::Log] {
            let curves = Curves { y_scale, smoothing: Smoothing::Window(7), ..Curves::default() };
            let series = Series { name: String::new(), points: points.clone() };
            match curves.save(&path, &[series]) {
                Ok(()) | Err(PlotError::NothingToDraw { .. }) => {}
                Err(error) => panic!("{points:?}: {error}"),
            }
        }
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let save = |curves: &Curves, name: &str, series: &[Series]| {
        curves.save(folder.path().join(name), series).unwrap_err().to_string()
    };
    let plain = Curves::default();
    let message = save(&plain, "losses.pdf", &losses(2));
    assert!(message.contains("losses.pdf") && message.contains(".png or .svg"), "{message}");
    let message = save(&plain, "a.svg", &[]);
    assert!(message.contains("nothing to draw") && message.contains("0 series"), "{message}");
    let nan = [Series::new("loss", [(0, f64::NAN)])];
    assert!(save(&plain, "a.svg", &nan).contains("finite"));
    let log = Curves { y_scale: Scale::Log, ..Curves::default() };
    let message = save(&log, "a.svg", &[Series::new("loss", [(0, -1.0)])]);
    assert!(message.contains("above 0"), "{message}");
    let tiny = Curves { width: 10, ..Curves::default() };
    assert!(save(&tiny, "a.png", &losses(2)).contains("320..=8192"));
    let message = save(&plain, "none/a.svg", &losses(2));
    assert!(message.contains("make its folder first"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
