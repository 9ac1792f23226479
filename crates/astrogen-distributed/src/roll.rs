//! Calls over the store, which know everyone by name: who is there, who left and why, and what the
//! first process says.
//!
//! Keys, where `K` counts the calls of a group:
//!
//! ```text
//! K WHAT/RANK          what a process has against it, or nothing
//! K WHAT/all           what comes of it, by process 0
//! K WHAT/heard/RANK    a process that has read that
//! K WHAT/words         what process 0 says
//! left/RANK            why a process ended
//! told/RANK            a process that knows that all will end
//! pulse/RANK           a sign of life (`pulse.rs`)
//! ```

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::DistributedError;
use crate::engine::Store;
use crate::pulse::{BEAT, SILENCE, Watch};

/// How long those that are left wait for each other's word when an exchange failed.
const GRACE: Duration = Duration::from_secs(3);

/// How long those that live and do not know yet why a process ends are waited for: they may be in the
/// midst of a long step.
const STAY: Duration = Duration::from_secs(60);

/// The store, as process `rank` of `size` uses it.
#[derive(Debug)]
pub(crate) struct Roll {
    pub(crate) store: Store,
    pub(crate) rank: usize,
    pub(crate) size: usize,
    /// Whether the store ends with this process.
    #[cfg_attr(not(feature = "engine"), allow(dead_code, reason = "nobody keeps one"))]
    keeps: bool,
    calls: AtomicU64,
    /// Whether the others know, or were told, that this process will end.
    ended: AtomicBool,
}

impl Roll {
    #[cfg(feature = "engine")]
    pub(crate) fn new(store: Store, (rank, size): (usize, usize), keeps: bool) -> Self {
        let (calls, ended) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { store, rank, size, keeps, calls, ended }
    }

    fn call(&self, what: &str) -> String {
        format!("{} {what}", self.calls.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits for everyone to come here, within a time. Nobody goes on unless all are there and none has
    /// anything against it: the first objection is everyone's error.
    pub(crate) fn meet(
        &self,
        what: &str,
        within: Duration,
        objection: Option<&str>,
    ) -> Result<(), DistributedError> {
        let call = self.call(what);
        let key = |rank: usize| format!("{call}/{rank}");
        let all = format!("{call}/all");
        let heard = |rank: usize| format!("{call}/heard/{rank}");
        let lost = |_| self.keeper_is_gone(what, within);
        self.store.set(&key(self.rank), objection.unwrap_or_default().as_bytes()).map_err(lost)?;
        if self.rank > 0 {
            // The first process may just have begun to wait.
            let outcome = self.wait_for(&all, &[0], what, within + GRACE)?;
            self.store.set(&heard(self.rank), b"").map_err(lost)?;
            return self.read(&outcome, what, within);
        }
        let others: Vec<usize> = (1..self.size).collect();
        let came = self.wait_for_all(&key, &others, what, within);
        let outcome = match &came {
            Ok(()) => {
                let said = (0..self.size).map(|rank| {
                    let text = self.store.get(&key(rank), GRACE).unwrap_or_default();
                    (rank, String::from_utf8_lossy(&text).into_owned())
                });
                let objection = said.into_iter().find(|(_, text)| !text.is_empty());
                objection.map_or_else(String::new, |(rank, text)| format!("differs {rank} {text}"))
            }
            Err(DistributedError::Missing { ranks, seconds, .. }) => {
                let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
                format!("missing {seconds} {}", ranks.join(" "))
            }
            Err(DistributedError::Left { rank, reason, .. }) => format!("left {rank} {reason}"),
            Err(_) => return came,
        };
        self.store.set(&all, outcome.as_bytes()).map_err(lost)?;
        if outcome.is_empty() {
            // The store ends with this process, which may have nothing left to do.
            self.wait_for_all(&heard, &others, what, within)?;
        }
        self.read(outcome.as_bytes(), what, within)
    }

    /// What comes of a meeting.
    fn read(&self, outcome: &[u8], what: &str, within: Duration) -> Result<(), DistributedError> {
        self.parse(outcome, what, within).inspect_err(|error| self.part(Some(error)))
    }

    fn parse(&self, outcome: &[u8], what: &str, within: Duration) -> Result<(), DistributedError> {
        let outcome = String::from_utf8_lossy(outcome);
        let Some((kind, rest)) = outcome.split_once(' ') else { return Ok(()) };
        let (first, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let (rank, size) = (first.parse().unwrap_or(0), self.size);
        Err(match kind {
            "missing" => {
                let ranks = text.split(' ').filter_map(|rank| rank.parse().ok()).collect();
                let seconds = first.parse().map_or(within, Duration::from_secs);
                self.missing(ranks, what, seconds)
            }
            "left" => DistributedError::Left { rank, size, reason: text.to_owned() },
            _ => DistributedError::Differs {
                rank,
                size,
                what: what.to_owned(),
                difference: text.to_owned(),
            },
        })
    }

    /// What each process says, in their order.
    #[cfg(feature = "engine")]
    pub(crate) fn gather(
        &self,
        what: &str,
        words: &[u8],
        within: Duration,
    ) -> Result<Vec<Vec<u8>>, DistributedError> {
        let call = self.call(what);
        let key = |rank: usize| format!("{call}/{rank}");
        let lost = |_| self.keeper_is_gone(what, within);
        self.store.set(&key(self.rank), words).map_err(lost)?;
        let all: Vec<usize> = (0..self.size).collect();
        self.wait_for_all(&key, &all, what, within)?;
        let said = all.iter().map(|rank| self.store.get(&key(*rank), GRACE).map_err(lost));
        said.collect()
    }

    /// Whether no other process has left, or knows that all will end.
    pub(crate) fn is_whole(&self) -> bool {
        let gone = |key: String| self.store.has(&key) != Ok(false);
        let mut others = (0..self.size).filter(|rank| *rank != self.rank);
        !others.any(|rank| gone(left(rank)) || gone(told(rank)))
    }

    /// The first process's words, which it alone gives.
    pub(crate) fn tell(
        &self,
        what: &str,
        words: Option<&[u8]>,
        within: Duration,
    ) -> Result<Vec<u8>, DistributedError> {
        let key = format!("{}/words", self.call(what));
        match words {
            Some(words) => {
                let lost = |_| self.keeper_is_gone(what, within);
                self.store.set(&key, words).map(|()| words.to_vec()).map_err(lost)
            }
            None => self.wait_for(&key, &[0], what, within),
        }
    }

    /// Says why this process ends; not where the end has been told of already.
    pub(crate) fn leave(&self, reason: &str) -> bool {
        let first = !self.ended.swap(true, Ordering::Relaxed);
        if first {
            // Where the store is gone, nobody is there to be told.
            let _ = self.store.set(&left(self.rank), reason.as_bytes());
        }
        first
    }

    /// What is behind an exchange that failed: a process that left or is gone, if there is one.
    pub(crate) fn find_cause(&self, what: &str) -> Option<DistributedError> {
        self.look_for_cause(what).unwrap_or_else(|_| Some(self.keeper_is_gone(what, GRACE)))
    }

    fn look_for_cause(&self, what: &str) -> Result<Option<DistributedError>, String> {
        self.store.set(&told(self.rank), b"")?;
        let (begin, mut watch) = (Instant::now(), Watch::default());
        loop {
            let mut silent = Vec::new();
            for rank in (0..self.size).filter(|rank| *rank != self.rank) {
                if let Some(left) = self.left(rank)? {
                    return Ok(Some(left));
                }
                if !self.store.has(&told(rank))? {
                    silent.push(rank);
                }
            }
            if silent.is_empty() {
                return Ok(None);
            }
            // Those that live may be in the midst of a long step, and will know what happened.
            let is_gone = |rank: &usize| {
                watch.silence(&self.store, *rank).is_none_or(|silence| silence >= GRACE)
            };
            let gone: Vec<usize> = silent.iter().copied().filter(is_gone).collect();
            let waited = begin.elapsed();
            if waited >= GRACE && !gone.is_empty() {
                return Ok(Some(self.missing(gone, what, GRACE)));
            }
            if waited >= STAY {
                return Ok(Some(self.missing(silent, what, STAY)));
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// This process will end, by this cause if it is another's. One that keeps the store waits until the
    /// others know, or had time to; not for those that are gone.
    pub(crate) fn part(&self, cause: Option<&DistributedError>) {
        self.ended.store(true, Ordering::Relaxed);
        let gone = match cause {
            Some(DistributedError::Missing { ranks, .. }) => ranks.as_slice(),
            _ => &[],
        };
        if !self.keeps {
            // Where the store is gone, so is the first process.
            let _ = self.store.set(&told(self.rank), b"");
            return;
        }
        let (begin, mut watch) = (Instant::now(), Watch::default());
        let knows = |rank: usize| {
            gone.contains(&rank)
                || [told(rank), left(rank)].iter().any(|key| self.store.has(key).unwrap_or(true))
        };
        let mut is_awaited = |rank: usize| {
            let lives = watch.silence(&self.store, rank).is_some_and(|silence| silence < GRACE);
            !knows(rank) && (lives || begin.elapsed() < GRACE)
        };
        while begin.elapsed() < STAY && (1..self.size).any(&mut is_awaited) {
            sleep(Duration::from_millis(20));
        }
        sleep(Duration::from_millis(200));
    }

    fn wait_for_all(
        &self,
        key: &impl Fn(usize) -> String,
        ranks: &[usize],
        what: &str,
        within: Duration,
    ) -> Result<(), DistributedError> {
        let end = Instant::now() + within;
        let mut pause = Duration::from_millis(1);
        let mut absent = ranks.to_vec();
        let (mut watch, silence) = (Watch::default(), SILENCE.min(within / 2).max(3 * BEAT));
        loop {
            let mut still = Vec::new();
            for rank in absent {
                match self.store.has(&key(rank)) {
                    Ok(true) => {}
                    Ok(false) => match self.left(rank) {
                        Ok(Some(left)) => return Err(left),
                        _ => still.push(rank),
                    },
                    Err(_) => return Err(self.keeper_is_gone(what, within)),
                }
            }
            absent = still;
            if absent.is_empty() {
                return Ok(());
            }
            let is_gone = |rank: &usize| {
                watch.silence(&self.store, *rank).is_some_and(|silent| silent >= silence)
            };
            let gone: Vec<usize> = absent.iter().copied().filter(is_gone).collect();
            if !gone.is_empty() {
                return Err(self.missing(gone, what, silence));
            }
            if Instant::now() >= end {
                return Err(self.missing(absent, what, within));
            }
            sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// The value of a key that one of these processes sets.
    fn wait_for(
        &self,
        key: &str,
        from: &[usize],
        what: &str,
        within: Duration,
    ) -> Result<Vec<u8>, DistributedError> {
        self.wait_for_all(&|_| key.to_owned(), from, what, within)?;
        self.store.get(key, GRACE).map_err(|_| self.keeper_is_gone(what, within))
    }

    fn left(&self, rank: usize) -> Result<Option<DistributedError>, String> {
        let key = left(rank);
        if !self.store.has(&key)? {
            return Ok(None);
        }
        let reason = String::from_utf8_lossy(&self.store.get(&key, GRACE)?).into_owned();
        Ok(Some(DistributedError::Left { rank, size: self.size, reason }))
    }

    fn missing(&self, ranks: Vec<usize>, what: &str, within: Duration) -> DistributedError {
        let (what, seconds) = (what.to_owned(), within.as_secs());
        DistributedError::Missing { ranks, size: self.size, what, seconds }
    }

    fn keeper_is_gone(&self, what: &str, within: Duration) -> DistributedError {
        self.missing(vec![0], what, within)
    }
}

/// The key of why a process ended.
fn left(rank: usize) -> String {
    format!("left/{rank}")
}

/// The key of a process that knows that all will end.
fn told(rank: usize) -> String {
    format!("told/{rank}")
}
