//! Learning rates that change within a run.

/// The factor of a learning rate that falls to zero along half a cosine within `steps`, at the
/// step after `done` of them; 0 from there on.
pub(crate) fn half_cosine(done: u64, steps: u64) -> f64 {
    let progress = (done as f64 / steps as f64).min(1.0);
    0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
}

/// The factor of a learning rate that falls on a straight line from 1 to `end` within `steps`, at
/// the step after `done` of them; `end` from there on.
pub(crate) fn linear(done: u64, steps: u64, end: f64) -> f64 {
    let progress = (done as f64 / steps as f64).min(1.0);
    1.0 + (end - 1.0) * progress
}
