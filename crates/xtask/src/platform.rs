//! The kinds of machines that the package index has a libtorch for, and what is known of them.

/// A kind of machine.
#[derive(Debug, PartialEq)]
pub(crate) struct Platform {
    /// What Rust calls the system and the processor.
    os: &'static str,
    arch: &'static str,
    /// The wheel and those of its dependencies that the CPU's part of libtorch needs.
    pub(crate) cpu: &'static [&'static str],
    /// Whether the wheel has CUDA.
    pub(crate) cuda: bool,
    /// What the CPU's part is to download and on disk, and the free space that it needs, in 10^9 bytes.
    pub(crate) size: (&'static str, &'static str, f64),
    /// Whether this workspace was built and tested on it.
    pub(crate) proven: bool,
}

/// The whole wheel with all its dependencies.
pub(crate) const TORCH: &str = "torch==2.13.0";

/// Wheels for Linux are those of CUDA, whose runtime and profiler `libtorch_cpu.so` is linked to.
const LINUX: &[&str] = &[TORCH, "nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cupti==13.0.85"];

/// All of them. The wheels are there for Python 3.10 to 3.14; that for Linux on Arm is for glibc 2.28 and
/// newer, that for Apple's processors for macOS 14 and newer. Both were looked into, not run: they hold the
/// same headers and libraries, the distributed engine among them.
const PLATFORMS: [Platform; 3] = [
    Platform {
        os: "linux",
        arch: "x86_64",
        cpu: LINUX,
        cuda: true,
        size: ("0.5 GB", "1.2 GB", 2.5),
        proven: true,
    },
    Platform {
        os: "linux",
        arch: "aarch64",
        cpu: LINUX,
        cuda: true,
        size: ("0.5 GB", "1.2 GB", 2.5),
        proven: false,
    },
    Platform {
        os: "macos",
        arch: "aarch64",
        cpu: &[TORCH],
        cuda: false,
        size: ("0.1 GB", "0.5 GB", 1.5),
        proven: false,
    },
];

impl Platform {
    /// This machine's; none where there is no wheel for it, another C library than glibc included.
    pub(crate) fn here() -> Option<&'static Self> {
        if cfg!(all(target_os = "linux", not(target_env = "gnu"))) {
            return None;
        }
        Self::of(std::env::consts::OS, std::env::consts::ARCH)
    }

    fn of(os: &str, arch: &str) -> Option<&'static Self> {
        PLATFORMS.iter().find(|platform| (platform.os, platform.arch) == (os, arch))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::libtorch::VERSION;

    #[test]
    fn each_platform_has_the_pinned_wheel() {
        assert_eq!(TORCH, format!("torch=={VERSION}"));
        for platform in &PLATFORMS {
            assert_eq!(platform.cpu[0], TORCH);
            // What is of CUDA is only where the wheel is.
            assert_eq!(platform.cpu.len() > 1, platform.cuda);
        }
        assert!(Platform::of("macos", "aarch64").is_some_and(|mac| !mac.cuda && !mac.proven));
        assert_eq!(Platform::of("macos", "x86_64"), None);
        assert_eq!(Platform::of("windows", "x86_64"), None);
        assert_eq!(PLATFORMS.iter().filter(|platform| platform.proven).count(), 1);
    }
}
