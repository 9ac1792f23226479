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
    /// `self` where `sign` is above zero, `self * slope` elsewhere.
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
            self.0[i] *= if sign.0[i] > 0.0 { 1.0 } else { slope };
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
    pub(in crate::tabular::dense) struct Avx512(__m512);

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
                let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign.0, _mm512_setzero_ps());
                let bent = _mm512_mul_ps(self.0, _mm512_set1_ps(slope));
                Self(_mm512_mask_blend_ps(above, bent, self.0))
            }
        }
    }

    /// Machines with `avx2` and `fma`.
    #[derive(Clone, Copy)]
    pub(in crate::tabular::dense) struct Avx2([__m256; 2]);

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
                let above = _mm256_cmp_ps::<_CMP_GT_OQ>(sign.0[i], _mm256_setzero_ps());
                let bent = _mm256_mul_ps(self.0[i], _mm256_set1_ps(slope));
                _mm256_blendv_ps(bent, self.0[i], above)
            };
            Self([half(0), half(1)])
        }
    }
}
