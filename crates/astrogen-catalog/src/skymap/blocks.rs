//! Which pixels a map has, and where their values are: blocks of neighbouring pixels, of
//! which only those with a pixel in the map are there.

use super::grid::Grid;

/// The deepest level of blocks, at which the index of the whole sky has 12 MiB.
const DEEPEST: u8 = 9;
/// Levels between blocks and pixels, where that is not too deep: 64 pixels a block.
const LEVELS: u8 = 3;
/// No block.
const NONE: u32 = u32::MAX;

/// The index of a map's blocks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Blocks {
    /// The position of each block on the sky among those that are there.
    index: Vec<u32>,
    /// The base-two logarithm of the pixels of a block.
    shift: u32,
    count: usize,
}

impl Blocks {
    /// No blocks yet.
    pub(super) fn new(grid: Grid) -> Blocks {
        let depth = grid.depth().saturating_sub(LEVELS).min(DEEPEST);
        let shift = 2 * u32::from(grid.depth() - depth);
        Blocks { index: vec![NONE; 12 << (2 * depth)], shift, count: 0 }
    }

    /// All blocks.
    pub(super) fn full(grid: Grid) -> Blocks {
        let mut blocks = Blocks::new(grid);
        for block in 0..blocks.index.len() {
            blocks.mark((block as u64) << blocks.shift);
        }
        blocks.settle();
        blocks
    }

    /// Notes that there is a value for this pixel. [`Blocks::settle`] has to follow.
    pub(super) fn mark(&mut self, pixel: u64) {
        self.index[(pixel >> self.shift) as usize] = 0;
    }

    /// Gives the marked blocks their places, in the order of the sky.
    pub(super) fn settle(&mut self) {
        self.count = 0;
        for place in self.index.iter_mut().filter(|place| **place != NONE) {
            *place = self.count as u32;
            self.count += 1;
        }
    }

    /// Pixels of all blocks that are there.
    pub(super) fn len(&self) -> usize {
        self.count << self.shift
    }

    /// Entries of the index.
    pub(super) fn index_len(&self) -> usize {
        self.index.len()
    }

    /// Where the value of a pixel is, if its block is there.
    pub(super) fn slot(&self, pixel: u64) -> Option<usize> {
        let place = *self.index.get((pixel >> self.shift) as usize)?;
        let within = pixel as usize & ((1 << self.shift) - 1);
        (place != NONE).then_some((place as usize) << self.shift | within)
    }

    /// All pixels of the blocks that are there, with their slots, in order.
    pub(super) fn pixels(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let there = self.index.iter().enumerate().filter(|(_, place)| **place != NONE);
        there.flat_map(move |(block, &place)| {
            (0..1_usize << self.shift).map(move |within| {
                (
                    (block as u64) << self.shift | within as u64,
                    (place as usize) << self.shift | within,
                )
            })
        })
    }
}
