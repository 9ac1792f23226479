//! An axis: where a value lies on it, and where its ticks are.

/// A range of values and how it is spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    /// An axis over a range; of a single value around it.
    pub(super) fn linear([low, high]: [f64; 2]) -> Self {
        let (low, high) = match high - low {
            span if span > 1e-12 * high.abs().max(low.abs()) => (low, high),
            _ => (low - 0.05 * low.abs().max(1e-6), high + 0.05 * high.abs().max(1e-6)),
        };
        Self { low, high, log: false }
    }

    /// An axis for values: in powers of ten where all are above 0 and they reach over more than
    /// `ratio`, else linear with a little room.
    pub(super) fn of(values: [f64; 2], ratio: f64) -> Self {
        let [low, high] = values;
        if low > 0.0 && high / low > ratio {
            return Self { low: low / 1.15, high: high * 1.15, log: true };
        }
        let Self { low, high, .. } = Self::linear(values);
        let room = 0.05 * (high - low);
        // Nothing is below 0 that never was.
        let bottom = if (0.0..2.0 * room).contains(&low) { 0.0 } else { low - room };
        Self { low: bottom, high: high + room, log: false }
    }

    /// Whether it is in powers of ten.
    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// Where a value lies, 0 at the low end and 1 at the high one; none where it has no place.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let [low, high, value] =
            [self.low, self.high, value].map(|value| if self.log { value.log10() } else { value });
        let place = (value - low) / (high - low);
        place.is_finite().then_some(place.clamp(-2.0, 3.0))
    }

    /// The values of ticks inside, about `count` of them, and what is written at each.
    pub(super) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        match self.log {
            true => self.log_ticks(count),
            false => self.linear_ticks(count),
        }
    }

    fn linear_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / count.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|of| of * power);
        let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(10.0 * power);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        let digits = usize::try_from(-step.log10().floor() as i64).unwrap_or(0);
        let largest = self.low.abs().max(self.high.abs());
        let label = |value: f64| match (1e-3..1e6).contains(&largest) {
            true => format!("{value:.digits$}"),
            false if value.abs() < 1e-6 * step => "0".to_owned(),
            // As many as tell it from its neighbours.
            false => {
                let before = value.abs().log10().floor() - (step.log10() + 1e-9).floor();
                super::super::words::rounded(value, before.clamp(0.0, 15.0) as usize + 1)
            }
        };
        let values = (first..=last.min(first + 20)).map(|at| at as f64 * step);
        values.map(|value| (value, label(value))).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let inside = |of: &[f64]| -> Vec<f64> {
            let values = decades.clone().flat_map(|power| {
                of.iter().map(move |of| of * 10_f64.powi(power)).collect::<Vec<_>>()
            });
            values.filter(|value| (self.low..=self.high).contains(value)).collect()
        };
        let mut values = inside(&[1.0]);
        if values.len() < 3 {
            values = inside(&[1.0, 3.0]);
        }
        let stride = values.len().div_ceil(count.max(1)).max(1);
        let kept = values.into_iter().step_by(stride);
        kept.map(|value| (value, super::super::words::rounded(value, 2))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear([0.0, 4500.0]);
        assert_eq!(labels(axis, 5), ["0", "1000", "2000", "3000", "4000"]);
        assert_eq!(labels(Axis::linear([0.012, 0.05]), 4), ["0.02", "0.03", "0.04", "0.05"]);
        assert_eq!(labels(Axis::of([0.001, 20.0], 50.0), 6), ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(axis.at(2250.0), Some(0.5));
        assert_eq!(Axis::of([0.001, 20.0], 50.0).at(-1.0), None);
    }

    #[test]
    fn neighbouring_ticks_differ_however_large_the_values_are() {
        for range in [[2.46e6, 2.46e6 + 30.0], [3e-5, 3e-5 + 1e-9], [-5e9, 2e9], [0.0, 7e-5]] {
            let labels = labels(Axis::linear(range), 5);
            assert!(labels.len() > 2, "{range:?}: {labels:?}");
            assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
        }
        assert_eq!(labels(Axis::linear([0.0, 3e6]), 3), ["0", "1000000", "2000000", "3000000"]);
    }

    #[test]
    fn a_single_value_has_an_axis_around_it() {
        let axis = Axis::of([3.0, 3.0], 50.0);
        assert!(axis.at(3.0).is_some_and(|at| (0.3..0.7).contains(&at)), "{axis:?}");
        assert!(Axis::of([0.0, 0.0], 50.0).at(0.0).is_some());
        assert!(!labels(axis, 4).is_empty());
    }
}
