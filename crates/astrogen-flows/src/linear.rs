//! A linear map of all features, with the determinant at hand (Kingma and Dhariwal 2018, *Glow*).
//!
//! `y = x W` with `W = P L (U + diag S)`: `P` a fixed permutation, `L` lower triangular with ones
//! on its diagonal, `U` strictly upper triangular. So `log |det W| = sum log |S|`, and the inverse
//! solves two triangular systems, in double precision.

use astrogen_nn::variables::{allocate, variable};
use astrogen_nn::{NamedTensors, NnError, named};
use tch::nn::Path;
use tch::{Kind, Tensor, no_grad};

use crate::FlowError;
use crate::passes::{Part, Plan, StepPlan};
use crate::transform::{LazyTransform, Transform};

/// A linear map `[N, D]` to `[N, D]`, by factors of its matrix: `P`, `L`, `U` `[D, D]` and `S`
/// `[D]`.
#[derive(Debug)]
pub struct PluLinear {
    p: Tensor,
    l: Tensor,
    u: Tensor,
    s: Tensor,
}

impl PluLinear {
    /// A map of so many features below `path`: `P`, `S`, `L`, `U`.
    ///
    /// # Errors
    /// [`NnError::NameTaken`] where the path holds one already.
    pub fn build(path: &Path, features: i64) -> Result<Self, FlowError> {
        let square = [features, features];
        Ok(Self {
            p: variable(path, "P", &square, 0.0, false)?,
            s: variable(path, "S", &[features], 1.0, true)?,
            l: variable(path, "L", &square, 0.0, true)?,
            u: variable(path, "U", &square, 0.0, true)?,
        })
    }

    /// `L` and `U + diag S`.
    fn factors(&self) -> (Tensor, Tensor) {
        let one = Tensor::eye(self.s.size()[0], (self.l.kind(), self.l.device()));
        (self.l.tril(-1) + one, self.u.triu(1) + self.s.diag(0))
    }
}

impl NamedTensors for PluLinear {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("P", &self.p), ("S", &self.s), ("L", &self.l), ("U", &self.u)])
    }
}

impl LazyTransform for PluLinear {
    fn given<'a>(&'a self, _context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
        let (l, u) = self.factors();
        Box::new(Given { p: &self.p, l, u, s: &self.s })
    }

    /// A rotation at random, or the identity.
    fn init(&self, identity: bool) -> Result<(), NnError> {
        allocate(self)?;
        no_grad(|| {
            let options = (self.s.kind(), self.s.device());
            let features = self.s.size()[0];
            let [mut p, mut l, mut u, mut s] =
                [&self.p, &self.l, &self.u, &self.s].map(Tensor::shallow_clone);
            if identity {
                p.copy_(&Tensor::eye(features, options));
                return;
            }
            let normal = Tensor::randn([features, features], (Kind::Double, options.1));
            let (rotation, _) = Tensor::linalg_qr(&normal, "reduced");
            let (permutation, lower, upper) = Tensor::linalg_lu(&rotation, true);
            p.copy_(&permutation);
            l.copy_(&lower.tril(-1));
            u.copy_(&upper.triu(1));
            s.copy_(&upper.diagonal(0, 0, 1));
        });
        Ok(())
    }

    fn plan(&self) -> Option<Plan> {
        let weights = [&self.p, &self.l, &self.u, &self.s].map(Tensor::shallow_clone).into();
        let step = StepPlan::Linear(self.s.size()[0] as usize);
        Some(Plan(vec![Part { step, weights }]))
    }

    fn singular(&self) -> Option<String> {
        let bad = self.s.eq(0.0).logical_or(&self.s.isfinite().logical_not());
        (bad.any().int64_value(&[]) != 0)
            .then(|| "its diagonal `S` holds a zero, or a number that is not finite".to_owned())
    }
}

#[derive(Debug)]
struct Given<'a> {
    p: &'a Tensor,
    l: Tensor,
    u: Tensor,
    s: &'a Tensor,
}

impl Transform for Given<'_> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let double = |tensor: &Tensor| tensor.to_kind(Kind::Double);
        // x P L (U + S) = y, from the right.
        let y = double(y);
        let a = double(&self.u).linalg_solve_triangular(&y, true, false, false);
        let b = double(&self.l).linalg_solve_triangular(&a, false, false, true);
        b.matmul(&double(self.p).tr()).to_kind(self.s.kind())
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let ladj = self.s.abs().log().sum(None::<Kind>).expand([x.size()[0]], false);
        (self.call(x), ladj)
    }

    fn call(&self, x: &Tensor) -> Tensor {
        x.matmul(&self.p.matmul(&self.l).matmul(&self.u))
    }
}
