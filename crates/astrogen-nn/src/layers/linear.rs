//! A fully connected layer.

use tch::Tensor;
use tch::nn::Path;

use super::Affine;
use crate::config::check_least;
use crate::variables::{allocate, variable};
use crate::{Initialization, NamedTensors, NnError, named};

/// A fully connected layer: `y = x W^T + b`, `[N, in] -> [N, out]`.
#[derive(Debug)]
pub struct Linear {
    /// `W`, `[out, in]`.
    pub weight: Tensor,
    /// `b`, `[out]`.
    pub bias: Tensor,
}

impl Linear {
    /// A layer with no memory for its weights until they are [drawn](Linear::init) or loaded.
    ///
    /// # Errors
    /// [`NnError::Setting`] where there is no input or output, [`NnError::NameTaken`] where
    /// the path holds such a layer already.
    pub fn build(path: &Path, [inputs, outputs]: [i64; 2]) -> Result<Self, NnError> {
        check_least(&[("inputs", inputs), ("outputs", outputs)], 1)?;
        Ok(Self {
            weight: variable(path, "weight", &[outputs, inputs], 0.0, true)?,
            bias: variable(path, "bias", &[outputs], 0.0, true)?,
        })
    }

    /// Gives the weights memory of their own and draws their first values.
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self, initialization: Initialization) -> Result<(), NnError> {
        allocate(self)?;
        self.draw(initialization);
        Ok(())
    }

    /// Draws the first weights, which have memory already.
    pub(super) fn draw(&self, initialization: Initialization) {
        initialization.draw(&self.weight, Some(&self.bias));
    }

    /// `[N, out]` of `[N, in]`.
    ///
    /// # Panics
    /// Where `xs` has another number of columns, element type or device than the layer.
    pub fn forward(&self, xs: &Tensor) -> Tensor {
        xs.linear(&self.weight, Some(&self.bias))
    }
}

impl NamedTensors for Linear {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("weight", &self.weight), ("bias", &self.bias)])
    }
}

/// A fully connected layer without bias, by its weight `[out, in]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a>(pub(super) &'a Tensor);

impl Affine for Matrix<'_> {
    fn forward(&self, xs: &Tensor) -> Tensor {
        xs.mm(&self.0.tr())
    }

    fn adjoint(&self, signal: &Tensor, _input: &[i64]) -> Tensor {
        signal.mm(self.0)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        self.tangent_at(tangent, tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (self.forward(tangent), signal.tr().mm(point))
    }
}

impl Affine for Linear {
    fn forward(&self, xs: &Tensor) -> Tensor {
        Self::forward(self, xs)
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        Matrix(&self.weight).adjoint(signal, input)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        Matrix(&self.weight).tangent(tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        Matrix(&self.weight).tangent_at(tangent, point, signal)
    }
}
