//! The libtorch that this process has loaded: where it is, what it is.

use std::path::PathBuf;

/// What the loaded libtorch says of itself; `None` where it cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    /// The folder of `libtorch_cpu.so`.
    pub folder: Option<PathBuf>,
    /// The version, such as `2.13.0`.
    pub version: Option<String>,
    /// Whether it uses the C++11 ABI of the GNU C++ library, as `tch` needs on Linux.
    pub cxx11_abi: Option<bool>,
    /// The vector instructions its kernels use: `DEFAULT`, `AVX2` or `AVX512` on x86-64.
    pub cpu_capability: Option<String>,
}

/// Asks the loaded libtorch. None of the questions touches CUDA.
#[must_use]
pub fn inspect() -> Libtorch {
    Libtorch {
        folder: folder(),
        version: symbols::abi_version().map(format_version),
        cxx11_abi: symbols::cxx11_abi(),
        cpu_capability: symbols::cpu_capability(),
    }
}

/// The folder that `libtorch_cpu.so` was loaded from, read from this process's memory map.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    find_in_maps(&std::fs::read_to_string("/proc/self/maps").ok()?)
}

/// A line of the map is `address perms offset device inode      /path/to/file`.
fn find_in_maps(maps: &str) -> Option<PathBuf> {
    let path = maps.lines().find_map(|line| {
        let path = &line[line.find('/')?..];
        path.ends_with("/libtorch_cpu.so").then_some(path)
    })?;
    PathBuf::from(path).parent().map(PathBuf::from)
}

/// libtorch packs its version into the bytes of one number, the major version in the highest.
fn format_version(packed: u64) -> String {
    let [major, minor, patch, ..] = packed.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "libtorch functions that tch does not wrap are reached through FFI")]
mod symbols {
    use libloading::os::unix::{Library, Symbol};

    /// libtorch's version as one packed number.
    pub(super) fn abi_version() -> Option<u64> {
        let process = Library::this();
        // SAFETY: a C function of libtorch's shim, `uint64_t aoti_torch_abi_version()`, part of its
        // stable interface; it reads nothing and returns a constant.
        unsafe {
            let function: Symbol<unsafe extern "C" fn() -> u64> =
                process.get(c"aoti_torch_abi_version").ok()?;
            Some(function())
        }
    }

    /// The mangled names of `std::string at::get_cpu_capability()` under the two ABIs.
    const CXX11: &std::ffi::CStr = c"_ZN2at18get_cpu_capabilityB5cxx11Ev";
    const BEFORE_CXX11: &std::ffi::CStr = c"_ZN2at18get_cpu_capabilityEv";

    /// Told by which of the two names the library holds.
    pub(super) fn cxx11_abi() -> Option<bool> {
        let process = Library::this();
        let has = |name| {
            // SAFETY: the symbol is only looked up, never used.
            unsafe { process.get::<unsafe extern "C" fn()>(name) }.is_ok()
        };
        if has(CXX11) { Some(true) } else { has(BEFORE_CXX11).then_some(false) }
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    pub(super) fn cpu_capability() -> Option<String> {
        use std::mem::MaybeUninit;

        /// `std::string` of the GNU C++ library under the C++11 ABI.
        #[repr(C)]
        struct CxxString {
            start: *const u8,
            length: usize,
            short: [u8; 16],
        }
        let process = Library::this();
        // SAFETY: by the x86-64 ABI a C++ function that returns a `std::string` takes the address
        // of the result as a hidden first argument and fills it. The name looked up says that the
        // string has the C++11 layout, which is `CxxString`; `start` and `length` then describe
        // initialised bytes. The string is shorter than 16 bytes, so it owns no heap memory and
        // nothing has to be freed (a longer one would leak once, harmlessly).
        let bytes = unsafe {
            let function: Symbol<unsafe extern "C" fn(*mut CxxString)> = process.get(CXX11).ok()?;
            let mut string = MaybeUninit::<CxxString>::uninit();
            function(string.as_mut_ptr());
            let string = string.assume_init_ref();
            std::slice::from_raw_parts(string.start, string.length).to_vec()
        };
        String::from_utf8(bytes).ok()
    }

    #[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
    pub(super) fn cpu_capability() -> Option<String> {
        None
    }
}

#[cfg(not(unix))]
mod symbols {
    pub(super) fn abi_version() -> Option<u64> {
        None
    }
    pub(super) fn cxx11_abi() -> Option<bool> {
        None
    }
    pub(super) fn cpu_capability() -> Option<String> {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_unpacked_from_its_bytes() {
        assert_eq!(format_version((2 << 56) | (13 << 48) | (1 << 40)), "2.13.1");
    }

    #[test]
    fn the_folder_is_found_in_a_memory_map() {
        let maps = "7f00-7f10 r-xp 00000000 08:01 12   /usr/lib/libc.so.6\n\
                    7f20-7f30 rw-p 00000000 00:00 0 \n\
                    7f40-7f50 r-xp 00000000 08:01 13   /opt/my torch/lib/libtorch_cpu.so\n";
        assert_eq!(find_in_maps(maps), Some(PathBuf::from("/opt/my torch/lib")));
        assert_eq!(find_in_maps("7f20-7f30 rw-p 00000000 00:00 0 \n"), None);
        assert_eq!(find_in_maps("a b c d e /x/notlibtorch_cpu.so\n"), None);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    #[test]
    fn the_loaded_libtorch_answers() {
        let _ = tch::get_num_threads(); // so that the test program needs libtorch at all
        let libtorch = inspect();
        assert_eq!(libtorch.version.as_deref(), Some("2.13.0"));
        assert_eq!(libtorch.cxx11_abi, Some(true));
        let capability = libtorch.cpu_capability.unwrap();
        assert!(
            ["DEFAULT", "NO AVX", "AVX2", "AVX512"].contains(&capability.as_str()),
            "{capability}"
        );
        assert!(libtorch.folder.unwrap().join("libtorch_cpu.so").is_file());
    }
}
