//! Rows of tables through a [`GaussianRegressor`](super::GaussianRegressor) in plain Rust.

use astrogen_nn::dense::{Chain, Dense};
use astrogen_nn::layers::Sequential;
use astrogen_nn::named;
use tch::{Device, Kind};

use super::Activation;
use super::blocks::{Rows, Worker};
use super::emulate::ROWS;
use super::gaussian::LOG_BOUND;

/// The network as a chain of layers; none where its weights are not single precision on the CPU, or the
/// activation is smooth.
pub(super) fn chain(net: &Sequential, activation: Activation) -> Option<Chain> {
    let slope = activation.slope()? as f32;
    if net.options() != (Kind::Float, Device::Cpu) {
        return None;
    }
    let tensors = named(&[("net", net)]);
    let last = tensors.len() / 2 - 1;
    let layer = |(place, pair): (usize, &[(String, tch::Tensor)])| {
        let size = pair[0].1.size();
        let widths = [size[1], size[0]].map(|width| width as usize);
        let mut layer = Dense::zeros(widths, if place < last { slope } else { 1.0 });
        layer.set(&pair[0].1, 0, &pair[1].1);
        layer
    };
    Some(Chain::new(tensors.chunks_exact(2).enumerate().map(layer).collect()))
}

/// Where the numbers stand that are brought to a row's mean and deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whitened {
    /// They are the rows' latents.
    Latents,
    /// They stand before the context of each row.
    BeforeContext,
}

/// A worker that sends a few rows at a time through the chain: `mean + deviation * whitened`.
pub(super) fn in_cache(chain: &Chain, features: usize, whitened: Whitened) -> impl Worker {
    let width = chain.layers()[0].widths()[0];
    let before = if whitened == Whitened::BeforeContext { features } else { 0 };
    let mut trail = chain.trail();
    move |rows: Rows<'_>, made: &mut [f32]| {
        let latents = match whitened {
            Whitened::Latents => &rows.latent[rows.start * features..],
            Whitened::BeforeContext => &[],
        };
        let contexts = rows.context.chunks(ROWS * (before + width));
        for (part, (context, made)) in contexts.zip(made.chunks_mut(ROWS * features)).enumerate() {
            let count = made.len() / features;
            trail.input(count).fill(0, context, before + width, before);
            chain.forward(&mut trail, None);
            for (row, made) in made.chunks_exact_mut(features).enumerate() {
                let whitened = match whitened {
                    Whitened::Latents => &latents[(part * ROWS + row) * features..],
                    Whitened::BeforeContext => &context[row * (before + width)..],
                };
                let (means, logarithms) = trail.outputs().row(row).split_at(features);
                for (k, made) in made.iter_mut().enumerate() {
                    let bound = LOG_BOUND as f32;
                    let deviation = ((logarithms[k] / bound).tanh() * bound).exp();
                    *made = means[k] + deviation * whitened[k];
                }
            }
        }
        Ok(())
    }
}
