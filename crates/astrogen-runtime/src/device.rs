//! The choice of a device and what it comes to on this machine.
//!
//! ```
//! use astrogen_runtime::DeviceChoice;
//!
//! let choice: DeviceChoice = "cuda:1".parse()?;
//! assert_eq!(choice, DeviceChoice::Cuda(Some(1)));
//! assert_eq!(choice.to_string(), "cuda:1");
//! assert_eq!(DeviceChoice::Cpu.resolve()?, tch::Device::Cpu);
//! # Ok::<(), astrogen_runtime::RuntimeError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::{Cuda, Device};

use crate::cuda;
use crate::error::RuntimeError;
use crate::precision::Precision;

/// Where to compute: `auto` (default), `cpu`, `cuda` or `cuda:N`; in config files the same words
/// as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A CUDA device, counted from 0; `None` means the first.
    Cuda(Option<usize>),
}

impl DeviceChoice {
    /// The device for this choice.
    ///
    /// libtorch's CUDA library is opened here, and only if CUDA is asked for or, with `auto`, a
    /// driver is present: a start on the CPU stays light (0.4 s and 120 MB, against 0.9 to 2.8 s
    /// and 500 MB with CUDA). It has to be opened before libtorch is first asked about CUDA, which
    /// seeding does too, so **resolve the device first**. A GPU computes in f32 from then on, unless another
    /// [`Precision`] is [set](Precision::set).
    ///
    /// # Errors
    /// For `cuda` and `cuda:N`: a [`RuntimeError`] that says what is missing (driver, library,
    /// device) and its mend; never a silent run on the CPU. For `auto`: only
    /// [`RuntimeError::AskedTooEarly`]; why there is no CUDA is told by [`crate::doctor()`].
    pub fn resolve(self) -> Result<Device, RuntimeError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(index) => pick(index.unwrap_or(0), cuda::devices()?),
            Self::Auto => match cuda::devices() {
                Ok(count) => pick(0, count),
                Err(error @ RuntimeError::AskedTooEarly) => Err(error),
                Err(_) => Ok(Device::Cpu),
            },
        }
    }
}

impl DeviceChoice {
    /// The same choice for the small networks of tables, with which a GPU that was not asked for has not
    /// been measured to be faster: `auto` is the CPU.
    #[must_use]
    pub fn for_tables(self) -> Self {
        match self {
            Self::Auto => Self::Cpu,
            named => named,
        }
    }

    /// The device of one of several processes on this machine, number `process` from 0: where no GPU is
    /// named they take them in turn. As [`resolve`](Self::resolve) for a process alone.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve).
    pub fn resolve_as(self, process: Option<usize>) -> Result<Device, RuntimeError> {
        let device = self.resolve()?;
        match (self, device, process) {
            (Self::Auto | Self::Cuda(None), Device::Cuda(_), Some(process)) => {
                Ok(Device::Cuda(process % cuda::devices()?))
            }
            _ => Ok(device),
        }
    }
}

/// A device in the words that choose it: `cpu`, or `cuda:N` with the device's name where the driver
/// tells it.
///
/// ```
/// assert_eq!(astrogen_runtime::device_name(tch::Device::Cpu), "cpu");
/// ```
#[must_use]
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".into(),
        Device::Cuda(index) => match cuda::names().get(index) {
            Some(name) => format!("cuda:{index} ({name})"),
            None => format!("cuda:{index}"),
        },
        other => format!("{other:?}"),
    }
}

/// Device `index` of `count`.
fn pick(index: usize, count: usize) -> Result<Device, RuntimeError> {
    if index >= count {
        return Err(RuntimeError::NoSuchDevice { index, count });
    }
    // A network meets few sizes, each many times: the fastest way of each is worth finding.
    Cuda::cudnn_set_benchmark(true);
    let device = Device::Cuda(index);
    Precision::default().set(device)?;
    Ok(device)
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(index)) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = RuntimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || RuntimeError::UnknownDevice(text.to_owned());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(None)),
            _ => {
                let digits = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(unknown()); // `parse` alone would let "+1" through
                }
                digits.parse().map(|index| Self::Cuda(Some(index))).map_err(|_| unknown())
            }
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = RuntimeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_read_back_as_it_is_written() {
        for text in ["auto", "cpu", "cuda", "cuda:0", "cuda:7"] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
            let json = serde_json::to_string(&choice).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<DeviceChoice>(&json).unwrap(), choice);
        }
        assert_eq!(DeviceChoice::default(), DeviceChoice::Auto);
    }

    #[test]
    fn other_words_are_refused_with_the_words_that_are_known() {
        for text in ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:+1", "cuda:1 ", "cuda:x"] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error, RuntimeError::UnknownDevice(text.to_owned()));
            assert!(error.to_string().contains("auto, cpu, cuda or cuda:N"), "{error}");
        }
        let huge = "cuda:99999999999999999999999";
        assert!(huge.parse::<DeviceChoice>().is_err());
        let error = serde_json::from_str::<DeviceChoice>("\"tpu\"").unwrap_err();
        assert!(error.to_string().contains("unknown device \"tpu\""), "{error}");
    }

    #[test]
    fn an_index_beyond_the_devices_says_how_many_there_are() {
        assert_eq!(pick(1, 2).unwrap(), Device::Cuda(1));
        let message = pick(3, 2).unwrap_err().to_string();
        assert!(message.contains("no CUDA device 3"), "{message}");
        assert!(message.contains("shows 2") && message.contains("cuda:1"), "{message}");
    }

    #[test]
    fn cpu_is_always_there_and_cuda_is_never_the_cpu_in_disguise() {
        assert_eq!(DeviceChoice::Cpu.resolve().unwrap(), Device::Cpu);
        match DeviceChoice::Cuda(None).resolve() {
            Ok(device) => assert_eq!(device, Device::Cuda(0)),
            Err(error) => assert!(error.to_string().contains("CUDA"), "{error}"),
        }
        let far = DeviceChoice::Cuda(Some(4096)).resolve();
        assert!(far.is_err());
    }

    #[test]
    fn tables_stay_on_the_cpu_unless_a_gpu_is_asked_for() {
        assert_eq!(DeviceChoice::Auto.for_tables(), DeviceChoice::Cpu);
        for named in [DeviceChoice::Cpu, DeviceChoice::Cuda(None), DeviceChoice::Cuda(Some(2))] {
            assert_eq!(named.for_tables(), named);
        }
    }

    #[test]
    fn auto_agrees_with_what_cuda_finds() {
        let expected = if cuda::devices().is_ok() { Device::Cuda(0) } else { Device::Cpu };
        assert_eq!(DeviceChoice::Auto.resolve().unwrap(), expected);
    }
}
