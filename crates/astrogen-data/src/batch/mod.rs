//! Seeded batches, fetched ahead of time.
//!
//! Batch `k` is a pure function of (data set, seed, `k`). With `B` samples per batch and
//! `S = floor(samples / B)` batches per epoch, it belongs to epoch `e = k / S` and holds
//! positions `(k mod S) B ..` of that epoch's permutation; each position has its own
//! symmetry. Permutation and symmetries are drawn from (seed, e) alone, so there is no
//! state to save: [`Batches::seek`] continues a run exactly, whatever the number of
//! threads. The last, incomplete batch of an epoch is dropped; since every epoch has
//! another order, no sample is left out for long.
//!
//! This is so for every kind of [`Batch`]: a sample is a list of numbers until, as the last thing,
//! the numbers of a batch are cut into [`Images`], [`Rows`], [`Grouped`] or a kind of one's own.

mod config;
mod fingerprint;
mod grouped;
mod images;
mod kind;
mod order;
mod prefetch;
mod rows;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use astrogen_runtime::Share;
use rayon::prelude::*;
use tch::{Device, TchError, Tensor};

use crate::augment::{Augment, Dihedral, symmetries};
use crate::{DataError, Dataset};
pub use config::BatchConfig;
pub use grouped::{Grouped, GroupedRow};
pub use images::Images;
pub use kind::Batch;
use order::Order;
use prefetch::{Prefetch, assemble, copy_sample};
pub use rows::{Row, RowShape, Rows};

/// An endless row of batches from one data set.
#[derive(Debug)]
pub struct Batches<B: Batch = Images> {
    shape: B::Shape,
    config: BatchConfig,
    device: Device,
    order: Order,
    dihedral: Option<Dihedral>,
    source: Source<B>,
    next: u64,
}

/// Where the values of a batch come from.
enum Source<B: Batch> {
    /// All samples as one tensor `[samples, values]` on the device, and their fingerprint.
    Resident { samples: Tensor, fingerprint: String },
    /// Read from the data set, by threads that start with the first batch.
    Streamed { dataset: Arc<dyn Dataset<Batch = B>>, threads: Option<Prefetch> },
}

impl<B: Batch> std::fmt::Debug for Source<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resident { .. } => "Resident",
            Self::Streamed { .. } => "Streamed",
        })
    }
}

impl<B: Batch> Batches<B> {
    /// Prepares to deal out `dataset` on `device`, from batch 0 on.
    ///
    /// # Errors
    /// [`DataError::Setting`] for settings that do not [hold](BatchConfig::validate), for
    /// [`Augment::Dihedral`] on images that are not square, or for samples without a value;
    /// [`DataError::BatchSize`] for a batch larger than the data set; where the data set is made
    /// resident, whatever its samples fail with.
    pub fn new(
        dataset: Arc<dyn Dataset<Batch = B>>,
        config: &BatchConfig,
        device: Device,
    ) -> Result<Self, DataError> {
        let (batch_size, samples, shape) = (config.batch_size, dataset.len(), dataset.shape());
        config.validate()?;
        if batch_size > samples {
            return Err(DataError::BatchSize { batch_size, samples });
        }
        let values = B::values(shape);
        if values == 0 {
            let (rule, got) = ("at least one value each".into(), B::describe(shape));
            return Err(DataError::Setting { name: "samples", rule, got });
        }
        let dihedral = match config.augment {
            Augment::None => None,
            Augment::Dihedral => B::dihedral(shape, device)?,
        };
        let bytes = values as u64 * samples as u64 * size_of::<f32>() as u64;
        let source = if bytes <= config.resident_bytes {
            read_all(&*dataset, device)?
        } else {
            Source::Streamed { dataset, threads: None }
        };
        Ok(Self {
            shape,
            config: config.clone(),
            device,
            order: Order::new(samples, batch_size, config.seed),
            dihedral,
            source,
            next: 0,
        })
    }

    /// Whole batches in one pass over the data set.
    pub fn steps_per_epoch(&self) -> u64 {
        self.order.steps_per_epoch()
    }

    /// Samples in the data set.
    pub fn samples(&self) -> usize {
        self.order.samples()
    }

    /// A number by which the data set is known again, before augmentation: the checksum of all
    /// samples where they are in memory, else of 64 that are spread over it.
    ///
    /// # Errors
    /// What reading a sample failed with.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        match &self.source {
            Source::Resident { fingerprint, .. } => Ok(fingerprint.clone()),
            Source::Streamed { dataset, .. } => fingerprint::of_spread(&**dataset),
        }
    }

    /// The shape of every sample: `[C, H, W]` of images.
    pub fn shape(&self) -> B::Shape {
        self.shape
    }

    /// Samples a batch, those of other processes included.
    pub fn batch_size(&self) -> usize {
        self.config.batch_size
    }

    /// Where the batches are.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Deals out this share of each batch from now on, the others being other processes'. What a batch
    /// is, and its number, stays what it was.
    ///
    /// # Errors
    /// [`DataError::Setting`] where the batch size is no multiple of the parts.
    pub fn share(&mut self, share: Share) -> Result<(), DataError> {
        let batch_size = self.config.batch_size;
        if !batch_size.is_multiple_of(share.of()) {
            return Err(DataError::Setting {
                name: "batch_size",
                rule: format!("a multiple of the {} processes that share a batch", share.of()),
                got: batch_size.to_string(),
            });
        }
        self.order.set_share(share);
        self.stop_threads();
        Ok(())
    }

    /// The number of the batch that comes next, counted over all epochs from 0.
    pub fn step(&self) -> u64 {
        self.next
    }

    /// Goes to batch `step`, counted over all epochs from 0.
    pub fn seek(&mut self, step: u64) {
        if step != self.next {
            self.next = step;
            self.stop_threads();
        }
    }

    /// The next batch on the device: images in signed range \[-1, 1\], rows of tables
    /// standardised.
    ///
    /// # Errors
    /// What reading a sample failed with ([`DataError::Source`] for a file of a folder),
    /// [`DataError::Worker`] where the data set's own code panicked, and
    /// [`DataError::Tensor`] where the device has no room. The position stays where it
    /// was, so the same batch can be asked for again.
    pub fn next_batch(&mut self) -> Result<B, DataError> {
        let step = self.next;
        let batch = self.dealt(step).inspect_err(|_| self.stop_threads())?;
        self.next = step.saturating_add(1);
        Ok(batch)
    }

    /// Batch `step`.
    fn dealt(&mut self, step: u64) -> Result<B, DataError> {
        let batch = B::cut(self.values(step)?, self.shape)?;
        let (epoch, position) = self.order.place(step);
        match &self.dihedral {
            Some(dihedral) => {
                let all = symmetries(self.config.seed, epoch, position, self.config.batch_size);
                let given: Vec<_> = self.order.given().map(|number| all[number]).collect();
                batch.turned(dihedral, &given)
            }
            None => Ok(batch),
        }
    }

    /// The values of batch `step`, `[N, values]` on the device.
    fn values(&mut self, step: u64) -> Result<Tensor, DataError> {
        let values = match &mut self.source {
            Source::Resident { samples, .. } => {
                let indices = self.order.batch(step).into_iter().map(|index| index as i64);
                let indices = Tensor::f_from_slice(&indices.collect::<Vec<_>>())?;
                return Ok(samples.f_index_select(0, &sent(&indices, self.device)?)?);
            }
            Source::Streamed { dataset, .. } if self.config.workers == 0 => {
                assemble(&**dataset, &self.order.batch(step), &AtomicBool::new(false))?
            }
            Source::Streamed { dataset, threads } => {
                let threads = match threads {
                    Some(threads) => threads,
                    None => threads.insert(Prefetch::start(dataset, self.config.workers, step)?),
                };
                let last = step.saturating_add(self.config.prefetch as u64);
                threads.take(step, last, &mut self.order)?
            }
        };
        Ok(sent(&to_tensor::<B>(&values, self.shape)?, self.device)?)
    }

    fn stop_threads(&mut self) {
        if let Source::Streamed { threads, .. } = &mut self.source {
            *threads = None;
        }
    }
}

/// A tensor of the host on a device. A GPU fetches it by itself, from memory that stays where it is:
/// what was asked of it before goes on meanwhile, and nobody waits.
pub(crate) fn sent(tensor: &Tensor, device: Device) -> Result<Tensor, TchError> {
    match device {
        Device::Cpu => Ok(tensor.shallow_clone()),
        _ => {
            let pinned = tensor.f_internal_pin_memory(device)?;
            pinned.f_to_device_(device, tensor.kind(), true, false)
        }
    }
}

/// The one door from host arrays to tensors: the values of samples of this shape, one sample after
/// the other, as `[N, values]` on the host.
pub(crate) fn to_tensor<B: Batch>(values: &[f32], shape: B::Shape) -> Result<Tensor, DataError> {
    let length = B::values(shape) as i64;
    Ok(Tensor::f_from_slice(values)?.f_view([-1, length])?)
}

/// All samples as one tensor on `device`.
fn read_all<B: Batch>(
    dataset: &dyn Dataset<Batch = B>,
    device: Device,
) -> Result<Source<B>, DataError> {
    let length = B::values(dataset.shape());
    let mut values = vec![0.0; length * dataset.len()];
    values
        .par_chunks_mut(length)
        .enumerate()
        .try_for_each(|(index, target)| copy_sample(dataset, index, target))?;
    let samples = to_tensor::<B>(&values, dataset.shape())?.f_to_device(device)?;
    Ok(Source::Resident { samples, fingerprint: fingerprint::checksum(&values) })
}
