//! The shape of the networks of a table.

use astrogen_nn::config::{check_counts, check_widths};
use astrogen_nn::layers::{Sequential, SequentialBuilder};
use astrogen_nn::{Initialization, Network};
use serde::{Deserialize, Serialize};
use tch::{Tensor, nn};

use super::{TabularCritic, TabularGenerator};
use crate::ModelError;

/// The slope of LeakyReLU below zero.
const SLOPE: f64 = 0.2;

/// What stands behind every layer but the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// LeakyReLU of slope 0.2.
    #[default]
    LeakyRelu,
    /// ReLU.
    Relu,
    /// ELU: smooth, so that the critic is not piecewise linear and its gradient penalty takes
    /// double backward.
    Elu,
}

impl Activation {
    /// The slope below zero, where it is one number.
    pub(super) fn slope(self) -> Option<f64> {
        match self {
            Self::LeakyRelu => Some(SLOPE),
            Self::Relu => Some(0.0),
            Self::Elu => None,
        }
    }

    /// A fully connected layer of each width with this activation behind it.
    pub(super) fn hidden<'a>(
        self,
        mut stack: SequentialBuilder<'a>,
        mut inputs: i64,
        widths: &[i64],
    ) -> Result<SequentialBuilder<'a>, ModelError> {
        for &width in widths {
            stack = stack.linear(inputs, width)?;
            stack = match self {
                Self::LeakyRelu => stack.leaky_relu(SLOPE),
                Self::Relu => stack.relu(),
                Self::Elu => stack.elu(),
            };
            inputs = width;
        }
        Ok(stack)
    }
}

/// The shape of generator and critic. The default is that of the Balrog emulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TabularConfig {
    /// Observed features: what is generated. Default 3.
    pub features: i64,
    /// True features. Default 3.
    pub true_features: i64,
    /// Conditions. Default 6.
    pub conditions: i64,
    /// The size of a latent vector. Default 8.
    pub latent_dim: i64,
    /// Widths of each branch. Default 128, 64.
    pub branch: Vec<i64>,
    /// Widths of the trunk's hidden layers. Default 128, 128.
    pub trunk: Vec<i64>,
    /// What stands between the layers. Default LeakyReLU.
    pub activation: Activation,
}

impl Default for TabularConfig {
    fn default() -> Self {
        Self {
            features: 3,
            true_features: 3,
            conditions: 6,
            latent_dim: 8,
            branch: vec![128, 64],
            trunk: vec![128, 128],
            activation: Activation::default(),
        }
    }
}

impl TabularConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where a number is not from 1 to 65536, or a branch or
    /// the trunk has no layer or more than 256.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_counts(&[
            ("features", self.features),
            ("true_features", self.true_features),
            ("conditions", self.conditions),
            ("latent_dim", self.latent_dim),
        ])?;
        for (name, widths) in [("branch", &self.branch), ("trunk", &self.trunk)] {
            if widths.is_empty() {
                let rule = "a list of at least one width".into();
                return Err(ModelError::Setting { name, rule, got: "0".into() });
            }
            check_widths(name, widths)?;
        }
        Ok(())
    }

    /// Values of a context: conditions and true features.
    pub fn context_dim(&self) -> i64 {
        self.conditions + self.true_features
    }

    /// Conditions and true features of contexts `[N, conditions + true_features]`.
    ///
    /// # Panics
    /// Where contexts have another shape: what they have too many of would go unseen.
    pub(super) fn parts(&self, context: &Tensor) -> [Tensor; 2] {
        assert_eq!(context.size()[1..], [self.context_dim()], "a context a row");
        let Self { conditions, true_features, .. } = *self;
        [context.narrow(1, 0, conditions), context.narrow(1, conditions, true_features)]
    }

    /// A generator with new weights, drawn from libtorch's generator of the path's device.
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a
    /// network already, [`ModelError::Torch`] where the memory is not to be had.
    pub fn init_generator(&self, path: &nn::Path) -> Result<TabularGenerator, ModelError> {
        let generator = TabularGenerator::build(self, path)?;
        for stack in [&generator.noise, &generator.cond, &generator.truth, &generator.out] {
            stack.init(Initialization::Uniform)?;
        }
        Ok(generator)
    }

    /// A critic with new weights, as [`TabularConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`TabularConfig::init_generator`].
    pub fn init_critic(&self, path: &nn::Path) -> Result<TabularCritic, ModelError> {
        let critic = TabularCritic::build(self, path)?;
        for stack in [&critic.genout, &critic.cond, &critic.truth, &critic.out] {
            stack.init(Initialization::Uniform)?;
        }
        Ok(critic)
    }

    /// The branch of so many inputs.
    pub(super) fn branch(&self, path: nn::Path, inputs: i64) -> Result<Sequential, ModelError> {
        let stack = Sequential::build(path);
        Ok(self.activation.hidden(stack, inputs, &self.branch)?.finish())
    }

    /// The trunk of so many outputs.
    pub(super) fn trunk(&self, path: nn::Path, outputs: i64) -> Result<Sequential, ModelError> {
        // Branch and trunk have a layer at least: `validate` saw to that.
        let last = |widths: &[i64]| widths.last().copied().unwrap_or(1);
        let stack = Sequential::build(path);
        let stack = self.activation.hidden(stack, 3 * last(&self.branch), &self.trunk)?;
        Ok(stack.linear(last(&self.trunk), outputs)?.finish())
    }
}
