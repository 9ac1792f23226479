//! A network's methods for callers that do not know the trait.

/// Gives a type that is a [`Network`](astrogen_nn::Network) the trait's constants and methods as
/// its own, so that callers need no trait in scope: `Net::load(path, device)`.
///
/// ```
/// # use astrogen_nn::{MlpConfig, NamedTensors, NnError, named};
/// # use tch::{Tensor, nn};
/// # pub struct Net(astrogen_nn::Mlp);
/// # impl NamedTensors for Net {
/// #     fn named_tensors(&self) -> Vec<(String, Tensor)> { self.0.named_tensors() }
/// # }
/// # impl astrogen_nn::Network for Net {
/// #     type Config = MlpConfig;
/// #     const MODEL: &str = "my.net";
/// #     const FILE: &str = "net.safetensors";
/// #     fn build(config: &MlpConfig, path: &nn::Path) -> Result<Self, NnError> {
/// #         astrogen_nn::Network::build(config, path).map(Self)
/// #     }
/// #     fn config(&self) -> &MlpConfig { self.0.config() }
/// # }
/// astrogen_nn::network_methods!(Net);
///
/// assert_eq!(Net::FILE, "net.safetensors");
/// ```
#[macro_export]
macro_rules! network_methods {
    ($network:ty) => {
        impl $network {
            /// What a weights file calls this network.
            pub const MODEL: &str = <Self as $crate::Network>::MODEL;
            /// The name of its weights file in a run directory.
            pub const FILE: &str = <Self as $crate::Network>::FILE;

            /// The config it was made from.
            pub fn config(&self) -> &<Self as $crate::Network>::Config {
                $crate::Network::config(self)
            }

            /// Every weight and buffer under its PyTorch name, wherever in a variable store the
            /// network stands. The tensors share the network's storage.
            pub fn named_tensors(&self) -> Vec<(String, $crate::tch::Tensor)> {
                $crate::NamedTensors::named_tensors(self)
            }

            /// Writes weights and config to a file that [`load`](Self::load) reads.
            ///
            /// # Errors
            /// Those of [`Network::save`](astrogen_nn::Network::save).
            pub fn save(
                &self,
                path: impl AsRef<::std::path::Path>,
            ) -> ::std::result::Result<(), $crate::NnError> {
                $crate::Network::save(self, path)
            }

            /// A trained network from its weights file, or from a run directory that holds
            /// [`FILE`](Self::FILE). Its weights need no gradients. Where it is of `astrogen-nn`'s
            /// layers, loading draws no random numbers, and no memory is taken for the network
            /// before its config and the file's tensors are known to fit.
            ///
            /// # Errors
            /// Those of [`Network::load`](astrogen_nn::Network::load).
            pub fn load(
                path: impl AsRef<::std::path::Path>,
                device: $crate::tch::Device,
            ) -> ::std::result::Result<Self, $crate::NnError> {
                $crate::Network::load(path, device)
            }
        }
    };
}
