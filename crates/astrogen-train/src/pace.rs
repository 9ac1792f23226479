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
/// The fewest turns.
const TURNS: usize = 3;
/// The part of the time that is spent on trying, and the most seconds of it.
const PART: f64 = 0.03;
const MOST: f64 = 60.0;

/// How many steps take so many seconds, at least 1: by the median of turns of ten steps, at least three
/// of them after a first one that is not counted, for a thirtieth of the time or so, and not for much longer
/// than a minute. `take` takes so many steps and says how many seconds it took.
///
/// # Errors
/// Those of `take`.
pub fn steps_within<E>(
    seconds: f64,
    mut take: impl FnMut(u64) -> Result<f64, E>,
) -> Result<u64, E> {
    take(TURN)?;
    let mut turns: Vec<f64> = Vec::new();
    while turns.len() < TURNS || turns.iter().sum::<f64>() < (PART * seconds).min(MOST) {
        // A clock that stands still would be asked for ever.
        turns.push(take(TURN)?.max(1e-9));
    }
    turns.sort_by(f64::total_cmp);
    let median = turns[turns.len() / 2];
    Ok(((TURN as f64 * seconds / median).round() as u64).max(1))
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
