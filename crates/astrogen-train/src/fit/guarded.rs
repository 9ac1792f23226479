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
        Err(TrainError::Panicked { what, reason: first_line(text.unwrap_or("no reason given")) })
    })
}

/// libtorch's own words, without those of the wrapper around them and the C++ stack behind them,
/// whose line ends are spelt out where the wrapper quotes them.
fn first_line(text: &str) -> String {
    let start = text.find("Torch(\"").map_or(0, |start| start + "Torch(\"".len());
    let text = &text[start..];
    let ends = ["\\n", "\n", "\")"].into_iter().filter_map(|end| text.find(end));
    text[..ends.min().unwrap_or(text.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        let of = |panic: fn() -> Result<(), TrainError>| {
            guarded("a step", panic).map_err(|error| error.to_string())
        };
        assert_eq!(of(|| Ok(())), Ok(()));
        assert_eq!(of(|| panic!("too much")), Err("a step failed: too much".to_owned()));
        let libtorch = || {
            let _ = tch::Tensor::zeros([1 << 60], tch::kind::FLOAT_CPU);
            Ok(())
        };
        let message = of(libtorch).err().unwrap_or_default();
        assert!(message.starts_with("a step failed: [enforce fail"), "{message}");
        assert!(message.ends_with("(Cannot allocate memory)"), "{message}");
    }
}
