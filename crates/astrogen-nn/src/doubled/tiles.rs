//! Tiles of maps: where their pixels are, and their transforms.

#![allow(unsafe_code, reason = "registers are those of the machine, which the caller knows")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use super::filter::{Ends, OUTPUTS, POINTS, inputs};
use super::shape::DoubledShape;
use crate::kernel::{LANES, Lanes};
use crate::strided::filter::{OutputAdjoint, along_both};

/// A tile's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    image: usize,
    /// Among the tiles of its image.
    row: usize,
    column: usize,
}

impl Place {
    /// That of the tile with this number.
    #[inline(always)]
    pub(super) fn of(tile: usize, [down, across]: [usize; 2]) -> Self {
        let (image, rest) = (tile / (down * across), tile % (down * across));
        Self { image, row: rest / across, column: rest % across }
    }

    /// The ends of both axes that it lies at.
    #[inline(always)]
    pub(super) fn ends(self, [down, across]: [usize; 2]) -> [Ends; 2] {
        [(self.row, down), (self.column, across)]
            .map(|(at, tiles)| Ends { first: at == 0, last: at + 1 == tiles })
    }

    /// Where its sixteen small pixels begin, the map continued by its border.
    #[inline(always)]
    pub(super) fn small(self, shape: &DoubledShape) -> [[usize; OUTPUTS]; OUTPUTS] {
        let along = |at: usize, side: usize| {
            let mut places = [0; OUTPUTS];
            for (i, place) in places.iter_mut().enumerate() {
                *place = (2 * at + i).saturating_sub(1).min(side - 1);
            }
            places
        };
        let (rows, columns) = (along(self.row, shape.height), along(self.column, shape.width));
        let mut pixels = [[0; OUTPUTS]; OUTPUTS];
        for i in 0..OUTPUTS {
            for j in 0..OUTPUTS {
                let row = self.image * shape.height + rows[i];
                pixels[i][j] = (row * shape.width + columns[j]) * shape.inputs;
            }
        }
        pixels
    }

    /// Where the first of its sixteen large pixels begins, and the way to the next row and column.
    #[inline(always)]
    pub(super) fn large(self, shape: &DoubledShape) -> (usize, [usize; 2]) {
        let (row, column) = (OUTPUTS * self.row, OUTPUTS * self.column);
        let pixel = (self.image * 2 * shape.height + row) * 2 * shape.width + column;
        (pixel * shape.outputs, [2 * shape.width * shape.outputs, shape.outputs])
    }
}

/// The transform of a tile's small pixels, each point's `step` numbers behind the one before.
///
/// # Safety
/// That of [`Lanes`], for all channels of all pixels and points.
#[inline(always)]
pub(super) unsafe fn small_tile<L: Lanes>(
    shape: &DoubledShape,
    place: Place,
    x: *const f32,
    to: *mut f32,
    step: usize,
) {
    let (pixels, ends) = (place.small(shape), place.ends(shape.tiles()));
    for channel in (0..shape.inputs).step_by(LANES) {
        // SAFETY: the caller's.
        unsafe {
            let mut square = [[L::splat(0.0); OUTPUTS]; OUTPUTS];
            for i in 0..OUTPUTS {
                for j in 0..OUTPUTS {
                    square[i][j] = L::load(x.add(pixels[i][j] + channel));
                }
            }
            store(inputs(square, ends), to.add(channel), step);
        }
    }
}

/// The transform of a tile's large pixels, as [`small_tile`].
///
/// # Safety
/// That of [`small_tile`].
#[inline(always)]
pub(super) unsafe fn large_tile<L: Lanes>(
    shape: &DoubledShape,
    place: Place,
    y: *const f32,
    to: *mut f32,
    step: usize,
) {
    let (corner, [down, across]) = place.large(shape);
    for channel in (0..shape.outputs).step_by(LANES) {
        // SAFETY: the caller's.
        unsafe {
            let mut square = [[L::splat(0.0); OUTPUTS]; OUTPUTS];
            for i in 0..OUTPUTS {
                for j in 0..OUTPUTS {
                    square[i][j] = L::load(y.add(corner + i * down + j * across + channel));
                }
            }
            let points = along_both::<OutputAdjoint, L, OUTPUTS, POINTS>(square);
            store(points, to.add(channel), step);
        }
    }
}

/// Points from where they stand, so many numbers apart.
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
pub(super) unsafe fn load<L: Lanes>(from: *const f32, step: usize) -> [[L; POINTS]; POINTS] {
    // SAFETY: the caller's.
    unsafe {
        let mut points = [[L::splat(0.0); POINTS]; POINTS];
        for i in 0..POINTS {
            for j in 0..POINTS {
                points[i][j] = L::load(from.add((i * POINTS + j) * step));
            }
        }
        points
    }
}

/// Stores points so many numbers apart.
///
/// # Safety
/// That of [`Lanes`].
#[inline(always)]
pub(super) unsafe fn store<L: Lanes>(points: [[L; POINTS]; POINTS], to: *mut f32, step: usize) {
    for i in 0..POINTS {
        for j in 0..POINTS {
            // SAFETY: the caller's.
            unsafe { points[i][j].store(to.add((i * POINTS + j) * step)) };
        }
    }
}
