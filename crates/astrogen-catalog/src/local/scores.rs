//! A quantity as normal scores of its local distribution.

use serde::{Deserialize, Serialize};

use super::bins::{Between, bins};
use crate::CatalogError;

/// How one quantity is distributed along another: values become normal scores, and back.
///
/// Score 0 is the median at that place, 1 what a normal distribution has at one standard
/// deviation above it (the 84th percentile), and so on (van der Waerden 1952).
///
/// The rows are sorted by `along` and cut into bins of equally many. Each gives a knot: its
/// median of `along`, and the quantiles of scores -3, -2.5 ... 3 of the values, after their trend
/// (the line through the bins' medians) is taken out. Between knots the quantiles are
/// interpolated linearly, between quantiles the score is. Beyond the first and last knot the
/// trend goes on as a straight line. Beyond the last quantiles the score grows as the inverse
/// hyperbolic sine of the distance to them, first as between the last two and then as a logarithm.
/// Where bins have fewer than three rows beyond them, the last quantiles are left out, down to
/// those of scores -1 to 1.
///
/// ```
/// use astrogen_catalog::LocalScores;
///
/// let truth: Vec<f64> = (0..4000).map(|i| 18.0 + 0.0015 * f64::from(i)).collect();
/// let scatter = |m: f64| 0.01 * 10f64.powf(0.3 * (m - 18.0));
/// let swing = |i: usize| 2.0 * (0.618034 * i as f64).fract() - 1.0; // even in -1..1
/// let observed: Vec<f64> =
///     truth.iter().enumerate().map(|(i, &m)| m + 0.02 + scatter(m) * swing(i)).collect();
///
/// let local = LocalScores::fit("i", &truth, &observed, 16)?;
/// // A swing of 0.68 is the 84th percentile anywhere.
/// let score = local.apply(22.0, 22.02 + 0.68 * scatter(22.0));
/// assert!((score - 1.0).abs() < 0.1, "{score}");
/// assert!((local.inverse(22.0, score) - 22.02 - 0.68 * scatter(22.0)).abs() < 1e-12);
/// # Ok::<(), astrogen_catalog::CatalogError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ScoreKnot>", into = "Vec<ScoreKnot>")]
pub struct LocalScores {
    /// One or more, `at` ascending, with as many quantiles each.
    knots: Vec<ScoreKnot>,
}

/// The distribution at one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreKnot {
    /// The value of the quantity along which it lies.
    pub at: f64,
    /// Where scores lie, 0.5 apart: an odd number of values in ascending order, that of score 0 in
    /// the middle.
    pub quantiles: Vec<f64>,
    /// The lowest and the highest value, not within the quantiles.
    pub ends: [f64; 2],
}

/// From the score of one quantile to that of the next.
const STEP: f64 = 0.5;

/// The part of a normal distribution below scores 0, 0.5 ... 3.
const BELOW: [f64; 7] = [
    0.5,
    0.691_462_461_274_013,
    0.841_344_746_068_543,
    0.933_192_798_731_142,
    0.977_249_868_051_821,
    0.993_790_334_674_224,
    0.998_650_101_968_37,
];

/// The place of score 1 there.
const ONE: usize = 2;

/// Rows that a bin should have beyond the last quantile.
const BEYOND: f64 = 3.0;

/// Neighbouring quantiles are at least so far apart, in widths of the bin.
const APART: f64 = 1e-3;

impl LocalScores {
    /// Fits `values` along `along`, both of the same rows, in `count` bins; `name` is that of the
    /// values, for messages. Bins whose knots would coincide are joined:
    /// the quantiles are those of all their rows.
    ///
    /// # Errors
    /// Those of [`LocalScale::fit`](super::LocalScale::fit).
    pub fn fit(
        name: &str,
        along: &[f64],
        values: &[f64],
        count: usize,
    ) -> Result<LocalScores, CatalogError> {
        let bins = bins(name, along, values, count)?;
        let rows = (along.len() / count) as f64;
        let seen = |k: &usize| rows * (1.0 - BELOW[*k]) >= BEYOND;
        let last = (ONE..BELOW.len()).rev().find(seen).unwrap_or(ONE);
        let upper = &BELOW[..=last];
        let lower = upper[1..].iter().rev().map(|below| 1.0 - below);
        let parts: Vec<f64> = lower.chain(upper.iter().copied()).collect();

        let knots = bins.into_iter().map(|bin| {
            let quantiles = parts.iter().map(|&part| bin.median + bin.quantile(part));
            let mut quantiles: Vec<f64> = quantiles.collect();
            // Where values repeat, quantiles may fall together.
            for upper in 1..quantiles.len() {
                let least = quantiles[upper - 1] + APART * bin.width;
                quantiles[upper] = quantiles[upper].max(least);
            }
            let [first, last] = [quantiles[0], quantiles[quantiles.len() - 1]];
            let [low, high] = [0.0, 1.0].map(|part| bin.median + bin.quantile(part));
            ScoreKnot { at: bin.at, quantiles, ends: [low.min(first), high.max(last)] }
        });
        Ok(LocalScores { knots: knots.collect() })
    }

    /// The knots, in ascending order.
    pub fn knots(&self) -> &[ScoreKnot] {
        &self.knots
    }

    /// The score of a value at `along`; NaN where one of both is.
    pub fn apply(&self, along: f64, value: f64) -> f64 {
        let place = self.place(along);
        let above = (1..place.last()).take_while(|&k| place.quantile(k) <= value).count();
        let (low, high) = (place.quantile(above), place.quantile(above + 1));
        let score = ((value - low) / (high - low) + above as f64 - place.middle()) * STEP;
        beyond(score, place.middle() * STEP, f64::asinh)
    }

    /// Takes [`LocalScores::apply`] back; NaN stays NaN.
    pub fn inverse(&self, along: f64, score: f64) -> f64 {
        let place = self.place(along);
        let score = beyond(score, place.middle() * STEP, f64::sinh);
        let number = score / STEP + place.middle();
        let below = (number.max(0.0) as usize).min(place.last() - 1); // 0 where it is NaN
        let (low, high) = (place.quantile(below), place.quantile(below + 1));
        low + (high - low) * (number - below as f64)
    }

    /// From the lowest to the highest value that rows near `along` have.
    pub fn range(&self, along: f64) -> [f64; 2] {
        let place = self.place(along);
        [0, 1].map(|end| place.value(|knot| knot.ends[end]))
    }

    /// The distribution at `along`.
    fn place(&self, along: f64) -> Conditional<'_> {
        let between = Between::find(&self.knots, |knot| knot.at, along);
        Conditional { between, a: &self.knots[between.a], b: &self.knots[between.b] }
    }
}

/// A score with what it has beyond the last one, on either side, bent.
fn beyond(score: f64, last: f64, bend: fn(f64) -> f64) -> f64 {
    let inside = score.clamp(-last, last);
    inside + bend(score - inside)
}

/// A distribution between two knots.
struct Conditional<'a> {
    between: Between,
    a: &'a ScoreKnot,
    b: &'a ScoreKnot,
}

impl Conditional<'_> {
    /// The number of the last quantile.
    fn last(&self) -> usize {
        self.a.quantiles.len() - 1
    }

    /// The number of the median.
    fn middle(&self) -> f64 {
        (self.last() / 2) as f64
    }

    /// A quantile by its number.
    fn quantile(&self, k: usize) -> f64 {
        self.value(|knot| knot.quantiles[k])
    }

    /// What lies at the same distance of the trend as that of the knots, interpolated.
    fn value(&self, of: impl Fn(&ScoreKnot) -> f64) -> f64 {
        let middle = self.last() / 2;
        let trend = [self.a, self.b].map(|knot| knot.quantiles[middle]);
        let [a, b] = [of(self.a) - trend[0], of(self.b) - trend[1]];
        self.between.line(trend[0], trend[1]) + a + (b - a) * self.between.inside()
    }
}

impl TryFrom<Vec<ScoreKnot>> for LocalScores {
    type Error = String;

    fn try_from(knots: Vec<ScoreKnot>) -> Result<Self, String> {
        let count = knots.first().map_or(0, |knot| knot.quantiles.len());
        let sound = |knot: &ScoreKnot| {
            let quantiles = &knot.quantiles;
            quantiles.len() == count
                && count > 0
                && quantiles.iter().chain(&knot.ends).chain([&knot.at]).all(|x| x.is_finite())
                && quantiles.windows(2).all(|pair| pair[0] < pair[1])
                && knot.ends[0] <= quantiles[0]
                && knot.ends[1] >= quantiles[count - 1]
        };
        let ascending = knots.windows(2).all(|pair| pair[0].at < pair[1].at);
        if count < 3 || count.is_multiple_of(2) || !ascending || !knots.iter().all(sound) {
            return Err("the knots of local scores: expected at least one, in ascending order, \
                        each with as many quantiles, an odd number of 3 or more in ascending \
                        order, and ends around them"
                .to_owned());
        }
        Ok(LocalScores { knots })
    }
}

impl From<LocalScores> for Vec<ScoreKnot> {
    fn from(scale: LocalScores) -> Self {
        scale.knots
    }
}
