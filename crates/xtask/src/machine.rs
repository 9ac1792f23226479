//! What the machine is: processor, C library, tools, disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::pip::Python;
use crate::platform::Platform;
use crate::program::output;
use crate::report::Report;
use crate::workspace;
use crate::{cache, libtorch::Libtorch};

/// The first C library that the published libtorch runs on (manylinux_2_28).
const OLDEST_GLIBC: (u32, u32) = (2, 28);

/// The first macOS that it runs on.
const OLDEST_MACOS: u32 = 14;

/// Free space where `path` lies, in 10^9 bytes.
pub(crate) fn free_gigabytes(path: &Path) -> Option<f64> {
    let text = output(Command::new("df").arg("-Pk").arg(path))?;
    let blocks: f64 = text.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    Some(blocks * 1024.0 / 1e9)
}

/// Adds the platform, the tools and the disk to the report. Python and pip are needed
/// only while there is no libtorch.
pub(crate) fn tools(report: &mut Report, libtorch: Option<&Libtorch>) {
    platform(report);
    let version = |program: &str| {
        let text = output(Command::new(program).arg("--version"))?;
        text.lines().next().map(str::to_owned)
    };
    for (topic, variable, program, mend) in [
        ("rust", "RUSTC", "rustc", "install Rust: https://rustup.rs"),
        (
            "C compiler",
            "CC",
            "cc",
            "sudo apt install build-essential (Fedora: sudo dnf install gcc gcc-c++ make)",
        ),
        (
            "C++ compiler",
            "CXX",
            "c++",
            "sudo apt install build-essential (Fedora: sudo dnf install gcc gcc-c++ make)",
        ),
        ("make", "MAKE", "make", "sudo apt install make (Fedora: sudo dnf install make)"),
    ] {
        let program = std::env::var(variable).unwrap_or_else(|_| program.to_owned());
        match version(&program) {
            Some(text) => report.fine(topic, text),
            None => report.wrong(topic, format!("{program} does not run"), mend),
        }
    }
    match Python::find() {
        Ok(python) => report.fine("python", format!("{}, pip {}", python.version, python.pip)),
        Err(why) if libtorch.is_some() => {
            report.note(
                "python",
                format!("not needed, since libtorch is there: {}", first_line(&why)),
            );
        }
        Err(why) => report.wrong("python", first_line(&why), &why.to_string()),
    }
    let cache = cache::directory().ok();
    let folders = [("cache disk", cache), ("build disk", Some(workspace::root()))];
    for (topic, folder) in folders {
        let existing = folder.as_deref().and_then(|f| f.ancestors().find(|f| f.is_dir()));
        let Some((folder, free)) = existing.and_then(|f| Some((f, free_gigabytes(f)?))) else {
            continue;
        };
        let text = format!("{free:.0} GB free at {}", folder.display());
        // A build in both profiles fills some 5 GB, libtorch 1.2 GB and as much while unpacking.
        if free < 5.0 {
            report.note(topic, format!("{text}; a first set-up and build want 5 GB"));
        } else {
            report.fine(topic, text);
        }
    }
}

fn first_line(error: &anyhow::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn platform(report: &mut Report) {
    let name = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
    match Platform::here() {
        Some(platform) if platform.proven => {}
        Some(_) => report.note(
            "proven",
            format!("libtorch is published for {name}, but this workspace was never run there"),
        ),
        None => report.note(
            "proven",
            format!(
                "the package index has no libtorch for {name}: bring your own, named by LIBTORCH; this \
                 workspace was never run there"
            ),
        ),
    }
    if let Some(version) = output(Command::new("sw_vers").arg("-productVersion")) {
        let text = format!("{name}, macOS {version}");
        let major = version.split('.').next().and_then(|major| major.trim().parse::<u32>().ok());
        match major {
            Some(major) if major < OLDEST_MACOS => {
                report.wrong("platform", text, "libtorch needs macOS 14 or newer");
            }
            _ => report.fine("platform", text),
        }
        return;
    }
    let Some(glibc) = output(Command::new("getconf").arg("GNU_LIBC_VERSION")) else {
        report.fine("platform", name);
        return;
    };
    let text = format!("{name}, {glibc}");
    match version_pair(&glibc) {
        Some(found) if found < OLDEST_GLIBC => report.wrong(
            "platform",
            text,
            "libtorch needs glibc 2.28 or newer: use Debian 10, Ubuntu 20.04, RHEL 8 or later",
        ),
        _ => report.fine("platform", text),
    }
}

/// The last word of `glibc 2.36` as numbers.
fn version_pair(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_whitespace().last()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What the system says of the first processor under this name.
fn processor_field(name: &str) -> Option<String> {
    fs::read_to_string("/proc/cpuinfo").ok()?.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The processor's model.
pub(crate) fn cpu() -> String {
    let of_mac = || output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]));
    // The kernel does not name Arm's processors; `lscpu` does.
    let of_arm = || {
        let text = output(&mut Command::new("lscpu"))?;
        let name = text.lines().find_map(|line| line.strip_prefix("Model name:"))?;
        Some(name.trim().to_owned())
    };
    let name = processor_field("model name").or_else(of_mac).or_else(of_arm);
    name.unwrap_or_else(|| "unknown processor".to_owned())
}

/// Adds the processor, the threads and the allocator to the report.
pub(crate) fn processor(report: &mut Report) {
    let flags = processor_field("flags");
    let capability = capability(flags.as_deref().unwrap_or_default());
    let model = cpu();
    match std::env::var("ATEN_CPU_CAPABILITY") {
        Ok(forced) if !forced.eq_ignore_ascii_case(capability) => report.note(
            "cpu",
            format!(
                "{model}, {capability}, but ATEN_CPU_CAPABILITY={forced} holds libtorch back; \
                     mend: unset ATEN_CPU_CAPABILITY"
            ),
        ),
        _ if flags.is_none() => report.fine("cpu", "libtorch picks its kernels itself"),
        _ if capability == "DEFAULT" => {
            report.note("cpu", format!("{model}, no AVX2: libtorch runs, several times slower"))
        }
        _ => report.fine("cpu", format!("{model}, libtorch uses its {capability} kernels")),
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let limits: Vec<String> = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"]
        .iter()
        .filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)))
        .collect();
    if limits.is_empty() {
        report.fine("threads", format!("{cores}, one per core this process may use"));
    } else {
        report.note("threads", format!("{cores} cores, limited by {}", limits.join(", ")));
    }
    let preload = std::env::var("LD_PRELOAD").unwrap_or_default();
    let settings: Vec<String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("MALLOC_") || name == "GLIBC_TUNABLES")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let other =
        ["jemalloc", "tcmalloc", "mimalloc"].into_iter().find(|name| preload.contains(name));
    match (other, settings.is_empty()) {
        (Some(name), _) => report.fine("allocator", format!("{name}, from LD_PRELOAD")),
        (None, true) => report.fine("allocator", "the C library's; programs tune it as they start"),
        (None, false) => report.note(
            "allocator",
            format!("the C library's, with {} from the environment", settings.join(" ")),
        ),
    }
}

/// The kernels that libtorch picks for a processor with these flags.
fn capability(flags: &str) -> &'static str {
    let has = |names: &[&str]| {
        names.iter().all(|name| flags.split_whitespace().any(|flag| flag == *name))
    };
    if has(&["avx512f", "avx512vl", "avx512bw", "avx512dq", "fma"]) {
        "AVX512"
    } else if has(&["avx2", "fma"]) {
        "AVX2"
    } else {
        "DEFAULT"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_capability_follows_the_flags() {
        assert_eq!(capability("fpu sse4_2 avx"), "DEFAULT");
        assert_eq!(capability("avx avx2 fma"), "AVX2");
        assert_eq!(capability("avx avx2"), "DEFAULT");
        assert_eq!(capability("avx2 fma avx512f avx512dq avx512bw avx512vl"), "AVX512");
        assert_eq!(capability("avx2 fma avx512f"), "AVX2");
    }

    #[test]
    fn glibc_versions_compare_as_numbers() {
        assert_eq!(version_pair("glibc 2.36"), Some((2, 36)));
        assert!(version_pair("glibc 2.9").unwrap() < OLDEST_GLIBC);
        assert_eq!(version_pair("musl"), None);
    }

    #[test]
    fn free_space_is_a_number_here() {
        assert!(free_gigabytes(Path::new("/")).unwrap() >= 0.0);
        assert_eq!(free_gigabytes(Path::new("/no/such/folder")), None);
    }
}
