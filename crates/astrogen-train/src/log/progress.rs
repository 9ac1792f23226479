//! A progress bar with rate, time to go and losses, on standard error.

use std::fmt::Write as _;
use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::TrainError;
use crate::fit::{Evaluation, Event, Observer};

/// Draws the bar while the loop runs. Where standard error is no terminal, a line is written
/// at every look at samples instead. Evaluations are a line each in both cases.
#[derive(Debug, Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

const TEMPLATE: &str = "{bar:30} {pos}/{len} steps  {per_sec}  {eta} to go  {msg}";

impl<S> Observer<S> for Progress {
    fn observe(&mut self, _: &S, event: &Event) -> Result<(), TrainError> {
        match *event {
            Event::Started { step, steps, .. } => {
                let style = ProgressStyle::with_template(TEMPLATE).map_err(TrainError::custom)?;
                let bar = ProgressBar::new(steps).with_style(style).with_position(step);
                bar.reset_eta();
                self.bar = Some(bar);
            }
            Event::Logged { step, losses } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(in_words(losses));
                    bar.set_position(step);
                }
            }
            Event::Finished { step, interrupted } => {
                if let Some(bar) = self.bar.take() {
                    bar.set_position(step);
                    if interrupted { bar.abandon() } else { bar.finish() }
                }
            }
            Event::Sample { step } => {
                if let Some(bar) = self.bar.as_ref().filter(|bar| bar.is_hidden()) {
                    say(bar, step, &bar.message());
                }
            }
            Event::Evaluated { step, evaluation } => {
                let words = evaluated(evaluation);
                if let Some(bar) = self.bar.as_ref().filter(|_| !words.is_empty()) {
                    say(bar, step, &words);
                    evaluation.remark.iter().for_each(|remark| say(bar, step, remark));
                }
            }
            Event::Warned { message } => {
                if let Some(bar) = &self.bar {
                    say(bar, bar.position(), &format!("warning: {message}"));
                }
            }
            Event::Saved { .. } => {}
        }
        Ok(())
    }
}

/// A line above the bar, or alone where there is none to be seen.
fn say(bar: &ProgressBar, step: u64, what: &str) {
    let line = format!("step {step}/{}  {what}", bar.length().unwrap_or(step));
    // A reader that has gone (`| head`) is no reason to end a run.
    bar.suspend(|| drop(writeln!(std::io::stderr(), "{line}")));
}

/// All numbers, and the score where it is none of them.
fn evaluated(evaluation: &Evaluation) -> String {
    let Evaluation { numbers, score, .. } = evaluation;
    let own = score.filter(|score| numbers.iter().all(|(_, number)| number != score));
    in_words(numbers) + &own.map(|score| in_words(&[("score", score)])).unwrap_or_default()
}

fn in_words(numbers: &[(impl AsRef<str>, f64)]) -> String {
    let mut words = String::new();
    for (name, value) in numbers {
        // Writing to a String cannot fail.
        let _ = write!(words, "{} {value:.3}  ", name.as_ref());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_told_once() {
        let of = |score, numbers: &[(&str, f64)]| {
            let numbers = numbers.iter().copied();
            evaluated(&Evaluation { score, ..Evaluation::new(numbers) })
        };
        assert_eq!(
            of(Some(0.5), &[("distance", 0.5), ("coverage", 0.9)]),
            "distance 0.500  coverage 0.900  "
        );
        assert_eq!(of(Some(0.5), &[("coverage", 0.9)]), "coverage 0.900  score 0.500  ");
        assert_eq!(of(Some(0.5), &[]), "score 0.500  ");
        assert_eq!(of(None, &[]), "");
    }
}
