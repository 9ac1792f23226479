//! The registers of x86-64.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]

use std::arch::x86_64::*;

use super::{Kernel, LANES, Lanes, transpose_numbers};

#[target_feature(enable = "avx512f")]
pub(super) unsafe fn avx512(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx512>() }
}

#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx2>() }
}

/// Machines with `avx512f`.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

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
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
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

    #[inline(always)]
    unsafe fn transpose(rows: &mut [Self; LANES]) {
        unsafe {
            // Pairs of rows, then of pairs, each within quarters of a register ...
            let mut pairs = [_mm512_setzero_ps(); 16];
            for i in 0..8 {
                pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i].0, rows[2 * i + 1].0);
                pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i].0, rows[2 * i + 1].0);
            }
            let mut fours = [_mm512_setzero_ps(); 16];
            for i in 0..4 {
                for half in 0..2 {
                    let [a, b] =
                        [4 * i + half, 4 * i + 2 + half].map(|at| _mm512_castps_pd(pairs[at]));
                    fours[4 * i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                    fours[4 * i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                }
            }
            // ... so that `fours[4 i + j]` holds columns j, j + 4, j + 8, j + 12 of rows 4 i to 4 i + 3.
            for j in 0..4 {
                let [a, b, c, d] = [0, 4, 8, 12].map(|i| fours[i + j]);
                let (low, lower) = (
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d),
                );
                let (high, higher) = (
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d),
                );
                let columns = [
                    (j, _mm512_shuffle_f32x4::<0b10_00_10_00>(low, lower)),
                    (j + 4, _mm512_shuffle_f32x4::<0b10_00_10_00>(high, higher)),
                    (j + 8, _mm512_shuffle_f32x4::<0b11_01_11_01>(low, lower)),
                    (j + 12, _mm512_shuffle_f32x4::<0b11_01_11_01>(high, higher)),
                ];
                for (row, column) in columns {
                    rows[row] = Self(column);
                }
            }
        }
    }
}

/// Machines with `avx2` and `fma`.
#[derive(Clone, Copy)]
pub(super) struct Avx2([__m256; 2]);

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
    unsafe fn add(self, other: Self) -> Self {
        let half = |i: usize| unsafe { _mm256_add_ps(self.0[i], other.0[i]) };
        Self([half(0), half(1)])
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        let half = |i: usize| unsafe { _mm256_sub_ps(self.0[i], other.0[i]) };
        Self([half(0), half(1)])
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        let half = |i: usize| unsafe { _mm256_mul_ps(self.0[i], other.0[i]) };
        Self([half(0), half(1)])
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
            let bent =
                if slope == 0.0 { zero } else { _mm256_mul_ps(self.0[i], _mm256_set1_ps(slope)) };
            _mm256_blendv_ps(self.0[i], bent, below)
        };
        Self([half(0), half(1)])
    }

    #[inline(always)]
    unsafe fn transpose(square: &mut [Self; LANES]) {
        unsafe { transpose_numbers(square) };
    }
}
