//! The inputs: an endless list of files, each known by its index.

use std::fs;
use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::door::Door;
use crate::made;
use crate::mutate::mutate;

/// Larger files are no seeds: there is little in them that a smaller one has not.
const LARGEST: u64 = 256 << 10;

/// Seeds and what becomes of them.
pub(crate) struct Inputs {
    seeds: Vec<Vec<u8>>,
    seed: u64,
}

impl Inputs {
    /// Inputs from the files of folders and from those that the program makes.
    pub(crate) fn new(
        door: Door,
        folders: &[PathBuf],
        seed: u64,
    ) -> Result<Inputs, Box<dyn std::error::Error>> {
        let mut paths = Vec::new();
        for folder in folders {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let metadata = fs::metadata(entry.path())?;
                if metadata.is_file() && metadata.len() <= LARGEST {
                    paths.push(entry.path());
                }
            }
        }
        paths.sort();
        let mut seeds = made::files(door)?;
        for path in paths {
            seeds.push(fs::read(path)?);
        }
        Ok(Inputs { seeds, seed })
    }

    /// How many files there are to mutate.
    pub(crate) fn seeds(&self) -> usize {
        self.seeds.len()
    }

    /// The input of this index: first the seeds as they are, then mutated ones.
    pub(crate) fn bytes(&self, index: u64) -> Vec<u8> {
        let whole = usize::try_from(index).ok().and_then(|index| self.seeds.get(index));
        if let Some(seed) = whole {
            return seed.clone();
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        let [one, other] = [(); 2].map(|()| &self.seeds[rng.random_range(0..self.seeds.len())]);
        mutate(one, other, &mut rng)
    }
}
