//! What the threads that read a folder share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What threads share; a panic elsewhere leaves it whole, as no call under a lock runs
/// foreign code.
pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
