//! The axes of a chart: how far they reach, and where a value lies along them.

use astrogen_plot::{Axis, Scale};

/// The axis that reaches from the lower to the higher value; of a single one, around it.
pub(super) fn across(values: [f64; 2]) -> Option<Axis> {
    Axis::over(values.into_iter(), Scale::Linear, 0.0)
}

/// The axis for values with a little room: in powers of ten where all are above 0 and they reach
/// over more than `ratio`.
pub(super) fn upward([low, high]: [f64; 2], ratio: f64) -> Option<Axis> {
    if low > 0.0 && high / low > ratio {
        return Axis::between(low / 1.15, high * 1.15, Scale::Log);
    }
    let room = 0.05 * (high - low);
    // Nothing is below 0 that never was.
    match (0.0..2.0 * room).contains(&low) {
        true => Axis::between(0.0, high + room, Scale::Linear),
        false => Axis::over([low, high].into_iter(), Scale::Linear, 0.05),
    }
}

/// Where a value lies, 0 at the low end and 1 at the high one; none where it has no place. What is
/// far beyond is just beyond, so that lines to it stay short.
pub(super) fn place(axis: &Axis, value: f64) -> Option<f64> {
    let place = axis.position(value);
    place.is_finite().then_some(place.clamp(-2.0, 3.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn labels(axis: Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = across([0.0, 4500.0]).unwrap();
        assert_eq!(labels(axis, 5), ["0", "1000", "2000", "3000", "4000"]);
        assert_eq!(place(&axis, 2250.0), Some(0.5));
        let axis = upward([0.001, 20.0], 50.0).unwrap();
        assert_eq!(labels(axis, 6), ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(place(&axis, -1.0), None);
        assert_eq!(place(&axis, 1e30), Some(3.0));
    }

    #[test]
    fn values_above_0_have_no_axis_below_it() {
        assert_eq!(place(&upward([0.01, 1.0], 1e3).unwrap(), 0.0), Some(0.0));
        assert_eq!(place(&upward([0.0, 1.0], 50.0).unwrap(), 0.0), Some(0.0));
        assert!(place(&upward([-0.1, 1.0], 50.0).unwrap(), -0.1) > Some(0.0));
        assert!(place(&upward([0.5, 1.0], 50.0).unwrap(), 0.5) > Some(0.0));
    }

    #[test]
    fn a_single_value_has_an_axis_around_it() {
        for value in [3.0, 0.0, -2e-9] {
            let axis = upward([value, value], 50.0).unwrap();
            assert!(place(&axis, value).is_some_and(|at| (0.3..0.7).contains(&at)), "{axis:?}");
            assert!(!labels(axis, 4).is_empty());
        }
    }
}
