//! Batch normalisation of `[N, C, H, W]` (and `[N, C]`) with PyTorch's defaults, names and
//! buffers.
//!
//! ```text
//! y = (x - mean) / sqrt(var + 1e-5) * weight + bias          each channel by itself
//! ```
//!
//! In train mode mean and (biased) variance are the batch's own, and the running ones move
//! towards them: `running = 0.9 running + 0.1 batch`, with the unbiased variance. A batch of one
//! value a channel has none: it moves the running mean alone, and what comes out is the bias
//! (PyTorch refuses such a batch). In eval mode they are the running ones. (Ioffe & Szegedy 2015,
//! *Batch Normalization*; defaults of `torch.nn.BatchNorm2d`.)
//!
//! Beside the four float tensors the layer keeps PyTorch's integer `num_batches_tracked`,
//! so that its weights are the same file in both worlds.

use tch::{Kind, Tensor, nn};

use crate::config::check_least;
use crate::variables::{add_tensor, allocate, variable};
use crate::{NamedTensors, NnError, named};

/// Added to the variance.
pub(crate) const EPS: f64 = 1e-5;
/// The weight of the newest batch in the running statistics.
pub(crate) const MOMENTUM: f64 = 0.1;

/// A batch normalisation layer.
///
/// ```
/// use astrogen_nn::BatchNorm;
/// use tch::{Device, Kind, Tensor, nn};
///
/// let var_store = nn::VarStore::new(Device::Cpu);
/// let norm = BatchNorm::new(&(var_store.root() / "norm"), 3)?;
/// tch::manual_seed(1);
/// let images = Tensor::randn([8, 3, 16, 16], (Kind::Float, Device::Cpu)) * 5.0 + 2.0;
/// let normalised = norm.forward_t(&images, true);
/// assert!(normalised.mean(None::<Kind>).double_value(&[]).abs() < 1e-5);
/// assert_eq!(var_store.variables()["norm.num_batches_tracked"].int64_value(&[]), 1);
/// # Ok::<(), astrogen_nn::NnError>(())
/// ```
#[derive(Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
}

impl BatchNorm {
    /// A layer of `features` channels with PyTorch's first values: weight 1, bias 0,
    /// running mean 0 and variance 1, no batch tracked.
    ///
    /// # Errors
    /// [`NnError::Setting`] where there is no channel, [`NnError::NameTaken`] where the path
    /// holds such a layer already, and [`NnError::Torch`] where the memory is not to be had.
    pub fn new(path: &nn::Path, features: i64) -> Result<Self, NnError> {
        let norm = Self::build(path, features)?;
        allocate(&norm)?;
        Ok(norm)
    }

    /// As [`BatchNorm::new`], without [memory](crate::variables) for its tensors.
    ///
    /// # Errors
    /// As [`BatchNorm::new`].
    pub fn build(path: &nn::Path, features: i64) -> Result<Self, NnError> {
        check_least(&[("features", features)], 1)?;
        let zero = Tensor::f_zeros([0i64; 0], (Kind::Int64, path.device()));
        Ok(Self {
            weight: variable(path, "weight", &[features], 1.0, true)?,
            bias: variable(path, "bias", &[features], 0.0, true)?,
            running_mean: variable(path, "running_mean", &[features], 0.0, false)?,
            running_var: variable(path, "running_var", &[features], 1.0, false)?,
            num_batches_tracked: add_tensor(path, "num_batches_tracked", zero, false)?,
        })
    }

    /// The normalised tensor, of the same shape as `xs`. In train mode the running
    /// statistics are updated.
    ///
    /// # Panics
    /// Where `xs` has another number of channels, element type or device than the layer.
    pub fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        if train {
            self.count_batch();
        }
        // libtorch divides by one value less than there are.
        let has_variance = !train || xs.numel() as i64 > self.weight.size()[0];
        let running_var = match has_variance {
            true => self.running_var.shallow_clone(),
            false => self.running_var.copy(),
        };
        xs.batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.running_mean),
            Some(&running_var),
            train,
            MOMENTUM,
            EPS,
            true,
        )
    }

    /// The gain of each channel, `[C]`.
    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// What is added to each channel, `[C]`.
    pub(crate) fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// The running mean and variance, `[C]`; they share their memory with the layer.
    pub(crate) fn running(&self) -> [Tensor; 2] {
        [&self.running_mean, &self.running_var].map(Tensor::shallow_clone)
    }

    /// Counts one more batch.
    pub(crate) fn count_batch(&self) {
        // The clone shares the storage: tch asks for `&mut` where libtorch does not.
        let _ = self.num_batches_tracked.shallow_clone().g_add_scalar_(1);
    }
}

impl NamedTensors for BatchNorm {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[
            ("weight", &self.weight),
            ("bias", &self.bias),
            ("running_mean", &self.running_mean),
            ("running_var", &self.running_var),
            ("num_batches_tracked", &self.num_batches_tracked),
        ])
    }
}
