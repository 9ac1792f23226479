//! Tensors under the names of PyTorch's `state_dict`.
//!
//! A network is made of parts that have names, and so is each part, down to single tensors:
//! `encoder.0.weight` is the tensor `weight` of part `0` of part `encoder`. Whatever has such
//! parts lists them once, by [`named`], and everything else follows: saving, loading, copies.
//!
//! ```
//! use astrogen_nn::{NamedTensors, named};
//! use tch::{Device, Tensor, nn};
//!
//! struct Scaled {
//!     linear: nn::Linear,
//!     scale: Tensor,
//! }
//!
//! impl NamedTensors for Scaled {
//!     fn named_tensors(&self) -> Vec<(String, Tensor)> {
//!         named(&[("linear", &self.linear), ("scale", &self.scale)])
//!     }
//! }
//!
//! let store = nn::VarStore::new(Device::Cpu);
//! let linear = nn::linear(store.root() / "linear", 3, 2, Default::default());
//! let scaled = Scaled { linear, scale: store.root().ones("scale", &[2]) };
//! let names: Vec<_> = scaled.named_tensors().into_iter().map(|(name, _)| name).collect();
//! assert_eq!(names, ["linear.weight", "linear.bias", "scale"]);
//! ```

use tch::{Tensor, nn};

/// What holds tensors that have names: a layer, a stack, a network.
///
/// It stands for single tensors (whose own name is empty), for `tch`'s layers, for lists (whose
/// parts are called `0`, `1`, ..., as in PyTorch's `ModuleList`) and for parts that may be
/// missing.
pub trait NamedTensors {
    /// Every weight and buffer under its PyTorch name, wherever in a variable store the part
    /// stands. The tensors share the part's storage.
    fn named_tensors(&self) -> Vec<(String, Tensor)>;
}

/// The tensors of parts, each named `{part}.{tensor}`, in the order of the parts.
pub fn named(parts: &[(&str, &dyn NamedTensors)]) -> Vec<(String, Tensor)> {
    let parts = parts.iter();
    parts.flat_map(|(part, tensors)| below(part.to_string(), tensors.named_tensors())).collect()
}

/// Tensors under the name of what they are part of.
fn below(part: String, tensors: Vec<(String, Tensor)>) -> impl Iterator<Item = (String, Tensor)> {
    tensors.into_iter().map(move |(name, tensor)| (join(&part, &name), tensor))
}

/// `{part}.{name}`, or what there is of it.
pub(crate) fn join(part: &str, name: &str) -> String {
    let dot = if part.is_empty() || name.is_empty() { "" } else { "." };
    format!("{part}{dot}{name}")
}

impl NamedTensors for Tensor {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        vec![(String::new(), self.shallow_clone())]
    }
}

impl<T: NamedTensors> NamedTensors for Option<T> {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        self.iter().flat_map(T::named_tensors).collect()
    }
}

impl<T: NamedTensors + ?Sized> NamedTensors for Box<T> {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        (**self).named_tensors()
    }
}

impl<T: NamedTensors> NamedTensors for [T] {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let parts = self.iter().enumerate();
        parts.flat_map(|(i, part)| below(i.to_string(), part.named_tensors())).collect()
    }
}

impl<T: NamedTensors> NamedTensors for Vec<T> {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        self[..].named_tensors()
    }
}

/// Everything in the store, sorted by name.
impl NamedTensors for nn::VarStore {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let mut named: Vec<_> = self.variables().into_iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named
    }
}

/// Layers of `tch` that have a weight and perhaps a bias.
macro_rules! weight_and_bias {
    ($($layer:ty $(, $size:ident)?);+) => {
        $(impl$(<$size>)? NamedTensors for $layer {
            fn named_tensors(&self) -> Vec<(String, Tensor)> {
                named(&[("weight", &self.ws), ("bias", &self.bs)])
            }
        })+
    };
}

weight_and_bias!(
    nn::Linear;
    nn::Conv<Size>, Size;
    nn::ConvTransposeND<Size>, Size;
    nn::LayerNorm;
    nn::GroupNorm
);

impl NamedTensors for nn::Embedding {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("weight", &self.ws)])
    }
}

/// Without PyTorch's counter of batches, which `tch`'s layer does not have; see
/// [`BatchNorm`](crate::BatchNorm).
impl NamedTensors for nn::BatchNorm {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[
            ("weight", &self.ws),
            ("bias", &self.bs),
            ("running_mean", &self.running_mean),
            ("running_var", &self.running_var),
        ])
    }
}
