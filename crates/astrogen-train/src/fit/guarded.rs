//! libtorch's failures as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::TrainError;

/// Runs what may panic, as operations of libtorch do for want of memory.
///
/// # Errors
/// That of the call, or [`TrainError::Panicked`]. What the call changed may be changed half-way.
pub(super) fn guarded<T>(
    what: &'static str,
    call: impl FnOnce() -> Result<T, TrainError>,
) -> Result<T, TrainError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        // libtorch appends a stack in C++, behind the first line or as text within it.
        let text = text.unwrap_or("no reason given");
        let end =
            text.find("\\nException raised").or_else(|| text.find('\n')).unwrap_or(text.len());
        Err(TrainError::Panicked { what, reason: text[..end].to_owned() })
    })
}
