//! Samples for tables of any length, the same however they are cut.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use astrogen_nn::dense::on_threads;

use super::lanes::ROWS;
use super::latents::Latents;
use super::{Passes, part};

/// Blocks that a thread takes at a time.
const BLOCKS: usize = 16;

/// Fills `z` with draws for the rows from `first_row` on of a table, row by row: those of each
/// block of [`ROWS`] rows of the table are a stream of their own.
pub(crate) fn draw(base: &Latents, first_row: u64, seed: u64, z: &mut [f32]) {
    let features = base.features();
    let (mut row, mut rest) = (first_row, z);
    while !rest.is_empty() {
        let skipped = (row % ROWS as u64) as usize;
        let count = (ROWS - skipped).min(rest.len() / features);
        let (here, later) = rest.split_at_mut(count * features);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(row / ROWS as u64);
        (0..skipped * features).for_each(|n| {
            base.number(n % features, &mut rng);
        });
        here.iter_mut().enumerate().for_each(|(n, z)| *z = base.number(n % features, &mut rng));
        (row, rest) = (row.wrapping_add(count as u64), later);
    }
}

impl Passes {
    /// Fills `x` with the features of [drawn](draw) rows of a table; contexts are one for each row,
    /// or none where all have the same.
    pub(crate) fn sample(
        &self,
        base: &Latents,
        context: &[f32],
        (first_row, seed): (u64, u64),
        x: &mut [f32],
    ) {
        let rows = x.len() / self.features;
        // Blocks of the table, so that no stream is begun twice.
        let head = (ROWS - (first_row % ROWS as u64) as usize).min(rows);
        let size = (BLOCKS * ROWS).min(super::job(rows));
        let (first, later) = x.split_at_mut(head * self.features);
        let jobs = [(0, first)].into_iter().chain(
            later.chunks_mut(size * self.features).enumerate().map(|(n, x)| (head + n * size, x)),
        );
        on_threads(jobs.collect(), |(at, x)| {
            let mut z = vec![0.0; x.len()];
            draw(base, first_row.wrapping_add(at as u64), seed, &mut z);
            let context = part(context, rows, at, x.len() / self.features);
            self.inverse_rows((&z, context), x);
        });
    }
}
