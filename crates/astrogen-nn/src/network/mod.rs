//! Networks that are saved, loaded and copied as a whole.
//!
//! A network says how it is built from its config, what its config is and what its tensors are
//! called; saving, loading and copies follow. The files are safetensors under PyTorch's names
//! with the config beside them (see [`weights`]), for a network of `tch`'s own layers as for
//! those of this workspace:
//!
//! ```
//! use astrogen_nn::{NamedTensors, Network, NnError, named};
//! use tch::{Device, Tensor, nn};
//!
//! #[derive(Clone, serde::Serialize, serde::Deserialize)]
//! struct Config { width: i64 }
//! struct Net { config: Config, first: nn::Linear, last: nn::Linear }
//!
//! impl NamedTensors for Net {
//!     fn named_tensors(&self) -> Vec<(String, Tensor)> {
//!         named(&[("first", &self.first), ("last", &self.last)])
//!     }
//! }
//!
//! impl Network for Net {
//!     type Config = Config;
//!     const MODEL: &str = "my.net";
//!     const FILE: &str = "net.safetensors";
//!     fn build(config: &Config, path: &nn::Path) -> Result<Self, NnError> {
//!         let first = nn::linear(path / "first", 4, config.width, Default::default());
//!         let last = nn::linear(path / "last", config.width, 1, Default::default());
//!         Ok(Self { config: config.clone(), first, last })
//!     }
//!     fn config(&self) -> &Config { &self.config }
//! }
//!
//! # let run = tempfile::tempdir()?;
//! let store = nn::VarStore::new(Device::Cpu);
//! let net = Net::build(&Config { width: 8 }, &store.root())?;
//! net.save(run.path().join(Net::FILE))?; // first.weight, first.bias, ...: a state_dict
//! assert_eq!(Net::load(run.path(), Device::Cpu)?.first.ws, net.first.ws);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod methods;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use tch::nn::{self, VarStore};
use tch::{Device, Tensor};

use crate::variables::allocate;
use crate::{NamedTensors, NnError, weights};

/// A network that is saved, loaded and copied as a whole; see the [module](self).
pub trait Network: NamedTensors + Sized {
    /// What the network is built from: plain data that JSON has words for.
    type Config: Serialize + DeserializeOwned;

    /// What a weights file calls the network, `dcgan.generator` say.
    const MODEL: &str;

    /// The name of its weights file in a run directory.
    const FILE: &str;

    /// The network below `path`, each variable under the name that
    /// [`named_tensors`](NamedTensors::named_tensors) gives it. What the variables hold does not
    /// count: [`Network::load`] and [`Network::replica`] put something else there.
    ///
    /// The config may come from a file: it should be checked first. The
    /// [layers](crate::layers) of this crate take no memory and draw no random numbers here.
    ///
    /// # Errors
    /// [`NnError::Setting`], [`NnError::NameTaken`] where the path holds a network already.
    fn build(config: &Self::Config, path: &nn::Path) -> Result<Self, NnError>;

    /// The config it was built from.
    fn config(&self) -> &Self::Config;

    /// Writes weights and config to a file that [`Network::load`] reads.
    ///
    /// # Errors
    /// Those of [`weights::save`], and [`NnError::ConfigNotJson`].
    fn save(&self, path: impl AsRef<Path>) -> Result<(), NnError> {
        let metadata = weights::metadata(Self::MODEL, self.config());
        let metadata = metadata.map_err(|error| NnError::ConfigNotJson {
            model: Self::MODEL,
            reason: error.to_string(),
        })?;
        weights::save(path, &self.named_tensors(), &metadata)
    }

    /// A trained network from its weights file, or from a run directory that holds
    /// [`Network::FILE`]. Its weights need no gradients. Config and tensors of the file are known
    /// to fit before memory is taken and anything is copied, as far as [`Network::build`] does
    /// not take any.
    ///
    /// # Errors
    /// [`NnError::NoWeights`] where the directory has no such file, [`NnError::Io`] and
    /// [`NnError::InvalidFile`] where it cannot be read, [`NnError::WrongModel`] where it is of
    /// another network, [`NnError::UnknownConfig`] where its config is not to be understood,
    /// [`NnError::Mismatch`] where its weights do not fit its config, and those of
    /// [`Network::build`].
    fn load(path: impl AsRef<Path>, device: Device) -> Result<Self, NnError> {
        let path = weights::locate(path.as_ref(), Self::FILE)?;
        let file = weights::read(path)?;
        let mut var_store = VarStore::new(device);
        let network = Self::build(&file.config(Self::MODEL)?, &var_store.root())?;
        fill(&var_store, &file.tensors, &file.path.display().to_string())?;
        var_store.freeze();
        Ok(network)
    }

    /// A copy on a device: the same weights, of the same element types, in memory of its own.
    /// They need no gradients.
    ///
    /// # Errors
    /// Those of [`Network::build`], [`NnError::Mismatch`] where that makes other variables than
    /// the network has, [`NnError::Torch`] where the memory is not to be had.
    fn replica(&self, device: Device) -> Result<Self, NnError> {
        let tensors = self.named_tensors().into_iter().collect();
        Self::from_tensors(self.config(), &tensors, device, "this network")
    }

    /// A network of this config with the values of tensors, in memory of its own and of their
    /// element types, on a device. Its weights need no gradients. A refusal says that the tensors
    /// came from `origin`, and comes before memory is taken.
    ///
    /// # Errors
    /// Those of [`Network::build`], [`NnError::Mismatch`] with every difference,
    /// [`NnError::Torch`] where the memory is not to be had.
    fn from_tensors(
        config: &Self::Config,
        tensors: &BTreeMap<String, Tensor>,
        device: Device,
        origin: &str,
    ) -> Result<Self, NnError> {
        let mut var_store = VarStore::new(device);
        let network = Self::build(config, &var_store.root())?;
        for (name, mut variable) in var_store.variables() {
            // Of another size, it is refused below.
            let fits = |own: &&Tensor| own.is_floating_point() && own.size() == variable.size();
            if let Some(own) = tensors.get(&name).filter(fits) {
                tch::no_grad(|| variable.f_set_data(&variable.f_to_kind(own.f_kind()?)?))
                    .map_err(|error| NnError::torch(format!("copy `{name}`"), &error))?;
            }
        }
        fill(&var_store, tensors, origin)?;
        var_store.freeze();
        Ok(network)
    }
}

/// Puts tensors into a network that was built, but has no memory yet: that is taken once names,
/// shapes and element types are known to fit. A refusal says that they came from `origin`.
fn fill(
    var_store: &VarStore,
    tensors: &BTreeMap<String, Tensor>,
    origin: &str,
) -> Result<(), NnError> {
    weights::check(var_store.variables(), tensors, origin)?;
    allocate(var_store)?;
    weights::copy_into(var_store.variables(), tensors, origin)
}
