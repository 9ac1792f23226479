//! Processes that have met: exchanges of values, over gloo or from card to card, and one word for all.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tch::{Device, Kind, Tensor};

use crate::engine::{Gloo, Nccl};
#[cfg(feature = "engine")]
use crate::pulse::Pulse;
use crate::roll::Roll;
use crate::{DistributedError, World};

/// The variable that keeps sums off NCCL, where it is `off` for any process.
#[cfg(feature = "engine")]
const NCCL: &str = "ASTROGEN_NCCL";

/// What helps where NCCL fails.
#[cfg(feature = "engine")]
const OTHERWISE: &str = "; ASTROGEN_NCCL=off adds through the host's memory instead";

#[derive(Debug)]
pub(crate) struct Processes {
    pub(crate) world: World,
    /// One exchange at a time; none once the group is at its end, which the others see at once. Dropped
    /// before the store that it met over.
    gloo: Mutex<Option<Gloo>>,
    /// The same from card to card, where each process has one; none where they go through the host, and
    /// not known before the first exchange from a GPU.
    nccl: Mutex<Option<Option<Nccl>>>,
    /// Ends before the store that it beats in.
    #[cfg(feature = "engine")]
    _pulse: Pulse,
    pub(crate) roll: Roll,
    /// Exchanges that all were found to agree on: operation, kind and number of values.
    agreed: Mutex<HashSet<(&'static str, Kind, usize)>>,
}

impl Processes {
    #[cfg(feature = "engine")]
    pub(crate) fn new(world: World, roll: Roll, pulse: Pulse, gloo: Gloo) -> Self {
        Self {
            world,
            gloo: Mutex::new(Some(gloo)),
            nccl: Mutex::default(),
            _pulse: pulse,
            roll,
            agreed: Mutex::default(),
        }
    }

    /// The sum of values `[elements]` over all processes: from card to card where NCCL can, else over gloo,
    /// through the host.
    pub(crate) fn sum(
        &self,
        what: &'static str,
        values: Tensor,
    ) -> Result<Tensor, DistributedError> {
        let device = values.device();
        if let Device::Cuda(index) = device {
            let mut nccl = lock(&self.nccl);
            if nccl.is_none() {
                *nccl = Some(self.connect_cards(index)?);
            }
            if let Some(Some(cards)) = &*nccl {
                self.agree_on("sum between GPUs", what, &values)?;
                let mut sum = values;
                let goes_on = || self.roll.is_whole();
                let done = cards.sum(&mut sum, self.world.wait, goes_on);
                drop(nccl); // which is given up where it failed
                return done.map(|()| sum).map_err(|reason| self.failed(what, reason));
            }
        }
        let mut sum = values.to_device(Device::Cpu);
        self.exchange("sum", what, &mut sum, Gloo::sum)?;
        Ok(sum.to_device(device))
    }

    #[cfg(not(feature = "engine"))]
    fn connect_cards(&self, _: usize) -> Result<Option<Nccl>, DistributedError> {
        Ok(None)
    }

    /// NCCL between the processes' cards, this one's being CUDA device `index`; none where a process has no
    /// NCCL or does not want it ([`NCCL`]), or shares a card with another.
    #[cfg(feature = "engine")]
    fn connect_cards(&self, index: usize) -> Result<Option<Nccl>, DistributedError> {
        use crate::nccl::{Card, UniqueId};
        let (what, wait) = ("the meeting of the GPUs", self.world.wait);
        let World { rank, size, .. } = self.world;
        let refuse = |reason: String| {
            let what = format!("come to {what}");
            DistributedError::Engine { rank, size, what, reason }
        };
        let wanted = std::env::var_os(NCCL).is_none_or(|value| value != "off");
        let card = Card::new(index).filter(|_| wanted);
        let place = card.as_ref().and_then(|card| card.place().ok());
        let place = place.map_or_else(String::new, |place| format!("{} {place}", host_name()));
        let places = self.roll.gather(what, place.as_bytes(), wait)?;
        let apart: HashSet<&Vec<u8>> = places.iter().collect();
        let card = match card {
            Some(card) if apart.len() == size && places.iter().all(|place| !place.is_empty()) => {
                card
            }
            _ => return Ok(None),
        };
        // The first process's id, or nothing where NCCL has none for it.
        let own = match rank {
            0 => Some(card.unique_id().map_or_else(|_| Vec::new(), |id| id.0.to_vec())),
            _ => None,
        };
        let told = self.roll.tell(what, own.as_deref(), wait)?;
        let id: [u8; 128] =
            told.try_into().map_err(|_| refuse("NCCL made no id".to_owned() + OTHERWISE))?;
        let connected = self.within(wait, move || card.connect(UniqueId(id), rank, size));
        // Whoever cannot says so by leaving, which ends the others' waiting.
        let connected = connected.transpose().map_err(|reason| refuse(reason + OTHERWISE))?;
        let words: &[u8] = if connected.is_some() { b"" } else { b"waited" };
        let outcomes = self.roll.gather(what, words, wait)?;
        match outcomes.iter().all(Vec::is_empty) {
            true => Ok(connected),
            false => Err(refuse("NCCL: some waited for the others".to_owned() + OTHERWISE)),
        }
    }

    /// What a call gives that may wait for others without end, in a thread that is left alone where it does:
    /// none then.
    #[cfg(feature = "engine")]
    fn within<T: Send + 'static>(
        &self,
        wait: Duration,
        call: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Option<Result<T, String>> {
        let (begin, thread) = (std::time::Instant::now(), std::thread::spawn(call));
        while !thread.is_finished() {
            if begin.elapsed() > wait || !self.roll.is_whole() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(thread.join().unwrap_or_else(|_| Err("it panicked".to_owned())))
    }

    /// One exchange over gloo, on which all agree beforehand.
    pub(crate) fn exchange(
        &self,
        operation: &'static str,
        what: &'static str,
        values: &mut Tensor,
        exchange: impl FnOnce(&Gloo, &mut Tensor) -> Result<(), String>,
    ) -> Result<(), DistributedError> {
        self.agree_on(operation, what, values)?;
        let done = match &*lock(&self.gloo) {
            Some(gloo) => exchange(gloo, values),
            None => Err("the group is at its end".to_owned()),
        };
        done.map_err(|reason| self.failed(what, reason))
    }

    /// Refuses, everywhere, an exchange of values of another number or kind than the first process's: the
    /// engine would end processes whose sizes differ, or wait for ever.
    fn agree_on(
        &self,
        operation: &'static str,
        what: &'static str,
        values: &Tensor,
    ) -> Result<(), DistributedError> {
        let (kind, count) = (values.kind(), values.numel());
        match lock(&self.agreed).insert((operation, kind, count)) {
            true => self.agree(what, &format!("{operation} of {count} values, {kind:?}")),
            false => Ok(()),
        }
    }

    /// The cause of an exchange that failed; this process is at its end.
    fn failed(&self, what: &str, reason: String) -> DistributedError {
        let World { rank, size, .. } = self.world;
        let what = format!("exchange {what} with the others");
        // Whoever waits for this process sees that it will not come.
        self.cut();
        let cause = self.roll.find_cause(&what);
        self.roll.part(cause.as_ref());
        cause.unwrap_or(DistributedError::Engine { rank, size, what, reason })
    }

    /// Cuts the connections, and waits until the others know why, or had time to.
    pub(crate) fn end(&self) {
        self.cut();
        self.roll.part(None);
    }

    fn cut(&self) {
        *lock(&self.gloo) = None;
        *lock(&self.nccl) = None;
    }

    /// Refuses, everywhere, words that are not the first process's.
    pub(crate) fn agree(&self, what: &str, words: &str) -> Result<(), DistributedError> {
        let wait: Duration = self.world.wait;
        let own = (self.world.rank == 0).then_some(words.as_bytes());
        let first = self.roll.tell(what, own, wait)?;
        let difference = difference(&String::from_utf8_lossy(&first), words);
        self.roll.meet(what, wait, difference.as_deref())
    }
}

/// What this machine calls itself.
#[cfg(feature = "engine")]
#[allow(unsafe_code, reason = "the system is asked through FFI")]
fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: a text is written into all but the last byte of the buffer, which stays zero.
    unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}

/// The lock, whoever panicked with it: what it guards is never left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first lines that differ.
fn difference(first: &str, other: &str) -> Option<String> {
    if first == other {
        return None;
    }
    let mut lines = first.lines().map(Some).chain(std::iter::repeat(None));
    let mut others = other.lines().map(Some).chain(std::iter::repeat(None));
    loop {
        match (lines.next().flatten(), others.next().flatten()) {
            (None, None) => return Some("it ends in other line ends".to_owned()),
            (first, other) if first != other => {
                let line = |line: Option<&str>| line.map_or("nothing", str::trim).to_owned();
                return Some(format!("`{}`, not `{}`", line(other), line(first)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_by_its_line() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let told = difference("{\n  \"steps\": 3,\n", "{\n  \"steps\": 4,\n");
        assert_eq!(told.as_deref(), Some("`\"steps\": 4,`, not `\"steps\": 3,`"));
        assert_eq!(difference("a", "a\nb").as_deref(), Some("`b`, not `nothing`"));
    }
}
