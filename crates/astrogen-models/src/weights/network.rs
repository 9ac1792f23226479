//! Networks that are stacks of layers, to and from their weights files.

use tch::nn::VarStore;

use super::{WeightFile, load};
use crate::ModelError;
use crate::layers::allocate;

/// Loads a file's tensors into a network that was built, but has no memory yet: that is taken
/// once names, shapes and element types are known to fit.
///
/// # Errors
/// [`ModelError::Mismatch`] with every difference, [`ModelError::Torch`] where the memory is not
/// to be had.
pub(crate) fn fill(var_store: &VarStore, file: &WeightFile) -> Result<(), ModelError> {
    load::check(var_store.variables(), &file.tensors, &file.path.display().to_string())?;
    allocate(var_store.variables())?;
    file.load_into(var_store)
}

/// Gives a network `{ config, stacks... }` its config, its named tensors, `save` and `load`.
///
/// `$build` is the config's function that makes the network without memory for its weights,
/// `$model` what its weights files call it, `$file` the name of its file in a run directory, without
/// the extension; `$stack` are its fields, each with the name of its weights. A network that
/// is one stack has the field `net`, called `net`; one that is no list of stacks says `itself`
/// in place of them and has its own `named_tensors`.
macro_rules! saved_network {
    ($network:ident, $config:ident :: $build:ident, $model:literal, $file:literal) => {
        $crate::weights::saved_network!(
            $network, $config::$build, $model, $file, [net = $crate::layers::Sequential::NAME]
        );
    };
    (
        $network:ident, $config:ident :: $build:ident, $model:literal, $file:literal,
        [$($stack:ident = $name:expr),+]
    ) => {
        impl $network {
            /// Every weight and buffer under its PyTorch name, wherever
            /// in a variable store the network stands. The tensors share the network's
            /// storage.
            pub fn named_tensors(&self) -> Vec<(String, tch::Tensor)> {
                [$(self.$stack.named_tensors($name)),+].into_iter().flatten().collect()
            }
        }

        $crate::weights::saved_network!($network, $config::$build, $model, $file, itself);
    };
    ($network:ident, $config:ident :: $build:ident, $model:literal, $file:literal, itself) => {
        impl $network {
            /// What a weights file calls this network.
            pub const MODEL: &str = $model;
            /// The name of its weights file in a run directory.
            pub const FILE: &str = concat!($file, ".safetensors");

            /// The config it was made from.
            pub fn config(&self) -> &$config {
                &self.config
            }

            #[doc = concat!("Writes weights and config to a file that [`", stringify!($network), "::load`] reads.")]
            ///
            /// # Errors
            #[doc = "Those of [`weights::save`](crate::weights::save)."]
            pub fn save(&self, path: impl AsRef<std::path::Path>) -> Result<(), $crate::ModelError> {
                let metadata = $crate::weights::metadata(Self::MODEL, &self.config);
                $crate::weights::save(path, &self.named_tensors(), &metadata)
            }

            /// A trained network from its weights file, or from a run directory that holds
            #[doc = concat!("[`", stringify!($network), "::FILE`]. Its weights need no gradients, and loading")]
            /// draws no random numbers. No memory is taken for the network before its config and
            /// the file's tensors are known to fit.
            ///
            /// # Errors
            /// [`ModelError::NoWeights`](crate::ModelError::NoWeights) where the directory has
            /// no such file, [`ModelError::Io`](crate::ModelError::Io) and
            /// [`ModelError::InvalidFile`](crate::ModelError::InvalidFile) where it cannot be
            /// read, [`ModelError::WrongModel`](crate::ModelError::WrongModel) where it is of
            /// another network, [`ModelError::Mismatch`](crate::ModelError::Mismatch) where
            /// its weights do not fit its config.
            pub fn load(
                path: impl AsRef<std::path::Path>,
                device: tch::Device,
            ) -> Result<Self, $crate::ModelError> {
                let path = $crate::weights::locate(path.as_ref(), Self::FILE)?;
                let file = $crate::weights::read(path)?;
                let config: $config = file.config(Self::MODEL)?;
                let mut var_store = tch::nn::VarStore::new(device);
                let network = config.$build(&var_store.root())?;
                $crate::weights::fill(&var_store, &file)?;
                var_store.freeze();
                Ok(network)
            }
        }
    };
}

pub(crate) use saved_network;
