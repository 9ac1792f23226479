//! Sixteen numbers side by side, as the widest registers of each machine hold them.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

/// Numbers in a [`Lanes`].
pub(crate) const LANES: usize = 16;

/// Sixteen numbers on which every operation works at once.
///
/// # Safety
/// The methods may only be called, inlined or not, on a machine that has the features the
/// implementation names, and pointers must be valid for [`LANES`] numbers.
pub(crate) trait Lanes: Copy {
    /// How many of them, times [`ROWS`](super::tile::ROWS), fit into the registers.
    const ACROSS: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `self * by + plus`
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self;
    /// `self * slope` where `sign` is not above zero, and 0 if the slope is, whatever the number;
    /// `self` elsewhere, and where `sign` is no number.
    unsafe fn bend(self, sign: Self, slope: f32) -> Self;
    /// Rows and columns of a square exchanged.
    unsafe fn transpose(square: &mut [Self; LANES]);
}

/// Work on registers of any kind.
pub(crate) trait Kernel {
    /// # Safety
    /// That of [`Lanes`].
    unsafe fn run<L: Lanes>(self);
}

/// Does work with the widest registers of this machine.
pub(crate) fn on_widest(kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected;
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature is there.
            return unsafe { x86_64::avx512(kernel) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features are there.
            return unsafe { x86_64::avx2(kernel) };
        }
    }
    // SAFETY: any machine has what this needs.
    unsafe { kernel.run::<Portable>() }
}

/// Does work with each kind of registers that this machine has.
#[cfg(test)]
pub(crate) fn on_each<K: Kernel>(kernel: impl Fn() -> K) {
    // SAFETY: any machine has what this needs.
    unsafe { kernel().run::<Portable>() };
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected;
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features are there.
            unsafe { x86_64::avx2(kernel()) };
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature is there.
            unsafe { x86_64::avx512(kernel()) };
        }
    }
}

/// [`Lanes::transpose`] a number at a time.
#[inline(always)]
unsafe fn transpose_numbers<L: Lanes>(square: &mut [L; LANES]) {
    let mut rows = [[0.0f32; LANES]; LANES];
    // SAFETY: the caller's, and rows have so many numbers.
    unsafe {
        for (row, numbers) in square.iter().zip(&mut rows) {
            row.store(numbers.as_mut_ptr());
        }
        for i in 0..LANES {
            for j in 0..i {
                (rows[i][j], rows[j][i]) = (rows[j][i], rows[i][j]);
            }
        }
        for (row, numbers) in square.iter_mut().zip(&rows) {
            *row = L::load(numbers.as_ptr());
        }
    }
}

/// Any machine.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; LANES]);

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
    unsafe fn add(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self.0[i] += other.0[i];
        }
        self
    }

    #[inline(always)]
    unsafe fn sub(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self.0[i] -= other.0[i];
        }
        self
    }

    #[inline(always)]
    unsafe fn mul(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self.0[i] *= other.0[i];
        }
        self
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

    #[inline(always)]
    unsafe fn transpose(square: &mut [Self; LANES]) {
        // SAFETY: the caller's.
        unsafe { transpose_numbers(square) };
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
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
                let bent = if slope == 0.0 {
                    zero
                } else {
                    _mm256_mul_ps(self.0[i], _mm256_set1_ps(slope))
                };
                _mm256_blendv_ps(self.0[i], bent, below)
            };
            Self([half(0), half(1)])
        }

        #[inline(always)]
        unsafe fn transpose(square: &mut [Self; LANES]) {
            unsafe { transpose_numbers(square) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number bent by the sign of another, in registers of a kind that this machine has.
    unsafe fn bent<L: Lanes>(value: f32, sign: f32, slope: f32) -> f32 {
        let mut numbers = [0.0; LANES];
        // SAFETY: the caller's machine has the registers, and the pointer so many numbers.
        unsafe { L::splat(value).bend(L::splat(sign), slope).store(numbers.as_mut_ptr()) };
        assert!(numbers.iter().all(|number| number.to_bits() == numbers[0].to_bits()));
        numbers[0]
    }

    struct Bends;

    impl Kernel for Bends {
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: the caller's.
            let bent = |value, sign, slope| unsafe { bent::<L>(value, sign, slope) };
            let infinity = f32::INFINITY;
            // Slope 0 takes a number's place, and is no factor: 0 times infinity is no number.
            for (value, sign, expected) in [
                (-infinity, -infinity, 0.0),
                (infinity, -1.0, 0.0),
                (infinity, 0.0, 0.0),
                (2.0, 1.0, 2.0),
            ] {
                assert_eq!(bent(value, sign, 0.0), expected, "{value}, {sign}");
            }
            assert_eq!(bent(-infinity, -infinity, 0.2), -infinity);
            assert_eq!(bent(-3.0, -3.0, 0.5), -1.5);
            assert_eq!(bent(-3.0, 1.0, 0.5), -3.0);
            for slope in [0.0, 0.2] {
                assert!(bent(f32::NAN, f32::NAN, slope).is_nan());
            }
        }
    }

    #[test]
    fn registers_of_every_machine_bend_as_libtorch() {
        on_each(|| Bends);
    }

    struct Computes;

    impl Kernel for Computes {
        unsafe fn run<L: Lanes>(self) {
            let numbers: [f32; LANES * LANES] = std::array::from_fn(|i| i as f32);
            // SAFETY: the caller's; all pointers have so many numbers.
            unsafe {
                let mut square: [L; LANES] =
                    std::array::from_fn(|i| L::load(numbers[i * LANES..].as_ptr()));
                let (a, b) = (square[1], square[3]);
                L::transpose(&mut square);
                let mut row = [0.0; LANES];
                for (i, column) in square.into_iter().enumerate() {
                    column.store(row.as_mut_ptr());
                    let expected: [f32; LANES] = std::array::from_fn(|j| (j * LANES + i) as f32);
                    assert_eq!(row, expected);
                }
                for (got, expected) in [
                    (a.add(b), [16.0 + 48.0, 31.0 + 63.0]),
                    (a.sub(b), [16.0 - 48.0, 31.0 - 63.0]),
                    (a.mul(b), [16.0 * 48.0, 31.0 * 63.0]),
                    (a.mul_add(b, a), [16.0 * 49.0, 31.0 * 64.0]),
                ] {
                    got.store(row.as_mut_ptr());
                    assert_eq!([row[0], row[LANES - 1]], expected);
                }
            }
        }
    }

    #[test]
    fn registers_of_every_machine_compute_the_same() {
        on_each(|| Computes);
    }
}
