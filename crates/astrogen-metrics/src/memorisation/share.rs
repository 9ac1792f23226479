//! The part of samples beyond a quantile of held-out reals.

use serde::{Deserialize, Serialize};

use crate::Sorted;

/// How many samples lie as low as the lowest of held-out reals, and how likely so many are.
///
/// Of numbers of `m` samples and `n` held-out reals, `t` the `quantile` of the reals', `k` of which lie at or
/// below it, and `c` of the samples':
///
/// ```text
/// share   =  c / m                        expected  =  k / n
/// p_value =  P(X <= k),   X ~ Hypergeometric(n + m, n, c + k)
/// ```
///
/// If both are of one distribution, any order of all numbers is as likely as any other: `c` samples or more
/// lie below the real of rank `k + 1` just where at most `k` of the lowest `c + k` are reals. The
/// threshold lies below that real, so that the p-value is an upper bound, exact where it is that real.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowShare {
    /// What the given part of the held-out reals lie at or below.
    pub threshold: f64,
    /// That part of them.
    pub expected: f64,
    /// The part of the samples that do.
    pub share: f64,
    /// How often samples of the reals' distribution have a share as large.
    pub p_value: f64,
}

impl LowShare {
    pub(super) fn of(samples: &Sorted, held_out: &Sorted, quantile: f64) -> Self {
        let threshold = held_out.quantile(quantile);
        let [c, k] = [samples, held_out]
            .map(|numbers| numbers.values().partition_point(|number| *number <= threshold));
        let (m, n) = (samples.values().len(), held_out.values().len());
        let [expected, share] = [k as f64 / n as f64, c as f64 / m as f64];
        Self { threshold, expected, share, p_value: tail(c, m, k, n) }
    }
}

/// How often `c` of `m` or more come before the one of rank `k + 1` of `n` others.
fn tail(c: usize, m: usize, k: usize, n: usize) -> f64 {
    if c == 0 || k >= n {
        return 1.0;
    }
    let mut logs = vec![0.0; n + m + 1]; // of factorials
    for i in 1..logs.len() {
        logs[i] = logs[i - 1] + (i as f64).ln();
    }
    let choose = |of: usize, some: usize| logs[of] - logs[some] - logs[of - some];
    let drawn = c + k;
    let probability =
        |reals: usize| (choose(n, reals) + choose(m, drawn - reals) - choose(n + m, drawn)).exp();
    // No fewer reals than samples leave room for.
    (drawn.saturating_sub(m)..=k).map(probability).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All orders of small sets.
    #[test]
    fn the_tail_is_that_of_all_orders() {
        for (m, n) in [(1, 1), (3, 2), (2, 4), (4, 4), (5, 3)] {
            for k in 0..n {
                let mut counts = vec![0u32; m + 1];
                for order in 0u32..1 << (m + n) {
                    if order.count_ones() as usize != n {
                        continue; // bits that are set are reals
                    }
                    let (mut reals, mut before) = (0, 0);
                    for place in 0..m + n {
                        match order >> place & 1 {
                            1 if reals == k => break,
                            1 => reals += 1,
                            _ => before += 1,
                        }
                    }
                    counts[before] += 1;
                }
                let all: u32 = counts.iter().sum();
                for c in 0..=m {
                    let expected = f64::from(counts[c..].iter().sum::<u32>()) / f64::from(all);
                    let got = tail(c, m, k, n);
                    assert!((got - expected).abs() < 1e-12, "{c} {m} {k} {n}: {got} {expected}");
                }
            }
        }
    }

    #[test]
    fn large_sets_have_a_tail_too() {
        // SciPy's hypergeom.cdf(k, n + m, n, c + k).
        for ([c, m, k, n], expected) in [
            ([60, 1000, 500, 10_000], 0.0993709390806001),
            ([92, 1000, 30, 600], 0.001180494701312095),
            ([41, 165, 3, 66], 0.0001205958913647035),
        ] {
            let got = tail(c, m, k, n);
            assert!((got - expected).abs() < 1e-9 * expected, "{c} {m} {k} {n}: {got} {expected}");
        }
        assert_eq!(tail(0, 1000, 500, 10_000), 1.0);
        assert!(tail(1000, 1000, 500, 10_000) < 1e-300);
    }
}
