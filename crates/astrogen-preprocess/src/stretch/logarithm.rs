//! `ln(1 + x)` and `asinh(x)` for `x >= 0`, without branches, so that loops over pixels
//! vectorise; accurate to a few units in the last place.

/// `ln(1 + x)`.
///
/// The rounding of `1 + x` is made good to first order, so small `x` keep all their digits.
#[inline(always)]
pub(crate) fn ln_1p_of_positive(x: f64) -> f64 {
    let u = 1.0 + x;
    ln_from_one(u) + (x - (u - 1.0)) / u
}

/// `asinh(x) = ln(x + sqrt(x^2 + 1))`, written so that small `x` keep all their digits.
#[inline(always)]
pub(crate) fn asinh_of_positive(x: f64) -> f64 {
    let square = x * x;
    ln_1p_of_positive(x + square / (1.0 + (1.0 + square).sqrt()))
}

/// `ln(u)` for `u >= 1`: `u = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`, and
/// `ln m = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...)` with `s = (m - 1) / (m + 1)`, `|s| < 0.172`.
#[inline(always)]
fn ln_from_one(u: f64) -> f64 {
    const MANTISSA_BITS: u32 = 52;
    // 2^52 as a float: adding an integer to its bits adds that integer to its value.
    const TWO_52: f64 = 4_503_599_627_370_496.0;

    let bits = u.to_bits();
    let k = bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()) >> MANTISSA_BITS;
    let m = f64::from_bits(bits.wrapping_sub(k << MANTISSA_BITS));
    let exponent = f64::from_bits(TWO_52.to_bits() + k) - TWO_52;

    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut series = 1.0 / 19.0;
    for divisor in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * z + 1.0 / divisor;
    }
    exponent * std::f64::consts::LN_2 + 2.0 * (s + s * z * series)
}

#[cfg(test)]
mod tests {
    use super::{asinh_of_positive, ln_1p_of_positive};

    #[test]
    fn agrees_with_the_standard_library_over_the_whole_range() {
        let mut x = 1e-300;
        while x < 1e150 {
            for (got, expected) in
                [(ln_1p_of_positive(x), x.ln_1p()), (asinh_of_positive(x), x.asinh())]
            {
                assert!((got - expected).abs() <= 1e-15 * expected, "{x}: {got} {expected}");
            }
            x *= 1.37;
        }
        assert_eq!(ln_1p_of_positive(0.0), 0.0);
        assert_eq!(asinh_of_positive(0.0), 0.0);
        assert!(ln_1p_of_positive(f64::NAN).is_nan());
        assert!(asinh_of_positive(f64::NAN).is_nan());
    }
}
