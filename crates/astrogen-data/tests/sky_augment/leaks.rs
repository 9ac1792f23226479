//! What a generator could learn in place of the images: nothing, as long as some images stay as they
//! are. Then what the critic sees of two different distributions differs, and the images' own can
//! be told from what is seen.

use astrogen_data::augment::{Dihedral, SkyAugment, Symmetry};
use tch::{Device, Kind, Tensor};

use crate::{DOUBLE, seeded};

/// How often a picture comes in each of its eight orientations.
fn shares(pictures: &Tensor, orientations: &Tensor) -> Tensor {
    // [N, 1, P] == [1, 8, P]
    let same =
        pictures.flatten(1, -1).unsqueeze(1).eq_tensor(&orientations.flatten(1, -1).unsqueeze(0));
    same.all_dim(2, false).to_kind(Kind::Double).mean_dim(0, false, Kind::Double)
}

#[test]
fn orientations_can_be_told_below_probability_one() {
    let _turn = seeded(11);
    let picture =
        Tensor::from_slice(&[1.0, 0.5, 0.0, -0.5]).view([1, 1, 2, 2]).repeat([8, 1, 1, 1]);
    let orientations =
        Dihedral::new(2, Device::Cpu).unwrap().apply(&picture, &Symmetry::ALL).unwrap();
    let truth = [0.5, 0.0, 0.2, 0.0, 0.0, 0.3, 0.0, 0.0];
    let numbers = Tensor::from_slice(&truth).multinomial(100_000, true);
    let reals = orientations.index_select(0, &numbers);
    let augment = SkyAugment { symmetries: true, ..SkyAugment::OFF };
    for p in [0.3, 0.8] {
        // A share q is seen as (1 - p) q + p / 8.
        let seen = shares(&augment.apply(&reals, p), &orientations);
        let told = (seen - p / 8.0) / (1.0 - p);
        let error = (told - Tensor::from_slice(&truth)).abs().max().double_value(&[]);
        assert!(error < 0.02, "{p}: {error}");
    }
    let seen = shares(&augment.apply(&reals, 1.0), &orientations);
    let error = (seen - 0.125).abs().max().double_value(&[]);
    assert!(error < 0.01, "all look alike where every picture is turned: {error}");
}

#[test]
fn what_was_cut_out_can_be_told() {
    let _turn = seeded(12);
    // A quarter of the pictures have a black square of their own, in the middle.
    let n = 40_000;
    let white = Tensor::ones([n, 1, 8, 8], DOUBLE);
    let holes = white.copy();
    let _ = holes.narrow(0, 0, n / 4).narrow(2, 2, 4).narrow(3, 2, 4).fill_(-1.0);
    let augment = SkyAugment { cutout: 0.5, ..SkyAugment::OFF };
    let black =
        |images: &Tensor| images.lt(0.0).to_kind(Kind::Double).mean_dim(0, false, Kind::Double);
    for p in [0.3, 0.8] {
        // A pixel that is black with a share q is seen so with 1 - (1 - q) (1 - p c), where c is the
        // share of squares that cover it, the same for all distributions.
        let covered = black(&augment.apply(&white, p));
        let told: Tensor = 1.0 - (1.0 - black(&augment.apply(&holes, p))) / (1.0 - covered);
        let error = (told - black(&holes)).abs().max().double_value(&[]);
        assert!(error < 0.02, "{p}: {error}");
    }
}

#[test]
fn pixels_without_noise_can_be_told() {
    let _turn = seeded(13);
    // A pixel is 0.6 in a quarter of the images and -0.2 in the others.
    let n = 200_000;
    let pixels = Tensor::full([n, 1, 1, 1], -0.2, DOUBLE);
    let _ = pixels.narrow(0, 0, n / 4).fill_(0.6);
    let (s, p) = (0.1, 0.8);
    let seen = SkyAugment { noise: s, ..SkyAugment::OFF }.apply(&pixels, p);
    for k in [1.0, 4.0, 8.0, 16.0] {
        // The characteristic function is multiplied by 1 - p + p / sqrt(1 + s^2 k^2), which has no
        // zero: noise of sigma has exp(-sigma^2 k^2 / 2), and sigma is abs N(0, s).
        let factor = 1.0 - p + p / (1.0 + s * s * k * k).sqrt();
        for part in [Tensor::cos, Tensor::sin] {
            let mean = |x: &Tensor| part(&(x * k)).mean(Kind::Double).double_value(&[]);
            let (told, truth) = (mean(&seen) / factor, mean(&pixels));
            assert!((told - truth).abs() < 0.015, "{k}: {told} {truth}");
        }
    }
}
