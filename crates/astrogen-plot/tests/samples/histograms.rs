//! Histograms, those of the probability integral transform among them.

use astrogen_plot::{Histograms, Panel, PlotError, Scale, Values, save_histograms, save_pit};

use crate::{even, normal, picture, read};

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
