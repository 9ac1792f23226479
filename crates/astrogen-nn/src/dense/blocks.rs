//! Batches cut into blocks of rows, one thread a block.

use crate::kernel::on_threads;

/// Rows that one block should have.
const ROWS: usize = 64;
/// More blocks than this are not made: each has gradients of its own.
const MOST_BLOCKS: usize = 16;

/// Into how many blocks a batch of so many rows is cut.
pub fn block_count(rows: usize) -> usize {
    rows.div_ceil(ROWS).next_power_of_two().clamp(1, MOST_BLOCKS)
}

/// Cuts a batch into blocks of rows, as many as there are states ([`block_count`], say), and calls
/// `work` on each, with the block's rows and what each of `K` networks keeps for it, in `states`.
/// What it returns, in the order of the rows.
///
/// One thread does all that is to be done on a block, so that the threads meet once per batch. The
/// blocks are the same for any number of threads; [`tch::get_num_threads`] are used.
///
/// # Panics
/// Where one network has not as many states as another.
///
/// ```
/// use astrogen_nn::dense::{block_count, in_blocks};
///
/// let values: Vec<f32> = (0..200).map(|i| i as f32).collect();
/// let mut sums = vec![0.0; block_count(100)];
/// let rows = in_blocks(100, [&mut sums], |rows, [sum]| {
///     *sum = rows.of(&values).iter().sum(); // two numbers per row
///     rows.count()
/// });
/// assert_eq!(rows, [50, 50]);
/// assert_eq!(sums, [4950.0, 14950.0]);
/// ```
pub fn in_blocks<const K: usize, S: Send, R: Send>(
    rows: usize,
    states: [&mut [S]; K],
    work: impl Fn(BlockRows, [&mut S; K]) -> R + Sync,
) -> Vec<R> {
    let count = states.first().map_or(0, |states| states.len());
    assert!(states.iter().all(|states| states.len() == count), "one state a block");
    let mut states = states.map(|states| states.iter_mut());
    let mut results: Vec<_> = (0..count).map(|_| None).collect();
    let jobs = results.iter_mut().enumerate().map(|(i, result)| {
        let [from, to] = [i, i + 1].map(|i| i * rows / count);
        // Every network has so many states from above.
        let states = states.each_mut().map(|states| states.next().expect("one state a block"));
        (BlockRows { from, to, total: rows }, states, result)
    });
    on_threads(jobs.collect(), |(rows, states, result)| *result = Some(work(rows, states)));
    results.into_iter().flatten().collect()
}

/// The rows of a block among all.
#[derive(Debug, Clone, Copy)]
pub struct BlockRows {
    from: usize,
    to: usize,
    total: usize,
}

impl BlockRows {
    /// How many they are.
    pub fn count(self) -> usize {
        self.to - self.from
    }

    /// What belongs to these rows of numbers that belong to all.
    pub fn of<T>(self, values: &[T]) -> &[T] {
        let width = values.len() / self.total.max(1);
        &values[self.from * width..self.to * width]
    }
}
