//! libtorch's CUDA library, opened at run time, and the NVIDIA driver.
//!
//! A Rust program is linked with `--as-needed`, so `libtorch_cuda.so` is dropped even where it
//! exists, and libtorch then says that there is no CUDA. Opening the library (`RTLD_LAZY |
//! RTLD_GLOBAL`) before the first question brings it back; no build script is needed anywhere.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::RuntimeError;
use crate::libtorch;

/// The file that registers CUDA with libtorch.
const LIBRARY: &str = "libtorch_cuda.so";

/// The NVIDIA driver's library.
const DRIVER: &str = "libcuda.so.1";

static DEVICES: OnceLock<Result<usize, RuntimeError>> = OnceLock::new();

/// How many CUDA devices libtorch can use, at least 1.
///
/// Opens the driver's library first, which is light, and libtorch's CUDA library only if that is
/// there. The answer is found once and kept, as libtorch keeps its own.
///
/// # Errors
/// The first thing missing: the driver, libtorch's CUDA library, a library that one needs, or a
/// device.
pub fn devices() -> Result<usize, RuntimeError> {
    DEVICES.get_or_init(count_devices).clone()
}

fn count_devices() -> Result<usize, RuntimeError> {
    let path = library()?;
    driver()?;
    open(&path).map_err(|reason| RuntimeError::CudaLibraryBroken { path: path.clone(), reason })?;
    if !tch::utils::has_cudart() {
        return Err(RuntimeError::AskedTooEarly);
    }
    match usize::try_from(tch::Cuda::device_count()) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(RuntimeError::NoDevice {
            visible: env::var("CUDA_VISIBLE_DEVICES")
                .map_or("not set".into(), |v| format!("{v:?}")),
        }),
    }
}

/// Whether the NVIDIA driver's library can be opened.
///
/// # Errors
/// [`RuntimeError::NoDriver`] with the dynamic loader's reason.
pub fn driver() -> Result<(), RuntimeError> {
    open(Path::new(DRIVER)).map_err(|reason| RuntimeError::NoDriver { reason })
}

/// What the driver calls the CUDA devices, from `cuda:0` on, such as `NVIDIA H100 80GB HBM3`; none
/// where [`devices`] was not asked yet, or found none.
#[must_use]
pub fn names() -> Vec<String> {
    let count = DEVICES.get().and_then(|devices| devices.as_ref().ok()).copied().unwrap_or(0);
    (0..count).map_while(name).collect()
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "the NVIDIA driver is reached through FFI")]
fn name(index: usize) -> Option<String> {
    use std::ffi::{CStr, c_char, c_int};

    use libloading::os::unix::{Library, Symbol};
    type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
    type GetName = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
    let ordinal = c_int::try_from(index).ok()?;
    let mut text = [0_u8; 256];
    // SAFETY: the driver's library is open for good since devices were counted, and libtorch has
    // initialised it then. `cuDeviceGet(CUdevice*, int)` and `cuDeviceGetName(char*, int, CUdevice)`
    // are functions of its stable C interface, in which CUdevice and the result are ints; the name
    // is written into the buffer of the length that is told, zero at its end.
    unsafe {
        let driver = Library::open(Some(DRIVER), libloading::os::unix::RTLD_LAZY).ok()?;
        let get: Symbol<Get> = driver.get(c"cuDeviceGet").ok()?;
        let get_name: Symbol<GetName> = driver.get(c"cuDeviceGetName").ok()?;
        let mut device = 0;
        let length = text.len() as c_int;
        if get(&raw mut device, ordinal) != 0
            || get_name(text.as_mut_ptr().cast(), length, device) != 0
        {
            return None;
        }
    }
    Some(CStr::from_bytes_until_nul(&text).ok()?.to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn name(_: usize) -> Option<String> {
    None
}

/// The version of the NVIDIA kernel driver, where the system tells it.
#[must_use]
pub fn driver_version() -> Option<String> {
    let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    parse_driver_version(&text)
}

/// From `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ...`.
fn parse_driver_version(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        word.contains('.') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    text.lines().next()?.split_whitespace().find(is_version).map(str::to_owned)
}

/// Where libtorch's CUDA library is: beside the `libtorch_cpu.so` in use, else in `$LIBTORCH/lib`.
///
/// # Errors
/// [`RuntimeError::NoCudaLibrary`] with the folders looked into.
pub fn library() -> Result<PathBuf, RuntimeError> {
    find_library(libtorch::folder(), env::var_os("LIBTORCH").as_deref())
}

fn find_library(
    beside: Option<PathBuf>,
    libtorch: Option<&OsStr>,
) -> Result<PathBuf, RuntimeError> {
    let mut searched: Vec<PathBuf> = beside.into_iter().collect();
    if let Some(root) = libtorch.filter(|root| !root.is_empty()) {
        let folder = Path::new(root).join("lib");
        if !searched.contains(&folder) {
            searched.push(folder);
        }
    }
    let found = searched.iter().map(|folder| folder.join(LIBRARY)).find(|path| path.is_file());
    found.ok_or(RuntimeError::NoCudaLibrary { searched })
}

/// Opens a shared library for the rest of the program's life, its symbols visible to all.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the dynamic loader is reached through FFI")]
fn open(path: &Path) -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};
    // SAFETY: opening runs the library's initialisers. Only libtorch's own CUDA library and the
    // NVIDIA driver are opened here; both are made to be loaded at run time, from any thread, and
    // are never unloaded (`into_raw`), so that no termination routine runs early.
    match unsafe { Library::open(Some(path), RTLD_LAZY | RTLD_GLOBAL) } {
        Ok(library) => {
            let _ = library.into_raw();
            Ok(())
        }
        Err(error) => Err(reason(&error)),
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<(), String> {
    Err(format!("{} is looked for on Linux only", path.display()))
}

/// What the loader said, without the wrapping of the error types around it.
#[cfg(unix)]
fn reason(error: &libloading::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_libtorch_without_cuda_names_the_folders_and_the_mend() {
        let error = find_library(Some("/nowhere/a".into()), Some(OsStr::new("/nowhere/b")));
        let message = error.unwrap_err().to_string();
        assert!(message.contains("no libtorch_cuda.so beside libtorch_cpu.so"), "{message}");
        assert!(message.contains("/nowhere/a, /nowhere/b/lib"), "{message}");
        assert!(message.contains("cargo xtask setup --cuda"), "{message}");
        let message = find_library(None, None).unwrap_err().to_string();
        assert!(message.contains("LIBTORCH is not set"), "{message}");
    }

    #[test]
    fn the_library_beside_the_loaded_one_is_preferred() {
        let root = env::temp_dir().join(format!("astrogen-cuda-{}", std::process::id()));
        for folder in ["one", "two/lib"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("two/lib").join(LIBRARY), b"").unwrap();
        let find = || find_library(Some(root.join("one")), Some(root.join("two").as_os_str()));
        assert_eq!(find().unwrap(), root.join("two/lib").join(LIBRARY));
        std::fs::write(root.join("one").join(LIBRARY), b"").unwrap();
        assert_eq!(find().unwrap(), root.join("one").join(LIBRARY));
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_library_that_is_no_library_gives_the_loaders_reason() {
        let path =
            env::temp_dir().join(format!("astrogen-not-a-library-{}.so", std::process::id()));
        std::fs::write(&path, b"text").unwrap();
        let reason = open(&path).unwrap_err();
        assert!(reason.contains(path.file_name().unwrap().to_str().unwrap()), "{reason}");
        std::fs::remove_file(&path).unwrap();
        let missing = open(Path::new("libastrogen-none.so.1")).unwrap_err();
        assert!(missing.contains("libastrogen-none.so.1"), "{missing}");
    }

    #[test]
    fn each_device_that_is_found_has_a_name() {
        let count = devices().unwrap_or(0);
        let names = names();
        assert!(names.len() <= count && names.iter().all(|name| !name.is_empty()), "{names:?}");
        assert_eq!(names.is_empty(), count == 0);
        assert_eq!(name(4096), None);
    }

    #[test]
    fn the_driver_version_is_read_from_the_kernels_text() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 12.2.0\n";
        assert_eq!(parse_driver_version(text).as_deref(), Some("535.104.05"));
        let text =
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n";
        assert_eq!(parse_driver_version(text).as_deref(), Some("580.65.06"));
        assert_eq!(parse_driver_version("\n"), None);
    }

    #[test]
    fn messages_say_what_to_do() {
        let no_driver = RuntimeError::NoDriver { reason: "no such file".into() }.to_string();
        assert!(no_driver.contains("no such file") && no_driver.contains("--gpus all"));
        let broken = RuntimeError::CudaLibraryBroken {
            path: "/l/libtorch_cuda.so".into(),
            reason: "libcudnn.so.9: cannot open shared object file".into(),
        };
        let broken = broken.to_string();
        assert!(broken.contains("libcudnn.so.9") && broken.contains("setup --cuda"), "{broken}");
    }
}
