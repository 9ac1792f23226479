//! libtorch's store and gloo, as `shim/engine.cpp` gives them out.

#![allow(unsafe_code, reason = "libtorch's engine is reached through C++")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::net::TcpListener;
use std::os::fd::IntoRawFd;
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

pub(crate) use crate::nccl::Nccl;
use crate::world::LOOPBACK;

#[repr(C)]
struct RawStore {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawGloo {
    _opaque: [u8; 0],
}

/// Null, or what was thrown.
type Thrown = *mut c_char;

unsafe extern "C" {
    fn astrogen_store_open(
        out: *mut *mut RawStore,
        host: *const c_char,
        port: u16,
        kept_here: c_int,
        listener: c_int,
        prefix: *const c_char,
        timeout_ms: i64,
    ) -> Thrown;
    fn astrogen_store_set(
        store: *mut RawStore,
        key: *const c_char,
        bytes: *const u8,
        length: usize,
    ) -> Thrown;
    fn astrogen_store_check(store: *mut RawStore, key: *const c_char, there: *mut c_int) -> Thrown;
    fn astrogen_store_get(
        store: *mut RawStore,
        key: *const c_char,
        timeout_ms: i64,
        bytes: *mut *mut u8,
        length: *mut usize,
    ) -> Thrown;
    fn astrogen_store_drop(store: *mut RawStore);
    fn astrogen_gloo_open(
        out: *mut *mut RawGloo,
        store: *mut RawStore,
        rank: c_int,
        size: c_int,
        address: *const c_char,
        join_ms: i64,
        wait_ms: i64,
    ) -> Thrown;
    fn astrogen_gloo_sum(gloo: *mut RawGloo, tensor: *mut C_tensor) -> Thrown;
    fn astrogen_gloo_broadcast(gloo: *mut RawGloo, tensor: *mut C_tensor) -> Thrown;
    fn astrogen_gloo_drop(gloo: *mut RawGloo);
}

/// What was thrown, as an error in its own words.
fn check(thrown: Thrown) -> Result<(), String> {
    let Some(text) = NonNull::new(thrown) else { return Ok(()) };
    // SAFETY: a text that is not null was made by `strdup` for this call alone: it ends with zero, and is
    // freed once, here.
    let words = unsafe {
        let words = CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned();
        libc::free(text.as_ptr().cast());
        words
    };
    Err(words)
}

fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} holds a zero byte"))
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Keys and values that all processes see.
#[derive(Debug)]
pub(crate) struct Store(NonNull<RawStore>);

// SAFETY: libtorch's store guards its connection by a mutex, and any thread may use it.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Store {
    /// The store at this address, which this process keeps if `kept_here`; keys are those of `prefix`. At
    /// an address of the machine itself ([`LOOPBACK`]) only its own programs reach it.
    pub(crate) fn open(
        (host, port): (&str, u16),
        kept_here: bool,
        prefix: &str,
        timeout: Duration,
    ) -> Result<Self, String> {
        // libtorch itself would listen on all interfaces.
        let own = kept_here && LOOPBACK.contains(&host);
        let listener = own.then(|| TcpListener::bind((host, port))).transpose();
        let listener = listener.map_err(|error| error.to_string())?;
        let (host, prefix) = (c_string(host)?, c_string(prefix)?);
        let mut store = null_mut();
        // SAFETY: both texts end with zero and outlive the call, which writes one pointer; the listening
        // socket is the store's from here on.
        check(unsafe {
            astrogen_store_open(
                &raw mut store,
                host.as_ptr(),
                port,
                c_int::from(kept_here),
                listener.map_or(-1, IntoRawFd::into_raw_fd),
                prefix.as_ptr(),
                milliseconds(timeout),
            )
        })?;
        NonNull::new(store).map(Self).ok_or_else(|| "no store was made".to_owned())
    }

    pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        let key = c_string(key)?;
        // SAFETY: the store lives, the key ends with zero, the value has the length that is told; all
        // outlive the call, which copies them.
        check(unsafe {
            astrogen_store_set(self.0.as_ptr(), key.as_ptr(), value.as_ptr(), value.len())
        })
    }

    pub(crate) fn has(&self, key: &str) -> Result<bool, String> {
        let key = c_string(key)?;
        let mut there = 0;
        // SAFETY: the store lives, the key ends with zero, one number is written.
        check(unsafe { astrogen_store_check(self.0.as_ptr(), key.as_ptr(), &raw mut there) })?;
        Ok(there != 0)
    }

    /// Waits until there is a value.
    pub(crate) fn get(&self, key: &str, timeout: Duration) -> Result<Vec<u8>, String> {
        let key = c_string(key)?;
        let (mut bytes, mut length) = (null_mut(), 0);
        // SAFETY: the store lives, the key ends with zero, a pointer and a length are written.
        check(unsafe {
            astrogen_store_get(
                self.0.as_ptr(),
                key.as_ptr(),
                milliseconds(timeout),
                &raw mut bytes,
                &raw mut length,
            )
        })?;
        // SAFETY: without an error there are `length` bytes from `malloc`, ours to free; they are copied
        // before that.
        unsafe {
            let value = std::slice::from_raw_parts(bytes, length).to_vec();
            libc::free(bytes.cast());
            Ok(value)
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: made by `astrogen_store_open`, dropped once.
        unsafe { astrogen_store_drop(self.0.as_ptr()) }
    }
}

/// Processes that add and copy tensors over gloo.
#[derive(Debug)]
pub(crate) struct Gloo(NonNull<RawGloo>);

// SAFETY: any thread may ask libtorch's process group, one at a time; `Group` holds a lock around it.
unsafe impl Send for Gloo {}
// SAFETY: as above.
unsafe impl Sync for Gloo {}

impl Gloo {
    /// Process `rank` of `size`; others reach it at `address`, libtorch's own choice where it is empty.
    /// Times are how long they may take to connect, and an exchange later.
    pub(crate) fn open(
        store: &Store,
        rank: usize,
        size: usize,
        address: &str,
        [join, wait]: [Duration; 2],
    ) -> Result<Self, String> {
        let address = c_string(address)?;
        let number = |n: usize| c_int::try_from(n).map_err(|error| error.to_string());
        let (rank, size) = (number(rank)?, number(size)?);
        let mut gloo = null_mut();
        // SAFETY: the store lives, the address ends with zero, one pointer is written.
        check(unsafe {
            astrogen_gloo_open(
                &raw mut gloo,
                store.0.as_ptr(),
                rank,
                size,
                address.as_ptr(),
                milliseconds(join),
                milliseconds(wait),
            )
        })?;
        NonNull::new(gloo).map(Self).ok_or_else(|| "no group was made".to_owned())
    }

    /// In place, the sum over all processes. All have to have as many values of the same kind: libtorch
    /// ends the process otherwise.
    pub(crate) fn sum(&self, tensor: &mut Tensor) -> Result<(), String> {
        // SAFETY: group and tensor live, and the call has ended with the tensor when it returns.
        check(unsafe { astrogen_gloo_sum(self.0.as_ptr(), tensor.as_mut_ptr()) })
    }

    /// In place, the tensor of process 0; sizes as in [`sum`](Self::sum).
    pub(crate) fn broadcast(&self, tensor: &mut Tensor) -> Result<(), String> {
        // SAFETY: as above.
        check(unsafe { astrogen_gloo_broadcast(self.0.as_ptr(), tensor.as_mut_ptr()) })
    }
}

impl Drop for Gloo {
    fn drop(&mut self) {
        // SAFETY: made by `astrogen_gloo_open`, dropped once.
        unsafe { astrogen_gloo_drop(self.0.as_ptr()) }
    }
}
