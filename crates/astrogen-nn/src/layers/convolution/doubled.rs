//! The operators of a convolution behind bilinear doubling, without a graph, by the [kernels](crate::doubled) of
//! this crate where they cover the layer, and by libtorch elsewhere.

use std::cell::OnceCell;

use tch::{Device, Kind, Tensor, no_grad};

use super::{Convolution, Direction};
use crate::doubled::{DoubledShape, DoubledWeights};
use crate::kernel::{memory, memory_mut};
use crate::layers::maps::{channels_first, channels_last, filled_up, weights};
use crate::layers::{Affine, Interpolation};

/// The operators of a layer that images come to doubled, whose weights stay as they are meanwhile: what is made
/// of them serves all passes.
#[derive(Debug)]
pub(crate) struct DoubledKernels<'a> {
    layer: &'a Convolution,
    forward: OnceCell<DoubledWeights>,
    adjoint: OnceCell<DoubledWeights>,
}

impl<'a> DoubledKernels<'a> {
    /// Those of a layer without bias.
    ///
    /// # Panics
    /// Where its weights are divided by their spectral norm, or it has a bias.
    pub(crate) fn new(layer: &'a Convolution) -> Self {
        assert!(layer.spectral_norm.is_none() && layer.bias.is_none(), "weights as they are");
        Self { layer, forward: OnceCell::new(), adjoint: OnceCell::new() }
    }

    /// The element type and the device of the weights.
    pub(crate) fn options(&self) -> (Kind, Device) {
        self.layer.options()
    }

    /// The gradient of `<signal, W xs>` with respect to `W`, in memory as the weights are.
    pub(crate) fn weight_gradient(&self, xs: &Tensor, signal: &Tensor) -> Tensor {
        no_grad(|| {
            let Some(shape) = self.shape(&xs.size()) else {
                return self.layer.tangent(&Interpolation::Bilinear.double(xs), signal).1;
            };
            let [n, _, h, w] = xs.size()[..] else { unreachable!("maps, as there is a shape") };
            assert_eq!(signal.size(), [n, self.channels()[0], 2 * h, 2 * w], "the large maps");
            let (x, y) = (channels_last(xs, shape.inputs), channels_last(signal, shape.outputs));
            let [o, c] = [shape.outputs, shape.inputs].map(|channels| channels as i64);
            let mut gradient = Tensor::empty([o, 3, 3, c], (Kind::Float, Device::Cpu));
            shape.weight_gradient(memory(&x), memory(&y), memory_mut(&mut gradient));
            let [outputs, inputs] = self.channels();
            channels_first(&gradient.narrow(0, 0, outputs), inputs)
        })
    }

    /// How small maps of this size are doubled and convolved; none is libtorch's way.
    fn shape(&self, small: &[i64]) -> Option<DoubledShape> {
        let config = &self.layer.config;
        let covered = [config.kernel, config.stride, config.padding, config.groups] == [3, 1, 1, 1];
        if !covered
            || config.direction != Direction::Down
            || self.layer.options() != (Kind::Float, Device::Cpu)
        {
            return None;
        }
        let [outputs, inputs] = self.channels();
        let [n, c, h, w] = small[..] else { return None };
        if n <= 0 || c != inputs || h <= 0 || w <= 0 || h % 2 != 0 || w % 2 != 0 {
            return None;
        }
        let [images, inputs, outputs, height, width] =
            [n, c, outputs, h, w].map(|count| count as usize); // all above 0
        let [inputs, outputs] = filled_up([inputs, outputs])?;
        Some(DoubledShape { images, inputs, outputs, height, width })
    }

    /// Channels that come out, and that go in.
    fn channels(&self) -> [i64; 2] {
        let size = self.layer.weight.size();
        [size[0], size[1]]
    }

    fn weights(&self, shape: &DoubledShape) -> Tensor {
        weights(&self.layer.weight.detach(), [shape.inputs, shape.outputs])
    }
}

/// All without a graph.
impl Affine for DoubledKernels<'_> {
    fn forward(&self, xs: &Tensor) -> Tensor {
        no_grad(|| {
            let Some(shape) = self.shape(&xs.size()).filter(DoubledShape::transforms_pay) else {
                return self.layer.forward(&Interpolation::Bilinear.double(xs));
            };
            let weights = self
                .forward
                .get_or_init(|| DoubledWeights::forward(&shape, memory(&self.weights(&shape))));
            let size = [shape.images, 2 * shape.height, 2 * shape.width, shape.outputs];
            let options = (Kind::Float, Device::Cpu);
            let mut large = Tensor::empty(size.map(|side| side as i64), options);
            weights.convolve(
                &shape,
                memory(&channels_last(xs, shape.inputs)),
                memory_mut(&mut large),
            );
            channels_first(&large, self.channels()[0])
        })
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        let [n, c, h, w] = input[..] else { panic!("maps, got {input:?}") };
        no_grad(|| {
            let Some(shape) = self.shape(input).filter(DoubledShape::transforms_pay) else {
                let doubled = self.layer.adjoint(signal, &[n, c, 2 * h, 2 * w]);
                return Interpolation::Bilinear.double_adjoint(&doubled);
            };
            assert_eq!(signal.size(), [n, self.channels()[0], 2 * h, 2 * w], "the large maps");
            let weights = self
                .adjoint
                .get_or_init(|| DoubledWeights::adjoint(&shape, memory(&self.weights(&shape))));
            let size = [shape.images, shape.height, shape.width, shape.inputs];
            let options = (Kind::Float, Device::Cpu);
            let mut small = Tensor::empty(size.map(|side| side as i64), options);
            weights.convolve_adjoint(
                &shape,
                memory(&channels_last(signal, shape.outputs)),
                memory_mut(&mut small),
            );
            channels_first(&small, self.channels()[1])
        })
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (self.forward(tangent), self.weight_gradient(tangent, signal))
    }
}
