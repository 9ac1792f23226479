//! Convolutions behind bilinear doubling against libtorch's in double precision.

mod maps;

use astrogen_nn::doubled::{DoubledShape, DoubledWeights};
use tch::{Device, Kind, Tensor};

use maps::{channels_first, channels_last, error};

/// The convolution of small maps, the gradient of its input and that of its weights.
fn expected(x: &Tensor, y: &Tensor, w: &Tensor) -> [Tensor; 3] {
    let [x, y, w] = [x, y, w].map(|tensor| tensor.to_kind(Kind::Double));
    let [x, w] = [x, w].map(|tensor| tensor.set_requires_grad(true));
    let doubled = x.upsample_bilinear2d_vec(None::<&[i64]>, false, [2.0, 2.0].as_slice());
    let convolved = doubled.conv2d(&w, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1);
    let product = (&convolved * &y).sum(Kind::Double);
    let mut gradients = Tensor::run_backward(&[product], &[x, w], false, false);
    let weights = gradients.remove(1);
    [convolved.detach(), gradients.remove(0), weights]
}

fn run(shape: &DoubledShape, x: &Tensor, y: &Tensor, w: &Tensor) -> [Vec<f32>; 3] {
    let [x, y, w] = [x, y, w].map(channels_last);
    let [mut convolved, mut back, mut gradient] =
        [y.len(), x.len(), w.len()].map(|length| vec![f32::NAN; length]);
    DoubledWeights::forward(shape, &w).convolve(shape, &x, &mut convolved);
    DoubledWeights::adjoint(shape, &w).convolve_adjoint(shape, &y, &mut back);
    shape.weight_gradient(&x, &y, &mut gradient);
    [convolved, back, gradient]
}

#[test]
fn all_passes_agree_with_double_precision_on_any_number_of_threads() {
    tch::manual_seed(5);
    // Single tiles, maps that are not square, several panels and blocks, batch 1.
    for [images, inputs, outputs, height, width] in [
        [1, 16, 16, 2, 2],
        [1, 16, 32, 4, 8],
        [3, 32, 16, 6, 10],
        [2, 48, 80, 8, 8],
        [5, 128, 80, 4, 4],
        [1, 80, 144, 20, 16],
        [17, 16, 16, 18, 14],
        [4, 32, 16, 32, 32],
    ] {
        let shape = DoubledShape { images, inputs, outputs, height, width };
        let [n, c, o, h, s] = [images, inputs, outputs, height, width].map(|side| side as i64);
        let draw = |size: [i64; 4]| Tensor::randn(size, (Kind::Float, Device::Cpu));
        let sizes = [[n, c, h, s], [n, o, 2 * h, 2 * s], [o, c, 3, 3]];
        let [x, y, w] = sizes.map(draw);
        tch::set_num_threads(1);
        let alone = run(&shape, &x, &y, &w);
        let of = [sizes[1], sizes[0], sizes[2]];
        for (i, expected) in expected(&x, &y, &w).into_iter().enumerate() {
            let error = error(&channels_first(&alone[i], of[i]), &expected);
            let pass = ["forward", "adjoint", "gradient"][i];
            assert!(error < 1e-5, "{pass} {shape:?}: {error:e}");
        }
        tch::set_num_threads(3);
        assert!(run(&shape, &x, &y, &w) == alone, "{shape:?}");
    }
}
