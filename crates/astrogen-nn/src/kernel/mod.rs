//! What passes that are computed without libtorch are made of: registers, tiles of products, threads
//! and memory that is kept.

mod lanes;
mod memory;
#[cfg(test)]
pub(crate) mod numbers;
mod registers;
mod scratch;
mod team;
mod threads;
mod tile;

pub(crate) use lanes::{Kernel, LANES, Lanes, on_widest};
pub(crate) use memory::{memory, memory_mut};
pub(crate) use registers::Registers;
pub(crate) use scratch::{Kept, with_scratch};
pub(crate) use threads::in_parts;
pub use threads::on_threads;
pub(crate) use tile::Tile;

#[cfg(test)]
pub(crate) use lanes::{Portable, as_each, on_each};

#[cfg(test)]
mod tests;
