//! The inputs and first weights of a row, as the peer's side wrote them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use astrogen::models::weights::{self, WeightFile};
use tch::Tensor;

/// Tensors by name, on the CPU.
pub(crate) struct Inputs {
    file: WeightFile,
    path: PathBuf,
}

impl Inputs {
    /// Reads a safetensors file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self { file: weights::read(path)?, path: path.to_owned() })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tensor of this name.
    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.file.tensors.get(name).with_context(|| format!("there is no {name}"))?;
        Ok(tensor.shallow_clone())
    }

    /// Copies the weights of a network, whose names begin with its own in the file
    /// (`critic.net.0.weight`), into its variables (`net.0.weight`).
    pub(crate) fn load(
        &self,
        network: &str,
        variables: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<()> {
        let all = self.file.tensors.iter().map(|(name, t)| (name.clone(), t.shallow_clone()));
        let own: BTreeMap<_, _> = below(network, all).collect();
        Ok(weights::copy_into(variables, &own, &format!("{network} of the peer's file"))?)
    }
}

/// The tensors whose names begin with `prefix.`, without it.
pub(crate) fn below(
    prefix: &str,
    tensors: impl IntoIterator<Item = (String, Tensor)>,
) -> impl Iterator<Item = (String, Tensor)> {
    tensors.into_iter().filter_map(move |(name, tensor)| {
        Some((name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned(), tensor))
    })
}
