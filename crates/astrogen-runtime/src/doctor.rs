//! What this process found: libtorch, threads, memory, CUDA, and for whatever is wrong its mend.

use std::fmt;
use std::path::PathBuf;

use crate::allocator::{self, Allocator};
use crate::cuda;
use crate::error::RuntimeError;
use crate::libtorch::{self, Libtorch};
use crate::threads;

/// The version of libtorch that this release of `tch` is made for.
const WANTED_VERSION: &str = "2.13.0";

/// What [`doctor`] found; `Display` gives it line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The loaded libtorch.
    pub libtorch: Libtorch,
    /// Threads that one libtorch operation may use.
    pub threads: usize,
    /// Processors that this process may use.
    pub processors: usize,
    /// What serves memory.
    pub allocator: Allocator,
    /// libtorch's CUDA library.
    pub cuda_library: Result<PathBuf, RuntimeError>,
    /// The NVIDIA driver, with its version where the system tells it.
    pub cuda_driver: Result<Option<String>, RuntimeError>,
    /// How many CUDA devices can be used.
    pub cuda_devices: Result<usize, RuntimeError>,
    /// What they are called, where the driver tells it.
    pub cuda_names: Vec<String>,
}

/// Examines this process. Like a start with the device `auto`, it opens libtorch's CUDA library
/// if the machine has an NVIDIA driver.
#[must_use]
pub fn doctor() -> Report {
    let cuda_devices = cuda::devices(); // before anything else is asked of libtorch
    Report {
        libtorch: libtorch::inspect(),
        threads: threads::current(),
        processors: threads::usable_processors(),
        allocator: allocator::state(),
        cuda_library: cuda::library(),
        cuda_driver: cuda::driver().map(|()| cuda::driver_version()),
        cuda_devices,
        cuda_names: cuda::names(),
    }
}

impl Report {
    /// What hinders even work on the CPU; empty where all is well. Missing CUDA is not among it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match self.libtorch.version.as_deref() {
            Some(WANTED_VERSION) | None => {}
            Some(version) => faults.push(format!(
                "libtorch is {version} where {WANTED_VERSION} is needed: run `cargo xtask setup`, or set LIBTORCH to a libtorch {WANTED_VERSION}"
            )),
        }
        if self.libtorch.cxx11_abi == Some(false) {
            faults.push(
                "libtorch has the C++ ABI from before C++11: use a build with the C++11 ABI, such as the one `cargo xtask setup` brings".into(),
            );
        }
        if self.threads > self.processors {
            faults.push(format!(
                "libtorch uses {} threads on {} processors: call set_threads(None), or set OMP_NUM_THREADS={}",
                self.threads, self.processors, self.processors
            ));
        }
        faults
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn known<T: fmt::Display>(value: Option<T>) -> String {
            value.map_or_else(|| "unknown".into(), |value| value.to_string())
        }
        let libtorch = &self.libtorch;
        let abi = libtorch.cxx11_abi.map(|new| if new { "C++11" } else { "before C++11" });
        writeln!(f, "libtorch        {}", known(libtorch.version.as_deref()))?;
        writeln!(f, "  folder        {}", known(libtorch.folder.as_ref().map(|p| p.display())))?;
        writeln!(f, "  C++ ABI       {}", known(abi))?;
        writeln!(f, "CPU capability  {}", known(libtorch.cpu_capability.as_deref()))?;
        writeln!(f, "threads         {} on {} processors", self.threads, self.processors)?;
        writeln!(f, "allocator       {}", self.allocator)?;
        match &self.cuda_library {
            Ok(path) => writeln!(f, "CUDA library    {}", path.display())?,
            Err(_) => writeln!(f, "CUDA library    none")?,
        }
        match &self.cuda_driver {
            Ok(version) => writeln!(f, "NVIDIA driver   version {}", known(version.as_deref()))?,
            Err(_) => writeln!(f, "NVIDIA driver   none")?,
        }
        match &self.cuda_devices {
            Ok(1) => writeln!(f, "CUDA devices    1 (cuda:0)")?,
            Ok(count) => writeln!(f, "CUDA devices    {count} (cuda:0 to cuda:{})", count - 1)?,
            Err(error) => writeln!(f, "CUDA devices    none\n  why           {error}")?,
        }
        for (index, name) in self.cuda_names.iter().enumerate() {
            writeln!(f, "  {:<14}{name}", format!("cuda:{index}"))?;
        }
        let faults = self.faults();
        for fault in &faults {
            writeln!(f, "fault           {fault}")?;
        }
        if faults.is_empty() {
            writeln!(f, "all is well for work on the CPU")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Report {
        Report {
            libtorch: Libtorch {
                folder: Some("/opt/libtorch/lib".into()),
                version: Some("2.13.0".into()),
                cxx11_abi: Some(true),
                cpu_capability: Some("AVX2".into()),
            },
            threads: 2,
            processors: 2,
            allocator: Allocator::GlibcTuned,
            cuda_library: Ok("/opt/libtorch/lib/libtorch_cuda.so".into()),
            cuda_driver: Ok(Some("580.65.06".into())),
            cuda_devices: Ok(2),
            cuda_names: vec!["NVIDIA A100".into(), "NVIDIA H100".into()],
        }
    }

    #[test]
    fn a_healthy_report_shows_every_part() {
        let text = healthy().to_string();
        for part in [
            "libtorch        2.13.0",
            "/opt/libtorch/lib\n",
            "C++11",
            "AVX2",
            "2 on 2 processors",
            "glibc, tuned",
            "libtorch_cuda.so",
            "version 580.65.06",
            "2 (cuda:0 to cuda:1)",
            "\n  cuda:1        NVIDIA H100\n",
            "all is well",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn every_fault_comes_with_its_mend() {
        let mut report = healthy();
        report.libtorch.version = Some("2.6.0".into());
        report.libtorch.cxx11_abi = Some(false);
        report.threads = 64;
        let faults = report.faults();
        assert_eq!(faults.len(), 3);
        assert!(faults[0].contains("2.6.0") && faults[0].contains("cargo xtask setup"));
        assert!(faults[1].contains("C++11"));
        assert!(faults[2].contains("OMP_NUM_THREADS=2"));
        assert!(!report.to_string().contains("all is well"));
    }

    #[test]
    fn a_machine_without_a_driver_is_told_why_and_is_no_fault() {
        let mut report = healthy();
        let error = RuntimeError::NoDriver { reason: "libcuda.so.1: not found".into() };
        report.cuda_driver = Err(error.clone());
        report.cuda_devices = Err(error);
        let text = report.to_string();
        assert!(text.contains("NVIDIA driver   none"), "{text}");
        assert!(text.contains("why           CUDA cannot be used"), "{text}");
        assert!(report.faults().is_empty());
    }

    #[test]
    fn this_process_can_be_examined() {
        let report = doctor();
        assert!(report.threads >= 1 && report.processors >= 1);
        assert_eq!(report.cuda_devices, cuda::devices());
    }
}
