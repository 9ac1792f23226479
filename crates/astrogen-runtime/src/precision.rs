//! How many digits a GPU's convolutions and matrix products compute with.
//!
//! ```
//! use astrogen_runtime::Precision;
//! use tch::Device;
//!
//! let precision: Precision = "tf32".parse()?;
//! assert_eq!(precision.to_string(), "tf32");
//! assert!(Precision::F32.set(Device::Cpu).is_ok());
//! assert!(precision.set(Device::Cpu).is_err()); // the CPU computes in f32
//! # Ok::<(), astrogen_runtime::RuntimeError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::Device;

use crate::error::RuntimeError;

/// The precision of training steps on a GPU: `f32` (default), `tf32` or `bf16`. Weights, optimisers
/// and sums are f32 with each, and the CPU knows f32 only.
///
/// Which losses agree with the CPU's, and how closely, is what `cargo xtask gpu` measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 24 bits: the CPU's numbers to rounding.
    #[default]
    F32,
    /// The inputs of convolutions and matrix products are rounded to 11 bits, on cards from Ampere on.
    /// libtorch left to itself does so in convolutions.
    Tf32,
    /// Convolutions, matrix products and what lies between them have 8 bits, in half the memory;
    /// losses and gradient penalties in closed form have f32.
    Bf16,
}

impl Precision {
    /// Sets it for this process, as far as libtorch has one setting for all: call it before
    /// [`during`](Self::during).
    ///
    /// # Errors
    /// [`RuntimeError::Precision`] for other than f32 on the CPU, and where the libtorch in use has no
    /// such setting.
    pub fn set(self, device: Device) -> Result<(), RuntimeError> {
        match (self, device) {
            (Self::F32, Device::Cpu) => Ok(()),
            (_, Device::Cpu) => Err(RuntimeError::Precision {
                precision: self,
                reason: "the CPU computes in f32: leave the option out, or choose a GPU".to_owned(),
            }),
            _ => context::set(self == Self::Tf32)
                .map_err(|reason| RuntimeError::Precision { precision: self, reason }),
        }
    }

    /// Runs a training step in it, on this thread.
    pub fn during<T>(self, step: impl FnOnce() -> T) -> T {
        match self {
            Self::Bf16 => tch::autocast(true, step),
            Self::F32 | Self::Tf32 => step(),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = RuntimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::F32, Self::Tf32, Self::Bf16];
        let known = all.into_iter().find(|precision| precision.to_string() == text);
        known.ok_or_else(|| RuntimeError::UnknownPrecision(text.to_owned()))
    }
}

/// libtorch's settings that tch does not hand through, by their C++ names.
#[cfg(unix)]
#[allow(unsafe_code, reason = "libtorch is reached through FFI")]
mod context {
    use std::ffi::{CStr, c_void};

    use libloading::os::unix::{Library, Symbol};

    type Context = unsafe extern "C" fn() -> *mut c_void;
    type Allow = unsafe extern "C" fn(*mut c_void, bool);
    type SetCache = unsafe extern "C" fn(bool);
    type SetKind = unsafe extern "C" fn(i8, i8);

    /// `at::globalContext()`, and `at::Context::setAllowTF32CuDNN(bool)` and `...CuBLAS(bool)`.
    const CONTEXT: &CStr = c"_ZN2at13globalContextEv";
    const ALLOW: [&CStr; 2] =
        [c"_ZN2at7Context17setAllowTF32CuDNNEb", c"_ZN2at7Context18setAllowTF32CuBLASEb"];
    /// `at::autocast::set_autocast_dtype(c10::DeviceType, c10::ScalarType)` and the numbers of CUDA and
    /// bfloat16 in it; `at::autocast::set_autocast_cache_enabled(bool)`.
    const SET_KIND: &CStr =
        c"_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE";
    const SET_CACHE: &CStr = c"_ZN2at8autocast26set_autocast_cache_enabledEb";
    const CUDA: i8 = 1;
    const BFLOAT16: i8 = 15;

    /// Whether inputs may be rounded to tf32; what is cast by itself is cast to bf16, each time anew.
    pub(super) fn set(tf32: bool) -> Result<(), String> {
        let own = Library::this();
        let missing = |error: libloading::Error| {
            format!("this libtorch has no such setting ({error}): set up the one of this version")
        };
        // SAFETY: the symbols are functions of the libtorch that this program is linked with, and
        // their mangled names tell their arguments: a reference that is returned (a pointer), a
        // method (the object first), and enums whose underlying type is a signed byte. The context
        // lives as long as the program, and setting it needs nothing but that no other thread
        // computes, which none does before a training.
        unsafe {
            let context: Symbol<Context> = own.get(CONTEXT).map_err(missing)?;
            let context = context();
            for name in ALLOW {
                let allow: Symbol<Allow> = own.get(name).map_err(missing)?;
                allow(context, tf32);
            }
            let set_kind: Symbol<SetKind> = own.get(SET_KIND).map_err(missing)?;
            set_kind(CUDA, BFLOAT16);
            // The cache outlives an update of the weights that are in it.
            let set_cache: Symbol<SetCache> = own.get(SET_CACHE).map_err(missing)?;
            set_cache(false);
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod context {
    pub(super) fn set(_: bool) -> Result<(), String> {
        Err("it is known on Linux and macOS only".to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_read_back_as_it_is_written() {
        for text in ["f32", "tf32", "bf16"] {
            let precision: Precision = text.parse().unwrap();
            assert_eq!(precision.to_string(), text);
            assert_eq!(serde_json::to_string(&precision).unwrap(), format!("{text:?}"));
        }
        let error = "half".parse::<Precision>().unwrap_err();
        assert!(error.to_string().contains("f32, tf32 or bf16"), "{error}");
    }

    #[test]
    fn the_cpu_knows_one_of_them() {
        assert_eq!(Precision::default().set(Device::Cpu), Ok(()));
        for precision in [Precision::Tf32, Precision::Bf16] {
            let message = precision.set(Device::Cpu).unwrap_err().to_string();
            assert!(message.starts_with(&format!("precision {precision}: the CPU")), "{message}");
            assert_eq!(precision.during(|| 3), 3);
        }
    }

    /// Every name is found in this libtorch, with or without a GPU.
    #[test]
    fn libtorch_has_the_settings() {
        assert_eq!(context::set(true), Ok(()));
        assert_eq!(context::set(false), Ok(()));
    }
}
