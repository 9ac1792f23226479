//! Sixteen numbers side by side, as the widest registers of each machine hold them.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

#[cfg(target_arch = "x86_64")]
mod x86_64;

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

/// Machines with registers of their own here.
#[cfg(any(test, target_arch = "x86_64"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Machine {
    #[cfg(test)]
    Any,
    Avx2,
    Avx512,
}

/// Whether what this machine has may be used: always, but for tests of what others do.
#[cfg(all(not(test), target_arch = "x86_64"))]
fn allows(_: Machine) -> bool {
    true
}

#[cfg(test)]
pub(crate) use limited::{allows, as_each};

/// Does work with the widest registers of this machine.
pub(crate) fn on_widest(kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected;
        if allows(Machine::Avx512) && is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature is there.
            return unsafe { x86_64::avx512(kernel) };
        }
        let is_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if allows(Machine::Avx2) && is_avx2 {
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

/// What machines do that have less than this one.
#[cfg(test)]
mod limited {
    use std::sync::{Mutex, PoisonError};

    use super::Machine;

    static BEST: Mutex<Machine> = Mutex::new(Machine::Avx512);

    /// Who limits all threads of the process.
    static TURN: Mutex<()> = Mutex::new(());

    pub(crate) fn allows(machine: Machine) -> bool {
        machine <= *BEST.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What some work gives on each machine, the best last.
    pub(crate) fn as_each<R>(work: impl Fn() -> R) -> Vec<(Machine, R)> {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let on = |machine| {
            *BEST.lock().unwrap_or_else(PoisonError::into_inner) = machine;
            (machine, work())
        };
        [Machine::Any, Machine::Avx2, Machine::Avx512].map(on).into()
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
