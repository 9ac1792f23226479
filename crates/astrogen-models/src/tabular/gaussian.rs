//! A Gaussian whose mean and deviation a network predicts: the regression that an emulator
//! of a measurement has to beat.
//!
//! Each observed feature is normal, and independent of the others, once the context is known:
//!
//! ```text
//! observed = mean(context) + exp(log_deviation(context)) * N(0, 1)
//! log_deviation = 10 tanh(a / 10)
//! ```
//!
//! `mean` and `a` are the two halves of what one stack of fully connected layers makes of the
//! context; the bound keeps every deviation within `exp(-10)` and `exp(10)`, and so the loss
//! finite (Nix and Weigend 1994). Such a regression has the right medians and widths; it has
//! no tails, no skewness, and no correlation of the features beyond that of their means.
//!
//! It can also be the first half of an emulator: what it [leaves](GaussianRegressor::whiten) of
//! the features has about mean 0 and deviation 1 in every context, and a generator that learns
//! just that does not have to learn where the features lie and how far they scatter.
//!
//! Context and features are those of the [tabular networks](super). Variables are named like
//! those of a plain `nn.Sequential` called `net` (`net.0.weight`, ...).
//!
//! ```
//! use astrogen_models::GaussianRegressorConfig;
//! use tch::{Device, Kind, Tensor, nn};
//!
//! let store = nn::VarStore::new(Device::Cpu);
//! let regressor = GaussianRegressorConfig::default().init(&store.root())?;
//!
//! let context = Tensor::zeros([5, 9], (Kind::Float, Device::Cpu));
//! let [mean, log_deviation] = regressor.forward(&context);
//! assert_eq!([mean.size(), log_deviation.size()], [[5, 3], [5, 3]]);
//! let observed = regressor.sample(&regressor.latent(5), &context)?;
//! assert_eq!(regressor.negative_log_likelihood(&context, &observed).size(), [5]);
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

use astrogen_nn::config::{check_counts, check_widths};
use astrogen_nn::layers::Sequential;
use astrogen_nn::{Initialization, NamedTensors, Network, named, network_methods};
use astrogen_runtime::draw_rows;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn};

use super::Activation;
use super::blocks::{self, Widths, check_sample};
use super::gaussian_rows::{self, Whitened, in_cache};
use crate::ModelError;
use crate::traits::bring;

/// The bound of the deviations' logarithms.
pub(super) const LOG_BOUND: f64 = 10.0;

/// The shape of a [`GaussianRegressor`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianRegressorConfig {
    /// Observed features: what is predicted. Default 3.
    pub features: i64,
    /// True features. Default 3.
    pub true_features: i64,
    /// Conditions. Default 6.
    pub conditions: i64,
    /// Widths of the hidden layers. Default three of 128.
    pub hidden: Vec<i64>,
    /// What stands between the layers. Default LeakyReLU.
    pub activation: Activation,
}

impl Default for GaussianRegressorConfig {
    fn default() -> Self {
        Self {
            features: 3,
            true_features: 3,
            conditions: 6,
            hidden: vec![128; 3],
            activation: Activation::default(),
        }
    }
}

impl GaussianRegressorConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where a number is not from 1 to 65536, or there are
    /// more than 256 hidden layers. A list of none makes a linear regression.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_counts(&[
            ("features", self.features),
            ("true_features", self.true_features),
            ("conditions", self.conditions),
        ])?;
        check_widths("hidden", &self.hidden)
    }

    /// Values of a context: conditions and true features.
    pub fn context_dim(&self) -> i64 {
        self.conditions + self.true_features
    }

    /// A regressor with new weights, drawn from libtorch's generator of the path's device.
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a
    /// network already, [`ModelError::Torch`] where the memory is not to be had.
    pub fn init(&self, path: &nn::Path) -> Result<GaussianRegressor, ModelError> {
        let regressor = GaussianRegressor::build(self, path)?;
        regressor.net.init(Initialization::Uniform)?;
        Ok(regressor)
    }
}

/// A network from contexts to a Gaussian of the observed features; see the [module](self).
#[derive(Debug)]
pub struct GaussianRegressor {
    config: GaussianRegressorConfig,
    net: Sequential,
}

impl GaussianRegressor {
    /// Means and logarithms of the deviations, each `[N, features]`, for contexts
    /// `[N, conditions + true_features]`.
    ///
    /// # Panics
    /// Where the contexts have another shape, element type or device than the network;
    /// [`GaussianRegressor::sample`] checks them.
    pub fn forward(&self, context: &Tensor) -> [Tensor; 2] {
        let features = self.config.features;
        let outputs = self.net.forward_t(context, false);
        let unbounded = outputs.narrow(1, features, features);
        [outputs.narrow(1, 0, features), (unbounded / LOG_BOUND).tanh() * LOG_BOUND]
    }

    /// The negative logarithm of the density `[N]` at observed features `[N, features]` given
    /// contexts `[N, conditions + true_features]`, in nats per row:
    ///
    /// ```text
    /// sum over features of  ((observed - mean) / deviation)^2 / 2 + log deviation + log(2 pi) / 2
    /// ```
    ///
    /// # Panics
    /// Where there is not one row of features a context, or they have another element type or
    /// device than the network.
    pub fn negative_log_likelihood(&self, context: &Tensor, observed: &Tensor) -> Tensor {
        let [mean, log_deviation] = self.forward(context);
        assert_eq!(observed.size(), mean.size(), "a row of features a context");
        let z = (observed - mean) * (-&log_deviation).exp();
        let per_feature = z.square() * 0.5 + log_deviation;
        let constant = 0.5 * (2.0 * std::f64::consts::PI).ln() * self.config.features as f64;
        per_feature.sum_dim_intlist(1, false, None::<Kind>) + constant
    }

    /// How many features it predicts.
    pub fn features(&self) -> i64 {
        self.config.features
    }

    /// `n` latents `[n, features]` from the standard normal distribution, drawn from
    /// libtorch's generator of the weights' device.
    ///
    /// # Panics
    /// Where `n` is negative.
    pub fn latent(&self, n: i64) -> Tensor {
        draw_rows(n, |n| Tensor::randn([n, self.config.features], self.options()))
    }

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    /// Features `[N, features]` without gradients, `mean + deviation * latent`, from latents
    /// `[N, features]` and contexts of any device and float type.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where latents or contexts have another shape, and
    /// [`ModelError::Torch`] where they cannot be brought to the weights' device.
    pub fn sample(&self, latent: &Tensor, context: &Tensor) -> Result<Tensor, ModelError> {
        check_sample(self.widths(), latent, context)?;
        let [latent, context] = [bring(latent, self.options())?, bring(context, self.options())?];
        Ok(tch::no_grad(|| self.generate(&latent, &context)))
    }

    /// Standardised features, row by row, of standardised contexts, row by row: conditions
    /// and then true features. The rows are `first_row ..` of a table; calls on its pieces
    /// give the same bits as one call on the whole, on any number of threads.
    ///
    /// libtorch's number of threads ([`tch::get_num_threads`]) are used.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where the contexts are not whole rows, and
    /// [`ModelError::Torch`] where libtorch refuses.
    pub fn emulate(
        &self,
        context: &[f32],
        first_row: u64,
        seed: u64,
    ) -> Result<Vec<f32>, ModelError> {
        let widths = self.widths();
        if let Some(chain) = gaussian_rows::chain(&self.net, self.config.activation) {
            let features = widths.features as usize;
            let worker = || Ok(in_cache(&chain, features, Whitened::Latents));
            return blocks::emulate(widths, Device::Cpu, context, first_row, seed, worker);
        }
        let device = self.options().1;
        blocks::emulate(widths, device, context, first_row, seed, || {
            let network = self.replica(device)?;
            let generate = move |latent: &_, context: &_| network.generate(latent, context);
            Ok(blocks::by_tensors(widths, self.options(), generate))
        })
    }

    /// What a Gaussian leaves to be learnt: `(observed - mean) / deviation`, `[N, features]`
    /// without gradients, of observed features `[N, features]` and contexts of any device and
    /// float type. Were the features normal and independent, so would these be, by 0 and 1.
    ///
    /// # Errors
    /// As [`GaussianRegressor::sample`].
    pub fn whiten(&self, observed: &Tensor, context: &Tensor) -> Result<Tensor, ModelError> {
        check_sample(self.widths(), observed, context)?;
        let [observed, context] =
            [bring(observed, self.options())?, bring(context, self.options())?];
        Ok(tch::no_grad(|| {
            let [mean, log_deviation] = self.forward(&context);
            (observed - mean) * (-log_deviation).exp()
        }))
    }

    /// Takes [`GaussianRegressor::whiten`] back for rows `first_row ..` of a table, row by row:
    /// `mean + deviation * whitened`. A generator's features in the place of `whitened` make an
    /// emulator of both. Bits and threads are as for [`GaussianRegressor::emulate`].
    ///
    /// # Errors
    /// Those of [`GaussianRegressor::emulate`], and [`ModelError::Shape`] where there is
    /// not one row of features a context.
    pub fn unwhiten(
        &self,
        whitened: &[f32],
        context: &[f32],
        first_row: u64,
    ) -> Result<Vec<f32>, ModelError> {
        let Widths { features, context: width, .. } = self.widths();
        let (features, width) = (features as usize, width as usize);
        if whitened.len() * width != context.len() * features {
            return Err(ModelError::Shape {
                what: "whitened features",
                expected: format!("{features} for each of {} contexts", context.len() / width),
                got: vec![whitened.len() as i64],
            });
        }
        // Features and context side by side, as the context of a network without latents.
        let rows = whitened.chunks(features).zip(context.chunks(width));
        let joined: Vec<f32> =
            rows.flat_map(|(features, context)| features.iter().chain(context).copied()).collect();
        let widths = Widths { latent: 0, context: (features + width) as i64, ..self.widths() };
        if let Some(chain) = gaussian_rows::chain(&self.net, self.config.activation) {
            let worker = || Ok(in_cache(&chain, features, Whitened::BeforeContext));
            return blocks::emulate(widths, Device::Cpu, &joined, first_row, 0, worker);
        }
        let device = self.options().1;
        blocks::emulate(widths, device, &joined, first_row, 0, || {
            let network = self.replica(device)?;
            let generate = move |_: &_, joined: &Tensor| {
                let whitened = joined.narrow(1, 0, features as i64);
                network.generate(&whitened, &joined.narrow(1, features as i64, width as i64))
            };
            Ok(blocks::by_tensors(widths, self.options(), generate))
        })
    }

    fn widths(&self) -> Widths {
        let features = self.config.features;
        Widths { latent: features, context: self.config.context_dim(), features }
    }

    fn generate(&self, latent: &Tensor, context: &Tensor) -> Tensor {
        let [mean, log_deviation] = self.forward(context);
        mean + log_deviation.exp() * latent
    }
}

impl NamedTensors for GaussianRegressor {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for GaussianRegressor {
    type Config = GaussianRegressorConfig;
    const MODEL: &str = "tabular.gaussian";
    const FILE: &str = "gaussian.safetensors";

    fn build(config: &GaussianRegressorConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let net = Sequential::build(path / "net");
        let net = config.activation.hidden(net, config.context_dim(), &config.hidden)?;
        let width = config.hidden.last().copied().unwrap_or(config.context_dim());
        let net = net.linear(width, 2 * config.features)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &GaussianRegressorConfig {
        &self.config
    }
}

network_methods!(GaussianRegressor);
