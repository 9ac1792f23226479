//! Which samples make up which batch.

use astrogen_runtime::Share;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Seeded permutations of a data set, one per epoch, cut into batches.
///
/// Each permutation is a pure function of (samples, seed, epoch); the last one asked for
/// is kept, as all batches of an epoch ask for the same one.
#[derive(Debug)]
pub(super) struct Order {
    samples: usize,
    batch_size: usize,
    seed: u64,
    share: Share,
    last: Option<(u64, Vec<usize>)>,
}

impl Order {
    /// Batches of `batch_size`, which is at least 1 and at most `samples`.
    pub(super) fn new(samples: usize, batch_size: usize, seed: u64) -> Self {
        Self { samples, batch_size, seed, share: Share::WHOLE, last: None }
    }

    /// Gives these of each batch's samples from now on. The batch size is a multiple of the parts.
    pub(super) fn set_share(&mut self, share: Share) {
        self.share = share;
    }

    /// The numbers within a batch of the samples that are given.
    pub(super) fn given(&self) -> impl Iterator<Item = usize> + use<> {
        (self.share.part()..self.batch_size).step_by(self.share.of())
    }

    /// Samples in the data set.
    pub(super) fn samples(&self) -> usize {
        self.samples
    }

    /// Whole batches per epoch.
    pub(super) fn steps_per_epoch(&self) -> u64 {
        (self.samples / self.batch_size) as u64
    }

    /// The epoch of batch `step` and the position of its first sample in that epoch.
    pub(super) fn place(&self, step: u64) -> (u64, usize) {
        let within = (step % self.steps_per_epoch()) as usize;
        (step / self.steps_per_epoch(), within * self.batch_size)
    }

    /// The samples of batch `step` that are given.
    pub(super) fn batch(&mut self, step: u64) -> Vec<usize> {
        let (epoch, position) = self.place(step);
        let given = self.given();
        let permutation = self.permutation(epoch);
        given.map(|number| permutation[position + number]).collect()
    }

    fn permutation(&mut self, epoch: u64) -> &[usize] {
        let permutation = match self.last.take() {
            Some((number, permutation)) if number == epoch => permutation,
            _ => {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(epoch.wrapping_mul(2)); // the odd streams draw symmetries
                let mut permutation: Vec<usize> = (0..self.samples).collect();
                permutation.shuffle(&mut rng);
                permutation
            }
        };
        &self.last.insert((epoch, permutation)).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_is_its_own_permutation() {
        let mut order = Order::new(100, 10, 5);
        let epochs: Vec<Vec<usize>> = (0..4).map(|e| order.permutation(e).to_vec()).collect();
        for (number, epoch) in epochs.iter().enumerate() {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..100).collect::<Vec<_>>());
            assert!(epochs[..number].iter().all(|other| other != epoch));
        }
        assert_eq!(order.permutation(1), epochs[1], "going back gives the same order");
        assert_ne!(Order::new(100, 10, 6).permutation(0), epochs[0], "the seed matters");
    }

    #[test]
    fn an_epoch_is_cut_into_whole_batches() {
        let mut order = Order::new(11, 4, 0);
        assert_eq!(order.steps_per_epoch(), 2);
        assert_eq!([0, 1, 2, 5].map(|step| order.place(step)), [(0, 0), (0, 4), (1, 0), (2, 4)]);
        let second = order.permutation(1).to_vec();
        assert_eq!(order.batch(2), second[..4]);
        assert_eq!(order.batch(3), second[4..8]);
    }

    #[test]
    fn the_last_step_there_can_be_has_a_batch() {
        assert_eq!(Order::new(3, 3, 0).batch(u64::MAX).len(), 3);
    }
}
