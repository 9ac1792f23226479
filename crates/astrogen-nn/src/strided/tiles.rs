//! Tiles of maps: where their pixels are, and their transforms.

#![allow(unsafe_code, reason = "registers are those of the machine, which the caller knows")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use std::ops::Range;

use super::filter::{Input, Transform, along_both};
use super::shape::Variant;
use crate::kernel::{LANES, Lanes};

/// A tile's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) image: usize,
    /// Of its first output, among the small map's.
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Place {
    /// That of the tile with this number.
    #[inline(always)]
    pub(super) fn of(tile: usize, [down, across]: [usize; 2], variant: Variant) -> Self {
        let (image, rest) = (tile / (down * across), tile % (down * across));
        let size = variant.outputs();
        Self { image, row: rest / across * size, column: rest % across * size }
    }
}

/// A map whose pixels are looked up, zeros beyond its border.
#[derive(Clone, Copy)]
pub(super) struct Map {
    pub(super) data: *const f32,
    pub(super) zeros: *const f32,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Map {
    /// The first channel of a pixel.
    #[inline(always)]
    pub(super) fn pixel(&self, image: usize, row: isize, column: isize) -> *const f32 {
        let inside = |at: isize, side: usize| at >= 0 && (at as usize) < side;
        if !inside(row, self.height) || !inside(column, self.width) {
            return self.zeros;
        }
        let pixel = (image * self.height + row as usize) * self.width + column as usize;
        self.data.wrapping_add(pixel * self.channels)
    }
}

/// `B^T d B` of some channels of a tile whose pixels are these, each point's `step` numbers behind the
/// one before.
///
/// # Safety
/// That of [`Lanes`], for all channels of all pixels and points.
#[inline(always)]
unsafe fn input<L: Lanes, const A: usize>(
    pixels: &[[*const f32; A]; A],
    channels: Range<usize>,
    to: *mut f32,
    step: usize,
) where
    Input: Transform<A, A>,
{
    for channel in channels.step_by(LANES) {
        // SAFETY: the caller's.
        unsafe {
            let mut square = [[L::splat(0.0); A]; A];
            for i in 0..A {
                for j in 0..A {
                    square[i][j] = L::load(pixels[i][j].add(channel));
                }
            }
            let points = along_both::<Input, L, A, A>(square);
            for i in 0..A {
                for j in 0..A {
                    points[i][j].store(to.add((i * A + j) * step + channel));
                }
            }
        }
    }
}

/// The inputs' transforms of a tile of large maps, in some columns: four phases, each the pixels of one
/// parity, one behind the other.
///
/// # Safety
/// That of [`Lanes`], for these columns of all points.
#[inline(always)]
pub(super) unsafe fn large_tile<L: Lanes, const A: usize>(
    map: &Map,
    place: Place,
    columns: Range<usize>,
    to: *mut f32,
    step: usize,
) where
    Input: Transform<A, A>,
{
    let mut column = columns.start;
    while column < columns.end {
        let (phase, first) = (column / map.channels, column % map.channels);
        let channels = first..map.channels.min(first + columns.end - column);
        let corner = [(place.row, phase / 2), (place.column, phase % 2)]
            .map(|(at, parity)| 2 * at as isize + parity as isize - 1);
        let pixels = pixels::<A>(map, place.image, corner, 2);
        column += channels.len();
        // SAFETY: the caller's.
        unsafe { input::<L, A>(&pixels, channels, to.wrapping_add(phase * map.channels), step) };
    }
}

/// The inputs' transform of a tile of small maps, for one phase of the large ones.
///
/// # Safety
/// That of [`Lanes`], for the channels of all points.
#[inline(always)]
pub(super) unsafe fn small_tile<L: Lanes, const A: usize>(
    map: &Map,
    place: Place,
    phase: usize,
    to: *mut f32,
    step: usize,
) where
    Input: Transform<A, A>,
{
    let corner = [(place.row, phase / 2), (place.column, phase % 2)]
        .map(|(at, parity)| at as isize - parity as isize);
    let pixels = pixels::<A>(map, place.image, corner, 1);
    // SAFETY: the caller's.
    unsafe { input::<L, A>(&pixels, 0..map.channels, to, step) };
}

/// The pixels of a square that begins at a corner, so far apart.
#[inline(always)]
pub(super) fn pixels<const A: usize>(
    map: &Map,
    image: usize,
    [row, column]: [isize; 2],
    apart: isize,
) -> [[*const f32; A]; A] {
    let mut pixels = [[map.zeros; A]; A];
    for (i, pixels) in (0..).zip(&mut pixels) {
        for (j, pixel) in (0..).zip(pixels) {
            *pixel = map.pixel(image, row + apart * i, column + apart * j);
        }
    }
    pixels
}
