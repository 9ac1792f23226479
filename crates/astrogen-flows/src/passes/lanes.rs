//! A number for each row of a block, and functions of them in plain loops.
//!
//! Loops run over all rows of a block without branches, so that the compiler makes vector
//! instructions of them: of the widest registers of this machine, where they stand in
//! [`widest`]. No operation depends on a row's place, so that neither do its bits.

use astrogen_nn::dense::Matrix;

/// Rows of a block.
pub(super) const ROWS: usize = 128;
/// A number of each row, in double precision.
pub(super) type Lane = [f64; ROWS];
/// A number of each row, as networks have them.
pub(super) type Row = [f32; ROWS];

/// All rows of a block 0.
pub(super) const ZERO: Lane = [0.0; ROWS];

/// A row of a matrix that is [`ROWS`] wide.
#[inline(always)]
pub(super) fn row(matrix: &Matrix, at: usize) -> &Row {
    matrix.row(at).try_into().expect("matrices of passes are a block wide")
}

/// As [`row`], to be written.
#[inline(always)]
pub(super) fn row_mut(matrix: &mut Matrix, at: usize) -> &mut Row {
    matrix.row_mut(at).try_into().expect("matrices of passes are a block wide")
}

/// Functions that are compiled for the widest registers too, and run there where this machine has
/// them. What they call has to be inlined into them.
macro_rules! widest {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block)+) => {
        $(
            $(#[$doc])*
            #[allow(unsafe_code, reason = "the features are there where they are called")]
            pub(super) fn $name($($argument: $type),*) {
                #[inline(always)]
                fn body($($argument: $type),*) $body

                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
                    fn avx512($($argument: $type),*) {
                        body($($argument),*)
                    }
                    #[target_feature(enable = "avx2")]
                    fn avx2($($argument: $type),*) {
                        body($($argument),*)
                    }
                    let has = |features: [bool; 4]| features == [true; 4];
                    if has([
                        is_x86_feature_detected!("avx512f"),
                        is_x86_feature_detected!("avx512dq"),
                        is_x86_feature_detected!("avx512vl"),
                        is_x86_feature_detected!("avx512bw"),
                    ]) {
                        // SAFETY: the features are there.
                        return unsafe { avx512($($argument),*) };
                    }
                    if is_x86_feature_detected!("avx2") {
                        // SAFETY: the feature is there.
                        return unsafe { avx2($($argument),*) };
                    }
                }
                body($($argument),*)
            }
        )+
    };
}
pub(super) use widest;

/// `e^x`, to 13 digits; from `e^-708` to `e^709`.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    // ln 2 in two parts: whole multiples of the first are exact.
    const HIGH: f64 = 6.931_471_803_691_238_2e-1;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    // Added to a number it leaves the nearest whole one in the last bits.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let x = if x > 709.0 { 709.0 } else { x };
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = x - n * HIGH - n * LOW;
    let mut sum = 1.0 / 39_916_800.0;
    for factor in [3_628_800.0, 362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0] {
        sum = sum * r + 1.0 / factor;
    }
    sum = (sum * r + 1.0) * r + 1.0;
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// `ln x`, to 13 digits, for normal numbers; negative infinity of 0.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    const HALF_ROOT: u64 = 0x3fe6_a09e_667f_3bcd; // sqrt(1/2)
    const BIAS: u64 = 1023 << 52;
    // x = m 2^k with m from sqrt(1/2) to sqrt 2.
    let bits = x.to_bits();
    let k = bits.wrapping_sub(HALF_ROOT).wrapping_add(BIAS) >> 52; // k + 1023
    let m = f64::from_bits(bits.wrapping_sub(k << 52).wrapping_add(BIAS));
    let k = f64::from_bits(k | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 1.0 / 17.0;
    for odd in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sum = sum * square + 1.0 / odd;
    }
    let ln = k * std::f64::consts::LN_2 + 2.0 * s * (sum * square + 1.0);
    let ends = if x == 0.0 { f64::NEG_INFINITY } else { x + f64::NAN };
    let ln = if x > 0.0 { ln } else { ends };
    if x == f64::INFINITY { x } else { ln }
}

/// `x / (1 + |x / limit|)`: the identity near 0, never beyond the limit.
#[inline(always)]
pub(super) fn soft_limit(x: f64, limit: f64) -> f64 {
    x / ((x / limit).abs() + 1.0)
}

/// The slope of [`soft_limit`].
#[inline(always)]
pub(super) fn soft_limit_slope(x: f64, limit: f64) -> f64 {
    let size = (x / limit).abs() + 1.0;
    1.0 / (size * size)
}

/// The larger of the two, a number that is none staying what it is.
#[inline(always)]
pub(super) fn at_least(x: f64, least: f64) -> f64 {
    if x < least { least } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_thirteen_digits() {
        let numbers = (-6980..6980).map(|i| f64::from(i) * 0.1013);
        for x in numbers.clone().chain([0.0, 1e-300, -1e-10]) {
            let (got, expected) = (exp(x), x.exp());
            assert!((got / expected - 1.0).abs() < 1e-13, "exp {x}: {got} {expected}");
        }
        for x in numbers {
            let x = x.exp();
            let (got, expected) = (ln(x), x.ln());
            assert!((got - expected).abs() < 1e-13 * expected.abs().max(1.0), "ln {x}");
        }
    }

    #[test]
    fn ends_are_those_of_the_functions() {
        assert!(exp(f64::NAN).is_nan() && exp(f64::NEG_INFINITY) < 1e-300);
        assert!(exp(f64::INFINITY) > 1e300);
        assert!(ln(f64::NAN).is_nan() && ln(-1.0).is_nan());
        assert_eq!([ln(0.0), ln(f64::INFINITY)], [f64::NEG_INFINITY, f64::INFINITY]);
        assert!(at_least(f64::NAN, 1.0).is_nan() && at_least(0.0, 1.0) == 1.0);
    }
}
