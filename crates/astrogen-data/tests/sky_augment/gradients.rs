//! Gradients against finite differences, of each operation and of all in a row.

use astrogen_data::augment::SkyAugment;
use tch::{Kind, Tensor};

use crate::{ALL, images, seeded};

const SIZE: [i64; 4] = [2, 3, 6, 6];

/// The gradient of a function of images, with its graph.
fn gradient(function: &dyn Fn(&Tensor) -> Tensor, images: &Tensor) -> Tensor {
    let images = images.detach().set_requires_grad(true);
    Tensor::run_backward(&[function(&images)], &[&images], true, true).remove(0)
}

/// Compares the gradient with differences of the function along single pixels.
#[track_caller]
fn check(name: &str, function: &dyn Fn(&Tensor) -> Tensor, images: &Tensor) {
    let gradient = gradient(function, images).view([-1]);
    let (step, largest) = (1e-5, gradient.abs().max().double_value(&[]));
    for i in (0..images.numel() as i64).step_by(7) {
        let moved_by = |by: f64| {
            let moved = images.detach().copy();
            let _ = moved.view([-1]).get(i).g_add_scalar_(by);
            function(&moved).double_value(&[])
        };
        let numeric = (moved_by(step) - moved_by(-step)) / (2.0 * step);
        let got = gradient.double_value(&[i]);
        assert!(
            (got - numeric).abs() < 1e-7 * (1.0 + largest),
            "{name}, pixel {i}: {got} {numeric}"
        );
    }
}

#[test]
fn gradients_of_each_operation_and_of_the_whole_are_those_of_differences() {
    let _turn = seeded(5);
    let off = SkyAugment::OFF;
    let (images, weights) = (images(SIZE, Kind::Double), images(SIZE, Kind::Double).flip([0, 3]));
    for (name, augment) in [
        ("symmetries", SkyAugment { symmetries: true, ..off }),
        ("shift", SkyAugment { shift: 0.5, ..off }),
        ("subpixel", SkyAugment { subpixel: 0.5, ..off }),
        ("scale", SkyAugment { scale: 0.5, ..off }),
        ("flux", SkyAugment { flux: 1.0, ..off }),
        ("brightness", SkyAugment { brightness: 1.0, ..off }),
        ("contrast", SkyAugment { contrast: 1.0, ..off }),
        ("saturation", SkyAugment { saturation: 1.0, ..off }),
        ("noise", SkyAugment { noise: 1.0, ..off }),
        ("cutout", SkyAugment { cutout: 0.5, ..off }),
        ("all", ALL),
    ] {
        let draw = augment.draw(&images, 1.0);
        let value = |images: &Tensor| {
            (draw.apply(images).pow_tensor_scalar(3) * &weights).sum(Kind::Double)
        };
        check(name, &value, &images);
        // A penalty on the gradient asks for the gradient's own gradient.
        let penalty = |images: &Tensor| {
            let images = if images.requires_grad() {
                images.shallow_clone()
            } else {
                images.detach().set_requires_grad(true)
            };
            let value = (draw.apply(&images).pow_tensor_scalar(3) * &weights).sum(Kind::Double);
            Tensor::run_backward(&[value], &[&images], true, true)
                .remove(0)
                .square()
                .sum(Kind::Double)
        };
        check(&format!("penalty under {name}"), &penalty, &images);
    }
}
