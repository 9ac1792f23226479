//! Flips, turns, shifts and scales.

use astrogen_data::augment::sky::Resampling;
use astrogen_data::augment::{Dihedral, SkyAugment, SkyDraw, Symmetry, translate};
use tch::{Device, Kind, Tensor};

use crate::{DOUBLE, assert_close, golden, images, seeded};

fn resampled(images: &Tensor, shifts: &Tensor, scales: &Tensor) -> Tensor {
    let chosen = Tensor::arange(images.size()[0], (Kind::Int64, Device::Cpu));
    let resampling = Resampling { images: chosen, shifts: shifts.copy(), scales: scales.copy() };
    SkyDraw { resampling: Some(resampling), ..SkyDraw::default() }.apply(images)
}

/// Light above black in each image.
fn flux(images: &Tensor) -> Tensor {
    (images + 1.0).sum_dim_intlist([1, 2, 3].as_slice(), false, Kind::Double)
}

#[test]
fn symmetries_and_whole_shifts_move_pixels() {
    let images = images([8, 3, 9, 9], Kind::Float);
    let numbers = Tensor::arange(8, (Kind::Int64, Device::Cpu));
    let shifts = Tensor::from_slice2(&[
        [0i64, 0],
        [1, -2],
        [3, 4],
        [-5, 8],
        [0, 1],
        [-8, -8],
        [2, 0],
        [7, -1],
    ]);
    let turned = SkyDraw { symmetries: Some(numbers.copy()), ..SkyDraw::default() };
    let expected = Dihedral::new(9, Device::Cpu).unwrap().apply(&images, &Symmetry::ALL).unwrap();
    assert_eq!(turned.apply(&images), expected);
    let both = SkyDraw { shifts: Some(shifts.copy()), ..turned };
    assert_eq!(both.apply(&images), translate(&expected, &shifts));
}

#[test]
fn resampling_by_whole_pixels_moves_them_exactly() {
    let images = images([4, 2, 6, 9], Kind::Float);
    let shifts = Tensor::from_slice2(&[[0i64, 0], [1, -1], [-4, 7], [5, 3]]);
    let same = Tensor::ones([4], (Kind::Float, Device::Cpu));
    let moved = resampled(&images, &shifts.to_kind(Kind::Float), &same);
    assert_eq!(moved, translate(&images, &shifts));
}

#[test]
fn parts_of_pixels_and_scales_are_those_of_the_direct_sum_and_of_splines() {
    let golden = golden();
    let at = |images: &str| resampled(&golden[images], &golden["shifts"], &golden["scales"]);
    assert_close(&at("images"), &golden["lanczos"], 1e-12);
    assert_close(&at("slow"), &golden["slow_spline"], 0.02);
}

#[test]
fn waves_and_noise_keep_as_much_power_as_the_table_says() {
    let (_turn, golden) = (seeded(1), golden());
    let n = 200;
    let parts = (Tensor::arange(n, DOUBLE) + 0.5) / n as f64 - 0.5;
    let (same, still) = (Tensor::ones([n], DOUBLE), parts.zeros_like());
    let expected = Vec::<f64>::try_from(&golden["power.lanczos"]).unwrap();
    let frequencies = Vec::<f64>::try_from(&golden["frequencies"]).unwrap();
    let (side, margin) = (120, 20); // far from the mirrors
    let mean_square = |images: &Tensor| {
        images.narrow(3, margin, side - 2 * margin).square().mean(Kind::Double).double_value(&[])
    };
    for (frequency, expected) in frequencies.into_iter().zip(&expected) {
        let wave = (Tensor::arange(side, DOUBLE) * (std::f64::consts::PI * frequency)).cos();
        let waves = wave.view([1, 1, 1, side]).expand([n, 1, 2, side], false);
        let moved = resampled(&waves, &Tensor::stack(&[&still, &parts], 1), &same);
        let kept = mean_square(&moved) / mean_square(&waves);
        assert!((kept - expected).abs() < 0.02, "{frequency}: {kept} {expected}");
    }
    let noise = Tensor::randn([n, 1, 32, side], DOUBLE);
    let shifts = Tensor::stack(
        &[&parts.index_select(0, &Tensor::randperm(n, (Kind::Int64, Device::Cpu))), &parts],
        1,
    );
    let kept = mean_square(&resampled(&noise, &shifts, &same)) / mean_square(&noise);
    assert!((kept - expected[5]).abs() < 0.02, "noise: {kept} {}", expected[5]);
}

#[test]
fn flux_and_surface_brightness_are_kept() {
    // A galaxy and a star of one pixel on black, away from the border.
    let axis = Tensor::arange(32, DOUBLE) - 15.5;
    let profile = (axis.square() / (-2.0 * 2.5 * 2.5)).exp();
    let galaxy = profile.outer(&profile).view([1, 1, 32, 32]) * 1.5 - 1.0;
    let star = Tensor::full([1, 1, 32, 32], -1.0, DOUBLE);
    let _ = star.get(0).get(0).get(14).get(17).fill_(0.7);
    let both = Tensor::cat(&[&galaxy, &star], 0);
    let shifts = Tensor::from_slice2(&[[0.4, -0.27], [-0.5, 0.1]]);
    let moved = resampled(&both, &shifts, &Tensor::ones([2], DOUBLE));
    assert_close(&(flux(&moved) / flux(&both)), &Tensor::ones([2], DOUBLE), 1e-7);
    for scale in [0.93, 1.07] {
        let scales = Tensor::full([1], scale, DOUBLE);
        let scaled = resampled(&galaxy, &Tensor::zeros([1, 2], DOUBLE), &scales);
        let grown = (flux(&scaled) / flux(&galaxy)).double_value(&[0]);
        assert!((grown / (scale * scale) - 1.0).abs() < 0.01, "{scale}: {grown}");
        let (peak, before) = (scaled.max().double_value(&[]), galaxy.max().double_value(&[]));
        assert!((peak - before).abs() < 0.01, "{scale}: {peak} {before}");
    }
    let empty = Tensor::full([1, 1, 32, 32], -0.9, DOUBLE);
    let sky = resampled(&empty, &shifts.narrow(0, 0, 1), &Tensor::full([1], 1.05, DOUBLE));
    assert_close(&sky, &empty, 1e-14);
}

#[test]
fn images_that_are_not_chosen_stay_to_the_bit() {
    let _turn = seeded(2);
    let augment = SkyAugment { subpixel: 0.5, scale: 0.3, ..SkyAugment::OFF };
    let images = images([64, 3, 8, 8], Kind::Float);
    let draw = augment.draw(&images, 0.3);
    let changed = draw.apply(&images);
    let chosen = Vec::<i64>::try_from(&draw.resampling.unwrap().images).unwrap();
    assert!((10..54).contains(&chosen.len()), "{chosen:?}");
    for n in 0..64 {
        let same = changed.get(n) == images.get(n);
        assert_eq!(same, !chosen.contains(&n), "{n}");
    }
}
