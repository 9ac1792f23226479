//! Numbers in memory as registers load them.

use bytemuck::{Pod, Zeroable};

use super::LANES;

/// Numbers in whole registers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Registers(Vec<Register>);

/// The numbers of a register, in one line of the cache: those across two take twice as long to
/// load.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
struct Register([f32; LANES]);

impl Registers {
    /// Enough for so many numbers, all zero.
    pub(crate) fn zeros(numbers: usize) -> Self {
        let mut zeros = Self::default();
        zeros.resize(numbers);
        zeros
    }

    /// Enough for so many numbers; those that stay are kept, others are zero.
    pub(crate) fn resize(&mut self, numbers: usize) {
        self.0.resize(numbers.div_ceil(LANES), Register::zeroed());
    }

    /// Whether there are just enough for so many numbers.
    pub(super) fn fits(&self, numbers: usize) -> bool {
        self.0.len() == numbers.div_ceil(LANES)
    }

    pub(crate) fn numbers(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn numbers_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}
