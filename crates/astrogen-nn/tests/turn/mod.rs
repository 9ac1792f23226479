//! Whose turn it is to draw.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// libtorch has one random generator for the whole program: who draws from it, from the beginning that
/// a seed gives, while this lives. A draw in which rounding turns the sign of a number, or a difference crosses a kink, has
/// gradients that differ by more, and a distribution its outliers: they have to be the same in every run.
pub(crate) fn alone(seed: i64) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed);
    turn
}
