//! A convolution's operators without a graph, by the [kernels](crate::strided) of this crate where they
//! cover the layer, and by libtorch elsewhere.

use std::cell::OnceCell;

use tch::{Device, Kind, Tensor, no_grad};

use super::{Convolution, Direction};
use crate::kernel::{memory, memory_mut};
use crate::layers::Affine;
use crate::layers::affine::bend;
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
        let Some(Plan { shape, is_thin }) = self.plan(large) else {
            return self.layer.tangent(xs, signal).1;
        };
        no_grad(|| {
            let [x, y] = [large, small].map(channels_last);
            let [o, c] = [shape.outputs, shape.inputs].map(|channels| channels as i64);
            let mut gradient = Tensor::empty([o, 4, 4, c], (Kind::Float, Device::Cpu));
            let (x, y, to) = (memory(&x), memory(&y), memory_mut(&mut gradient));
            match is_thin {
                true => shape.thin_gradient(x, y, to),
                false => shape.weight_gradient(shape.gradient_variant(), x, y, to),
            }
            gradient.permute([0, 3, 1, 2])
        })
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

    /// How large maps like these are convolved to small ones, and back; none is libtorch's way.
    fn plan(&self, large: &Tensor) -> Option<Plan> {
        let single =
            |tensor: &Tensor| (tensor.kind(), tensor.device()) == (Kind::Float, Device::Cpu);
        let config = &self.layer.config;
        let covered = [config.kernel, config.stride, config.padding, config.groups] == [4, 2, 1, 1];
        if !covered || !single(large) || !single(&self.layer.weight) {
            return None;
        }
        let [outputs, inputs, ..] = self.layer.weight.size()[..] else { return None };
        let [n, c, h, w] = large.size()[..] else { return None };
        let fits = n > 0 && c == inputs && h > 0 && w > 0 && h % 2 == 0 && w % 2 == 0;
        let is_thin = inputs <= 4;
        if !fits || outputs % 16 != 0 || !(is_thin || inputs % 16 == 0) {
            return None;
        }
        let [images, inputs, outputs, height, width] =
            [n, c, outputs, h, w].map(|count| count as usize); // all above 0
        Some(Plan { shape: StridedShape { images, inputs, outputs, height, width }, is_thin })
    }

    /// From large maps to small ones.
    fn shrink(&self, large: &Tensor, bias: Option<&Tensor>, slope: f64) -> Option<Tensor> {
        let Plan { shape, is_thin } = self.plan(large).filter(Plan::pays)?;
        let size = [shape.images, shape.height / 2, shape.width / 2, shape.outputs];
        let mut small = Tensor::empty(size.map(|side| side as i64), (Kind::Float, Device::Cpu));
        let x = channels_last(large);
        let after = After { bias: bias.map(memory), slope: slope as f32, sign: None };
        let (x, y) = (memory(&x), memory_mut(&mut small));
        if is_thin {
            self.thin(&shape).convolve(&shape, x, after, y);
        } else {
            let variant = shape.forward_variant();
            let weights = self.forward[usize::from(variant == Variant::Four)]
                .get_or_init(|| StridedWeights::forward(&shape, variant, memory(&self.weights())));
            weights.convolve(&shape, x, after, y);
        }
        Some(small.permute([0, 3, 1, 2]))
    }

    /// From small maps to large ones.
    fn grow(&self, small: &Tensor, bias: Option<&Tensor>, slope: f64) -> Option<Tensor> {
        let [n, _, rows, columns] = small.size()[..] else { return None };
        let size = [n, 2 * rows, 2 * columns, self.layer.weight.size()[1]];
        let mut large = Tensor::empty(size, (small.kind(), small.device()));
        let plan = self.plan(&large.permute([0, 3, 1, 2]));
        let Plan { shape, is_thin } = plan.filter(Plan::pays)?;
        let y = channels_last(small);
        let (y, x) = (memory(&y), memory_mut(&mut large));
        if is_thin {
            self.thin(&shape).convolve_transposed(&shape, y, x);
            let biased = bias.map_or(large.shallow_clone(), |bias| large.g_add_(bias));
            return Some(bend(biased.permute([0, 3, 1, 2]), slope));
        }
        let variant = shape.transposed_variant();
        let weights = self.transposed[usize::from(variant == Variant::Four)]
            .get_or_init(|| StridedWeights::transposed(&shape, variant, memory(&self.weights())));
        let after = After { bias: bias.map(memory), slope: slope as f32, sign: None };
        weights.convolve_transposed(&shape, y, after, x);
        Some(large.permute([0, 3, 1, 2]))
    }

    fn thin(&self, shape: &StridedShape) -> &ThinWeights {
        self.thin.get_or_init(|| ThinWeights::new(shape, memory(&self.weights())))
    }

    fn weights(&self) -> Tensor {
        channels_last(&self.layer.weight.detach())
    }
}

/// Maps or weights `[N, C, H, W]` as `[N, H, W, C]`, one number behind the other.
pub(super) fn channels_last(maps: &Tensor) -> Tensor {
    maps.permute([0, 2, 3, 1]).contiguous()
}

/// All without a graph.
impl Affine for Kernels<'_> {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.forward_bent(xs, 1.0)
    }

    fn forward_bent(&self, xs: &Tensor, slope: f64) -> Tensor {
        self.map(xs, self.layer.bias.as_ref(), slope)
    }

    fn adjoint(&self, signal: &Tensor) -> Tensor {
        no_grad(|| {
            let pulled = match self.layer.config.direction {
                Direction::Down => self.grow(signal, None, 1.0),
                Direction::Up => self.shrink(signal, None, 1.0),
            };
            pulled.unwrap_or_else(|| self.layer.adjoint(signal))
        })
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        match self.plan(self.large_and_small(tangent, signal)[0]) {
            Some(_) => self.tangent_at(tangent, tangent, signal),
            // One pass of libtorch gives both.
            None => self.layer.tangent(tangent, signal),
        }
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        match self.plan(self.large_and_small(tangent, signal)[0]) {
            Some(_) => (self.map(tangent, None, 1.0), self.weight_gradient(point, signal)),
            None => self.layer.tangent_at(tangent, point, signal),
        }
    }
}
