//! The inputs and first weights of a row, as the peer's side wrote them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use astrogen::models::weights::{self, WeightFile};
use astrogen::runtime::{DeviceChoice, Precision};
use tch::{Cuda, Device, Tensor};

static DEVICE: OnceLock<Device> = OnceLock::new();

/// Where the rows compute: the CPU, unless a GPU is [asked for](compute_on).
pub(crate) fn device() -> Device {
    *DEVICE.get_or_init(|| Device::Cpu)
}

/// Lets the rows compute there, in f32, as the peer does.
pub(crate) fn compute_on(choice: &str) -> Result<()> {
    let device = choice.parse::<DeviceChoice>()?.resolve()?;
    Precision::F32.set(device)?;
    ensure!(*DEVICE.get_or_init(|| device) == device, "the device is another already");
    Ok(())
}

/// Waits until it has done what it was told.
pub(crate) fn wait() {
    if let Device::Cuda(index) = device() {
        Cuda::synchronize(index as i64);
    }
}

/// Tensors by name.
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

    /// The tensor of this name, on the rows' device.
    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.file.tensors.get(name).with_context(|| format!("there is no {name}"))?;
        Ok(tensor.to_device(device()))
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
