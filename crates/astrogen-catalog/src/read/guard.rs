//! Libraries that may panic at damage.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;

thread_local! {
    /// Whether a panic on this thread becomes an error.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a step of a library that panics at some damage: `broken` then, and nothing is printed.
pub(super) fn guarded<T, E>(
    step: impl FnOnce() -> Result<T, E>,
    broken: impl FnOnce() -> E,
) -> Result<T, E> {
    static QUIET: Once = Once::new();
    // A thread that panics already may not change what is done at panics.
    if !thread::panicking() {
        QUIET.call_once(|| {
            let hook = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !IS_GUARDED.get() {
                    hook(info);
                }
            }));
        });
    }
    IS_GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(step));
    IS_GUARDED.set(false);
    result.unwrap_or_else(|_| Err(broken()))
}
