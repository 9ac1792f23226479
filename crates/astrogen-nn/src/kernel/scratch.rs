//! Memory that is kept from one pass to the next: fresh memory costs as much as what is done with it.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Registers;

thread_local! {
    static SCRATCH: RefCell<Registers> = RefCell::default();
}

/// Calls `work` with at least so many numbers, whatever they are. A thread keeps as many as it was ever
/// asked for.
///
/// # Panics
/// Where `work` asks for scratch itself.
pub(crate) fn with_scratch<R>(numbers: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.numbers().len() < numbers {
            // What was there need not be kept.
            *scratch = Registers::zeros(numbers);
        }
        work(&mut scratch.numbers_mut()[..numbers])
    })
}

/// Numbers that are kept for others, at most.
const MOST_KEPT: usize = 1 << 26; // 256 MiB

/// What nobody uses now.
static KEPT: Mutex<Vec<Registers>> = Mutex::new(Vec::new());

/// Memory that goes to the next who wants as much.
#[derive(Debug)]
pub(crate) struct Kept(Registers);

impl Kept {
    /// Enough for so many numbers, whatever they are.
    pub(crate) fn of(numbers: usize) -> Self {
        let mut kept = Self::all();
        let found = kept.iter().position(|registers| registers.fits(numbers));
        let found = found.map(|at| kept.swap_remove(at));
        drop(kept);
        Self(found.unwrap_or_else(|| Registers::zeros(numbers)))
    }

    fn all() -> MutexGuard<'static, Vec<Registers>> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut kept = Self::all();
        kept.push(std::mem::take(&mut self.0));
        let mut all: usize = kept.iter().map(|registers| registers.numbers().len()).sum();
        while all > MOST_KEPT {
            all -= kept.remove(0).numbers().len(); // the one that was given back first
        }
    }
}

impl Deref for Kept {
    type Target = Registers;

    fn deref(&self) -> &Registers {
        &self.0
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Registers {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_to_the_next_who_wants_as_much() {
        let numbers = 12_345; // no other test's
        let first = Kept::of(numbers);
        let place = first.numbers().as_ptr();
        let second = Kept::of(numbers);
        assert_ne!(second.numbers().as_ptr(), place);
        drop(first);
        assert_eq!(Kept::of(numbers).numbers().as_ptr(), place);
        let other = Kept::of(numbers + 16);
        assert!(other.numbers().len() >= numbers + 16 && other.numbers().as_ptr() != place);
        drop((second, other));
    }
}
