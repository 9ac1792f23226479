//! Sixteen numbers side by side, as the widest registers of each machine hold them.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]

/// Numbers in a [`Lanes`].
pub(super) const LANES: usize = 16;

/// Sixteen numbers on which every operation works at once.
///
/// # Safety
/// The methods may only be called, inlined or not, on a machine that has the features the
/// implementation names, and pointers must be valid for [`LANES`] numbers.
pub(super) trait Lanes: Copy {
    /// How many of them, times [`ROWS`](super::tile::ROWS), fit into the registers.
    const ACROSS: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// `self * by + plus`
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self;
    /// `self * slope` where `sign` is not above zero, and 0 if the slope is, whatever the number;
    /// `self` elsewhere, and where `sign` is no number.
    unsafe fn bend(self, sign: Self, slope: f32) -> Self;
}

/// Any machine.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

impl Lanes for Portable {
    const ACROSS: usize = 1;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's pointer is valid for so many numbers.
        Self(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as for `load`.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) };
    }

    #[inline(always)]
    unsafe fn mul_add(mut self, by: Self, plus: Self) -> Self {
        for i in 0..LANES {
            self.0[i] = self.0[i] * by.0[i] + plus.0[i];
        }
        self
    }

    #[inline(always)]
    unsafe fn bend(mut self, sign: Self, slope: f32) -> Self {
        for i in 0..LANES {
            let bent = if slope == 0.0 { 0.0 } else { self.0[i] * slope };
            self.0[i] = if sign.0[i] <= 0.0 { bent } else { self.0[i] };
        }
        self
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::*;

    use super::Lanes;

    /// Machines with `avx512f`.
    #[derive(Clone, Copy)]
    pub(in crate::dense) struct Avx512(__m512);

    // SAFETY of all blocks: the trait's.
    impl Lanes for Avx512 {
        const ACROSS: usize = 4;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(unsafe { _mm512_set1_ps(value) })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm512_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, self.0) };
        }

        #[inline(always)]
        unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
            Self(unsafe { _mm512_fmadd_ps(self.0, by.0, plus.0) })
        }

        #[inline(always)]
        unsafe fn bend(self, sign: Self, slope: f32) -> Self {
            unsafe {
                let zero = _mm512_setzero_ps();
                let below = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(sign.0, zero);
                let bent =
                    if slope == 0.0 { zero } else { _mm512_mul_ps(self.0, _mm512_set1_ps(slope)) };
                Self(_mm512_mask_blend_ps(below, self.0, bent))
            }
        }
    }

    /// Machines with `avx2` and `fma`.
    #[derive(Clone, Copy)]
    pub(in crate::dense) struct Avx2([__m256; 2]);

    // SAFETY of all blocks: the trait's.
    impl Lanes for Avx2 {
        const ACROSS: usize = 1;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(unsafe { [_mm256_set1_ps(value); 2] })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe {
                _mm256_storeu_ps(to, self.0[0]);
                _mm256_storeu_ps(to.add(8), self.0[1]);
            }
        }

        #[inline(always)]
        unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
            let half = |i: usize| unsafe { _mm256_fmadd_ps(self.0[i], by.0[i], plus.0[i]) };
            Self([half(0), half(1)])
        }

        #[inline(always)]
        unsafe fn bend(self, sign: Self, slope: f32) -> Self {
            let half = |i: usize| unsafe {
                let zero = _mm256_setzero_ps();
                let below = _mm256_cmp_ps::<_CMP_LE_OQ>(sign.0[i], zero);
                let bent = if slope == 0.0 {
                    zero
                } else {
                    _mm256_mul_ps(self.0[i], _mm256_set1_ps(slope))
                };
                _mm256_blendv_ps(self.0[i], bent, below)
            };
            Self([half(0), half(1)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number bent by the sign of another, in registers of a kind that this machine has.
    fn bent<L: Lanes>(value: f32, sign: f32, slope: f32) -> f32 {
        let mut numbers = [0.0; LANES];
        // SAFETY: the caller's machine has the registers, and the pointer so many numbers.
        unsafe { L::splat(value).bend(L::splat(sign), slope).store(numbers.as_mut_ptr()) };
        assert!(numbers.iter().all(|number| number.to_bits() == numbers[0].to_bits()));
        numbers[0]
    }

    fn bends_as_libtorch<L: Lanes>() {
        let infinity = f32::INFINITY;
        // Slope 0 takes a number's place, and is no factor: 0 times infinity is no number.
        for (value, sign, expected) in [
            (-infinity, -infinity, 0.0),
            (infinity, -1.0, 0.0),
            (infinity, 0.0, 0.0),
            (2.0, 1.0, 2.0),
        ] {
            assert_eq!(bent::<L>(value, sign, 0.0), expected, "{value}, {sign}");
        }
        assert_eq!(bent::<L>(-infinity, -infinity, 0.2), -infinity);
        assert_eq!(bent::<L>(-3.0, -3.0, 0.5), -1.5);
        assert_eq!(bent::<L>(-3.0, 1.0, 0.5), -3.0);
        for slope in [0.0, 0.2] {
            assert!(bent::<L>(f32::NAN, f32::NAN, slope).is_nan());
        }
    }

    #[test]
    fn registers_of_every_machine_bend_as_libtorch() {
        bends_as_libtorch::<Portable>();
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected;
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                bends_as_libtorch::<Avx2>();
            }
            if is_x86_feature_detected!("avx512f") {
                bends_as_libtorch::<Avx512>();
            }
        }
    }
}
