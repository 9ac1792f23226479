//! Trials and their table in print.

use std::fmt;

use serde_json::Value;

use super::table::cell;
use super::{SearchTable, Trial};

/// Trials that are done, the best first and those that failed last, then how many they are.
impl fmt::Display for SearchTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done =
            self.trials.iter().filter_map(|trial| Some((trial, self.outcome(trial.number)?)));
        let (mut scored, mut failed) = (Vec::new(), Vec::new());
        for (trial, outcome) in done {
            match outcome {
                Ok(score) => scored.push((trial, score)),
                Err(reason) => failed.push((trial, reason)),
            }
        }
        scored.sort_by(|(_, a), (_, b)| a.total_cmp(b));

        let first = self.trials.first().map(|trial| trial.settings.as_slice()).unwrap_or_default();
        let names = first.iter().map(|(name, _)| name.clone());
        let mut rows = vec![["trial".into(), "score".into()].into_iter().chain(names).collect()];
        rows.extend(scored.iter().map(|(trial, score)| row(trial, number(*score))));
        rows.extend(failed.iter().map(|(trial, _)| row(trial, "failed".into())));
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let notes = std::iter::repeat_n("", 1 + scored.len());
        let notes = notes.chain(failed.iter().map(|(_, reason)| *reason));
        for (row, note) in rows.iter().zip(notes) {
            for (i, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let gap = if i == 0 { "" } else { "  " };
                write!(f, "{gap}{cell:>width$}")?;
            }
            match note.lines().next() {
                Some(reason) => writeln!(f, "  {reason}")?,
                None => writeln!(f)?,
            }
        }
        let (done, failed) = (scored.len() + failed.len(), failed.len());
        write!(f, "{done} of {} trials done", self.trials.len())?;
        if failed > 0 { write!(f, ", {failed} failed") } else { Ok(()) }
    }
}

/// Its number and settings, as `trial 3: optimizer.lr 2.5e-4, n_critic 5`.
impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trial {}", self.number)?;
        for (i, (name, value)) in self.settings.iter().enumerate() {
            let before = if i == 0 { ':' } else { ',' };
            write!(f, "{before} {name} {}", setting(value))?;
        }
        Ok(())
    }
}

fn row(trial: &Trial, score: String) -> Vec<String> {
    let settings = trial.settings.iter().map(|(_, value)| setting(value));
    [trial.number.to_string(), score].into_iter().chain(settings).collect()
}

fn setting(value: &Value) -> String {
    match value {
        Value::Number(value) if value.is_f64() => number(value.as_f64().unwrap_or_default()),
        value => cell(value),
    }
}

/// Four digits of a number.
fn number(value: f64) -> String {
    let scientific = format!("{value:.3e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -3..=4) => {
            let decimals = usize::try_from(3 - exponent).unwrap_or(0);
            trimmed(&format!("{value:.decimals$}")).to_owned()
        }
        _ => format!("{}e{exponent}", trimmed(digits)),
    }
}

/// Without the zeros that end a fraction.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Trial, number};

    #[test]
    fn a_trial_tells_its_settings() {
        let settings = [("optimizer.lr", json!(0.00025)), ("kind", json!("one_sided"))];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let trial = Trial { number: 3, settings };
        assert_eq!(trial.to_string(), "trial 3: optimizer.lr 2.5e-4, kind one_sided");
        assert_eq!(Trial { number: 1, settings: Vec::new() }.to_string(), "trial 1");
    }

    #[test]
    fn numbers_have_four_digits() {
        for (value, shown) in [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.123456, "0.1235"),
            (0.001, "0.001"),
            (0.00012345, "1.234e-4"),
            (1e-5, "1e-5"),
            (1234.56, "1235"),
            (98765.4, "98765"),
            (1.5e9, "1.5e9"),
            (0.99999, "1"),
        ] {
            assert_eq!(number(value), shown);
        }
    }
}
