//! A convolution's operators without a graph, by the [kernels](crate::strided) of this crate where they
//! cover the layer, and by libtorch elsewhere.

use std::cell::OnceCell;

use tch::{Device, Kind, Tensor, no_grad};

use super::{Convolution, Direction};
use crate::kernel::{LANES, memory, memory_mut};
use crate::layers::Affine;
use crate::layers::affine::bend;
use crate::layers::maps::{channels_first, channels_last, filled, filled_up, weights};
use crate::strided::{After, StridedShape, StridedWeights, ThinWeights, Variant};

/// The operators of a layer whose weights stay as they are meanwhile: what is made of them serves all
/// passes.
#[derive(Debug)]
pub struct Kernels<'a> {
    layer: &'a Convolution,
    /// By two and by four outputs a tile.
    forward: [OnceCell<StridedWeights>; 2],
    transposed: [OnceCell<StridedWeights>; 2],
    thin: OnceCell<ThinWeights>,
}

/// Between maps of which sizes, and whether the large ones are too thin for transforms.
struct Plan {
    shape: StridedShape,
    is_thin: bool,
}

impl Plan {
    /// Whether maps one way or the other are faster made so than by libtorch.
    fn pays(&self) -> bool {
        self.is_thin || self.shape.transforms_pay()
    }
}

impl<'a> Kernels<'a> {
    /// Those of a layer.
    ///
    /// # Panics
    /// Where its weights are divided by their spectral norm.
    pub fn new(layer: &'a Convolution) -> Self {
        assert!(layer.spectral_norm.is_none(), "weights as they are");
        Self {
            layer,
            forward: Default::default(),
            transposed: Default::default(),
            thin: OnceCell::new(),
        }
    }

    /// The layer's.
    pub(crate) fn direction(&self) -> Direction {
        self.layer.config.direction
    }

    /// The element type and the device of the weights.
    pub(crate) fn options(&self) -> (Kind, Device) {
        self.layer.options()
    }

    /// The gradient of `<signal, W xs>` with respect to `W`, in memory as the weights are.
    pub(crate) fn weight_gradient(&self, xs: &Tensor, signal: &Tensor) -> Tensor {
        let [large, small] = self.large_and_small(xs, signal);
        let Some(Plan { shape, is_thin }) = self.plan(&large.size(), large) else {
            return self.layer.tangent(xs, signal).1;
        };
        let [n, _, h, w] = large.size()[..] else { unreachable!("maps, as there is a plan") };
        assert_eq!(small.size(), [n, self.channels()[0], h / 2, w / 2], "the small maps");
        no_grad(|| {
            let x = channels_last(large, shape.inputs);
            let y = channels_last(small, shape.outputs);
            let [o, c] = [shape.outputs, shape.inputs].map(|channels| channels as i64);
            let mut gradient = Tensor::empty([o, 4, 4, c], (Kind::Float, Device::Cpu));
            let (x, y, to) = (memory(&x), memory(&y), memory_mut(&mut gradient));
            match is_thin {
                true => shape.thin_gradient(x, y, to),
                false => shape.weight_gradient(shape.gradient_variant(), x, y, to),
            }
            let [outputs, inputs] = self.channels();
            channels_first(&gradient.narrow(0, 0, outputs), inputs)
        })
    }

    /// Channels of the small and of the large maps.
    fn channels(&self) -> [i64; 2] {
        let size = self.layer.weight.size();
        [size[0], size[1]]
    }

    /// `bend(W xs + bias)`
    fn map(&self, xs: &Tensor, bias: Option<&Tensor>, slope: f64) -> Tensor {
        no_grad(|| {
            let mapped = match self.layer.config.direction {
                Direction::Down => self.shrink(xs, bias, slope),
                Direction::Up => self.grow(xs, bias, slope),
            };
            mapped.unwrap_or_else(|| bend(self.layer.with(xs, &self.layer.weight, bias), slope))
        })
    }

    /// Which of a layer's inputs and outputs are the large maps, and which the small ones.
    fn large_and_small<'t>(&self, inputs: &'t Tensor, outputs: &'t Tensor) -> [&'t Tensor; 2] {
        match self.layer.config.direction {
            Direction::Down => [inputs, outputs],
            Direction::Up => [outputs, inputs],
        }
    }

    /// How large maps of this size are convolved to small ones, and back, where maps are like these; none is
    /// libtorch's way.
    fn plan(&self, large: &[i64], maps: &Tensor) -> Option<Plan> {
        let single =
            |tensor: &Tensor| (tensor.kind(), tensor.device()) == (Kind::Float, Device::Cpu);
        let config = &self.layer.config;
        let covered = [config.kernel, config.stride, config.padding, config.groups] == [4, 2, 1, 1];
        if !covered || !single(maps) || !single(&self.layer.weight) {
            return None;
        }
        let [outputs, inputs] = self.channels();
        let [n, c, h, w] = large[..] else { return None };
        if n <= 0 || c != inputs || h <= 0 || w <= 0 || h % 2 != 0 || w % 2 != 0 {
            return None;
        }
        let is_thin = inputs <= 4;
        let [images, inputs, outputs, height, width] =
            [n, c, outputs, h, w].map(|count| count as usize); // all above 0
        let [inputs, outputs] = match is_thin {
            // Products with patches are so much faster that half of them may be of nothing.
            true if outputs >= LANES / 2 => [inputs, outputs.next_multiple_of(LANES)],
            true => return None,
            false => filled_up([inputs, outputs])?,
        };
        Some(Plan { shape: StridedShape { images, inputs, outputs, height, width }, is_thin })
    }

    /// From large maps to small ones.
    fn shrink(&self, large: &Tensor, bias: Option<&Tensor>, slope: f64) -> Option<Tensor> {
        let Plan { shape, is_thin } = self.plan(&large.size(), large).filter(Plan::pays)?;
        let size = [shape.images, shape.height / 2, shape.width / 2, shape.outputs];
        let mut small = Tensor::empty(size.map(|side| side as i64), (Kind::Float, Device::Cpu));
        let x = channels_last(large, shape.inputs);
        let bias = bias.map(|bias| filled(memory(bias), shape.outputs));
        let after = After { bias: bias.as_deref(), slope: slope as f32, sign: None };
        let (x, y) = (memory(&x), memory_mut(&mut small));
        if is_thin {
            self.thin(&shape).convolve(&shape, x, after, y);
        } else {
            let variant = shape.forward_variant();
            let weights = self.forward[usize::from(variant == Variant::Four)].get_or_init(|| {
                StridedWeights::forward(&shape, variant, memory(&self.weights(&shape)))
            });
            weights.convolve(&shape, x, after, y);
        }
        Some(channels_first(&small, self.channels()[0]))
    }

    /// From small maps to large ones.
    fn grow(&self, small: &Tensor, bias: Option<&Tensor>, slope: f64) -> Option<Tensor> {
        let [n, c, rows, columns] = small.size()[..] else { return None };
        let [outputs, inputs] = self.channels();
        if c != outputs {
            return None; // libtorch says what is wrong
        }
        let plan = self.plan(&[n, inputs, 2 * rows, 2 * columns], small);
        let Plan { shape, is_thin } = plan.filter(Plan::pays)?;
        let size = [shape.images, shape.height, shape.width, shape.inputs];
        let mut large = Tensor::empty(size.map(|side| side as i64), (Kind::Float, Device::Cpu));
        let y = channels_last(small, shape.outputs);
        let (y, x) = (memory(&y), memory_mut(&mut large));
        if is_thin {
            self.thin(&shape).convolve_transposed(&shape, y, x);
            let biased = bias.map_or(large.shallow_clone(), |bias| large.g_add_(bias));
            return Some(bend(biased.permute([0, 3, 1, 2]), slope));
        }
        let variant = shape.transposed_variant();
        let weights = self.transposed[usize::from(variant == Variant::Four)].get_or_init(|| {
            StridedWeights::transposed(&shape, variant, memory(&self.weights(&shape)))
        });
        let bias = bias.map(|bias| filled(memory(bias), shape.inputs));
        let after = After { bias: bias.as_deref(), slope: slope as f32, sign: None };
        weights.convolve_transposed(&shape, y, after, x);
        Some(channels_first(&large, inputs))
    }

    fn thin(&self, shape: &StridedShape) -> &ThinWeights {
        self.thin.get_or_init(|| ThinWeights::new(shape, memory(&self.weights(shape))))
    }

    fn weights(&self, shape: &StridedShape) -> Tensor {
        weights(&self.layer.weight.detach(), [shape.inputs, shape.outputs])
    }
}

/// All without a graph.
impl Affine for Kernels<'_> {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.forward_bent(xs, 1.0)
    }

    fn forward_bent(&self, xs: &Tensor, slope: f64) -> Tensor {
        self.map(xs, self.layer.bias.as_ref(), slope)
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        no_grad(|| {
            // The kernels' large maps have even sides.
            let is_even = input.iter().skip(2).all(|side| side % 2 == 0);
            let pulled = match self.layer.config.direction {
                Direction::Down if is_even => self.grow(signal, None, 1.0),
                Direction::Down => None,
                Direction::Up => self.shrink(signal, None, 1.0),
            };
            pulled.unwrap_or_else(|| self.layer.adjoint(signal, input))
        })
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        let [large, _] = self.large_and_small(tangent, signal);
        match self.plan(&large.size(), large) {
            Some(_) => self.tangent_at(tangent, tangent, signal),
            // One pass of libtorch gives both.
            None => self.layer.tangent(tangent, signal),
        }
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        let [large, _] = self.large_and_small(tangent, signal);
        match self.plan(&large.size(), large) {
            Some(_) => (self.map(tangent, None, 1.0), self.weight_gradient(point, signal)),
            None => self.layer.tangent_at(tangent, point, signal),
        }
    }
}
