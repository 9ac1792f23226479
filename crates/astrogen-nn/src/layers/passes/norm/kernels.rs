//! What is done with some rows.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use super::ROWS;
use crate::kernel::{Kernel, LANES, Lanes, on_threads, on_widest};

/// Registers of channels that are summed side by side.
const ACROSS: usize = 4;

/// Noise of some rows.
#[derive(Clone, Copy)]
pub(super) struct PartNoise<'a> {
    pub(super) values: &'a [f32],
    pub(super) weight: &'a [f32],
}

/// Mean and biased variance of each channel of rows.
pub(super) fn moments(x: &[f32], channels: usize) -> [Vec<f64>; 2] {
    let parts: Vec<&[f32]> = x.chunks(ROWS * channels).collect();
    let mut sums = vec![0.0f32; parts.len() * 2 * channels];
    let jobs = parts.iter().zip(sums.chunks_exact_mut(2 * channels));
    on_threads(jobs.collect(), |(&x, sums)| on_widest(Moments { x, sums }));
    let (mut count, mut mean, mut squares) = (0.0, vec![0.0; channels], vec![0.0; channels]);
    for (x, sums) in parts.iter().zip(sums.chunks_exact(2 * channels)) {
        let rows = (x.len() / channels) as f64;
        let all = count + rows;
        for c in 0..channels {
            let (sum, square) = (f64::from(sums[c]), f64::from(sums[channels + c]));
            // About the part's own mean, and joined to those before (Chan, Golub and LeVeque 1983).
            let own = f64::from(x[c]) + sum / rows;
            let apart = own - mean[c];
            squares[c] += square - sum * sum / rows + apart * apart * count * rows / all;
            mean[c] += apart * rows / all;
        }
        count = all;
    }
    // Rounding may leave less than nothing. What is not a number stays so, which `max` would not have.
    let variance = |square: f64| if square < 0.0 { 0.0 } else { square / count };
    [mean, squares.into_iter().map(variance).collect()]
}

/// Sums over rows of what is apart from the first, and of its squares.
struct Moments<'a> {
    x: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Moments<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let channels = self.sums.len() / 2;
        let mut first = 0;
        while first < channels {
            let across = ACROSS.min((channels - first) / LANES);
            // SAFETY: the machine's features are the caller's; so many channels of each row.
            unsafe {
                match across {
                    4 => self.columns::<L, 4>(first, channels),
                    3 => self.columns::<L, 3>(first, channels),
                    2 => self.columns::<L, 2>(first, channels),
                    _ => self.columns::<L, 1>(first, channels),
                }
            }
            first += across * LANES;
        }
    }
}

impl Moments<'_> {
    #[inline(always)]
    unsafe fn columns<L: Lanes, const V: usize>(&mut self, first: usize, channels: usize) {
        // SAFETY: the caller's.
        unsafe {
            let from = self.x.as_ptr().add(first);
            let zero = L::splat(0.0);
            let (mut about, mut sums, mut squares) = ([zero; V], [zero; V], [zero; V]);
            for v in 0..V {
                about[v] = L::load(from.add(v * LANES));
            }
            for row in 0..self.x.len() / channels {
                for v in 0..V {
                    let apart = L::load(from.add(row * channels + v * LANES)).sub(about[v]);
                    sums[v] = sums[v].add(apart);
                    squares[v] = apart.mul_add(apart, squares[v]);
                }
            }
            let to = self.sums.as_mut_ptr().add(first);
            for v in 0..V {
                sums[v].store(to.add(v * LANES));
                squares[v].store(to.add(channels + v * LANES));
            }
        }
    }
}

/// The way forward of some rows.
pub(super) struct Forward<'a> {
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    pub(super) mean: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) noise: Option<PartNoise<'a>>,
    pub(super) slope: f32,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.mean.len();
        let rows = self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels));
        for (row, (x, y)) in rows.enumerate() {
            for c in (0..channels).step_by(LANES) {
                // SAFETY: the machine's features are the caller's; channels come in sixteens.
                unsafe {
                    let at = |from: &[f32]| L::load(from.as_ptr().add(c));
                    let apart = at(x).sub(at(self.mean));
                    let sum = with_noise(self.noise, row, c, at(self.bias));
                    let sum = apart.mul_add(at(self.scale), sum);
                    sum.bend(sum, self.slope).store(y.as_mut_ptr().add(c));
                }
            }
        }
    }
}

/// A row's noise in sixteen channels added to what is there.
///
/// # Safety
/// That of [`Lanes`], for these channels of the weight.
#[inline(always)]
unsafe fn with_noise<L: Lanes>(noise: Option<PartNoise>, row: usize, c: usize, to: L) -> L {
    let Some(PartNoise { values, weight }) = noise else { return to };
    // SAFETY: the caller's.
    unsafe { L::splat(values[row]).mul_add(L::load(weight.as_ptr().add(c)), to) }
}

/// What is known of each channel.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a> {
    pub(super) mean: &'a [f32],
    pub(super) inverse: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) slope: f32,
}

impl Channels<'_> {
    /// Sixteen channels' normalised inputs, and the signal in front of the bend.
    ///
    /// # Safety
    /// That of [`Lanes`], for these channels of the rows.
    #[inline(always)]
    unsafe fn bent<L: Lanes>(
        &self,
        x: &[f32],
        g: &[f32],
        noise: (Option<PartNoise>, usize),
        c: usize,
    ) -> [L; 2] {
        // SAFETY: the caller's.
        unsafe {
            let at = |from: &[f32]| L::load(from.as_ptr().add(c));
            let apart = at(x).sub(at(self.mean));
            let normalised = apart.mul(at(self.inverse));
            // As forward, so that the sign is the same.
            let scale = at(self.weight).mul(at(self.inverse));
            let sum = with_noise(noise.0, noise.1, c, at(self.bias));
            let sum = apart.mul_add(scale, sum);
            [normalised, at(g).bend(sum, self.slope)]
        }
    }
}

/// Sums over rows of signals, of signals times normalised inputs, and of signals times noise.
pub(super) struct Sums<'a> {
    pub(super) x: &'a [f32],
    pub(super) g: &'a [f32],
    pub(super) of: Channels<'a>,
    pub(super) noise: Option<PartNoise<'a>>,
    pub(super) sums: &'a mut [f32],
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.of.mean.len();
        for c in (0..channels).step_by(LANES) {
            // SAFETY: the machine's features are the caller's; channels come in sixteens.
            unsafe {
                let mut sums = [L::splat(0.0); 3];
                let rows = self.x.chunks_exact(channels).zip(self.g.chunks_exact(channels));
                for (row, (x, g)) in rows.enumerate() {
                    let [normalised, signal] = self.of.bent::<L>(x, g, (self.noise, row), c);
                    sums[0] = sums[0].add(signal);
                    sums[1] = signal.mul_add(normalised, sums[1]);
                    if let Some(PartNoise { values, .. }) = self.noise {
                        sums[2] = signal.mul_add(L::splat(values[row]), sums[2]);
                    }
                }
                let kinds = self.sums.len() / channels;
                for (kind, sum) in sums.into_iter().enumerate().take(kinds) {
                    sum.store(self.sums.as_mut_ptr().add(kind * channels + c));
                }
            }
        }
    }
}

/// The way back of some rows, where signals, and signals times normalised inputs, have these means.
pub(super) struct Backward<'a> {
    pub(super) x: &'a [f32],
    pub(super) g: &'a [f32],
    pub(super) of: Channels<'a>,
    pub(super) noise: Option<PartNoise<'a>>,
    pub(super) means: &'a [f32],
    pub(super) to: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.of.mean.len();
        let rows = self.x.chunks_exact(channels).zip(self.g.chunks_exact(channels));
        for (row, ((x, g), to)) in rows.zip(self.to.chunks_exact_mut(channels)).enumerate() {
            for c in (0..channels).step_by(LANES) {
                // SAFETY: the machine's features are the caller's; channels come in sixteens.
                unsafe {
                    let [normalised, signal] = self.of.bent::<L>(x, g, (self.noise, row), c);
                    let at = |from: &[f32]| L::load(from.as_ptr().add(c));
                    let scale = at(self.of.weight).mul(at(self.of.inverse));
                    let along = normalised.mul(at(&self.means[channels..]));
                    let apart = signal.sub(at(self.means)).sub(along);
                    apart.mul(scale).store(to.as_mut_ptr().add(c));
                }
            }
        }
    }
}
