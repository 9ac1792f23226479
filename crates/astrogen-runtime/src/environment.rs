//! Where a program runs, as it is written down of a run: a value for a file.

use serde::Serialize;

use crate::{cuda, libtorch, threads};

/// What the results of a session depend on beside settings, data and seed.
///
/// ```
/// let environment = astrogen_runtime::environment();
/// assert!(environment.threads >= 1 && environment.processors >= 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The version of astrogen.
    pub astrogen: &'static str,
    /// That of the loaded libtorch, if it says so.
    pub libtorch: Option<String>,
    /// The processor's name, if the system tells it.
    pub processor: Option<String>,
    /// The vector instructions that libtorch computes with, such as `AVX2`.
    pub cpu_capability: Option<String>,
    /// Processors that this process may use.
    pub processors: usize,
    /// Threads that one libtorch operation may use.
    pub threads: usize,
    /// CUDA devices by name, from `cuda:0` on, where one was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cuda_devices: Vec<String>,
    /// The operating system and the kind of processor, such as `linux, x86_64`.
    pub system: String,
}

/// That of this process. It does not open CUDA where nobody has.
#[must_use]
pub fn environment() -> Environment {
    let libtorch = libtorch::inspect();
    Environment {
        astrogen: env!("CARGO_PKG_VERSION"),
        libtorch: libtorch.version,
        processor: std::fs::read_to_string("/proc/cpuinfo").ok().as_deref().and_then(model_name),
        cpu_capability: libtorch.cpu_capability,
        processors: threads::usable_processors(),
        threads: threads::current(),
        cuda_devices: cuda::names(),
        system: format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The first of the processors that Linux lists: `model name : Intel(R) Xeon(R) CPU`.
fn model_name(cpuinfo: &str) -> Option<String> {
    let named = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let mut names =
        named.filter(|(key, name)| key.trim() == "model name" && !name.trim().is_empty());
    Some(names.next()?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_known_by_its_name_where_there_is_one() {
        let intel = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.00GHz\n";
        assert_eq!(model_name(intel).as_deref(), Some("Intel(R) Xeon(R) CPU @ 2.00GHz"));
        assert_eq!(model_name("processor : 0\nBogoMIPS : 50.00\n"), None);
    }
}
