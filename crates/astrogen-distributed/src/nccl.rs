//! NCCL, as far as libtorch's CUDA library has brought it into the process: sums of tensors on GPUs, from
//! card to card.
//!
//! Its own header is not needed, nor is it linked: the functions of its C interface are looked up by name.

#![allow(unsafe_code, reason = "NCCL and the CUDA runtime are reached through FFI")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null_mut, without_provenance_mut};
use std::time::{Duration, Instant};

use libloading::os::unix::{Library, Symbol};
use tch::{Kind, Tensor};

/// `ncclUniqueId`: what the processes of one communicator know it by.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct UniqueId(pub(crate) [u8; 128]);

/// `ncclComm_t`.
type Comm = *mut c_void;
/// `cudaStream_t`; the null one is the default stream, which libtorch computes on.
type Stream = *mut c_void;

const SUM: c_int = 0;
const NOT_READY: c_int = 600;

/// The functions of `libnccl.so.2` and `libcudart.so` that are used here.
struct Functions {
    get_unique_id: unsafe extern "C" fn(*mut UniqueId) -> c_int,
    init_rank: unsafe extern "C" fn(*mut Comm, c_int, UniqueId, c_int) -> c_int,
    all_reduce: unsafe extern "C" fn(
        *const c_void,
        *mut c_void,
        usize,
        c_int,
        c_int,
        Comm,
        Stream,
    ) -> c_int,
    abort: unsafe extern "C" fn(Comm) -> c_int,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
    set_device: unsafe extern "C" fn(c_int) -> c_int,
    bus_id: unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int,
    stream_query: unsafe extern "C" fn(Stream) -> c_int,
    last_error: unsafe extern "C" fn() -> c_int,
}

impl Functions {
    /// None where the process has no CUDA library.
    fn of_process() -> Option<Self> {
        let own = Library::this();
        // SAFETY: the types are those of nccl.h and cuda_runtime_api.h for these names, which both
        // libraries keep from version to version; they are never unloaded.
        unsafe {
            macro_rules! function {
                ($name:literal) => {{
                    let symbol: Symbol<_> = own.get($name).ok()?;
                    *symbol
                }};
            }
            Some(Self {
                get_unique_id: function!(c"ncclGetUniqueId"),
                init_rank: function!(c"ncclCommInitRank"),
                all_reduce: function!(c"ncclAllReduce"),
                abort: function!(c"ncclCommAbort"),
                error_string: function!(c"ncclGetErrorString"),
                set_device: function!(c"cudaSetDevice"),
                bus_id: function!(c"cudaDeviceGetPCIBusId"),
                stream_query: function!(c"cudaStreamQuery"),
                last_error: function!(c"cudaGetLastError"),
            })
        }
    }

    fn check(&self, result: c_int) -> Result<(), String> {
        if result == 0 {
            return Ok(());
        }
        // SAFETY: NCCL gives a text of its own, which lives as long as the library, for any number.
        let words = unsafe { CStr::from_ptr((self.error_string)(result)) };
        Err(format!("NCCL: {}", words.to_string_lossy()))
    }

    fn check_cuda(result: c_int) -> Result<(), String> {
        if result == 0 { Ok(()) } else { Err(format!("CUDA error {result}")) }
    }
}

/// A card that NCCL can be asked about, before there is a communicator.
pub(crate) struct Card {
    functions: Functions,
    index: c_int,
}

impl Card {
    /// The CUDA device of this number; none where the process has no NCCL.
    pub(crate) fn new(index: usize) -> Option<Self> {
        Some(Self { functions: Functions::of_process()?, index: c_int::try_from(index).ok()? })
    }

    /// By what the card is told from the others of its machine.
    pub(crate) fn place(&self) -> Result<String, String> {
        let mut text = [0_u8; 64];
        let length = text.len() as c_int;
        // SAFETY: a text that ends with zero is written into the buffer of the length that is told.
        Functions::check_cuda(unsafe {
            (self.functions.bus_id)(text.as_mut_ptr().cast(), length, self.index)
        })?;
        let text = CStr::from_bytes_until_nul(&text).map_err(|error| error.to_string())?;
        Ok(text.to_string_lossy().into_owned())
    }

    /// What the first process makes, and tells the others.
    pub(crate) fn unique_id(&self) -> Result<UniqueId, String> {
        let mut id = UniqueId([0; 128]);
        // SAFETY: 128 bytes are written.
        self.functions.check(unsafe { (self.functions.get_unique_id)(&raw mut id) })?;
        Ok(id)
    }

    /// The communicator of this id, once all processes have come.
    pub(crate) fn connect(self, id: UniqueId, rank: usize, size: usize) -> Result<Nccl, String> {
        let number = |n: usize| c_int::try_from(n).map_err(|error| error.to_string());
        let (rank, size) = (number(rank)?, number(size)?);
        let mut comm = null_mut();
        // SAFETY: the device exists, since tensors are on it; one pointer is written.
        unsafe {
            Functions::check_cuda((self.functions.set_device)(self.index))?;
            self.functions.check((self.functions.init_rank)(&raw mut comm, size, id, rank))?;
        }
        Ok(Nccl { functions: self.functions, index: self.index, comm })
    }
}

/// A communicator of all processes, each with a card of its own.
pub(crate) struct Nccl {
    functions: Functions,
    index: c_int,
    comm: Comm,
}

// SAFETY: NCCL lets any thread use a communicator, one at a time; `Group` holds a lock around it.
unsafe impl Send for Nccl {}

impl std::fmt::Debug for Nccl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nccl(cuda:{})", self.index)
    }
}

/// NCCL's number of an element type.
fn number(kind: Kind) -> Option<c_int> {
    match kind {
        Kind::Int64 => Some(4),
        Kind::Half => Some(6),
        Kind::Float => Some(7),
        Kind::Double => Some(8),
        Kind::BFloat16 => Some(9),
        _ => None,
    }
}

impl Nccl {
    /// In place, the sum over all processes, all of which have as many values of the same kind. Waits for
    /// it, so that a process that is gone is an error within that time, or as soon as `goes_on` says no.
    pub(crate) fn sum(
        &self,
        tensor: &mut Tensor,
        within: Duration,
        goes_on: impl Fn() -> bool,
    ) -> Result<(), String> {
        let kind = number(tensor.kind()).ok_or_else(|| format!("no sum of {:?}", tensor.kind()))?;
        let (count, data) = (tensor.numel(), tensor.data_ptr());
        // SAFETY: the tensor is contiguous, as `Group` makes it, on this device, and outlives the sum:
        // it is waited for below. What libtorch computes it from is on the same stream, before it.
        unsafe {
            Functions::check_cuda((self.functions.set_device)(self.index))?;
            let stream = without_provenance_mut(0);
            let all_reduce = self.functions.all_reduce;
            self.functions.check(all_reduce(data, data, count, kind, SUM, self.comm, stream))?;
        }
        let (begin, mut asked) = (Instant::now(), Instant::now());
        loop {
            // SAFETY: the default stream of the device is always there.
            match unsafe { (self.functions.stream_query)(null_mut()) } {
                NOT_READY => {
                    // SAFETY: takes the answer back, lest libtorch finds it and calls it an error.
                    unsafe { (self.functions.last_error)() };
                    std::thread::yield_now();
                }
                result => return Functions::check_cuda(result),
            }
            if asked.elapsed() > Duration::from_millis(100) {
                asked = Instant::now();
                if !goes_on() || begin.elapsed() > within {
                    return Err("NCCL: the others do not come".to_owned());
                }
            }
        }
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        // SAFETY: made by `ncclCommInitRank`, given back once; aborting waits for nobody, where
        // destroying would wait for processes that are gone. A training's last sum is behind all of
        // them by then: they meet at its end.
        unsafe {
            (self.functions.set_device)(self.index);
            (self.functions.abort)(self.comm);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_a_cuda_library_has_no_nccl() {
        // libtorch for the CPU is all that this test is linked with.
        assert!(Card::new(0).is_none());
    }
}
