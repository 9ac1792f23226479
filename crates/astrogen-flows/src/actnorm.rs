//! A scale and a shift per feature, the first ones taken from data (Kingma and Dhariwal 2018).
//!
//! `y = exp(a) x + b`. [`ActNorm::fit`] sets both so that the data have mean 0 and deviation 1
//! behind it; after that they are weights like others.

use astrogen_nn::variables::{allocate, variable};
use astrogen_nn::{NamedTensors, NnError, named};
use tch::nn::Path;
use tch::{Kind, Tensor, no_grad};

use crate::FlowError;
use crate::transform::{LazyTransform, Transform};

/// `y = exp(log_scale) x + shift`, `[D]` both.
#[derive(Debug)]
pub struct ActNorm {
    log_scale: Tensor,
    shift: Tensor,
}

impl ActNorm {
    /// Scale and shift of so many features below `path`: `log_scale`, `shift`; at first the
    /// identity.
    ///
    /// # Errors
    /// [`NnError::NameTaken`] where the path holds one already.
    pub fn build(path: &Path, features: i64) -> Result<Self, FlowError> {
        Ok(Self {
            log_scale: variable(path, "log_scale", &[features], 0.0, true)?,
            shift: variable(path, "shift", &[features], 0.0, true)?,
        })
    }

    /// Sets scale and shift from data `[N, D]`. A feature of one value keeps its scale.
    pub fn fit(&self, x: &Tensor) {
        no_grad(|| {
            let mean = x.mean_dim(0, false, None::<Kind>);
            let deviation = x.std_dim(0, false, false);
            let flat = deviation.gt(0.0).logical_not();
            let deviation = deviation.ones_like().where_self(&flat, &deviation);
            self.log_scale.shallow_clone().copy_(&-deviation.log());
            self.shift.shallow_clone().copy_(&(-mean / deviation));
        });
    }
}

impl NamedTensors for ActNorm {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("log_scale", &self.log_scale), ("shift", &self.shift)])
    }
}

impl LazyTransform for ActNorm {
    fn given<'a>(&'a self, _context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        Box::new(Given(self))
    }

    fn init(&self, _identity: bool) -> Result<(), NnError> {
        allocate(self)
    }
}

#[derive(Debug)]
struct Given<'a>(&'a ActNorm);

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        (y - &self.0.shift) / self.0.log_scale.exp()
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let ladj = self.0.log_scale.sum(None::<Kind>).expand([x.size()[0]], false);
        (x * self.0.log_scale.exp() + &self.0.shift, ladj)
    }
}
