//! Streams of random numbers: one for each purpose or row, so that drawing more for one
//! leaves the others as they are.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream `number` of a seed.
pub(crate) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A seed made of another: of the item or purpose `number`.
pub(crate) fn seed_of(seed: u64, number: u64) -> u64 {
    stream(seed, number).next_u64()
}
