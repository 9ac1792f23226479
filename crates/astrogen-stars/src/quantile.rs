//! Quantiles as numpy computes them.

/// The quantile `share`, in \[0, 1\], of numbers without NaN, interpolated linearly between the two
/// nearest (numpy's default); `None` of none. Reorders the numbers.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let part = place - below as f64;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    let step = high - low;
    // The two forms differ in rounding alone, and numpy's choice is this.
    Some(if part < 0.5 { low + step * part } else { high - step * (1.0 - part) })
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_lie_between_the_nearest_numbers() {
        assert_eq!(quantile(&mut [], 0.5), None);
        assert_eq!(quantile(&mut [3.0], 0.98), Some(3.0));
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&mut values, 0.0), Some(1.0));
        assert_eq!(quantile(&mut values, 1.0), Some(4.0));
        assert_eq!(quantile(&mut values, 0.5), Some(2.5));
        assert!((quantile(&mut values, 0.9).unwrap_or(0.0) - 3.7).abs() < 1e-15);
    }
}
