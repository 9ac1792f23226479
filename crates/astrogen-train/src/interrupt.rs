//! Ctrl-C that lets the step finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::TrainError;

/// A flag that asks the training loop to save and leave after the present step.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

/// One Ctrl-C can come twice: from the terminal, and handed on by the program that started
/// this one (`timeout`, a script). Within this time it counts once.
const SAME_REQUEST: Duration = Duration::from_secs(1);

impl StopSignal {
    /// A signal that Ctrl-C (and a polite `kill`, and the end of a terminal) raises. Another
    /// Ctrl-C more than a second later ends the program at once, with exit status 130; what was
    /// done since the last checkpoint is lost then.
    ///
    /// What the program was started to ignore it goes on ignoring: under `nohup` a run outlives
    /// its terminal.
    ///
    /// # Errors
    /// When the program has a handler for these signals already.
    pub fn on_ctrl_c() -> Result<Self, TrainError> {
        let signal = Self::default();
        let handle = signal.clone();
        let mut first = None;
        let ignored = Ignored::now();
        ctrlc::set_handler(move || {
            handle.raise();
            if first.get_or_insert_with(Instant::now).elapsed() > SAME_REQUEST {
                leave();
            }
        })
        .map_err(TrainError::custom)?;
        ignored.again();
        Ok(signal)
    }

    /// Asks the loop to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the loop was asked to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Ends the program without its exit handlers: libtorch's would take its threads down under
/// the step that is still being computed, which ends in a crash instead of an exit.
#[allow(unsafe_code, reason = "the standard library has no exit without exit handlers")]
fn leave() -> ! {
    // SAFETY: `_exit` takes a plain number, touches no memory of this program and does not
    // return.
    unsafe { libc::_exit(130) }
}

/// The signals of an interrupt that this program was started to ignore.
struct Ignored(#[cfg(unix)] Vec<libc::c_int>);

#[cfg(unix)]
#[allow(unsafe_code, reason = "the standard library has no signals")]
impl Ignored {
    fn now() -> Self {
        let is_ignored = |signal: &libc::c_int| {
            // SAFETY: a zeroed `sigaction` is a valid one to be written over, and a null new
            // action only asks for the old.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                libc::sigaction(*signal, std::ptr::null(), &mut action) == 0
                    && action.sa_sigaction == libc::SIG_IGN
            }
        };
        Self([libc::SIGINT, libc::SIGTERM, libc::SIGHUP].into_iter().filter(is_ignored).collect())
    }

    fn again(self) {
        for signal in self.0 {
            // SAFETY: ignoring a signal runs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
    }
}

#[cfg(not(unix))]
impl Ignored {
    fn now() -> Self {
        Self()
    }

    fn again(self) {}
}
