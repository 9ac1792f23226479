//! Samples of every odd shape, and every refusal.

use std::fs;

use astrogen_plot::{Density, Histograms, Panel, Points, QuantileBands, Scale, Values};

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
