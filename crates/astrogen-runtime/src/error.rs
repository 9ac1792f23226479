//! What can go wrong when a device is asked for, sorted by who can mend it.

use std::path::PathBuf;

use crate::precision::Precision;

/// Why a device choice could not be understood or met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The caller: a device name that means nothing.
    #[error(
        "unknown device {0:?}: expected auto, cpu, cuda or cuda:N, with N counted from 0 (for example cuda:1)"
    )]
    UnknownDevice(String),

    /// The caller: a precision that means nothing.
    #[error("unknown precision {0:?}: expected f32, tf32 or bf16")]
    UnknownPrecision(String),

    /// The caller: a precision that is not to be had on the device, or with this libtorch.
    #[error("precision {precision}: {reason}")]
    Precision {
        /// What was asked for.
        precision: Precision,
        /// Why it is not to be had, and what is.
        reason: String,
    },

    /// The caller: a CUDA device beyond those that the machine shows.
    #[error(
        "no CUDA device {index}: this machine shows {count}, the last one is cuda:{last}",
        last = count.saturating_sub(1)
    )]
    NoSuchDevice {
        /// The device asked for, counted from 0.
        index: usize,
        /// How many devices there are.
        count: usize,
    },

    /// The machine: no NVIDIA driver.
    #[error(
        "CUDA cannot be used: the NVIDIA driver's library libcuda.so.1 could not be opened ({reason}): install the driver (in a container: start it with its GPUs, for example --gpus all), or choose the device cpu"
    )]
    NoDriver {
        /// What the dynamic loader said.
        reason: String,
    },

    /// The machine: a driver and a CUDA library, but no device.
    #[error(
        "CUDA cannot be used: the NVIDIA driver is there but shows no device to this libtorch (CUDA_VISIBLE_DEVICES is {visible}): see what nvidia-smi lists, make a device visible, and check that the driver is new enough for the CUDA version libtorch was built with"
    )]
    NoDevice {
        /// The environment variable that hides devices, or "not set".
        visible: String,
    },

    /// The set-up: this libtorch comes without CUDA.
    #[error(
        "CUDA cannot be used: there is no libtorch_cuda.so beside libtorch_cpu.so (looked in {places}): run `cargo xtask setup --cuda`, or set LIBTORCH to a libtorch built with CUDA",
        places = list(searched)
    )]
    NoCudaLibrary {
        /// The folders that were looked into.
        searched: Vec<PathBuf>,
    },

    /// The set-up: the CUDA library is there, but a library it needs is not.
    #[error(
        "CUDA cannot be used: {path} could not be opened ({reason}): run `cargo xtask setup --cuda`, which brings every CUDA library it needs",
        path = path.display()
    )]
    CudaLibraryBroken {
        /// The library that was tried.
        path: PathBuf,
        /// What the dynamic loader said.
        reason: String,
    },

    /// The program: libtorch answered a question about CUDA too early.
    #[error(
        "libtorch was asked about CUDA before its CUDA library was opened, and keeps the answer that there is none: resolve the device before seeding and before the first tensor"
    )]
    AskedTooEarly,
}

fn list(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "no folder: libtorch_cpu.so is not loaded from a file and LIBTORCH is not set"
            .into();
    }
    let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    names.join(", ")
}
