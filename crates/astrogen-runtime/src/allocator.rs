//! glibc settings that keep libtorch's memory from being faulted in again at every step.
//!
//! On the CPU libtorch takes every tensor from `malloc` and gives it back when the tensor is
//! dropped. glibc returns large blocks to the system at once, so each step of a training run maps
//! the same memory again, and the kernel clears every page of it at its first touch.
//!
//! A step of DCGAN training at 64 x 64 pixels on two cores, libtorch 2.13, glibc 2.36
//! (`cargo bench --bench allocator`), before and after [`tune_allocator`]:
//!
//! | features, batch | seconds | of them in the kernel | page faults | most memory, MiB |
//! | --- | --- | --- | --- | --- |
//! | 16, 16 | 0.062, 0.065 | 0.0034, 0.0002 | 1541, 6 | 179, 175 |
//! | 32, 32 | 0.236, 0.230 | 0.0178, 0.0004 | 6508, 186 | 294, 292 |
//! | 64, 64 | 1.271, 1.297 | 0.0520, 0.0040 | 29483, 1536 | 747, 703 |
//!
//! The kernel's share, 4 to 7 % of a step, goes; what is left of the difference in time is less
//! than the noise between runs on a shared machine.
//!
//! Raising the mapping and trimming thresholds alone leaves faults at every step; forbidding single
//! mappings and growing the heap by 64 MiB at a time takes away the rest.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What serves libtorch's memory on the CPU, and how it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Allocator {
    /// glibc with its own settings.
    Glibc,
    /// glibc that keeps freed memory for the next step.
    GlibcTuned,
    /// Another allocator, preloaded or linked in; its settings are its own.
    Other(PathBuf),
    /// A platform without glibc: nothing to set.
    NotGlibc,
}

static TUNED: OnceLock<bool> = OnceLock::new();

/// Tells glibc to keep freed memory for the next step; says what is in force afterwards.
///
/// To be called once, at the start of a program and before the first tensor; a second call changes
/// nothing. The cost: memory stays with the process at the height of its use until it ends. On a
/// platform without glibc, and under another allocator, nothing is done and the answer says so.
///
/// ```
/// let allocator = astrogen_runtime::tune_allocator();
/// assert_eq!(allocator, astrogen_runtime::allocator::state());
/// ```
pub fn tune_allocator() -> Allocator {
    if state() == Allocator::Glibc {
        TUNED.get_or_init(glibc::tune);
    }
    state()
}

/// What serves memory now.
#[must_use]
pub fn state() -> Allocator {
    match glibc::foreign_allocator() {
        Some(library) => Allocator::Other(library),
        None if !glibc::PRESENT => Allocator::NotGlibc,
        None if TUNED.get() == Some(&true) => Allocator::GlibcTuned,
        None => Allocator::Glibc,
    }
}

impl fmt::Display for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc => f.write_str("glibc, own settings: freed memory goes back to the system"),
            Self::GlibcTuned => f.write_str("glibc, tuned: freed memory is kept for the next step"),
            Self::Other(library) => write!(f, "{}, its own settings", library.display()),
            Self::NotGlibc => f.write_str("not glibc: nothing to set on this platform"),
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "malloc's settings are reached through FFI")]
mod glibc {
    use std::ffi::{CStr, OsStr};
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    pub(super) const PRESENT: bool = true;

    /// Settings and their values, all of them accepted by every glibc since 2.26.
    const SETTINGS: [(libc::c_int, libc::c_int); 3] = [
        // No block is mapped on its own, so none is unmapped when freed.
        (libc::M_MMAP_MAX, 0),
        // The top of the heap is never handed back (-1 is the largest size).
        (libc::M_TRIM_THRESHOLD, -1),
        // The heap grows by this much at a time.
        (libc::M_TOP_PAD, 64 << 20),
    ];

    /// Applies the settings; true if glibc took them all.
    pub(super) fn tune() -> bool {
        SETTINGS.iter().all(|(setting, value)| {
            // SAFETY: mallopt only stores numbers in the allocator's own state, under its lock.
            unsafe { libc::mallopt(*setting, *value) == 1 }
        })
    }

    /// The library that serves `malloc`, if it is not the C library.
    pub(super) fn foreign_allocator() -> Option<PathBuf> {
        // SAFETY: dlsym and dladdr only look things up in the tables of loaded libraries; the name
        // is a C string, the result is read only after dladdr reports success, and the file name
        // it points to lives as long as the library, which is never unloaded.
        let path = unsafe {
            let malloc = libc::dlsym(libc::RTLD_DEFAULT, c"malloc".as_ptr());
            let mut place = MaybeUninit::<libc::Dl_info>::zeroed();
            if malloc.is_null() || libc::dladdr(malloc, place.as_mut_ptr()) == 0 {
                return None;
            }
            let name = place.assume_init().dli_fname;
            if name.is_null() {
                return None;
            }
            PathBuf::from(OsStr::from_bytes(CStr::from_ptr(name).to_bytes()))
        };
        let file = path.file_name()?.to_str()?;
        let is_libc = file.starts_with("libc.so") || file.starts_with("libc-");
        (!is_libc).then_some(path)
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod glibc {
    pub(super) const PRESENT: bool = false;

    pub(super) fn tune() -> bool {
        false
    }

    pub(super) fn foreign_allocator() -> Option<std::path::PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuning_is_told_and_lasts() {
        let state_after = tune_allocator();
        assert_eq!(state_after, state());
        assert_eq!(state_after, tune_allocator());
        if state_after == Allocator::GlibcTuned {
            assert!(state_after.to_string().contains("kept for the next step"));
        } else {
            assert!(!glibc::PRESENT || matches!(state_after, Allocator::Other(_)));
        }
    }
}
