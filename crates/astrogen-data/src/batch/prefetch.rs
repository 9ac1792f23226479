//! Threads that put batches together ahead of time.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::Batch;
use super::order::Order;
use crate::{DataError, Dataset};

/// One batch to put together: which samples, in which places.
struct Job {
    step: u64,
    indices: Vec<usize>,
}

/// Threads at work on the next few batches.
///
/// The caller says how far they run ahead. There are never more jobs than that, so the
/// channels need no bound of their own and no send ever blocks. Dropping it stops the
/// threads after the sample in hand and joins them.
#[derive(Debug)]
pub(super) struct Prefetch {
    jobs: Option<Sender<Job>>,
    results: Receiver<(u64, Result<Vec<f32>, DataError>)>,
    /// The first batch that is not on order yet.
    ordered: u64,
    /// Batches that came before their turn.
    early: BTreeMap<u64, Result<Vec<f32>, DataError>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Prefetch {
    /// Starts `workers` threads, which will deal out batches from `step` on.
    pub(super) fn start<B: Batch>(
        dataset: &Arc<dyn Dataset<Batch = B>>,
        workers: usize,
        step: u64,
    ) -> Result<Self, DataError> {
        let (jobs, todo) = unbounded::<Job>();
        let (done, results) = unbounded();
        let mut prefetch = Self {
            jobs: Some(jobs),
            results,
            ordered: step,
            early: BTreeMap::new(),
            stop: Arc::default(),
            threads: Vec::new(),
        };
        for number in 0..workers {
            let (dataset, stop) = (Arc::clone(dataset), Arc::clone(&prefetch.stop));
            let (todo, done) = (todo.clone(), done.clone());
            let work = move || {
                for job in todo {
                    let batch = assemble(&*dataset, &job.indices, &stop);
                    if stop.load(Ordering::Relaxed) || done.send((job.step, batch)).is_err() {
                        break;
                    }
                }
            };
            let thread = std::thread::Builder::new()
                .name(format!("astrogen-data-{number}"))
                .spawn(work)
                .map_err(|error| DataError::Worker(format!("cannot start a thread: {error}")))?;
            prefetch.threads.push(thread);
        }
        Ok(prefetch)
    }

    /// Waits for the batch of `step`, after all batches up to `last` are on order.
    pub(super) fn take(
        &mut self,
        step: u64,
        last: u64,
        order: &mut Order,
    ) -> Result<Vec<f32>, DataError> {
        while let Some(jobs) = self.jobs.as_ref().filter(|_| self.ordered <= last) {
            let job = Job { step: self.ordered, indices: order.batch(self.ordered) };
            // Fails only where all threads are gone, which shows when waiting for them.
            let _ = jobs.send(job);
            self.ordered += 1;
        }
        loop {
            if let Some(batch) = self.early.remove(&step) {
                return batch;
            }
            let Ok((number, batch)) = self.results.recv() else {
                return Err(DataError::Worker("all threads have ended".into()));
            };
            self.early.insert(number, batch);
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None; // a waiting thread wakes up and ends
        for thread in self.threads.drain(..) {
            // A panic outside the data set's code has nothing left to report to.
            let _ = thread.join();
        }
    }
}

/// The values of samples `indices` one after the other, `[N, values]`; nothing comes of it
/// once `stop` is set.
///
/// They are read in ascending order, whatever their places in the batch, so that tiles of
/// one frame follow each other and a file that cannot be read in part is decoded once.
pub(super) fn assemble<B: Batch>(
    dataset: &dyn Dataset<Batch = B>,
    indices: &[usize],
    stop: &AtomicBool,
) -> Result<Vec<f32>, DataError> {
    let length = B::values(dataset.shape());
    let mut batch = vec![0.0; length * indices.len()];
    let mut places: Vec<usize> = (0..indices.len()).collect();
    places.sort_unstable_by_key(|&place| indices[place]);
    for place in places {
        if stop.load(Ordering::Relaxed) {
            return Err(DataError::Worker("told to stop".into()));
        }
        copy_sample(dataset, indices[place], &mut batch[place * length..][..length])?;
    }
    Ok(batch)
}

/// Writes sample `index` to `target`; a panic of the data set's own code, or of its kind of batch, is an
/// error.
pub(super) fn copy_sample<B: Batch>(
    dataset: &dyn Dataset<Batch = B>,
    index: usize,
    target: &mut [f32],
) -> Result<(), DataError> {
    let copied = catch_unwind(AssertUnwindSafe(|| {
        let sample = dataset.sample(index)?;
        let (expected, got) = (dataset.shape(), B::shape_of(&sample));
        if got != expected {
            let (expected, got) = (B::describe(expected), B::describe(got));
            return Err(DataError::SampleShape { index, expected, got });
        }
        B::write(&sample, target);
        Ok(())
    }));
    let told = |panic: Box<dyn Any + Send>| format!("panic: {}", panic_message(&*panic));
    copied.unwrap_or_else(|panic| Err(DataError::Worker(told(panic))))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
