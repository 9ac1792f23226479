//! The galaxies' true magnitudes in r, i, z.
//!
//! Counts rise by `10^(slope m)` with the magnitude `m` in i between a bright and a faint
//! limit; a slope of 0.6 is that of equal galaxies in flat space, deep surveys see 0.3 to 0.4
//! (Tyson 1988, AJ 96, 1). A galaxy is red (old stars) or blue (young ones); the share of red
//! ones changes evenly from limit to limit. The colours r-i and i-z of either kind are
//! Gaussian and correlated.

use super::SurveyConfig;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Mean and deviation of r-i and of i-z, in magnitudes.
struct Population {
    mean: [f64; 2],
    deviation: [f64; 2],
}

const RED: Population = Population { mean: [0.70, 0.35], deviation: [0.20, 0.09] };
const BLUE: Population = Population { mean: [0.28, 0.14], deviation: [0.14, 0.09] };

/// Correlation of r-i and i-z within a population.
const CORRELATION: f64 = 0.6;

/// Draws the true magnitudes r, i, z of one galaxy.
pub(super) fn draw<R: Rng>(config: &SurveyConfig, rng: &mut R) -> [f64; 3] {
    let [bright, faint] = config.magnitudes;
    let slope = config.counts_slope;
    // The inverse of the cumulative counts, measured from the faint limit so that nothing
    // overflows.
    let rest = 10_f64.powf(-slope * (faint - bright));
    let counted = rng.random_range(0.0..1.0);
    let i = (faint + (rest + counted * (1.0 - rest)).log10() / slope).clamp(bright, faint);

    let along = (i - bright) / (faint - bright);
    let [red_bright, red_faint] = config.red_share;
    let red = rng.random_range(0.0..1.0) < red_bright + along * (red_faint - red_bright);
    let Population { mean, deviation } = if red { RED } else { BLUE };
    let [first, second]: [f64; 2] = std::array::from_fn(|_| StandardNormal.sample(rng));
    let second = CORRELATION * first + (1.0 - CORRELATION * CORRELATION).sqrt() * second;
    let r_i = mean[0] + deviation[0] * first;
    let i_z = mean[1] + deviation[1] * second;
    [i + r_i, i, i - i_z]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn counts_rise_as_stated_and_colours_go_together() {
        let config = SurveyConfig::default();
        let [bright, faint] = config.magnitudes;
        let mut rng = stream(1, 0);
        let count = 100_000;
        let galaxies: Vec<[f64; 3]> = (0..count).map(|_| draw(&config, &mut rng)).collect();
        for below in [19.5, 21.0, 22.5, 23.5] {
            let power = |m: f64| 10_f64.powf(config.counts_slope * m);
            let truth = (power(below) - power(bright)) / (power(faint) - power(bright));
            let share =
                galaxies.iter().filter(|galaxy| galaxy[1] < below).count() as f64 / count as f64;
            assert!((share - truth).abs() < 5.0 * (truth / count as f64).sqrt(), "{share} {truth}");
        }
        assert!(galaxies.iter().all(|galaxy| (bright..=faint).contains(&galaxy[1])));

        // Mixture of two populations: the share of red ones is that of the mean magnitude.
        let mean =
            |of: &dyn Fn(&[f64; 3]) -> f64| galaxies.iter().map(of).sum::<f64>() / count as f64;
        let along = (mean(&|g| g[1]) - bright) / (faint - bright);
        let red = config.red_share[0] + along * (config.red_share[1] - config.red_share[0]);
        let truth = |colour: usize| red * RED.mean[colour] + (1.0 - red) * BLUE.mean[colour];
        let [r_i, i_z] = [mean(&|g| g[0] - g[1]), mean(&|g| g[1] - g[2])];
        assert!((r_i - truth(0)).abs() < 0.005 && (i_z - truth(1)).abs() < 0.005, "{r_i} {i_z}");
        let product = mean(&|g| (g[0] - g[1] - r_i) * (g[1] - g[2] - i_z));
        let squares =
            mean(&|g| (g[0] - g[1] - r_i).powi(2)) * mean(&|g| (g[1] - g[2] - i_z).powi(2));
        assert!((0.6..0.9).contains(&(product / squares.sqrt())), "{product} {squares}");
    }
}
