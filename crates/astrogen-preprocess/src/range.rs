//! The two model ranges: unit `[0, 1]` and signed `[-1, 1]`.

/// `2 x - 1`: unit to signed.
#[must_use]
#[inline]
pub const fn unit_to_signed(unit: f64) -> f64 {
    2.0 * unit - 1.0
}

/// `(x + 1) / 2`: signed to unit.
///
/// ```
/// # use astrogen_preprocess::range::{signed_to_unit, unit_to_signed};
/// assert_eq!(unit_to_signed(0.25), -0.5);
/// assert_eq!(signed_to_unit(-0.5), 0.25);
/// ```
#[must_use]
#[inline]
pub const fn signed_to_unit(signed: f64) -> f64 {
    0.5 * (signed + 1.0)
}
