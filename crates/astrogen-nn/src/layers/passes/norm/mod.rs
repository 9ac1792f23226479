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

mod kernels;

use astrogen_runtime::draw_rows;
use tch::{Kind, Tensor};

use crate::BatchNorm;
use crate::batch_norm::{EPS, MOMENTUM};
use crate::kernel::{LANES, memory, memory_mut, on_threads, on_widest};
use crate::layers::maps::{channels_first, channels_last, filled};

use self::kernels::{Backward, Channels, Forward, PartNoise, Sums, moments};

/// Rows of a part.
const ROWS: usize = 512;

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
    /// How many channels the weight is of; zeros stand behind.
    channels: usize,
}

impl Noise {
    /// Standard normal maps `[N, 1, H, W]` for maps `[N, C, H, W]`, from libtorch's generator.
    pub(super) fn draw(maps: &Tensor, weight: &Tensor) -> Self {
        let [n, _, h, w] = maps.size()[..] else { panic!("maps, got {maps:?}") };
        let options = (Kind::Float, maps.device());
        let values = draw_rows(n, |n| Tensor::randn([n, 1, h, w], options));
        let weight = memory(weight);
        let channels = weight.len();
        let weight = filled(weight, channels.next_multiple_of(LANES));
        Self { values: memory(&values).to_vec(), weight, channels }
    }

    /// Of a part's rows.
    fn part(noise: Option<&Self>, part: usize) -> Option<PartNoise<'_>> {
        noise.map(|Self { values, weight, .. }| {
            let values = &values[part * ROWS..];
            PartNoise { values: &values[..ROWS.min(values.len())], weight }
        })
    }
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
    /// Of maps in train mode, with noise, bent; running statistics are updated.
    ///
    /// # Panics
    /// Where maps or noise have another number of channels.
    pub(super) fn forward_bent(
        &self,
        inputs: Tensor,
        noise: Option<Noise>,
        slope: f64,
    ) -> Normalised {
        let (weight, bias) = (memory(self.weight()), memory(self.bias()));
        let count = weight.len() as i64;
        let channels = weight.len().next_multiple_of(LANES);
        assert_eq!(inputs.size()[1], count, "channels of a normalisation and of its maps");
        let of_noise = noise.as_ref().map_or(weight.len(), |noise| noise.channels);
        assert_eq!(of_noise, weight.len(), "channels of noise and of its normalisation");
        let [weight, bias] = [weight, bias].map(|numbers| filled(numbers, channels));
        let inputs = channels_last(&inputs, channels);
        let x = memory(&inputs);
        let rows = x.len() / channels;
        let [mean, var] = moments(x, channels);
        self.track(&mean, &var, rows);
        let inverse: Vec<f32> = var.iter().map(|&var| (1.0 / (var + EPS).sqrt()) as f32).collect();
        let mean: Vec<f32> = mean.into_iter().map(|mean| mean as f32).collect();
        let scale: Vec<f32> = weight.iter().zip(&inverse).map(|(w, r)| w * r).collect();
        let mut outputs = inputs.empty_like();
        let slope = slope as f32;
        let parts =
            x.chunks(ROWS * channels).zip(memory_mut(&mut outputs).chunks_mut(ROWS * channels));
        on_threads(parts.enumerate().collect(), |(part, (x, y))| {
            let noise = Noise::part(noise.as_ref(), part);
            on_widest(Forward { x, y, mean: &mean, scale: &scale, bias: &bias, noise, slope });
        });
        let outputs = channels_first(&outputs, count);
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
        let channels = mean.len();
        let (weight, bias) = (memory(self.weight()), memory(self.bias()));
        let count = weight.len();
        let [weight, bias] = [weight, bias].map(|numbers| filled(numbers, channels));
        assert_eq!(signal.size()[1], count as i64, "channels of a normalisation and of a signal");
        let signal = channels_last(signal, channels);
        let (x, g) = (memory(inputs), memory(&signal));
        let slope = slope as f32;
        let of = Channels { mean, inverse, weight: &weight, bias: &bias, slope };
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
        let of_kind = |kind: usize| Tensor::from_slice(&total[kind * channels..][..count]);
        NormGradients {
            inputs: channels_first(&gradient, count as i64),
            weight: of_kind(1),
            bias: of_kind(0),
            noise: noise.as_ref().map(|_| of_kind(2)),
        }
    }

    /// Moves the running statistics towards a batch's, of so many rows, as far as it has them.
    fn track(&self, mean: &[f64], var: &[f64], rows: usize) {
        let [mut running_mean, mut running_var] = self.running();
        let towards = |running: &mut Tensor, batch: &[f64], factor: f64| {
            for (running, &batch) in memory_mut(running).iter_mut().zip(batch) {
                let moved = (1.0 - MOMENTUM) * f64::from(*running) + MOMENTUM * factor * batch;
                *running = moved as f32;
            }
        };
        if rows > 0 {
            towards(&mut running_mean, mean, 1.0);
        }
        if rows > 1 {
            towards(&mut running_var, var, rows as f64 / (rows as f64 - 1.0));
        }
        self.count_batch();
    }
}
