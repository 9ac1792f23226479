//! A plain stack of fully connected layers, a multilayer perceptron.
//!
//! `[N, inputs] -> hidden[0] -> hidden[1] ... -> [N, outputs]` with LeakyReLU between the
//! layers and none at the end. First weights are those of PyTorch's `nn.Linear`, and so are
//! the names, under a plain `nn.Sequential` called `net`: `net.0.weight`, `net.0.bias`,
//! `net.2.weight`, ...
//!
//! ```
//! use astrogen_nn::MlpConfig;
//! use tch::{Device, Kind, Tensor, nn};
//!
//! let store = nn::VarStore::new(Device::Cpu);
//! let critic = MlpConfig { inputs: 12, outputs: 1, ..Default::default() }.init(&store.root())?;
//! let samples = Tensor::zeros([200, 12], (Kind::Float, Device::Cpu));
//! assert_eq!(critic.forward(&samples).size(), [200, 1]);
//! assert!(critic.piecewise_linear().is_some());
//! # Ok::<(), astrogen_nn::NnError>(())
//! ```

use astrogen_losses::PiecewiseLinear;
use serde::{Deserialize, Serialize};
use tch::{Tensor, nn};

use crate::config::{check_counts, check_widths};
use crate::layers::Sequential;
use crate::{Initialization, NamedTensors, Network, NnError, named, network_methods};

/// The slope of LeakyReLU below zero.
const SLOPE: f64 = 0.2;

/// The shape of an [`Mlp`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Values of a sample. Default 1.
    pub inputs: i64,
    /// Widths of the hidden layers. Default three of 128.
    pub hidden: Vec<i64>,
    /// Values that come out. Default 1.
    pub outputs: i64,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self { inputs: 1, hidden: vec![128; 3], outputs: 1 }
    }
}

impl MlpConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`NnError::Setting`] where a width is not from 1 to 65536, or there are
    /// more than 256 hidden layers.
    pub fn validate(&self) -> Result<(), NnError> {
        check_counts(&[("inputs", self.inputs), ("outputs", self.outputs)])?;
        check_widths("hidden", &self.hidden)
    }

    /// A network with new weights, drawn from libtorch's generator of the path's device.
    ///
    /// # Errors
    /// [`NnError::Setting`], [`NnError::NameTaken`] where the path holds a
    /// network already, [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self, path: &nn::Path) -> Result<Mlp, NnError> {
        let mlp = Mlp::build(self, path)?;
        mlp.net.init(Initialization::Uniform)?;
        Ok(mlp)
    }
}

/// A stack of fully connected layers; see the [module](self).
#[derive(Debug)]
pub struct Mlp {
    config: MlpConfig,
    net: Sequential,
}

impl Mlp {
    /// `[N, outputs]` of `[N, inputs]`.
    ///
    /// # Panics
    /// Where the input has another shape, element type or device than the network.
    pub fn forward(&self, xs: &Tensor) -> Tensor {
        self.net.forward_t(xs, false)
    }

    /// The network as a critic that a gradient penalty in closed form takes, if it has one
    /// output.
    pub fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        (self.config.outputs == 1).then_some(&self.net as _)
    }
}

impl NamedTensors for Mlp {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for Mlp {
    type Config = MlpConfig;
    const MODEL: &str = "mlp";
    const FILE: &str = "mlp.safetensors";

    fn build(config: &MlpConfig, path: &nn::Path) -> Result<Self, NnError> {
        config.validate()?;
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.inputs;
        for &width in &config.hidden {
            net = net.linear(inputs, width)?.leaky_relu(SLOPE);
            inputs = width;
        }
        let net = net.linear(inputs, config.outputs)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &MlpConfig {
        &self.config
    }
}

network_methods!(Mlp);
