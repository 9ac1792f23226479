//! What changes pixels where they are.

use astrogen_data::augment::{SkyAugment, SkyDraw};
use tch::{Kind, Tensor};

use crate::{DOUBLE, assert_close, golden, images, seeded};

#[test]
fn brightness_contrast_and_saturation_are_adas() {
    let golden = golden();
    let take = |name: &str| Some(golden[name].copy());
    let draw = SkyDraw {
        brightness: take("brightness"),
        contrast: take("contrast"),
        saturation: take("saturation"),
        ..SkyDraw::default()
    };
    assert_close(&draw.apply(&golden["colors"]), &golden["graded"], 1e-14);
}

#[test]
fn cutouts_are_adas_squares_without_light() {
    let golden = golden();
    let draw = SkyDraw { cutouts: Some(golden["squares"].copy()), ..SkyDraw::default() };
    assert_eq!(draw.apply(&golden["colors"]), golden["cut"]);
}

#[test]
fn flux_keeps_the_ratios_of_bands_and_multiplies_all_light() {
    let images = images([3, 3, 4, 5], Kind::Double);
    let factors = Tensor::from_slice(&[0.5, 1.0, 3.0]);
    let draw = SkyDraw { flux: Some(factors.copy()), ..SkyDraw::default() };
    let changed = draw.apply(&images);
    assert_close(&(&changed + 1.0), &((&images + 1.0) * factors.view([3, 1, 1, 1])), 1e-14);
    assert_eq!(changed.get(1), images.get(1));
}

#[test]
fn defaults_keep_colours_pixel_by_pixel() {
    let _turn = seeded(3);
    // In each image the second band has twice the light of the first, the third a third of it.
    let band = (images([64, 1, 16, 16], Kind::Double) + 1.0) / 4.0;
    let colored = Tensor::cat(&[&band, &(&band * 2.0), &(&band / 3.0)], 1) - 1.0;
    let augment = SkyAugment { noise: 0.0, ..SkyAugment::default() };
    let light = augment.apply(&colored, 0.8) + 1.0;
    let [first, second, third] = [0, 1, 2].map(|band| light.narrow(1, band, 1));
    assert_close(&second, &(&first * 2.0), 1e-13);
    assert_close(&third, &(&first / 3.0), 1e-13);
    assert!(light != colored + 1.0);
}

#[test]
fn noise_is_zero_in_the_mean_and_of_the_strength_asked_for() {
    let _turn = seeded(4);
    let black = Tensor::full([4000, 2, 8, 8], -1.0, DOUBLE);
    let augment = SkyAugment { noise: 0.1, ..SkyAugment::OFF };
    let noise = augment.apply(&black, 1.0) + 1.0;
    let mean = noise.mean(Kind::Double).double_value(&[]);
    assert!(mean.abs() < 1e-3, "{mean}");
    // sigma = abs N(0, s): the mean of its square is s^2, its own mean s sqrt(2 / pi).
    let deviations = noise.square().mean_dim([1, 2, 3].as_slice(), false, Kind::Double).sqrt();
    let square = deviations.square().mean(Kind::Double).double_value(&[]);
    assert!((square / 0.01 - 1.0).abs() < 0.06, "{square}");
    let mean = deviations.mean(Kind::Double).double_value(&[]) / 0.1;
    assert!((mean - (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.03, "{mean}");
}
