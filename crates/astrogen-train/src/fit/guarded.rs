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
        let reason = first_line(text.unwrap_or("no reason given"));
        Err(TrainError::Panicked { what, reason: with_advice(reason) })
    })
}

/// What libtorch says of a GPU that is full, without what it knows of other processes and its own
/// settings, and with what helps.
fn with_advice(reason: String) -> String {
    if !reason.starts_with("CUDA out of memory") {
        return reason;
    }
    let end = reason.find(" is free.").map_or(reason.len(), |start| start + " is free.".len());
    format!("{} Smaller batches or narrower networks take less", &reason[..end])
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

    #[test]
    fn a_full_gpu_is_told_with_what_helps() {
        let full = "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory. Tried \
                    to allocate 32.00 GiB. GPU 0 has a total capacity of 139.80 GiB of which 7.09 \
                    GiB is free. Process 3105 has 932.00 MiB memory in use.\\nException raised\")";
        assert_eq!(
            with_advice(first_line(full)),
            "CUDA out of memory. Tried to allocate 32.00 GiB. GPU 0 has a total capacity of 139.80 \
             GiB of which 7.09 GiB is free. Smaller batches or narrower networks take less"
        );
    }
}
