//! Colour pictures: astropy's bytes, and bands for the eye.

use astrogen_preprocess::{LuptonConfig, bands_to_rgb, lupton_rgb};
use ndarray::{Array2, Array3, array};

use crate::golden::{Recipe, array as noise, golden};

#[test]
fn lupton_pictures_are_astropys_byte_for_byte() {
    const SIDE: usize = 24;
    let cases = golden().lupton;
    assert_eq!(cases.len(), 7);
    for case in cases {
        let [level, width, spikes, height] = case.noise;
        let [red, green, blue] = [0, 1, 2].map(|band| {
            let recipe = Recipe(case.seed + band, SIDE * SIDE, level, width, spikes, height, 0);
            Array2::from_shape_vec((SIDE, SIDE), noise(recipe)).unwrap()
        });
        let mut config = LuptonConfig { minimum: case.minimum, q: case.q, ..Default::default() };
        if case.stretch > 0.0 {
            config.stretch = case.stretch;
        } else {
            config = config.with_zscale(&red.view(), &green.view(), &blue.view()).unwrap();
        }
        let picture = lupton_rgb(&red.view(), &green.view(), &blue.view(), &config).unwrap();
        assert_eq!(picture.dim(), (SIDE, SIDE, 3));
        let hex: String = picture.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, case.rgb, "seed {}", case.seed);
    }
}

#[test]
fn colours_do_not_change_with_brightness_and_bad_pixels_are_black() {
    let red = array![[3.0_f32, 300.0, -1.0, f32::NAN, f32::INFINITY]];
    let green = array![[1.0_f32, 100.0, -1.0, 1.0, 1.0]];
    let config = LuptonConfig::default();
    let picture = lupton_rgb(&red.view(), &green.view(), &green.view(), &config).unwrap();
    let pixel = |x: usize| [0, 1, 2].map(|colour| picture[[0, x, colour]]);
    assert_eq!(pixel(1), [255, 85, 85]);
    let [r, g, b] = pixel(0);
    assert!(g == b && (i32::from(r) - 3 * i32::from(g)).abs() <= 3, "{r} {g} {b}");
    for x in 2..5 {
        assert_eq!(pixel(x), [0, 0, 0], "pixel {x}");
    }
}

#[test]
fn bad_lupton_settings_name_the_rule() {
    let band = Array2::<f32>::zeros((2, 2));
    let message = |config: LuptonConfig| {
        let view = band.view();
        lupton_rgb(&view, &view, &view, &config).unwrap_err().to_string()
    };
    let stretch = LuptonConfig { stretch: 0.0, ..Default::default() };
    assert_eq!(message(stretch), "lupton stretch: expected a finite number greater than 0, got 0");
    let q = LuptonConfig { q: -1.0, ..Default::default() };
    assert_eq!(message(q), "lupton q: expected a finite number, 0 or more, got -1");
    let other = Array2::<f32>::zeros((2, 3));
    let shapes = lupton_rgb(&band.view(), &other.view(), &band.view(), &LuptonConfig::default());
    assert_eq!(
        shapes.unwrap_err().to_string(),
        "colour composite: expected three bands of one shape, got (2, 2), (2, 3) and (2, 2)"
    );
    let constant = LuptonConfig::default().with_zscale(&band.view(), &band.view(), &band.view());
    assert!(constant.unwrap_err().to_string().contains("constant"));
}

#[test]
fn any_number_of_bands_makes_a_picture() {
    let pixel = |bands: &[f32]| {
        let signed = Array3::from_shape_vec((bands.len(), 1, 1), bands.to_vec()).unwrap();
        let picture = bands_to_rgb(&signed.view());
        [0, 1, 2].map(|colour| picture[[0, 0, colour]])
    };
    assert_eq!(pixel(&[0.0]), [128, 128, 128]);
    assert_eq!(pixel(&[-1.0, 1.0]), [0, 128, 255]);
    assert_eq!(pixel(&[-1.0, 0.0, 1.0]), [0, 128, 255]);
    assert_eq!(pixel(&[-1.0, 1.0, 0.0, 1.0]), [128, 128, 255]);
    assert_eq!(pixel(&[1.0, 1.0, -1.0, -1.0, 0.0, 0.0]), [255, 0, 128]);
    assert_eq!(pixel(&[f32::NAN, 9.0, -9.0]), [0, 255, 0]);
    assert_eq!(bands_to_rgb(&Array3::zeros((0, 4, 5)).view()).dim(), (4, 5, 3));
}
