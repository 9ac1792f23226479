//! CUDA: libtorch's library, the driver, the devices.

use std::path::Path;
use std::process::Command;

use crate::libtorch::{Libtorch, library_name};
use crate::program::{missing_libraries, output};
use crate::report::Report;

/// What of CUDA was found.
#[derive(Debug, Default, PartialEq)]
struct Cuda {
    /// Whether libtorch has its CUDA library; `None` without a libtorch.
    library: Option<bool>,
    /// What that library needs and the loader does not find.
    missing: Vec<String>,
    /// The driver's version or path.
    driver: Option<String>,
    /// One line per device.
    devices: Vec<String>,
}

/// Adds CUDA to the report. All of it is optional: nothing here is wrong unless a set-up
/// for CUDA is broken.
pub(crate) fn check(report: &mut Report, libtorch: Option<&Libtorch>) {
    let library = libtorch.map(|libtorch| libtorch.lib().join(library_name("torch_cuda")));
    let missing = library.as_deref().filter(|path| path.exists()).map(missing_of);
    let cuda = Cuda {
        library: library.as_deref().map(Path::exists),
        missing: missing.unwrap_or_default(),
        driver: driver(),
        devices: devices(),
    };
    cuda.tell(report);
}

impl Cuda {
    fn tell(&self, report: &mut Report) {
        const SETUP: &str = "cargo xtask setup --cuda";
        let usable = self.library == Some(true) && self.missing.is_empty();
        match &self.driver {
            Some(driver) => report.fine("CUDA driver", driver.clone()),
            None => report.fine("CUDA driver", "none: programs run on the CPU"),
        }
        for device in &self.devices {
            report.fine("CUDA device", device.clone());
        }
        match (self.library, usable, self.driver.is_some()) {
            (None, ..) => {}
            (_, true, true) => report.fine("CUDA library", "ready: --device auto uses the GPU"),
            (_, true, false) => {
                report.note("CUDA library", "ready, but there is no NVIDIA driver to run it with");
            }
            (Some(false), _, _) => {
                report.fine("CUDA library", self.cpu_only("this libtorch has none", SETUP));
            }
            (Some(true), ..) => {
                let few = self.missing.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                let text = format!("the set-up is for the CPU ({few}, ... are not there)");
                let text = self.cpu_only(&text, SETUP);
                if self.driver.is_some() {
                    report.note("CUDA library", text);
                } else {
                    report.fine("CUDA library", text);
                }
            }
        }
    }

    fn cpu_only(&self, text: &str, setup: &str) -> String {
        if self.driver.is_some() {
            format!("{text}; to use the GPU: {setup}")
        } else {
            text.to_owned()
        }
    }
}

/// Whether a libtorch has its CUDA library and all that this needs, the driver's own aside.
pub(crate) fn is_whole(libtorch: &Libtorch) -> bool {
    let library = libtorch.lib().join(library_name("torch_cuda"));
    library.exists() && missing_of(&library).is_empty()
}

/// What libtorch's CUDA library needs and the loader does not find; the driver's own library comes with the
/// driver.
fn missing_of(library: &Path) -> Vec<String> {
    let missing = missing_libraries(library).unwrap_or_default().into_iter();
    missing.filter(|name| !name.starts_with("libcuda.so")).collect()
}

/// What the driver calls a device, which is asked for as `cuda` or `cuda:N`.
pub(crate) fn device(choice: &str) -> String {
    let choice = if choice == "cuda" { "cuda:0" } else { choice };
    let named = devices().into_iter().find_map(|line| {
        let mut words = line.split(", ");
        (words.next()? == choice).then(|| words.next().map(str::to_owned))?
    });
    named.unwrap_or_else(|| choice.to_owned())
}

/// Why no GPU can be used: no driver, or no device of it. None where there is one.
pub(crate) fn missing() -> Option<&'static str> {
    match (driver(), devices().is_empty()) {
        (None, _) => Some("there is no NVIDIA driver"),
        (_, true) => Some("the NVIDIA driver shows no device (nvidia-smi lists none)"),
        _ => None,
    }
}

/// The driver's version as the kernel module states it, else where its library lies.
fn driver() -> Option<String> {
    let module = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    module.as_deref().and_then(|text| text.lines().next()).map(str::to_owned).or_else(|| {
        let list = output(Command::new("ldconfig").arg("-p"))
            .or_else(|| output(Command::new("/sbin/ldconfig").arg("-p")))?;
        let line = list.lines().find(|line| line.trim_start().starts_with("libcuda.so.1 "))?;
        Some(line.split("=>").nth(1)?.trim().to_owned())
    })
}

fn devices() -> Vec<String> {
    let query = ["--query-gpu=index,name,memory.total,driver_version", "--format=csv,noheader"];
    let text = output(Command::new("nvidia-smi").args(query)).unwrap_or_default();
    text.lines().map(|line| format!("cuda:{}", line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cuda: Cuda) -> String {
        let mut report = Report::default();
        cuda.tell(&mut report);
        assert_eq!(report.wrongs(), 0);
        report.to_string()
    }

    #[test]
    fn a_gpu_with_a_cpu_set_up_is_told_how_to_be_used() {
        let text = told(Cuda {
            library: Some(true),
            missing: vec!["libcublas.so.13".into()],
            driver: Some("580.1".into()),
            devices: vec!["cuda:0, NVIDIA H100, 81559 MiB, 580.1".into()],
        });
        assert!(text.contains("note  CUDA library"), "{text}");
        assert!(
            text.contains("libcublas.so.13") && text.contains("cargo xtask setup --cuda"),
            "{text}"
        );
        assert!(text.contains("cuda:0, NVIDIA H100"), "{text}");
    }

    #[test]
    fn a_machine_without_a_gpu_is_fine() {
        let missing = vec!["libcublas.so.13".into()];
        let text = told(Cuda { library: Some(true), missing, ..Cuda::default() });
        assert!(!text.contains("note"), "{text}");
        assert!(!text.contains("--cuda"), "{text}");
    }

    #[test]
    fn a_whole_cuda_set_up_is_ready() {
        let driver = Some("580.1".into());
        let text = told(Cuda { library: Some(true), driver, ..Cuda::default() });
        assert!(text.contains("ready: --device auto uses the GPU"), "{text}");
    }
}
