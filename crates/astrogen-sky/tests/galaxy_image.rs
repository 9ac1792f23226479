//! Pictures of mock galaxies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_preprocess::{Frame, FrameOptions, raster};
use astrogen_sky::galaxy::{GalaxyImage, ViewConfig, luminosity};
use astrogen_sky::{Galaxy, GalaxyConfig};
use ndarray::{Array2, Array3, ArrayView2, Axis};

/// A view of 96 pixels without dust and, nearly, without noise.
fn clear() -> ViewConfig {
    let quiet = ViewConfig { dust: 0.0, sky: 0.0, read_noise: 0.0, ..ViewConfig::default() };
    ViewConfig { size: 96, exposure: 1e5, ..quiet }
}

fn look(config: &GalaxyConfig, view: &ViewConfig) -> GalaxyImage {
    let galaxy = Galaxy::new(config, 5).unwrap();
    galaxy.image(&galaxy.stars(30_000), view).unwrap()
}

/// The thin disc alone, without arms.
fn disc() -> GalaxyConfig {
    let mut config = GalaxyConfig::default();
    (config.thick.share, config.bulge.share, config.halo.share) = (0.0, 0.0, 0.0);
    config.arms.strength = 0.0;
    config
}

/// Half the light's absolute moments along x and y, from the centre: rough sizes in pixels.
fn extent(band: ArrayView2<f32>) -> [f64; 2] {
    let centre = (band.nrows() - 1) as f64 / 2.0;
    let mut sums = [0.0; 3];
    for ((y, x), &light) in band.indexed_iter() {
        let light = f64::from(light);
        sums[0] += light * (x as f64 - centre).abs();
        sums[1] += light * (y as f64 - centre).abs();
        sums[2] += light;
    }
    [sums[0] / sums[2], sums[1] / sums[2]]
}

fn red(image: &GalaxyImage) -> ArrayView2<'_, f32> {
    image.bands().index_axis(Axis(0), 1)
}

#[test]
fn the_light_is_that_of_the_stars() {
    let view = ViewConfig { field: 120.0, ..clear() };
    let galaxy = Galaxy::new(&disc(), 5).unwrap();
    let stars = galaxy.stars(30_000);
    let image = galaxy.image(&stars, &view).unwrap();
    let mut total = [0.0; 3];
    for star in stars.columns() {
        let light = luminosity(star[10].into(), star[6].into());
        (0..3).for_each(|band| total[band] += light[band] * f64::from(star[9]));
    }
    let area = (1e3 * view.pixel()).powi(2);
    for (band, truth) in image.bands().outer_iter().zip(total) {
        let found = band.iter().map(|&v| f64::from(v)).sum::<f64>() / view.exposure * area;
        assert!((found / truth - 1.0).abs() < 0.01, "{found}, not {truth}");
    }
}

#[test]
fn inclination_narrows_a_disc_and_the_position_angle_turns_it() {
    let seen = |inclination, position_angle| {
        let view = ViewConfig { inclination, position_angle, ..clear() };
        extent(red(&look(&disc(), &view)))
    };
    let [x, y] = seen(0.0, 0.0);
    assert!((x / y - 1.0).abs() < 0.05, "{x} {y}");
    // The x axis of the galaxy points to the top, so the disc narrows from left to right.
    let [x, y] = seen(60.0, 0.0);
    assert!((0.45..0.6).contains(&(x / y)), "{x} {y}");
    let [x, y] = seen(60.0, 90.0);
    assert!((0.45..0.6).contains(&(y / x)), "{x} {y}");
    let [x, y] = seen(90.0, 90.0);
    assert!(y / x < 0.25, "{x} {y}");
}

#[test]
fn the_position_angle_goes_anticlockwise_from_the_top() {
    let mut stars = Array2::zeros((11, 2000));
    for (row, value) in [(0, 10.0), (6, 0.0134), (9, 1e7), (10, 5.0)] {
        stars.row_mut(row).fill(value);
    }
    let galaxy = Galaxy::new(&GalaxyConfig::default(), 5).unwrap();
    // A cluster 10 kpc out along x, in a field of 40: a quarter of the frame from the centre.
    for (angle, [row, column]) in [(0.0, [24, 48]), (90.0, [48, 24]), (-90.0, [48, 72])] {
        let view = ViewConfig { size: 97, position_angle: angle, ..clear() };
        let image = galaxy.image(&stars, &view).unwrap();
        let band = red(&image);
        let total = f64::from(band.sum());
        let centre = |weight: fn((usize, usize)) -> usize| {
            let sum = band.indexed_iter().map(|(at, &v)| weight(at) as f64 * f64::from(v));
            sum.sum::<f64>() / total
        };
        let found = [centre(|(y, _)| y), centre(|(_, x)| x)];
        assert!((found[0] - row as f64).abs() < 1.0, "{angle}: {found:?}");
        assert!((found[1] - column as f64).abs() < 1.0, "{angle}: {found:?}");
    }
}

#[test]
fn dust_dims_and_reddens_and_draws_a_lane_in_an_edge_on_disc() {
    let at = |dust| {
        let view = ViewConfig { inclination: 90.0, position_angle: 90.0, dust, ..clear() };
        look(&GalaxyConfig::default(), &ViewConfig { field: 20.0, ..view }).bands().clone()
    };
    let [bare, dusty] = [0.0, 2.0].map(at);
    let total = |bands: &Array3<f32>, band| bands.index_axis(Axis(0), band).sum();
    let left = [0, 1, 2].map(|band| total(&dusty, band) / total(&bare, band));
    assert!(left[2] < left[1] && left[1] < left[0] && left[0] < 0.8, "{left:?}");
    // Five kpc from the centre the plane is darker in g than the layers beside it.
    let profile = |bands: &Array3<f32>, row: usize| {
        bands.slice(ndarray::s![2, row, 20..28]).iter().sum::<f32>()
    };
    let (plane, above) = (48, 51);
    assert!(profile(&bare, plane) > profile(&bare, above));
    assert!(profile(&dusty, plane) < profile(&dusty, above));
}

#[test]
fn young_galaxies_are_blue_and_old_ones_red() {
    let mut young = disc();
    (young.thin.population.age, young.thin.population.age_spread) = (1.0, 0.5);
    let mut old = disc();
    (old.thin.population.age, old.thin.population.age_spread) = (12.0, 0.5);
    let [young, old] = [young, old].map(|config| {
        let bands = look(&config, &clear()).bands().clone();
        bands.index_axis(Axis(0), 2).sum() / bands.index_axis(Axis(0), 0).sum()
    });
    assert!(young > 1.0 && old < 0.8, "{young} {old}");
    let [dwarf, giant] = [1e-3, 0.02].map(|metals| luminosity(10.0, metals));
    assert!(dwarf[2] / dwarf[0] > giant[2] / giant[0]);
}

#[test]
fn no_stars_give_the_noise_of_the_sky() {
    let galaxy = Galaxy::new(&GalaxyConfig::default(), 5).unwrap();
    let view = ViewConfig { size: 64, ..ViewConfig::default() };
    let image = galaxy.image(&galaxy.stars(0), &view).unwrap();
    let count = image.bands().len() as f32;
    let mean = image.bands().sum() / count;
    let variance = image.bands().mapv(|v| v * v).sum() / count;
    assert!(mean.abs() < 3.0, "{mean}");
    assert!((variance / (2000.0 + 25.0) - 1.0).abs() < 0.1, "{variance}");
    let one = galaxy.image(&galaxy.stars(1), &view).unwrap();
    assert!(one.bands().iter().all(|v| v.is_finite()));
    assert_eq!(image.bands(), galaxy.image(&galaxy.stars(0), &view).unwrap().bands());
}

#[test]
fn images_come_back_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let view = ViewConfig { inclination: 70.0, position_angle: 20.0, ..clear() };
    let image = look(&GalaxyConfig::default(), &view);
    let path = folder.path().join("galaxy.fits");
    image.save_fits(&path).unwrap();
    let frame = Frame::open(&path, &FrameOptions::default()).unwrap();
    let (_, height, width) = image.bands().dim();
    assert_eq!(frame.pixels.dim(), (3, height, width));
    for ((band, y, x), &pixel) in frame.pixels.indexed_iter() {
        assert_eq!(pixel, image.bands()[[band, height - 1 - y, x]]);
    }
    let path = folder.path().join("galaxy.png");
    image.save_png(&path).unwrap();
    let picture = raster::read(&path).unwrap();
    let rgb = image.rgb().unwrap();
    for ((colour, y, x), &value) in picture.indexed_iter() {
        assert_eq!((value * 255.0).round() as u8, rgb[[y, x, colour]]);
    }
    assert!(rgb.iter().any(|&v| v > 200) && rgb.iter().any(|&v| v < 20));
}

#[test]
fn a_view_out_of_range_is_named_with_its_rule() {
    let galaxy = Galaxy::new(&GalaxyConfig::default(), 0).unwrap();
    let stars = galaxy.stars(10);
    let view = ViewConfig::default;
    for (view, message) in [
        (ViewConfig { size: 4, ..view() }, "size must be 8 to 2048 pixels, but got 4"),
        (ViewConfig { field: 0.0, ..view() }, "field must be from 1e-3 to 1e5 kpc, but got 0"),
        (
            ViewConfig { inclination: -1.0, ..view() },
            "inclination must be from 0 to 180 degrees, but got -1",
        ),
        (ViewConfig { dust: f64::NAN, ..view() }, "dust must be from 0 to 100, but got NaN"),
        (
            ViewConfig { moffat_beta: 1.0, ..view() },
            "moffat_beta must be above 1 and at most 100, but got 1",
        ),
    ] {
        assert_eq!(galaxy.image(&stars, &view).unwrap_err().to_string(), message);
    }
    let wrong = galaxy.image(&Array2::zeros((9, 2)), &ViewConfig::default()).unwrap_err();
    assert_eq!(wrong.to_string(), "the shape of the stars must be [11, n], but got [9, 2]");
}
