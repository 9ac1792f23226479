//! Emulators of a survey: exact numbers of small cases, wrong emulators told apart, refusals.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod emulators;
mod numbers;
mod refusals;
mod survey;
