//! The thin door to cfitsio, which unpacks tile-compressed images: open, move to an HDU,
//! read pixels, close.
//!
//! Files are opened by the disk-file call or as memory files, never through cfitsio's
//! extended file names, in which brackets, plus signs, pipes and addresses are
//! instructions.

use std::ffi::{CStr, CString, c_int, c_long, c_void};
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fitsio::{FileOpenMode, sys};

use super::hdu::{Hdu, size_in_words};
use super::pixel::Pixel;
use super::source::Source;
use crate::FitsError;

/// Opening and closing touch tables that all of cfitsio's handles share.
static OPEN_OR_CLOSE: Mutex<()> = Mutex::new(());

/// cfitsio's longest file name, its closing zero included.
const LONGEST_NAME: usize = 1025;

/// What cfitsio keeps pointing at while it reads a file from memory.
struct Memory {
    start: *mut c_void,
    size: usize,
}

/// An open file of cfitsio. It may move to another thread, but not be shared.
pub(super) struct Handle {
    file: ManuallyDrop<fitsio::FitsFile>,
    memory: *mut Memory,
    hdu: Option<usize>,
}

// SAFETY: a reentrant build of cfitsio keeps all state of a read-only file in its own
// handle, which is used through `&mut` alone; nothing in it is bound to a thread.
#[allow(unsafe_code, reason = "the handle holds pointers to C structures")]
unsafe impl Send for Handle {}

/// Whether cfitsio can be given this path, made absolute, as a plain file name.
pub(super) fn can_name(path: &Path) -> bool {
    let absolute = path.canonicalize().unwrap_or_default();
    absolute.to_str().is_some_and(|name| (1..LONGEST_NAME).contains(&name.len()))
}

impl Handle {
    /// Opens the file of `source`. If that lies in memory, it must stay there, unchanged,
    /// until the handle is dropped.
    #[allow(unsafe_code, reason = "calls cfitsio")]
    pub(super) fn open(source: &Source) -> Result<Handle, FitsError> {
        let memory = match source.memory() {
            Some(bytes) => Box::into_raw(Box::new(Memory {
                start: bytes.as_ptr().cast_mut().cast(),
                size: bytes.len(),
            })),
            None => ptr::null_mut(),
        };
        // An absolute path starts with no blank, tilde or minus sign.
        let path = source
            .path
            .canonicalize()
            .map_err(|error| FitsError::io("open", &source.path, error))?;
        let name = CString::new(path.as_os_str().as_encoded_bytes())
            .map_err(|error| FitsError::io("open", &source.path, error.into()))?;
        let mut file = ptr::null_mut();
        let mut status = 0;
        let lock = lock();
        // SAFETY: all pointers are valid for the calls; `memory`, where not null, lives
        // until `drop` has closed the file, and so do the bytes by this function's
        // contract. cfitsio only reads from a file opened with mode 0, so it neither
        // writes to the bytes nor needs a function to enlarge them.
        unsafe {
            if memory.is_null() {
                sys::ffdkopn(&raw mut file, name.as_ptr(), 0, &raw mut status);
            } else {
                const NAME: &CStr = c"memory";
                sys::ffomem(
                    &raw mut file,
                    NAME.as_ptr(),
                    0,
                    &raw mut (*memory).start,
                    &raw mut (*memory).size,
                    0,
                    None,
                    &raw mut status,
                );
            }
        }
        let opened = if status > 0 || file.is_null() {
            Err(refusal(status))
        } else {
            // SAFETY: `file` is an open handle that nothing else owns.
            unsafe { fitsio::FitsFile::from_raw(file, FileOpenMode::READONLY) }
                .map_err(|error| error.to_string())
        };
        drop(lock);
        match opened {
            Ok(file) => Ok(Handle { file: ManuallyDrop::new(file), memory, hdu: None }),
            Err(reason) => {
                if !memory.is_null() {
                    // SAFETY: it came from `Box::into_raw`, and no open file points at it.
                    drop(unsafe { Box::from_raw(memory) });
                }
                Err(source.damaged(reason))
            }
        }
    }

    /// Moves to an HDU and makes sure that cfitsio sees the same image in it. `lossless`
    /// says that its pixels are floating-point numbers that were not quantized.
    #[allow(unsafe_code, reason = "calls cfitsio")]
    pub(super) fn select(&mut self, hdu: &Hdu, lossless: bool) -> Result<(), String> {
        if self.hdu == Some(hdu.index) {
            return Ok(());
        }
        self.hdu = None;
        let number = c_int::try_from(hdu.index + 1).map_err(|error| error.to_string())?;
        let mut count = 0;
        let mut axes = vec![0; hdu.axes.len()];
        // Left alone, cfitsio may take an image for lossless because an earlier one was.
        // Any level but 0 stands for "quantized".
        let level = if lossless { 0.0 } else { 1.0 };
        let mut status = 0;
        // SAFETY: the handle is open, and `axes` has room for as many as are asked for.
        unsafe {
            let file = self.file.as_raw();
            sys::fits_set_quantize_level(file, level, &raw mut status);
            sys::ffmahd(file, number, ptr::null_mut(), &raw mut status);
            sys::ffgidm(file, &raw mut count, &raw mut status);
            sys::ffgiszll(file, axes.len() as c_int, axes.as_mut_ptr(), &raw mut status);
        }
        check(status)?;
        let axes: Vec<u64> = axes.iter().map(|&axis| u64::try_from(axis).unwrap_or(0)).collect();
        if usize::try_from(count) != Ok(hdu.axes.len()) || axes != hdu.axes {
            return Err(format!(
                "its header says {}, cfitsio reads {}",
                size_in_words(&hdu.axes),
                size_in_words(&axes)
            ));
        }
        self.hdu = Some(hdu.index);
        Ok(())
    }

    /// Reads a box of pixels in physical units, blank ones as NaN: `ranges` along each axis,
    /// the fastest first, covering exactly as many pixels as `out` has room for.
    pub(super) fn read<T: Pixel>(
        &mut self,
        ranges: &[Range<usize>],
        out: &mut [T],
    ) -> Result<(), String> {
        let status = self.read_as(ranges, out);
        if status != sys::NUM_OVERFLOW as c_int {
            return check(status);
        }
        // Some value lies beyond single precision: it becomes infinite, not FLT_MAX.
        let mut wide = vec![0.0_f64; out.len()];
        check(self.read_as(ranges, &mut wide))?;
        for (out, wide) in out.iter_mut().zip(wide) {
            *out = T::from_f64(wide);
        }
        Ok(())
    }

    #[allow(unsafe_code, reason = "calls cfitsio")]
    fn read_as<T: Pixel>(&mut self, ranges: &[Range<usize>], out: &mut [T]) -> c_int {
        let pixels: usize = ranges.iter().map(Range::len).product();
        assert_eq!(pixels, out.len(), "a box of as many pixels as there is room for");
        // Ranges inside an image's axes, which are numbers of C's own.
        let mut first: Vec<c_long> = ranges.iter().map(|range| range.start as c_long + 1).collect();
        let mut last: Vec<c_long> = ranges.iter().map(|range| range.end as c_long).collect();
        let mut step = vec![1; ranges.len()];
        let mut blank = T::BLANK;
        // cfitsio writes here without asking whether it may.
        let mut any_blank = 0;
        let mut status = 0;
        // SAFETY: the handle is open; the three lists have an entry an axis of the HDU that
        // `select` moved to; `blank` is of the type that the code names, and `out` has room
        // for all values of that type in the box.
        unsafe {
            sys::ffgsv(
                self.file.as_raw(),
                T::CODE as c_int,
                first.as_mut_ptr(),
                last.as_mut_ptr(),
                step.as_mut_ptr(),
                (&raw mut blank).cast(),
                out.as_mut_ptr().cast(),
                &raw mut any_blank,
                &raw mut status,
            );
        }
        status
    }
}

impl Drop for Handle {
    #[allow(unsafe_code, reason = "closes the file before what it points at is freed")]
    fn drop(&mut self) {
        let _lock = lock();
        // SAFETY: nothing uses the file after this, and it is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.file) };
        if !self.memory.is_null() {
            // SAFETY: it came from `Box::into_raw`, and the file that pointed at it is closed.
            drop(unsafe { Box::from_raw(self.memory) });
        }
    }
}

/// The guarded tables are C's, so a panic elsewhere has left nothing half done in them.
fn lock() -> MutexGuard<'static, ()> {
    OPEN_OR_CLOSE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(status: c_int) -> Result<(), String> {
    // Negative codes are warnings.
    if status > 0 { Err(refusal(status)) } else { Ok(()) }
}

/// cfitsio's own words for a status.
fn refusal(status: c_int) -> String {
    match fitsio::errors::check_status(status) {
        Err(fitsio::errors::Error::Fits(error)) => {
            format!("cfitsio refuses it ({}, status {status})", error.message)
        }
        _ => format!("cfitsio refuses it (status {status})"),
    }
}
