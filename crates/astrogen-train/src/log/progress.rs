//! A progress bar with rate, time to go and losses, on standard error.

use std::fmt::Write as _;
use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::TrainError;
use crate::fit::{Event, Observer};

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
                if let Some(bar) = self.bar.as_ref().filter(|_| !evaluation.numbers.is_empty()) {
                    say(bar, step, &in_words(&evaluation.numbers));
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

fn in_words(numbers: &[(impl AsRef<str>, f64)]) -> String {
    let mut words = String::new();
    for (name, value) in numbers {
        // Writing to a String cannot fail.
        let _ = write!(words, "{} {value:.3}  ", name.as_ref());
    }
    words
}
