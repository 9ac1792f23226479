//! The threads that libtorch computes with.
//!
//! libtorch runs its operations on OpenMP's threads, which for a while after each go on spinning on
//! their cores, waiting for the next. Threads of one's own then compete with them: a pass of two threads on
//! two cores takes nearly as long as on one. So work goes to the same threads, by the function that
//! compilers call for a parallel region, `GOMP_parallel` of libgomp (which other OpenMP libraries have
//! too), where the process has it.

#![allow(unsafe_code, reason = "a function of a C library is looked up and called")]

use std::any::Any;
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

/// `GOMP_parallel(work, data, threads, flags)`: calls `work(data)` on so many threads, or fewer, this one
/// among them, and returns when all have returned.
type Parallel =
    unsafe extern "C" fn(unsafe extern "C" fn(*mut c_void), *mut c_void, c_uint, c_uint);
/// `omp_get_thread_num()`: which thread of the region this is, from 0.
type Number = unsafe extern "C" fn() -> c_int;

/// The threads of libtorch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Team {
    parallel: Parallel,
    number: Number,
}

impl Team {
    /// None where libtorch has other ones.
    pub(super) fn of_libtorch() -> Option<Self> {
        static TEAM: OnceLock<Option<Team>> = OnceLock::new();
        *TEAM.get_or_init(Self::find)
    }

    #[cfg(unix)]
    fn find() -> Option<Self> {
        let symbol = |name: &CStr| {
            // SAFETY: the name is a C string, and the default handle is always valid.
            let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
            (!symbol.is_null()).then_some(symbol)
        };
        let [parallel, number] = [c"GOMP_parallel", c"omp_get_thread_num"].map(symbol);
        // SAFETY: the symbols are the functions of these names, whose signatures are part of OpenMP and of
        // its binary interface.
        unsafe {
            Some(Self {
                parallel: std::mem::transmute::<*mut c_void, Parallel>(parallel?),
                number: std::mem::transmute::<*mut c_void, Number>(number?),
            })
        }
    }

    #[cfg(not(unix))]
    fn find() -> Option<Self> {
        None
    }

    /// Calls `work` with the thread's number on at most so many threads, this one among them, and returns
    /// when all have returned.
    ///
    /// # Panics
    /// Where `work` does on any of them.
    pub(super) fn run(self, threads: usize, work: &(impl Fn(usize) + Sync)) {
        struct Region<'a, W> {
            team: Team,
            work: &'a W,
            panic: Mutex<Option<Box<dyn Any + Send>>>,
        }
        unsafe extern "C" fn enter<W: Fn(usize) + Sync>(region: *mut c_void) {
            // SAFETY: `run` gives its own region, which outlives the call; the functions may be called
            // anywhere.
            let (region, number) = unsafe {
                let region = &*region.cast::<Region<W>>();
                (region, (region.team.number)())
            };
            let number = usize::try_from(number).unwrap_or(0);
            // A panic must not reach C.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (region.work)(number))) {
                *region.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
        }
        fn enter_of<W: Fn(usize) + Sync>(_: &W) -> unsafe extern "C" fn(*mut c_void) {
            enter::<W>
        }
        let mut region = Region { team: self, work, panic: Mutex::new(None) };
        let threads = c_uint::try_from(threads).unwrap_or(c_uint::MAX);
        // SAFETY: the function is OpenMP's; `enter` reads the region, which lives until all threads have
        // returned, and only shares what is `Sync`.
        unsafe { (self.parallel)(enter_of(work), (&raw mut region).cast(), threads, 0) };
        if let Some(panic) = region.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}
