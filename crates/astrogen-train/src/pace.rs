//! How many steps fill a time, on the machine that is to take them.
//!
//! ```
//! use astrogen_train::pace::steps_within;
//!
//! // A machine that takes half a second a step, and two over its first.
//! let mut first = true;
//! let steps = steps_within(600.0, |steps| {
//!     let more = if std::mem::take(&mut first) { 1.5 } else { 0.0 };
//!     Ok::<f64, ()>(0.5 * steps as f64 + more)
//! });
//! assert_eq!(steps, Ok(1200));
//! ```

use std::time::Instant;

use astrogen_data::Batches;
use astrogen_runtime::Precision;
use tch::{Kind, no_grad};

use crate::TrainError;
use crate::step::Step;

/// Steps of a turn: so many that what is done in every second or fifth of them is in each turn.
const TURN: u64 = 10;
/// Steps of a turn where those would take too long: what is done in every second of them is in each.
const SHORT: u64 = 2;
/// Turns of ten steps that have to fit in the trial, lest turns are short.
const TURNS: u64 = 3;
/// The part of the time that is spent on trying, and the most seconds of it.
const PART: f64 = 0.03;
const MOST: f64 = 60.0;

/// How many steps take so many seconds, at least 1: by the median of turns of ten steps, for a thirtieth of the
/// time or so and not for much longer than a minute. Where three turns would take longer than that, they are of
/// two steps, and one is taken at least. What comes first is not counted: a turn, or one step where steps are so
/// slow. `take` takes so many steps and says how many seconds it took.
///
/// # Errors
/// Those of `take`.
pub fn steps_within<E>(
    seconds: f64,
    mut take: impl FnMut(u64) -> Result<f64, E>,
) -> Result<u64, E> {
    let trial = (PART * seconds).min(MOST);
    let turn_of = |pace: f64| if (TURNS * TURN) as f64 * pace <= trial { TURN } else { SHORT };
    let mut pace = take(1)?;
    if turn_of(pace) == TURN {
        pace = take(TURN - 1)? / (TURN - 1) as f64;
    }
    let (mut paces, mut spent) = (Vec::new(), 0.0);
    while paces.is_empty() || spent < trial {
        let turn = turn_of(pace);
        // A clock that stands still would be asked for ever.
        let took = take(turn)?.max(1e-9);
        pace = took / turn as f64;
        paces.push(pace);
        spent += took;
    }
    paces.sort_by(f64::total_cmp);
    let median = paces[paces.len() / 2];
    Ok(((seconds / median).round() as u64).max(1))
}

/// What [`steps_within`] asks, answered by a step that is trained for nothing else, in this precision:
/// neither it nor the batches nor libtorch's generator are afterwards as they were. What a run augments more
/// and more has to be augmented as often as it ever is ([`Augmentation::at_its_most`]).
///
/// [`Augmentation::at_its_most`]: crate::augmentation::Augmentation::at_its_most
pub fn timed<S: Step>(
    step: &mut S,
    batches: &mut Batches<S::Batch>,
    precision: Precision,
) -> impl FnMut(u64) -> Result<f64, TrainError> {
    move |steps| {
        let started = Instant::now();
        for _ in 0..steps {
            let batch = batches.next_batch()?;
            let losses = precision.during(|| step.step(&batch))?;
            // Waits for the device.
            no_grad(|| {
                losses.iter().try_for_each(|(_, loss)| {
                    loss.f_to_kind(Kind::Double)?.f_double_value(&[]).map(drop)
                })
            })?;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps are said to fill so many seconds, and how many were tried for how long, where step number
    /// `step` takes so many seconds.
    fn tried(seconds: f64, of: impl Fn(u64) -> f64) -> (u64, u64, f64) {
        let (mut done, mut spent) = (0, 0.0);
        let steps = steps_within(seconds, |steps| {
            let took: f64 = (done..done + steps).map(&of).sum();
            (done, spent) = (done + steps, spent + took);
            Ok::<f64, ()>(took)
        });
        (steps.unwrap_or_default(), done, spent)
    }

    #[test]
    fn slow_steps_are_tried_for_no_longer_than_it_takes_to_see_each_kind() {
        let (steps, done, _) = tried(60.0, |_| 2.4);
        assert_eq!((steps, done), (25, 3), "R3GAN at its default width");
        // Every second step is another, as where penalties are lazy.
        for first in [0, 1] {
            let (steps, done, _) = tried(60.0, |step| [1.0, 3.0][(step as usize + first) % 2]);
            assert_eq!((steps, done), (30, 3));
        }
        let (steps, _, spent) = tried(600.0, |step| if step == 0 { 4.0 } else { 0.9 });
        assert_eq!(steps, 667);
        assert!(spent < 4.0 + 18.0 + 2.0, "{spent}");
    }

    #[test]
    fn quick_steps_are_tried_for_a_thirtieth_of_the_time() {
        // In every fifth step a second network is trained, too.
        let (steps, done, spent) = tried(60.0, |step| if step % 5 == 4 { 0.02 } else { 0.01 });
        assert_eq!(steps, 5000);
        assert!(done % 10 == 0 && (1.8..2.3).contains(&spent), "{done} {spent}");
        // The first steps of a device that wakes say nothing of others.
        let waking = |step| [2.0, 0.5].get(step as usize).copied().unwrap_or(0.001);
        let (steps, _, spent) = tried(60.0, waking);
        assert_eq!(steps, 60_000);
        assert!(spent < 6.0, "{spent}");
        let (_, _, spent) = tried(1e6, |_| 0.5);
        assert!(spent < 75.0, "{spent}");
    }
}
