//! Fixed transforms between those with weights: features in another order, and into a box.

use astrogen_nn::{NamedTensors, NnError};
use tch::Tensor;

use crate::FlowError;
use crate::masked::sum;
use crate::passes::{Part, Plan, StepPlan};
use crate::transform::{LazyTransform, Transform};
use crate::univariate::{Elementwise, Softclip};

/// `y_i = x_(order_i)`.
#[derive(Debug)]
pub struct Permutation {
    order: Tensor,
    back: Tensor,
}

impl Permutation {
    /// The features in this order.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a number from 0 on is missing.
    pub fn new(order: &[i64]) -> Result<Self, FlowError> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..order.len() as i64) {
            return Err(FlowError::Setting {
                name: "order",
                rule: format!("each number from 0 to {} once", order.len().saturating_sub(1)),
                got: format!("{order:?}"),
            });
        }
        let order = Tensor::from_slice(order);
        Ok(Self { back: order.argsort(0, false), order })
    }
}

impl Transform for Permutation {
    fn inverse(&self, y: &Tensor) -> Tensor {
        y.index_select(-1, &self.back.to_device(y.device()))
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let y = x.index_select(-1, &self.order.to_device(x.device()));
        (y, Tensor::zeros([x.size()[0]], (x.kind(), x.device())))
    }
}

/// All features [softly](Softclip) into a box, so that what comes next meets nothing outside its
/// own.
impl Transform for Softclip {
    fn inverse(&self, y: &Tensor) -> Tensor {
        Elementwise::inverse(self, y)
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (y, ladj) = Elementwise::call_and_ladj(self, x);
        (y, sum(&ladj))
    }
}

/// Without weights, the same for all contexts.
macro_rules! fixed {
    ($($transform:ty: $plan:expr),+) => {
        $(
            impl NamedTensors for $transform {
                fn named_tensors(&self) -> Vec<(String, Tensor)> {
                    Vec::new()
                }
            }

            impl LazyTransform for $transform {
                fn given<'a>(&'a self, _context: Option<&'a Tensor>) -> Box<dyn Transform + 'a> {
                    Box::new(Fixed(self))
                }

                fn init(&self, _identity: bool) -> Result<(), NnError> {
                    Ok(())
                }

                fn plan(&self) -> Option<Plan> {
                    let plan: fn(&Self) -> Option<StepPlan> = $plan;
                    plan(self).map(|step| Plan(vec![Part { step, weights: Vec::new() }]))
                }
            }
        )+
    };
}

fixed!(Permutation: |_| None, Softclip: |clip| Some(StepPlan::Softclip(clip.bound)));

#[derive(Debug)]
struct Fixed<'a, T>(&'a T);

impl<T: Transform> Transform for Fixed<'_, T> {
    fn inverse(&self, y: &Tensor) -> Tensor {
        self.0.inverse(y)
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        self.0.call_and_ladj(x)
    }
}
