//! Figures of several panels: profiles, rows of maps, grids with labels.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod grids;

use std::path::Path;

use astrogen_plot::{
    LabelledGrid, MapRow, Maps, PlotError, Points, ProfilePanel, Profiles, Scale, Series,
    save_labelled_grid, save_maps, save_profiles,
};
use tch::{Device, Kind};

use grids::traversal;

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

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

/// The stars of an exponential disc, x, y and z in kpc.
fn disc(count: usize, seed: u64, height: f64) -> [Vec<f64>; 3] {
    let [a, b, c, d] = [0, 1, 2, 3].map(|part| even(count, 10 * seed + part));
    let radius: Vec<f64> =
        a.iter().zip(&b).map(|(a, b)| -3.0 * ((1.0 - a) * (1.0 - b)).ln()).collect();
    let angle = c.iter().map(|c| std::f64::consts::TAU * c);
    let x = radius.iter().zip(angle.clone()).map(|(r, a)| r * a.cos()).collect();
    let y = radius.iter().zip(angle).map(|(r, a)| r * a.sin()).collect();
    let z = d.iter().map(|d| height * (d / (1.0 - d)).max(1e-9).ln()).collect();
    [x, y, z]
}

/// The bytes of a figure's file.
fn saved(name: &str, save: impl Fn(&Path) -> Result<(), PlotError>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    save(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn texts(name: &str, save: impl Fn(&Path) -> Result<(), PlotError>) -> String {
    String::from_utf8(saved(name, save)).unwrap()
}

fn pixels(name: &str, save: impl Fn(&Path) -> Result<(), PlotError>) -> image::RgbImage {
    image::load_from_memory(&saved(name, save)).unwrap().to_rgb8()
}

fn panel(title: &str, labels: [&str; 2], y_scale: Scale, series: Vec<Series>) -> ProfilePanel {
    let [x_label, y_label] = labels.map(String::from);
    ProfilePanel { title: title.into(), x_label, y_label, y_scale, series }
}

fn profiles() -> Vec<ProfilePanel> {
    let radii = || (0..25).map(|bin| 0.5 + f64::from(bin));
    let line = |name, of: &dyn Fn(f64) -> f64| Series::new(name, radii().map(|r| (r, of(r))));
    let hole = |value: f64, r: f64| if (12.0..15.0).contains(&r) { f64::NAN } else { value };
    vec![
        panel(
            "Rotation curve",
            ["R [kpc]", "mean v [km/s]"],
            Scale::Linear,
            vec![
                line("true", &|r| 220.0 * (r / 3.0).tanh()),
                line("sampled", &|r| hole(212.0 * (r / 2.7).tanh(), r)),
                line("Gaussian mixture", &|r| 190.0 * (r / 5.0).tanh()),
            ],
        ),
        panel(
            "Surface density",
            ["R [kpc]", "Σ [Msun/kpc²]"],
            Scale::Log,
            vec![
                line("true", &|r| 8e8 * (-r / 3.0).exp()),
                line("sampled", &|r| if r > 20.0 { 0.0 } else { 7e8 * (-r / 3.1).exp() }),
                line("Gaussian mixture", &|r| 4e8 * (-r * r / 60.0).exp()),
            ],
        ),
        panel(
            "Metallicity gradient",
            ["R [kpc]", "mean [Fe/H]"],
            Scale::Linear,
            vec![
                line("true", &|r| 0.1 - 0.04 * r),
                line("sampled", &|r| 0.09 - 0.037 * r),
                line("Gaussian mixture", &|r| -0.3 - 0.01 * r),
            ],
        ),
        panel(
            "Dispersion",
            ["R [kpc]", "σ [km/s]"],
            Scale::Linear,
            vec![
                line("true", &|r| 80.0 * (-r / 8.0).exp()),
                line("sampled", &|r| {
                    if r == 20.5 {
                        20.0
                    } else if r > 18.0 {
                        f64::NAN
                    } else {
                        82.0 * (-r / 8.0).exp()
                    }
                }),
            ],
        ),
    ]
}

#[test]
fn profiles_have_their_axes_and_one_legend() {
    let text = texts("profiles.svg", |path| save_profiles(path, "Galaxy 7", &profiles()));
    for label in ["Galaxy 7", "Rotation curve", "mean v [km/s]", "Σ [Msun/kpc²]", "mean [Fe/H]"] {
        assert_eq!(text.matches(&format!("\n{label}\n")).count(), 1, "{label}");
    }
    for name in ["true", "sampled", "Gaussian mixture"] {
        assert_eq!(text.matches(&format!("\n{name}\n")).count(), 1, "{name} in the legend once");
    }
    assert_eq!(text.matches("\nR [kpc]\n").count(), 4);
    assert!(text.contains("\n1e8\n") && text.contains("\n200\n"), "both scales");
    // One solid line a panel and one in the legend.
    let solid = text.lines().filter(|line| line.contains("#0072B2") && line.contains("<polyline"));
    assert_eq!(solid.count(), 4 + 1);
    assert_eq!(text.matches("<circle").count(), 1, "a value alone is a dot");
    let image = pixels("profiles.png", |path| save_profiles(path, "Galaxy 7", &profiles()));
    assert_eq!(image.dimensions(), (3 * 480, 2 * 420 + 72));
}

#[test]
fn a_gap_holds_no_line() {
    let line = Series::new(
        "true",
        (0..101).map(|x| (x, if (40..60).contains(&x) { f64::NAN } else { 1.0 })),
    );
    let panel = ProfilePanel { series: vec![line], ..ProfilePanel::default() };
    let profiles = Profiles { columns: Some(5), ..Profiles::default() };
    let image = pixels("gap.png", |path| profiles.save(path, std::slice::from_ref(&panel)));
    assert_eq!(image.width(), 480, "one panel has one column");
    let blue = |x: u32| (80..420).any(|y| image.get_pixel(x, y).0[0] < 60);
    let columns: Vec<bool> = (60..450).map(blue).collect();
    let lit = columns.iter().filter(|lit| **lit).count();
    let middle = columns.len() / 2;
    assert!(columns[middle - 30..middle + 30].iter().all(|lit| !lit), "the gap");
    assert!(lit > 250, "{lit}");
}

#[test]
fn maps_are_drawn_row_by_row_and_to_scale() {
    let [x, y, z] = disc(40_000, 1, 0.4);
    let [u, v, w] = disc(30_000, 2, 0.6);
    let range = Some((-15.0, 15.0));
    let rows = [
        MapRow {
            x_range: range,
            y_range: range,
            ..MapRow::new(
                "x [kpc]",
                "y [kpc]",
                [Points::new("true, face-on", &x, &y), Points::new("sampled, face-on", &u, &v)],
            )
        },
        MapRow {
            x_range: range,
            y_range: Some((-5.0, 5.0)),
            ..MapRow::new(
                "x [kpc]",
                "z [kpc]",
                [Points::new("true, edge-on", &x, &z), Points::new("sampled, edge-on", &u, &w)],
            )
        },
    ];
    let text = texts("maps.svg", |path| save_maps(path, "Galaxy 7", &rows));
    for label in ["Galaxy 7", "true, face-on", "sampled, edge-on", "y [kpc]", "z [kpc]"] {
        assert_eq!(text.matches(&format!("\n{label}\n")).count(), 1, "{label}");
    }
    let label = "\npoints in a cell, scaled to the number in the first column\n";
    assert_eq!(text.matches(label).count(), 1);
    // Axes are three points: their extents are the panels'.
    let frames: Vec<Vec<(f64, f64)>> = text
        .lines()
        .filter(|line| line.starts_with("<polyline"))
        .map(|line| {
            let points = line.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
            let pair = |text: &str| {
                let (x, y) = text.split_once(',').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            };
            points.split_whitespace().map(pair).collect()
        })
        .filter(|points: &Vec<_>| points.len() == 3)
        .collect();
    assert_eq!(frames.len(), 4);
    let size = |frame: &[(f64, f64)]| (frame[2].0 - frame[1].0, frame[1].1 - frame[0].1);
    let [wide, flat] = [size(&frames[0]), size(&frames[2])];
    assert!((wide.0 / wide.1 - 1.0).abs() < 0.02, "{wide:?}");
    assert!((flat.0 / flat.1 - 3.0).abs() < 0.06, "{flat:?}");
    let _ = pixels("maps.png", |path| save_maps(path, "Galaxy 7", &rows));
}

#[test]
fn every_row_of_maps_is_whole_where_labels_need_little_room() {
    let [x, y, z] = disc(5000, 4, 0.4);
    let range = Some((-9.0, 9.0));
    let row = |y_label, values| MapRow {
        x_range: range,
        y_range: range,
        ..MapRow::new("x", y_label, [Points::new("true", &x, values)])
    };
    for panel_width in [64, 380, 1000] {
        let maps = Maps { panel_width, ..Maps::default() };
        let rows = [row("y", &y), row("z", &z), row("last", &y)];
        let text = texts("maps.svg", |path| maps.save(path, &rows));
        let number = |line: &str, name: &str| -> f64 {
            let rest = line.split_once(&format!(" {name}=\"")).unwrap().1;
            rest.split_once('"').unwrap().0.parse().unwrap()
        };
        let height = number(text.lines().next().unwrap(), "height");
        let lowest = text.lines().filter(|line| line.starts_with("<text"));
        let lowest = lowest.map(|line| number(line, "y")).fold(0.0, f64::max);
        assert!(lowest <= height - 8.0, "a text at {lowest} of {height}");
        assert!(lowest >= height - 60.0, "white below {lowest} of {height}");
    }
}

#[test]
fn a_legend_of_many_names_has_as_many_lines_as_it_needs() {
    let name = |k: u32| format!("a model of the galaxy, number {k}");
    let series: Vec<Series> =
        (0..9).map(|k| Series::new(name(k), [(0, f64::from(k)), (1, 9.0)])).collect();
    let panels = [panel("", ["R [kpc]", ""], Scale::Linear, series)];
    let text = texts("many.svg", |path| save_profiles(path, "Galaxy 7", &panels));
    for k in 0..9 {
        assert_eq!(text.matches(&format!("\n{}\n", name(k))).count(), 1, "{k}");
    }
    let image = pixels("many.png", |path| save_profiles(path, "Galaxy 7", &panels));
    assert_eq!(image.dimensions(), (480, 420 + 72 + 8 * 27), "one name a line");
    // The lines of the first and of the eighth name have one colour, and are not alike.
    let blue =
        text.lines().filter(|line| line.starts_with("<polyline") && line.contains("#0072B2"));
    assert!(blue.count() > 20, "solid, and in dots");
}

#[test]
fn a_thin_disc_is_seen_with_some_sky() {
    let [x, _, z] = disc(20_000, 3, 0.02);
    let rows = [MapRow::new("x [kpc]", "z [kpc]", [Points::new("true", &x, &z)])];
    let image = pixels("thin.png", |path| save_maps(path, "", &rows));
    assert_eq!(image.dimensions(), (380 + 220, 320));
    let coloured = |y: u32| {
        (0..450).any(|x| image.get_pixel(x, y).0[0].abs_diff(image.get_pixel(x, y).0[2]) > 20)
    };
    let lit: Vec<u32> = (0..320).filter(|y| coloured(*y)).collect();
    // The panel is a quarter as high as wide, from 52 to about 150, and the disc in its middle.
    assert!(lit.iter().all(|y| (85..115).contains(y)) && lit.len() >= 2, "{lit:?}");
}

#[test]
fn planes_of_different_units_have_one_shape() {
    let age: Vec<f64> = even(20_000, 5).iter().map(|u| 13.0 * u.sqrt()).collect();
    let scatter = even(20_000, 6);
    let metals: Vec<f64> = age
        .iter()
        .zip(&scatter)
        .map(|(age, s)| 0.2 - 0.004 * age * age + 0.4 * (s - 0.5))
        .collect();
    let other: Vec<f64> = metals.iter().zip(&scatter).map(|(m, s)| m + 0.1 * s).collect();
    let alpha: Vec<f64> =
        metals.iter().map(|m| 0.25 / (1.0 + (4.0 * m + 2.0).exp()) + 0.1).collect();
    let rows = [
        MapRow {
            equal_aspect: false,
            ..MapRow::new(
                "age [Gyr]",
                "[Fe/H]",
                [
                    Points::new("true", &age, &metals),
                    Points::new("sampled", &age, &other),
                    Points::new("Gaussian mixture", &scatter, &other),
                ],
            )
        },
        MapRow {
            equal_aspect: false,
            ..MapRow::new(
                "[Fe/H]",
                "[O/Fe]",
                [
                    Points::new("true", &metals, &alpha),
                    Points::new("sampled", &other, &alpha),
                    Points::new("Gaussian mixture", &other, &scatter),
                ],
            )
        },
    ];
    let image = pixels("planes.png", |path| save_maps(path, "", &rows));
    assert_eq!(image.dimensions(), (3 * 380 + 2 * 36 + 220, 2 * (52 + 304 + 70)));
}

#[test]
fn refusals_say_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |result: Result<(), PlotError>| result.unwrap_err().to_string();

    assert!(text(save_profiles(path("a.png"), "", &[])).contains("nothing to draw"));
    let nan = Series::new("true", [(0, f64::NAN), (1, 0.0)]);
    let logarithmic = panel("Density", ["", ""], Scale::Log, vec![nan]);
    assert_eq!(
        text(save_profiles(path("a.png"), "", &[logarithmic])),
        "there is nothing to draw of \"Density\": it holds no finite value above 0, as a \
         logarithmic axis needs"
    );
    let none = Profiles { columns: Some(0), ..Profiles::default() };
    assert_eq!(text(none.save(path("a.png"), &profiles())), "columns must be 1 or more, got 0");
    let tiny = Profiles { panel_width: 9, ..Profiles::default() };
    assert!(text(tiny.save(path("a.png"), &profiles())).starts_with("panel_width must be 160"));
    let wide = Profiles { panel_width: u32::MAX, ..Profiles::default() };
    assert!(text(wide.save(path("a.png"), &profiles())).contains("neither side may be above 8192"));
    assert!(text(save_profiles(path("a.pdf"), "", &profiles())).contains(".png or .svg"));

    let series = (0..15).map(|k| Series::new(format!("s{k}"), [(0, 1.0), (1, 2.0)])).collect();
    let many = [panel("", ["", ""], Scale::Linear, series)];
    assert_eq!(
        text(save_profiles(path("a.png"), "", &many)),
        "names of series must be 14 at most, which are told apart, got 15"
    );

    let good = [1.0, 2.0, 4.0];
    let points = Points::new("true", &good, &good);
    let row = |samples: Vec<Points<'static>>| MapRow::new("x", "y", samples);
    assert!(text(save_maps(path("a.png"), "", &[])).contains("nothing to draw"));
    assert!(text(save_maps(path("a.png"), "", &[row(vec![])])).contains("nothing to draw"));
    let rows = [MapRow::new("x", "y", [points]), MapRow::new("x", "y", [points, points])];
    assert_eq!(
        text(save_maps(path("a.png"), "", &rows)),
        "samples of a row of maps must be as many in every row, got 1 in the first and 2 in another"
    );
    let thin = MapRow {
        x_range: Some((0.0, 100.0)),
        y_range: Some((0.0, 4.0)),
        ..MapRow::new("x", "y", [points])
    };
    let message = text(save_maps(path("a.png"), "", std::slice::from_ref(&thin)));
    assert!(message.contains("within eight times each other, got a height of 0.040"), "{message}");
    save_maps(path("thin.png"), "", &[MapRow { equal_aspect: false, ..thin }]).unwrap();
    std::fs::remove_file(path("thin.png")).unwrap();
    let nan = [f64::NAN; 3];
    let holed = MapRow::new("x", "y", [points, Points::new("sampled", &good, &nan)]);
    assert!(
        text(save_maps(path("a.png"), "", &[holed])).contains("nothing to draw of \"sampled\"")
    );
    let tiny = Maps { panel_width: 9, ..Maps::default() };
    let one = [MapRow::new("x", "y", [points])];
    assert!(text(tiny.save(path("a.png"), &one)).starts_with("panel_width must be 64 to 4096"));
    let many = [MapRow::new("x", "y", vec![points; 40])];
    assert!(text(save_maps(path("a.png"), "", &many)).contains("neither side may be above 8192"));

    let images = traversal(2, 3, 16, 3);
    let names = |count: usize| vec![String::from("name"); count];
    let grid = |rows: usize, columns: usize| {
        save_labelled_grid(&images, "", &names(rows), &names(columns), path("a.png"))
    };
    assert_eq!(
        text(grid(3, 3)),
        "column_labels must be one per column, and row labels one per row, got 3 and 3 row labels \
         for 6 images"
    );
    assert!(text(grid(0, 7)).contains("got 7 and 0 row labels for 6 images"));
    assert_eq!(
        text(grid(4, 0)),
        "row_labels must be one per row, of equally many images, got 4 for 6 images"
    );
    let huge = LabelledGrid { side: Some(4096), ..LabelledGrid::default() };
    let message = text(huge.save(&images, path("a.png")));
    assert!(message.contains("neither side may be above 8192"), "{message}");
    assert!(!message.contains("320"), "a grid may be smaller: {message}");
    let bad = LabelledGrid { side: Some(0), ..LabelledGrid::default() };
    assert!(text(bad.save(&images, path("a.png"))).starts_with("side must be 8 to 4096"));
    let plain = LabelledGrid::default();
    assert!(text(plain.save(&images, path("a.svg"))).contains("has to end in .png"));
    assert!(text(plain.save(&images.get(0), path("a.png"))).contains("[N, C, H, W]"));
    assert!(text(plain.save(&images.to_kind(Kind::Int64), path("a.png"))).contains("Int64"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
