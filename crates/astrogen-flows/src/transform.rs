//! What a transform is, before and after it is given a context.
//!
//! A [`LazyTransform`] holds weights. Given a context it is a [`Transform`]: a bijection of
//! vectors `[N, D]`, each row with parameters of its own. Transforms are functions of a whole
//! batch; nothing is computed before it is asked for.

use std::fmt::Debug;

use astrogen_nn::{NamedTensors, NnError};
use tch::Tensor;

use crate::passes::Plan;

/// A bijection `y = f(x)` of the rows of a batch.
///
/// Shapes were checked where the context was [given](crate::Flow::given): implementations may
/// panic on others, as libtorch does.
pub trait Transform: Debug {
    /// `x`, `[N, D]`, from `y`, `[N, D]`.
    fn inverse(&self, y: &Tensor) -> Tensor;

    /// `y`, `[N, D]`, and `log |det dy/dx|`, `[N]`, from `x`, `[N, D]`.
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor);

    /// `y`, `[N, D]`, from `x`, `[N, D]`.
    fn call(&self, x: &Tensor) -> Tensor {
        self.call_and_ladj(x).0
    }
}

/// What becomes a [`Transform`] once it is given a context.
pub trait LazyTransform: NamedTensors + Debug + Send {
    /// The bijection for contexts `[N, C]`, or for none.
    fn given<'a>(&'a self, context: Option<&'a Tensor>) -> Box<dyn Transform + 'a>;

    /// Gives the weights memory of their own and draws their first values, from libtorch's
    /// generator of their device; with `identity`, such that the transform changes nothing (a sum
    /// of squares: hardly anything).
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    fn init(&self, identity: bool) -> Result<(), NnError>;

    /// Why a mask or an order that came with the weights does not fit the networks, if it does not.
    fn misfit(&self) -> Option<String> {
        None
    }

    /// What the crate's [own passes](crate::FlowPass) compute it by; `None`, the default, for
    /// transforms that are for tensor operations alone.
    fn plan(&self) -> Option<Plan> {
        None
    }

    /// Why the weights make it no bijection, if they do.
    fn singular(&self) -> Option<String> {
        None
    }
}

/// Transforms one after the other.
#[derive(Debug)]
pub struct Composed<'a> {
    transforms: Vec<Box<dyn Transform + 'a>>,
}

impl<'a> Composed<'a> {
    /// The first of the list is the first to be applied to `x`.
    pub fn new(transforms: Vec<Box<dyn Transform + 'a>>) -> Self {
        Self { transforms }
    }
}

impl Transform for Composed<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let last_to_first = self.transforms.iter().rev();
        last_to_first.fold(y.shallow_clone(), |y, transform| transform.inverse(&y))
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let start = (x.shallow_clone(), Tensor::zeros([x.size()[0]], (x.kind(), x.device())));
        self.transforms.iter().fold(start, |(x, sum), transform| {
            let (y, ladj) = transform.call_and_ladj(&x);
            (y, sum + ladj)
        })
    }

    fn call(&self, x: &Tensor) -> Tensor {
        self.transforms.iter().fold(x.shallow_clone(), |x, transform| transform.call(&x))
    }
}
