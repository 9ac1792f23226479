//! How often and how much is drawn, and what is refused.

use astrogen_data::augment::{SkyAugment, SkyDraw};
use astrogen_runtime::Share;
use tch::{Kind, Tensor};

use crate::{ALL, DOUBLE, images, seeded};

/// The share of `n` images for which this is true.
fn share(of: &Tensor) -> f64 {
    of.to_kind(Kind::Double).mean(Kind::Double).double_value(&[])
}

#[test]
fn each_operation_is_as_frequent_as_asked() {
    let _turn = seeded(6);
    let (n, p) = (20_000, 0.3);
    let images = Tensor::zeros([n, 1, 16, 16], (Kind::Float, tch::Device::Cpu));
    let draw = ALL.draw(&images, p);
    let SkyDraw {
        symmetries,
        shifts,
        resampling,
        flux,
        brightness,
        contrast,
        saturation,
        noise,
        cutouts,
    } = draw;
    let (symmetries, shifts) = (symmetries.unwrap(), shifts.unwrap());
    let (resampling, noise) = (resampling.unwrap(), noise.unwrap());
    let any = |pairs: &Tensor| pairs.ne(0).any_dim(1, false);
    // One in eight symmetries changes nothing, and one in eight whole shifts along each axis.
    let shares = [
        ("symmetries", share(&symmetries.ne(0)), p * 7.0 / 8.0),
        ("shifts", share(&any(&shifts)), p * (1.0 - 1.0 / 64.0)),
        ("resampling", resampling.images.numel() as f64 / n as f64, 1.0 - (1.0 - p) * (1.0 - p)),
        (
            "subpixel",
            share(&any(&resampling.shifts)) * resampling.images.numel() as f64 / n as f64,
            p,
        ),
        (
            "scale",
            share(&resampling.scales.ne(1.0)) * resampling.images.numel() as f64 / n as f64,
            p,
        ),
        ("flux", share(&flux.unwrap().ne(1.0)), p),
        ("brightness", share(&brightness.unwrap().ne(0.0)), p),
        ("contrast", share(&contrast.unwrap().ne(1.0)), p),
        ("saturation", share(&saturation.unwrap().ne(1.0)), p),
        ("noise", noise.images.numel() as f64 / n as f64, p),
        ("cutouts", share(&cutouts.unwrap().select(1, 2).ne(0.0)), p),
    ];
    for (name, got, expected) in shares {
        assert!((got - expected).abs() < 0.015, "{name}: {got} {expected}");
    }
    for number in 1..8 {
        let got = share(&symmetries.eq(number));
        assert!((got - p / 8.0).abs() < 0.006, "symmetry {number}: {got}");
    }
    assert_eq!((shifts.min().int64_value(&[]), shifts.max().int64_value(&[])), (-4, 4));
    let range = |values: &Tensor| (values.min().double_value(&[]), values.max().double_value(&[]));
    let (least, most) = range(&resampling.shifts);
    assert!(least > -0.501 && least < -0.49 && most < 0.501 && most > 0.49, "{least} {most}");
    let (least, most) = range(&resampling.scales.log2());
    assert!(least > -0.301 && least < -0.29 && most < 0.301 && most > 0.29, "{least} {most}");
}

#[test]
fn factors_scatter_as_asked() {
    let _turn = seeded(7);
    let images = Tensor::zeros([40_000, 1, 2, 2], (Kind::Float, tch::Device::Cpu));
    let draw = ALL.draw(&images, 1.0);
    let logarithms = [
        (draw.flux.unwrap().log2(), 0.4),
        (draw.brightness.unwrap(), 0.2),
        (draw.contrast.unwrap().log2(), 0.5),
        (draw.saturation.unwrap().log2(), 1.0),
    ];
    for (values, scatter) in logarithms {
        let mean = values.mean(Kind::Double).double_value(&[]);
        let deviation = values.std(true).double_value(&[]);
        assert!(mean.abs() < 0.02 * scatter, "{mean} {scatter}");
        assert!((deviation / scatter - 1.0).abs() < 0.02, "{deviation} {scatter}");
    }
}

#[test]
fn at_probability_zero_and_with_all_off_images_are_the_same_bytes() {
    let _turn = seeded(8);
    let images = images([5, 2, 8, 8], Kind::Float);
    let bytes = |images: &Tensor| Vec::<f32>::try_from(images.view([-1])).unwrap();
    for (augment, probability) in [(ALL, 0.0), (ALL, f64::NAN), (SkyAugment::OFF, 1.0)] {
        let same = augment.apply(&images, probability);
        assert_eq!(bytes(&same), bytes(&images));
        assert_eq!(same.data_ptr(), images.data_ptr(), "not even copied");
    }
}

#[test]
fn the_same_seed_draws_the_same_images() {
    let images = images([6, 3, 8, 8], Kind::Float);
    let drawn = |seed| {
        let _turn = seeded(seed);
        ALL.apply(&images, 0.6)
    };
    assert_eq!(drawn(9), drawn(9));
    assert_ne!(drawn(9), drawn(10));
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let refusal = |augment: SkyAugment| augment.validate(8).unwrap_err().to_string();
    let off = SkyAugment::OFF;
    for (augment, expected) in [
        (
            SkyAugment { shift: 1.0, ..off },
            "augment shift: expected from 0 to below 1 (of the side), got 1",
        ),
        (
            SkyAugment { subpixel: 0.6, ..off },
            "augment subpixel: expected from 0 to 0.5 (pixels), got 0.6",
        ),
        (
            SkyAugment { scale: -0.1, ..off },
            "augment scale: expected from 0 to 0.5 (log2), got -0.1",
        ),
        (
            SkyAugment { cutout: f64::NAN, ..off },
            "augment cutout: expected from 0 to 1 (of the side), got NaN",
        ),
        (SkyAugment { flux: -1.0, ..off }, "augment flux: expected finite and at least 0, got -1"),
        (
            SkyAugment { noise: f64::INFINITY, ..off },
            "augment noise: expected finite and at least 0, got inf",
        ),
    ] {
        assert_eq!(refusal(augment), expected);
    }
    let small = SkyAugment::default().validate(1).unwrap_err().to_string();
    assert_eq!(small, "side of images to augment: expected at least 2 pixels, got 1");
    assert!(SkyAugment::default().validate(2).is_ok() && ALL.validate(64).is_ok());
}

#[test]
fn processes_that_share_a_batch_change_it_as_one_does() {
    let images = Tensor::rand([12, 3, 16, 16], DOUBLE) * 2.0 - 1.0;
    for probability in [0.1, 0.5, 1.0] {
        let whole = {
            let _turn = seeded(3);
            ALL.apply(&images, probability)
        };
        for part in 0..4 {
            let share = Share::new(part, 4).unwrap();
            let _turn = seeded(3);
            let own = share.during(|| ALL.apply(&share.of_rows(&images), probability));
            assert_eq!(share.of_rows(&whole), own, "part {part} at {probability}");
        }
    }
}
