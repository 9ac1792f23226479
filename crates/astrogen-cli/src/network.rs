//! A network of the user's that makes features of images.

use std::fs;
use std::path::PathBuf;

use astrogen_metrics::{FeatureNetwork, TorchScriptConfig};
use clap::Args;
use tch::Device;

use crate::CliError;

/// Which network makes the features that are compared.
#[derive(Debug, Args)]
pub struct NetworkArguments {
    /// A TorchScript file of a network, Inception or DINOv2 say, from images to features; a program that
    /// is run, so give none that you would not run. A random network of a fixed seed if left out.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// A JSON file of how images are given to it: `side`, `channels`, `repeat`, `range`, `mean`,
    /// `deviation`, `batch`, each as it is if left out.
    #[arg(long, value_name = "FILE", requires = "network")]
    network_config: Option<PathBuf>,
}

impl NetworkArguments {
    /// The network that was named, on the CPU; none if none was.
    ///
    /// # Errors
    /// [`CliError::Read`] and [`CliError::Json`] for a file of settings that is none;
    /// [`CliError::Metrics`] for settings out of their range, and for a file that holds no network.
    pub fn open(&self) -> Result<Option<FeatureNetwork>, CliError> {
        let Some(network) = &self.network else { return Ok(None) };
        let config = match &self.network_config {
            Some(path) => {
                let read = |source| CliError::Read { path: path.clone(), source };
                let text = fs::read_to_string(path).map_err(read)?;
                serde_json::from_str(&text)
                    .map_err(|source| CliError::Json { path: path.clone(), source })?
            }
            None => TorchScriptConfig::default(),
        };
        Ok(Some(FeatureNetwork::open(network, &config, Device::Cpu)?))
    }
}
