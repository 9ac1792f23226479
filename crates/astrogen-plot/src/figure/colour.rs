//! Colours: a few that are told apart, and a scale that is read as a quantity.

use plotters::style::RGBColor;

/// Okabe and Ito's colours, told apart with every kind of colour vision; their yellow is left out,
/// which is hard to see on white.
pub(crate) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The colour of series `index`; from the eighth on they begin again, for lines of another
/// [mark](super::legend::Mark).
pub(crate) fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// The colour of a quantity from 0 (dark purple) through blue and green to 1 (light yellow).
///
/// A helix of constant chroma in Oklab, the space of Ottosson 2020 (*A perceptual color space for
/// image processing*) in which equal distances look alike: lightness and hue run evenly, so equal
/// steps of the quantity are equal steps to the eye, and grey prints keep the order.
pub(crate) fn sequential(quantity: f64) -> RGBColor {
    let [red, green, blue] = linear(quantity.clamp(0.0, 1.0)).map(gamma);
    RGBColor(red, green, blue)
}

/// The helix at a quantity in [0, 1], in linear sRGB.
fn linear(quantity: f64) -> [f64; 3] {
    let lightness = 0.25 + 0.70 * quantity;
    let hue = (325.0 - 220.0 * quantity).to_radians();
    oklab_to_linear([lightness, 0.1 * hue.cos(), 0.1 * hue.sin()])
}

/// Linear sRGB of (lightness, a, b), by Ottosson's matrices.
fn oklab_to_linear([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

/// A byte of sRGB from a linear component in [0, 1].
fn gamma(linear: f64) -> u8 {
    let encoded =
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (255.0 * encoded.clamp(0.0, 1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_never_leaves_what_a_screen_can_show() {
        for step in 0..=1000 {
            let quantity = f64::from(step) / 1000.0;
            let shown = linear(quantity).iter().all(|part| (0.0..=1.0).contains(part));
            assert!(shown, "at {quantity}: {:?}", linear(quantity));
        }
    }

    #[test]
    fn grey_prints_keep_the_order() {
        let grey = |step: u32| {
            let RGBColor(red, green, blue) = sequential(f64::from(step) / 64.0);
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        for step in 0..64 {
            assert!(grey(step + 1) > grey(step) + 0.5, "at {step}");
        }
        assert!(grey(0) < 45.0 && grey(64) > 225.0, "{} to {}", grey(0), grey(64));
    }

    #[test]
    fn oklab_turns_white_into_white() {
        assert!(oklab_to_linear([1.0, 0.0, 0.0]).iter().all(|part| (part - 1.0).abs() < 1e-6));
        assert_eq!(sequential(-1.0), sequential(0.0));
        assert_eq!(sequential(f64::INFINITY), sequential(1.0));
    }
}
