//! What was measured, as lines of a table.

use std::fmt;

/// Heads of the columns.
pub(crate) const HEAD: &str = "\
| flow | trained | training, s | times ours | log-likelihood, nats per star | ours above it | stars \
per second | times slower |
| --- | --- | --- | --- | --- | --- | --- | --- |";

/// A flow that one side has trained.
pub(crate) struct Line {
    trained: &'static str,
    /// Seconds of a step, one number for each block of them.
    pub(crate) seconds: Vec<f64>,
    /// Seconds of a star.
    pub(crate) sampled: Vec<f64>,
    /// The mean log-likelihood of each galaxy's stars.
    pub(crate) likelihoods: Vec<f64>,
}

impl Line {
    pub(crate) fn new(trained: &'static str) -> Self {
        Self { trained, seconds: Vec::new(), sampled: Vec::new(), likelihoods: Vec::new() }
    }
}

/// A flow of the family: ours first.
pub(crate) struct Row {
    pub(crate) flow: String,
    pub(crate) steps: u64,
    pub(crate) sides: [Line; 3],
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ours, ..] = &self.sides;
        for (number, side) in self.sides.iter().enumerate() {
            let seconds = median(side.seconds.clone()) * self.steps as f64;
            let [mean, error] = mean_of(&side.likelihoods);
            let rate = 1.0 / median(side.sampled.clone());
            let pairs = |of: fn(&Line) -> &Vec<f64>| {
                median(of(side).iter().zip(of(ours)).map(|(theirs, ours)| theirs / ours).collect())
            };
            let [slower, sampled] = [pairs(|side| &side.seconds), pairs(|side| &side.sampled)];
            let each = ours.likelihoods.iter().zip(&side.likelihoods);
            let [more, by] = mean_of(&each.map(|(ours, theirs)| ours - theirs).collect::<Vec<_>>());
            write!(f, "| {} | {} | {seconds:.1} | ", self.flow, side.trained)?;
            match number {
                0 => write!(f, " | {mean:.3} +- {error:.3} | | {rate:.0} | |")?,
                _ => write!(
                    f,
                    "{slower:.1} | {mean:.3} +- {error:.3} | {more:.3} +- {by:.3} | {rate:.0} | \
                     {sampled:.0} |"
                )?,
            }
            if number + 1 < self.sides.len() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// The mean over galaxies, and its standard error.
fn mean_of(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    [mean, (variance / n).sqrt()]
}

/// The middle value.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
