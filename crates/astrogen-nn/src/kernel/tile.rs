//! A tile of a product, whose numbers stay in registers while the sums run.

#![allow(unsafe_code, reason = "bounds are checked once per product, not once per number")]

use super::{Kernel, LANES, Lanes, on_widest};

/// Rows of a tile.
pub(super) const ROWS: usize = 6;

/// A part of a product: where its corners are.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) depth: usize,
    pub(crate) a: *const f32,
    pub(crate) a_row: usize,
    pub(crate) a_step: usize,
    pub(crate) b: *const f32,
    pub(crate) b_step: usize,
    /// Where the sums start, and the way to the next row of it.
    pub(crate) start: Option<(*const f32, usize)>,
    /// Where signs are, rows as far apart as those of `c`.
    pub(crate) sign: Option<*const f32>,
    pub(crate) slope: f32,
    pub(crate) c: *mut f32,
    pub(crate) stride: usize,
}

impl Tile {
    /// The tile so many rows further down.
    #[inline(always)]
    fn down(mut self, rows: usize) -> Self {
        self.a = self.a.wrapping_add(rows * self.a_row);
        self.start = self.start.map(|(at, stride)| (at.wrapping_add(rows * stride), stride));
        self.sign = self.sign.map(|sign| sign.wrapping_add(rows * self.stride));
        self.c = self.c.wrapping_add(rows * self.stride);
        self
    }

    /// The tile so many registers further to the right.
    #[inline(always)]
    fn right(mut self, registers: usize) -> Self {
        let numbers = registers * LANES;
        self.b = self.b.wrapping_add(numbers);
        self.start = self.start.map(|(at, stride)| (at.wrapping_add(numbers), stride));
        self.sign = self.sign.map(|sign| sign.wrapping_add(numbers));
        self.c = self.c.wrapping_add(numbers);
        self
    }

    /// Computes a tile of `R` rows, `V` registers across.
    #[inline(always)]
    unsafe fn compute<L: Lanes, const R: usize, const V: usize>(self) {
        // SAFETY: the caller's tile lies within the matrices, on a machine with `L`'s features.
        unsafe {
            let mut sums = [[L::splat(0.0); V]; R];
            if let Some((start, stride)) = self.start {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = L::load(start.add(r * stride + v * LANES));
                    }
                }
            }
            for k in 0..self.depth {
                let mut b = [L::splat(0.0); V];
                for (v, b) in b.iter_mut().enumerate() {
                    *b = L::load(self.b.add(k * self.b_step + v * LANES));
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let a = L::splat(*self.a.add(r * self.a_row + k * self.a_step));
                    for (sum, &b) in sums.iter_mut().zip(&b) {
                        *sum = a.mul_add(b, *sum);
                    }
                }
            }
            for (r, sums) in sums.into_iter().enumerate() {
                for (v, mut sum) in sums.into_iter().enumerate() {
                    let at = r * self.stride + v * LANES;
                    if self.slope != 1.0 {
                        let sign = self.sign.map_or(sum, |sign| L::load(sign.add(at)));
                        sum = sum.bend(sign, self.slope);
                    }
                    sum.store(self.c.add(at));
                }
            }
        }
    }

    /// Computes all `rows` of a product, `V` registers across.
    #[inline(always)]
    unsafe fn column<L: Lanes, const V: usize>(mut self, mut rows: usize) {
        while rows > 0 {
            let now = share(rows, ROWS);
            // SAFETY: as for `compute`.
            unsafe {
                match now {
                    6 => self.compute::<L, 6, V>(),
                    5 => self.compute::<L, 5, V>(),
                    4 => self.compute::<L, 4, V>(),
                    3 => self.compute::<L, 3, V>(),
                    2 => self.compute::<L, 2, V>(),
                    _ => self.compute::<L, 1, V>(),
                }
            }
            rows -= now;
            self = self.down(now);
        }
    }

    /// Computes a product of so many rows, and registers across.
    ///
    /// # Safety
    /// That of [`Lanes`]; all numbers of all matrices are there.
    #[inline(always)]
    pub(crate) unsafe fn whole<L: Lanes>(mut self, rows: usize, mut across: usize) {
        while across > 0 {
            let now = share(across, L::ACROSS);
            // SAFETY: as for `compute`.
            unsafe {
                match now {
                    4 => self.column::<L, 4>(rows),
                    3 => self.column::<L, 3>(rows),
                    2 => self.column::<L, 2>(rows),
                    _ => self.column::<L, 1>(rows),
                }
            }
            across -= now;
            self = self.right(now);
        }
    }
}

/// The first of as few tiles as there can be, all about as large: small ones leave registers empty.
#[inline(always)]
fn share(all: usize, most: usize) -> usize {
    all.div_ceil(all.div_ceil(most))
}

/// A product of so many rows, and registers across.
struct Whole(Tile, usize, usize);

impl Kernel for Whole {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self(tile, rows, across) = self;
        // SAFETY: the caller's.
        unsafe { tile.whole::<L>(rows, across) }
    }
}

impl Tile {
    /// Computes a product with the widest registers of this machine.
    ///
    /// # Safety
    /// All numbers of all matrices are there.
    pub(crate) unsafe fn run(self, rows: usize, across: usize) {
        on_widest(Whole(self, rows, across));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::Matrix;
    use crate::kernel::on_each;

    #[test]
    fn registers_of_every_machine_give_the_same_products() {
        let (m, k, n) = (23, 70, 79);
        // Small whole numbers, whose sums are exact in any order.
        let numbers = |rows: usize, width: usize| {
            let values = (0..rows * width).map(|i| ((i * 37 + 11) % 15) as f32 - 7.0);
            Matrix::from_columns(&values.collect::<Vec<_>>(), width, 0, width)
        };
        let (a, b) = (numbers(m, k), numbers(k, n));
        let mut c = Matrix::zeros(m, n);
        let tile = Tile {
            depth: k,
            a: a.tail(0).as_ptr(),
            a_row: a.stride(),
            a_step: 1,
            b: b.tail(0).as_ptr(),
            b_step: b.stride(),
            start: None,
            sign: None,
            slope: 0.25,
            stride: c.stride(),
            c: c.tail_mut(0).as_mut_ptr(),
        };
        struct Checked<'a>(Whole, &'a dyn Fn());
        impl Kernel for Checked<'_> {
            unsafe fn run<L: Lanes>(self) {
                // SAFETY: the caller's; all three matrices have the sizes the tile says.
                unsafe { self.0.run::<L>() };
                self.1();
            }
        }
        let check = || {
            for i in 0..m {
                for j in 0..n {
                    let sum: f32 = (0..k).map(|k| a.row(i)[k] * b.row(k)[j]).sum();
                    // SAFETY: a number of the product.
                    let got = unsafe { *tile.c.add(i * tile.stride + j) };
                    assert_eq!(got, if sum > 0.0 { sum } else { sum * 0.25 }, "{i}, {j}");
                }
            }
        };
        on_each(|| Checked(Whole(tile, m, n.div_ceil(LANES)), &check));
    }
}
