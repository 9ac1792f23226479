//! Sizes whose products wrap around are refused before anything is read or written by them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrogen_nn::dense::Matrix;
use astrogen_nn::doubled::{DoubledShape, DoubledWeights};
use astrogen_nn::strided::{After, StridedShape, StridedWeights, ThinWeights, Variant};

#[track_caller]
fn assert_refused(work: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("a panic");
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("memory can be"), "{message}");
}

#[test]
fn maps_that_are_larger_than_memory_are_refused() {
    let small = StridedShape { images: 1, inputs: 16, outputs: 16, height: 2, width: 2 };
    let [forward, transposed] = [StridedWeights::forward, StridedWeights::transposed]
        .map(|make| make(&small, Variant::Two, &[0.0; 16 * 16 * 16]));
    let thin = StridedShape { inputs: 1, ..small };
    let thin_weights = ThinWeights::new(&thin, &[0.0; 16 * 16]);
    // In 64 bits, numbers of both maps are 0.
    let images = 1 << 62;
    let shape = StridedShape { images, ..small };
    assert_refused(|| forward.convolve(&shape, &[], After::NOTHING, &mut []));
    assert_refused(|| transposed.convolve_transposed(&shape, &[], After::NOTHING, &mut []));
    assert_refused(|| shape.weight_gradient(Variant::Two, &[], &[], &mut [0.0; 16 * 16 * 16]));
    let shape = StridedShape { images, ..thin };
    assert_refused(|| thin_weights.convolve(&shape, &[], After::NOTHING, &mut []));
    assert_refused(|| shape.thin_gradient(&[], &[], &mut [0.0; 16 * 16]));
    // And so are weights.
    let shape = StridedShape { inputs: 1 << 32, outputs: 1 << 32, ..small };
    assert_refused(|| drop(StridedWeights::forward(&shape, Variant::Two, &[])));

    let small = DoubledShape { images: 1, inputs: 16, outputs: 16, height: 2, width: 2 };
    let weights = DoubledWeights::forward(&small, &[0.0; 16 * 16 * 9]);
    let shape = DoubledShape { images, ..small };
    assert_refused(|| weights.convolve(&shape, &[], &mut []));
    assert_refused(|| shape.weight_gradient(&[], &[], &mut [0.0; 16 * 16 * 9]));
}

#[test]
fn matrices_that_are_larger_than_memory_are_refused() {
    assert_refused(|| Matrix::zeros(1, 16).resize(1 << 60));
    assert_refused(|| drop(Matrix::zeros(1 << 60, 16)));
    assert_refused(|| drop(Matrix::zeros(1, usize::MAX)));
}
