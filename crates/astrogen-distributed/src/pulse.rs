//! Signs of life over the store: a process that was killed, or whose machine is lost, says nothing more.
//!
//! Each process counts up in a key of its own, `pulse/RANK`, by a thread and a connection of their own,
//! whatever it is busy with. Whoever waits looks whether the others' still change.

use std::collections::HashMap;
#[cfg(feature = "engine")]
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
#[cfg(feature = "engine")]
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::Store;

/// From one sign to the next.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

/// Without a sign for so long, a process is gone.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

/// This process's own signs, until it is dropped.
#[cfg(feature = "engine")]
#[derive(Debug)]
pub(crate) struct Pulse(Option<(Sender<()>, JoinHandle<()>)>);

#[cfg(feature = "engine")]
impl Pulse {
    /// Signs of process `rank` over a connection that nobody else uses.
    pub(crate) fn begin(store: Store, rank: usize) -> std::io::Result<Self> {
        let (sender, dropped) = channel::<()>();
        let beat = move || {
            for count in 0_u64.. {
                // Where the store is gone, nobody is there to look.
                let told = store.set(&key(rank), &count.to_le_bytes());
                if told.is_err() || dropped.recv_timeout(BEAT) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("pulse".to_owned()).spawn(beat)?;
        Ok(Self(Some((sender, thread))))
    }
}

#[cfg(feature = "engine")]
impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            let _ = thread.join(); // a panic of its own ended it as well
        }
    }
}

/// What was last seen of the others' signs, while something waits for them.
#[derive(Debug, Default)]
pub(crate) struct Watch(HashMap<usize, Seen>);

#[derive(Debug)]
struct Seen {
    sign: Vec<u8>,
    changed: Instant,
    looked: Instant,
}

impl Watch {
    /// For how long a process has given no sign while this watch looked; none where it never gave one, or
    /// the store does not answer.
    pub(crate) fn silence(&mut self, store: &Store, rank: usize) -> Option<Duration> {
        let now = Instant::now();
        if let Some(seen) = self.0.get(&rank).filter(|seen| now - seen.looked < BEAT) {
            return Some(now - seen.changed);
        }
        let key = key(rank);
        let sign = match store.has(&key) {
            Ok(true) => store.get(&key, BEAT).ok()?,
            _ => return None,
        };
        let seen = self.0.entry(rank).or_insert_with(|| Seen {
            sign: Vec::new(),
            changed: now,
            looked: now,
        });
        // Whoever did not look for long, being stopped itself, has seen nothing of the time between.
        if seen.sign != sign || now - seen.looked > 5 * BEAT {
            (seen.sign, seen.changed) = (sign, now);
        }
        seen.looked = now;
        Some(now - seen.changed)
    }
}

fn key(rank: usize) -> String {
    format!("pulse/{rank}")
}
