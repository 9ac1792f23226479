//! Numbers as any machine's registers, for tests of transforms.
#![allow(unsafe_code, reason = "registers are loaded and stored through raw pointers")]

use super::{LANES, Lanes, Portable};

pub(crate) fn number(value: f32) -> Portable {
    // SAFETY: any machine.
    unsafe { Portable::splat(value) }
}

pub(crate) fn value(number: Portable) -> f32 {
    let mut values = [0.0; LANES];
    // SAFETY: any machine, and so many numbers.
    unsafe { number.store(values.as_mut_ptr()) };
    values[0]
}

pub(crate) fn unit<const N: usize>(at: usize) -> [Portable; N] {
    std::array::from_fn(|i| number(if i == at { 1.0 } else { 0.0 }))
}

pub(crate) fn dot<const N: usize>(a: [Portable; N], b: [Portable; N]) -> f32 {
    a.into_iter().zip(b).map(|(a, b)| value(a) * value(b)).sum()
}
