//! Exact quantiles of a frame without sorting it.
//!
//! A sorted sample of a few thousand values brackets the rank that is looked for; one pass
//! counts what lies below the bracket and keeps what lies inside, a few per cent of the
//! frame, and the rank is selected among those (the idea of Floyd and Rivest, 1975). Where
//! the sample misleads, the whole array is partitioned instead, so the answer is exact.

/// Values drawn to place the bracket.
const SAMPLE: usize = 4096;

/// The value below which `fraction` of `values` lies, interpolated linearly between
/// neighbouring ranks as `numpy.percentile` does; NaN for no values.
///
/// The values must be finite.
pub(crate) fn quantile(values: &[f32], fraction: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = fraction * last as f64;
    let rank = (position.floor() as usize).min(last);
    let (low, high) = neighbours(values, rank);
    low + (high - low) * (position - rank as f64)
}

/// Smallest and largest of `values`; infinities that are the wrong way round for no values.
///
/// The values must be finite.
pub(crate) fn extremes(values: &[f32]) -> [f64; 2] {
    let start = (f32::INFINITY, f32::NEG_INFINITY);
    let (low, high) =
        values.iter().fold(start, |(low, high), &value| (low.min(value), high.max(value)));
    [low.into(), high.into()]
}

/// The values of rank `rank` and `rank + 1`; the last rank is its own neighbour.
fn neighbours(values: &[f32], rank: usize) -> (f64, f64) {
    let bracketed = (values.len() > 4 * SAMPLE).then(|| bracket(values, rank)).flatten();
    let (low, high) = bracketed.unwrap_or_else(|| select(values.to_vec(), rank));
    (low.into(), high.into())
}

fn select(mut values: Vec<f32>, rank: usize) -> (f32, f32) {
    let (_, &mut low, above) = values.select_nth_unstable_by(rank, f32::total_cmp);
    let high = above.iter().copied().reduce(f32::min).unwrap_or(low);
    (low, high)
}

fn bracket(values: &[f32], rank: usize) -> Option<(f32, f32)> {
    // An odd stride does not stay in one column of a frame whose width is a power of two.
    let stride = (values.len() / SAMPLE) | 1;
    let mut sample: Vec<f32> = values.iter().step_by(stride).copied().collect();
    sample.sort_unstable_by(f32::total_cmp);

    // Four standard deviations of the sample's rank to either side.
    let drawn = sample.len() as f64;
    let fraction = rank as f64 / values.len() as f64;
    let margin = 4.0 * (drawn * fraction * (1.0 - fraction)).sqrt() + 4.0;
    let (from, to) = (drawn * fraction - margin, drawn * fraction + margin);
    let low = if from < 0.0 { f32::NEG_INFINITY } else { sample[from as usize] };
    let high = sample.get(to as usize).copied().unwrap_or(f32::INFINITY);

    // Counting is free of branches; only the few chunks that reach into the bracket are searched.
    let mut below = 0;
    let mut inside = Vec::with_capacity(values.len() / 8);
    for chunk in values.chunks(16) {
        let (mut under, mut over) = (0_u32, 0_u32);
        for &value in chunk {
            under += u32::from(value < low);
            over += u32::from(value > high);
        }
        below += under as usize;
        if ((under + over) as usize) < chunk.len() {
            inside.extend(chunk.iter().filter(|&&value| value >= low && value <= high));
        }
    }
    let local = rank.checked_sub(below)?;
    let needed = if rank + 1 < values.len() { local + 1 } else { local };
    (needed < inside.len()).then(|| select(inside, local))
}

#[cfg(test)]
mod tests {
    use super::quantile;

    /// `numpy.percentile`'s definition on a sorted copy.
    fn sorted(values: &[f32], fraction: f64) -> f64 {
        let mut values = values.to_vec();
        values.sort_unstable_by(f32::total_cmp);
        let position = fraction * (values.len() - 1) as f64;
        let low = f64::from(values[position as usize]);
        let high = f64::from(values[(position as usize + 1).min(values.len() - 1)]);
        low + (high - low) * position.fract()
    }

    #[test]
    fn every_path_agrees_with_a_full_sort() {
        let mut state = 7_u64;
        let mut uniform = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let noise: Vec<f32> = (0..100_000).map(|_| uniform() + uniform()).collect();
        // Rising values under a fixed stride, ties, and a frame that misleads the sample.
        let ramp: Vec<f32> = (0..50_000).map(|i| i as f32).collect();
        let ties: Vec<f32> = noise.iter().map(|v| (v * 3.0).floor()).collect();
        let stride = (noise.len() / super::SAMPLE) | 1;
        let misleading: Vec<f32> =
            (0..noise.len()).map(|i| if i % stride == 0 { 100.0 } else { noise[i] }).collect();
        for values in [&noise, &ramp, &ties, &misleading, &noise[..10].to_vec(), &vec![3.0]] {
            for fraction in [0.0, 1e-5, 0.0025, 0.25, 0.5, 0.731, 0.9975, 1.0] {
                assert_eq!(quantile(values, fraction), sorted(values, fraction), "{fraction}");
            }
        }
        assert!(quantile(&[], 0.5).is_nan());
    }
}
