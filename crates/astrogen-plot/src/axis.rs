//! Where a value lies on an axis, and which values are written beside it.

/// How an axis spaces its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios; values of 0 and below cannot be shown.
    Log,
}

impl Scale {
    /// Whether a value can be shown. The largest doubles cannot: their differences overflow.
    pub(crate) fn shows(self, value: f64) -> bool {
        value.is_finite() && value.abs() < 1e300 && (self == Self::Linear || value > 1e-300)
    }

    fn forward(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}

/// A value written beside the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub value: f64,
    /// What is written: as many digits as tell it from its neighbours.
    pub label: String,
}

/// An axis over a range of values, which it maps to `[0, 1]`.
///
/// ```
/// use astrogen_plot::{Axis, Scale};
///
/// let axis = Axis::between(0.0, 40.0, Scale::Linear).expect("0 is below 40");
/// assert_eq!(axis.position(10.0), 0.25);
/// let labels: Vec<String> = axis.ticks(4).into_iter().map(|tick| tick.label).collect();
/// assert_eq!(labels, ["0", "10", "20", "30", "40"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    scale: Scale,
    /// The ends on the scale: values, or their logarithms.
    low: f64,
    high: f64,
}

impl Axis {
    /// The axis that holds every value that can be shown, with a margin of `margin` times the
    /// range at both ends; `None` if there is no such value.
    #[must_use]
    pub fn over(values: impl Iterator<Item = f64>, scale: Scale, margin: f64) -> Option<Self> {
        let ends = values.filter(|value| scale.shows(*value)).fold(None, |ends, value| {
            let value = scale.forward(value);
            let (low, high) = ends.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        });
        let (low, high) = ends?;
        let range = high - low;
        // A range below what the numbers can resolve is drawn as one value in the middle.
        let margin = match scale {
            _ if range > 1e-12 * low.abs().max(high.abs()) => range * margin,
            Scale::Linear => around(low),
            Scale::Log => (0.1 * low.abs()).max(0.5),
        };
        Some(Self { scale, low: low - margin, high: high + margin })
    }

    /// The axis that ends just at these values; `None` unless both can be shown, in ascending order.
    #[must_use]
    pub fn between(low: f64, high: f64, scale: Scale) -> Option<Self> {
        let shown = scale.shows(low) && scale.shows(high);
        let (low, high) = (scale.forward(low), scale.forward(high));
        (shown && low < high).then_some(Self { scale, low, high })
    }

    /// How its values are spaced.
    #[must_use]
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; not finite where the scale cannot
    /// show it.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        (self.scale.forward(value) - self.low) / (self.high - self.low)
    }

    /// Round values within the range, about `wanted` of them, with their labels.
    #[must_use]
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high, wanted),
            Scale::Log => {
                let decades = log_ticks(self.low, self.high, wanted);
                if decades.len() >= 2 {
                    return decades;
                }
                // Less than a decade and no two of 1, 2, 5 in it: round differences instead.
                linear_ticks(10f64.powf(self.low), 10f64.powf(self.high), wanted)
            }
        }
    }
}

/// The room on either side of a value alone: a tenth of it, a thousandth of 0 and its like.
pub(crate) fn around(value: f64) -> f64 {
    if value.abs() > 1e-250 { 0.1 * value.abs() } else { 1e-3 }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let rough = (high - low) / wanted.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999_999)
        .unwrap_or(10.0 * power);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = (last - first).clamp(-1.0, 100.0) as i64;
    (0..=count)
        .map(|index| {
            let value = (first + index as f64) * step;
            Tick { value, label: label(value, step, low.abs().max(high.abs())) }
        })
        .collect()
}

/// Powers of ten, every second or third of them if there are many, with 2 and 5 in between if
/// there are few.
fn log_ticks(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let decades = high - low;
    let every = (decades / wanted.max(1) as f64).ceil().max(1.0) as i64;
    let factors: &[f64] = if decades < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let exponents = (low.floor() as i64..=high.ceil() as i64).filter(|e| e.rem_euclid(every) == 0);
    exponents
        .flat_map(|exponent| factors.iter().map(move |factor| factor * 10f64.powi(exponent as i32)))
        .filter(|value| (low - 1e-9..=high + 1e-9).contains(&value.log10()))
        .map(|value| Tick { value, label: label(value, value, value) })
        .collect()
}

/// A number with as many digits as tell it from its neighbours `step` away; in powers of ten where
/// the largest number of the axis is a million or more, or the step below a ten-thousandth.
fn label(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".into();
    }
    let digits = |step: f64| (-(step.log10() + 1e-9).floor()).clamp(0.0, 17.0) as usize;
    if largest < 1e6 && step >= 0.99e-4 {
        return format!("{value:.*}", digits(step));
    }
    let exponent = (value.abs().log10() + 1e-9).floor();
    let text = format!("{value:.*e}", digits(step / 10f64.powf(exponent)));
    text.replace('-', "\u{2212}").replacen('\u{2212}', "-", usize::from(value < 0.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, scale: Scale) -> Vec<String> {
        let axis = Axis::over([low, high].into_iter(), scale, 0.0).unwrap();
        axis.ticks(6).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_labels_are_round_and_no_longer_than_needed() {
        assert_eq!(labels(0.0, 10.0, Scale::Linear), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(0.0, 99_999.0, Scale::Linear), ["0", "20000", "40000", "60000", "80000"]);
        assert_eq!(labels(-0.3, 0.3, Scale::Linear).first().unwrap(), "-0.3");
        assert_eq!(labels(0.1, 0.6, Scale::Linear), ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
        assert_eq!(labels(0.0, 3e6, Scale::Linear)[1], "5e5");
        assert_eq!(labels(0.0, 5e-5, Scale::Linear)[1], "1e\u{2212}5");
    }

    #[test]
    fn neighbouring_labels_always_differ() {
        for (low, high) in
            [(0.0, 1.0), (1e6, 1e6 + 3.0), (-1e-7, 1e-7), (0.997, 1.003), (-5e9, 2.0)]
        {
            let labels = labels(low, high, Scale::Linear);
            assert!(labels.len() >= 3, "{labels:?}");
            assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
        }
    }

    #[test]
    fn log_labels_are_decades_thinned_or_filled() {
        assert_eq!(labels(0.01, 1000.0, Scale::Log), ["0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels(1.0, 10.0, Scale::Log), ["1", "2", "5", "10"]);
        assert!(labels(1e-20, 1e20, Scale::Log).len() <= 8);
        assert!(labels(3.0, 4.0, Scale::Log).len() >= 3, "less than a decade");
    }

    #[test]
    fn positions_run_from_0_to_1_and_bad_values_are_left_out() {
        let values = [f64::NAN, 1.0, f64::INFINITY, 100.0, -1.0, 0.0];
        let axis = Axis::over(values.into_iter(), Scale::Log, 0.0).unwrap();
        assert!((axis.position(10.0) - 0.5).abs() < 1e-12);
        assert_eq!(axis.position(1.0), 0.0);
        let axis = Axis::over(values.into_iter(), Scale::Linear, 0.0).unwrap();
        assert_eq!((axis.position(-1.0), axis.position(100.0)), (0.0, 1.0));
        assert_eq!(Axis::over([f64::NAN].into_iter(), Scale::Linear, 0.0), None);
    }

    #[test]
    fn one_value_lies_in_the_middle() {
        for (value, scale) in [(0.0, Scale::Linear), (-7e9, Scale::Linear), (1e-9, Scale::Log)] {
            let axis = Axis::over([value].into_iter(), scale, 0.05).unwrap();
            assert!((axis.position(value) - 0.5).abs() < 1e-6, "{value}");
            assert!(!axis.ticks(5).is_empty());
        }
    }

    #[test]
    fn a_small_value_alone_has_a_small_axis_around_it() {
        for value in [2e-4, -3e-9] {
            let axis = Axis::over([value].into_iter(), Scale::Linear, 0.05).unwrap();
            assert!(
                axis.position(0.8 * value) < 0.0 || axis.position(0.8 * value) > 1.0,
                "{value}"
            );
            assert!(axis.ticks(5).iter().all(|tick| tick.value * value > 0.0), "{value}");
        }
    }

    #[test]
    fn an_axis_between_two_values_ends_there_however_near_they_are() {
        let axis = Axis::between(1.0, 1.0 + 1e-13, Scale::Linear).unwrap();
        assert_eq!((axis.position(1.0), axis.position(1.0 + 1e-13)), (0.0, 1.0));
        assert!(axis.ticks(5).len() < 10);
        assert_eq!(Axis::between(1.0, 1.0, Scale::Linear), None);
        assert_eq!(Axis::between(0.0, 1.0, Scale::Log), None);
    }
}
