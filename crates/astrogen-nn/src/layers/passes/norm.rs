//! Batch normalisation and the bend behind it, each way in two passes over memory.
//!
//! ```text
//! forward    x^ = (x - mean) r,   r = 1 / sqrt(var + eps),   y = bend(w x^ + b + v z)
//! backward   g = dy where w x^ + b + v z > 0, else slope dy
//!            db = sum g,   dw = sum g x^,   dv = sum g z
//!            dx = w r (g - db / R - x^ dw / R)      R rows
//! ```
//!
//! `z` is noise, one number a row, or there is none.
//!
//! Rows are cut into parts by their number alone. Each part's sums are taken about its first row and
//! joined in double precision, in order, so that results do not depend on threads, and a mean that is
//! large beside the deviation costs no digits.

#![allow(unsafe_code, reason = "bounds are checked once per pass, not once per number")]
#![allow(clippy::needless_range_loop, reason = "places in a square are named by row and column")]

use tch::{Kind, Tensor};

use crate::BatchNorm;
use crate::batch_norm::{EPS, MOMENTUM};
use crate::kernel::{Kernel, LANES, Lanes, memory, memory_mut, on_threads, on_widest};

/// Rows of a part.
const ROWS: usize = 512;
/// Registers of channels that are summed side by side.
const ACROSS: usize = 4;

/// What the way back needs.
#[derive(Debug)]
pub(super) struct NormRecord {
    /// `[N, C, H, W]`, channels last.
    inputs: Tensor,
    /// Of each channel, and `1 / sqrt(var + eps)`.
    mean: Vec<f32>,
    inverse: Vec<f32>,
    noise: Option<Noise>,
}

/// Noise that is added: `z`, a number a row, and `v`, its weight in each channel.
#[derive(Debug)]
pub(super) struct Noise {
    values: Vec<f32>,
    weight: Vec<f32>,
}

impl Noise {
    /// Standard normal maps `[N, 1, H, W]` for maps `[N, C, H, W]`, from libtorch's generator.
    pub(super) fn draw(maps: &Tensor, weight: &Tensor) -> Self {
        let [n, _, h, w] = maps.size()[..] else { panic!("maps, got {maps:?}") };
        let values = Tensor::randn([n, 1, h, w], (Kind::Float, maps.device()));
        let [values, weight] = [&values, weight].map(|numbers| memory(numbers).to_vec());
        Self { values, weight }
    }

    /// Of a part's rows.
    fn part(noise: Option<&Self>, part: usize) -> Option<PartNoise<'_>> {
        noise.map(|Self { values, weight }| {
            let values = &values[part * ROWS..];
            PartNoise { values: &values[..ROWS.min(values.len())], weight }
        })
    }
}

/// Noise of some rows.
#[derive(Clone, Copy)]
struct PartNoise<'a> {
    values: &'a [f32],
    weight: &'a [f32],
}

/// What a pass back gives.
pub(super) struct NormGradients {
    pub(super) inputs: Tensor,
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
    /// Of the weight of noise, where there is some.
    pub(super) noise: Option<Tensor>,
}

/// What comes out, and what is kept.
pub(super) struct Normalised {
    pub(super) outputs: Tensor,
    pub(super) record: NormRecord,
}

impl BatchNorm {
    /// Whether its passes are here: channels come in sixteens.
    pub(super) fn has_passes(&self) -> bool {
        self.weight().size()[0] % LANES as i64 == 0
    }

    /// Of maps in train mode, with noise, bent; running statistics are updated.
    pub(super) fn forward_bent(
        &self,
        inputs: Tensor,
        noise: Option<Noise>,
        slope: f64,
    ) -> Normalised {
        let inputs = last(&inputs);
        let channels = self.weight().size()[0] as usize;
        let x = memory(&inputs);
        let rows = x.len() / channels;
        let [mean, var] = moments(x, channels);
        self.track(&mean, &var, rows);
        let inverse: Vec<f32> = var.iter().map(|&var| (1.0 / (var + EPS).sqrt()) as f32).collect();
        let mean: Vec<f32> = mean.into_iter().map(|mean| mean as f32).collect();
        let (weight, bias) = (memory(self.weight()), memory(self.bias()));
        let scale: Vec<f32> = weight.iter().zip(&inverse).map(|(w, r)| w * r).collect();
        let mut outputs = inputs.empty_like();
        let slope = slope as f32;
        let parts =
            x.chunks(ROWS * channels).zip(memory_mut(&mut outputs).chunks_mut(ROWS * channels));
        on_threads(parts.enumerate().collect(), |(part, (x, y))| {
            let noise = Noise::part(noise.as_ref(), part);
            on_widest(Forward { x, y, mean: &mean, scale: &scale, bias, noise, slope });
        });
        let outputs = outputs.permute([0, 3, 1, 2]);
        Normalised { outputs, record: NormRecord { inputs, mean, inverse, noise } }
    }

    /// The gradients of the inputs, of weight and bias, and of the weight of noise.
    pub(super) fn backward_bent(
        &self,
        record: &NormRecord,
        signal: &Tensor,
        slope: f64,
    ) -> NormGradients {
        let NormRecord { inputs, mean, inverse, noise } = record;
        let signal = last(signal);
        let (x, g) = (memory(inputs), memory(&signal));
        let channels = mean.len();
        let (weight, bias) = (memory(self.weight()), memory(self.bias()));
        let slope = slope as f32;
        let of = Channels { mean, inverse, weight, bias, slope };
        let parts: Vec<_> = x.chunks(ROWS * channels).zip(g.chunks(ROWS * channels)).collect();
        let kinds = if noise.is_some() { 3 } else { 2 };
        let mut sums = vec![0.0f32; parts.len() * kinds * channels];
        let jobs = parts.iter().zip(sums.chunks_exact_mut(kinds * channels)).enumerate();
        on_threads(jobs.collect(), |(part, (&(x, g), sums))| {
            let noise = Noise::part(noise.as_ref(), part);
            on_widest(Sums { x, g, of, noise, sums });
        });
        let mut total = vec![0.0f64; kinds * channels];
        for part in sums.chunks_exact(kinds * channels) {
            total.iter_mut().zip(part).for_each(|(total, &sum)| *total += f64::from(sum));
        }
        let rows = (x.len() / channels) as f64;
        let total: Vec<f32> = total.into_iter().map(|sum| sum as f32).collect();
        let means: Vec<f32> = total.iter().map(|&sum| (f64::from(sum) / rows) as f32).collect();
        let mut gradient = inputs.empty_like();
        let jobs = parts.into_iter().zip(memory_mut(&mut gradient).chunks_mut(ROWS * channels));
        on_threads(jobs.enumerate().collect(), |(part, ((x, g), to))| {
            let noise = Noise::part(noise.as_ref(), part);
            on_widest(Backward { x, g, of, noise, means: &means, to });
        });
        let of_kind = |kind: usize| Tensor::from_slice(&total[kind * channels..][..channels]);
        NormGradients {
            inputs: gradient.permute([0, 3, 1, 2]),
            weight: of_kind(1),
            bias: of_kind(0),
            noise: noise.as_ref().map(|_| of_kind(2)),
        }
    }

    /// Moves the running statistics towards a batch's, of so many rows.
    fn track(&self, mean: &[f64], var: &[f64], rows: usize) {
        let unbiased = rows as f64 / (rows as f64 - 1.0).max(1.0);
        let [mut running_mean, mut running_var] = self.running();
        let towards = |running: &mut Tensor, batch: &[f64], factor: f64| {
            for (running, &batch) in memory_mut(running).iter_mut().zip(batch) {
                let moved = (1.0 - MOMENTUM) * f64::from(*running) + MOMENTUM * factor * batch;
                *running = moved as f32;
            }
        };
        towards(&mut running_mean, mean, 1.0);
        towards(&mut running_var, var, unbiased);
        self.count_batch();
    }
}

/// Maps `[N, C, H, W]` as `[N, H, W, C]`.
fn last(maps: &Tensor) -> Tensor {
    maps.permute([0, 2, 3, 1]).contiguous()
}

/// Mean and biased variance of each channel of rows.
fn moments(x: &[f32], channels: usize) -> [Vec<f64>; 2] {
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
    squares.iter_mut().for_each(|square| *square = (*square / count).max(0.0));
    [mean, squares]
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
struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    mean: &'a [f32],
    scale: &'a [f32],
    bias: &'a [f32],
    noise: Option<PartNoise<'a>>,
    slope: f32,
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
struct Channels<'a> {
    mean: &'a [f32],
    inverse: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    slope: f32,
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
struct Sums<'a> {
    x: &'a [f32],
    g: &'a [f32],
    of: Channels<'a>,
    noise: Option<PartNoise<'a>>,
    sums: &'a mut [f32],
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
struct Backward<'a> {
    x: &'a [f32],
    g: &'a [f32],
    of: Channels<'a>,
    noise: Option<PartNoise<'a>>,
    means: &'a [f32],
    to: &'a mut [f32],
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
