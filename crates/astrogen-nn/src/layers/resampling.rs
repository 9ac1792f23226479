//! Halving and doubling images by a low-pass filter.
//!
//! With the filter `f = [1, 3, 3, 1] / 8` along each axis, [1, 2, 1] spread to even length, and
//! zeros beyond the border,
//!
//! ```text
//! Down   y[i] = sum_k f[k] x[2 i + k - 1]          [N, C, H, W] -> [N, C, H / 2, W / 2]
//! Up     y = 4 times the transpose of Down         [N, C, H, W] -> [N, C, 2 H, 2 W]
//! ```
//!
//! so that a flat image stays as bright as it is inside, both ways. Frequencies that the smaller
//! image cannot carry are damped, not folded (Karras et al. 2019, *A Style-Based Generator
//! Architecture*, appendix C; Zhang 2019, *Making Convolutional Networks Shift-Invariant Again*;
//! the resampling of R3GAN, Huang et al. 2024).

use tch::{Kind, Tensor};

use super::Direction;

/// Weights of the filter along one axis.
const FILTER: [f64; 4] = [0.125, 0.375, 0.375, 0.125];

/// Halving or doubling by the low-pass filter `[1, 3, 3, 1] / 8` along each axis: a fixed linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling(pub Direction);

impl Resampling {
    /// The resampled images, channels last where they were; a function with a graph.
    ///
    /// # Panics
    /// Where there are not four axes, and for images to be halved where a side is odd.
    pub fn forward(self, images: &Tensor) -> Tensor {
        match self.0 {
            Direction::Down => halve(images),
            Direction::Up => double(images),
        }
    }

    /// The transposed map: from a signal at the output to one at the input.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn adjoint(self, signal: &Tensor) -> Tensor {
        match self.0 {
            Direction::Down => double(signal) * 0.25,
            Direction::Up => halve(signal) * 4.0,
        }
    }

    /// The filter, `[4, 4]`, of sum 1.
    pub fn kernel() -> Tensor {
        let filter = Tensor::from_slice(&FILTER);
        filter.outer(&filter).to_kind(Kind::Float)
    }
}

fn halve(images: &Tensor) -> Tensor {
    let [_, channels, height, width] = images.size()[..] else {
        panic!("images are [N, C, H, W], got the shape {:?}", images.size());
    };
    assert!(height % 2 == 0 && width % 2 == 0, "sides to be halved are even, got {height}x{width}");
    let kernel = Resampling::kernel().to_kind(images.kind()).to_device(images.device());
    let kernel = kernel.expand([channels, 1, 4, 4], false);
    images.conv2d(&kernel, None::<&Tensor>, [2, 2], [1, 1], [1, 1], channels)
}

fn double(images: &Tensor) -> Tensor {
    // Bilinear interpolation is the same filter, but for a border that goes on: there each pixel
    // of the edge has the weight of the one beyond, too.
    let doubled = images.upsample_bilinear2d_vec(None::<&[i64]>, false, [2.0, 2.0]);
    for axis in [2, 3] {
        let last = doubled.size()[axis as usize] - 1;
        for place in [0, last] {
            let _ = doubled.narrow(axis, place, 1).g_mul_scalar_(FILTER[1] * 2.0);
        }
    }
    doubled
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::turn::alone;

    const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

    fn kernel(channels: i64) -> Tensor {
        Resampling::kernel().to_kind(Kind::Double).expand([channels, 1, 4, 4], false)
    }

    #[test]
    fn doubling_is_four_times_the_transposed_convolution() {
        let _alone = alone(1);
        let images = Tensor::randn([2, 3, 5, 4], DOUBLE);
        let expected = images.conv_transpose2d(
            &(kernel(3) * 4.0),
            None::<&Tensor>,
            [2, 2],
            [1, 1],
            [0, 0],
            3,
            [1, 1],
        );
        let doubled = Resampling(Direction::Up).forward(&images);
        assert_eq!(doubled.size(), [2, 3, 10, 8]);
        assert!((doubled - expected).abs().max().double_value(&[]) < 1e-14);
    }

    #[test]
    fn adjoints_are_those_of_the_maps() {
        let _alone = alone(1);
        for direction in [Direction::Down, Direction::Up] {
            let map = Resampling(direction);
            let images = Tensor::randn([2, 3, 6, 8], DOUBLE);
            let resampled = map.forward(&images);
            let signal = resampled.randn_like();
            let [left, right] =
                [(resampled, signal.shallow_clone()), (images, map.adjoint(&signal))]
                    .map(|(a, b)| (a * b).sum(Kind::Double).double_value(&[]));
            assert!((left - right).abs() < 1e-12, "{direction:?}: {left} {right}");
        }
    }

    #[test]
    fn flat_images_stay_flat_inside_and_fade_at_the_border() {
        let flat = Tensor::ones([1, 1, 4, 4], DOUBLE);
        for (direction, size) in [(Direction::Down, 2), (Direction::Up, 8)] {
            let resampled = Resampling(direction).forward(&flat).view([size, size]);
            let edge = if size == 2 { 0.875 } else { 0.75 };
            assert_eq!(resampled.double_value(&[0, 0]), edge * edge);
            let inside = if size == 2 { edge * edge } else { 1.0 };
            assert_eq!(resampled.double_value(&[size / 2, size / 2]), inside);
        }
    }
}
