//! Seeded batches, fetched ahead of time.
//!
//! Batch `k` is a pure function of (data set, seed, `k`). With `B` samples a batch and
//! `S = floor(samples / B)` batches an epoch, it belongs to epoch `e = k / S` and holds
//! positions `(k mod S) B ..` of that epoch's permutation; each position has its own
//! symmetry. Permutation and symmetries are drawn from (seed, e) alone, so there is no
//! state to save: [`Batches::seek`] continues a run exactly, whatever the number of
//! threads. The last, incomplete batch of an epoch is dropped; since every epoch has
//! another order, no sample is left out for long.

mod fingerprint;
mod order;
mod prefetch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::augment::{Augment, Dihedral, symmetries};
use crate::{DataError, Dataset};
use order::Order;
use prefetch::{Prefetch, assemble, copy_sample};

/// How samples are dealt out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Samples a batch. Default 64.
    pub batch_size: usize,
    /// What is done to each sample. Default: the eight symmetries of the sky.
    pub augment: Augment,
    /// Seed of order and augmentation. Default 0.
    pub seed: u64,
    /// Threads that read samples; with 0 the caller's thread reads them when it asks.
    /// The batches are the same for any number. At most 256; default 2.
    pub workers: usize,
    /// Batches to be ready or in the making ahead of the one asked for, each in memory. At most
    /// 4096; default 4.
    pub prefetch: usize,
    /// A data set of up to this many bytes is read once, put on the device as one tensor
    /// and dealt out from there, without threads. 0 never does so. Default 1 GiB.
    pub resident_bytes: u64,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            augment: Augment::default(),
            seed: 0,
            workers: 2,
            prefetch: 4,
            resident_bytes: 1 << 30,
        }
    }
}

impl BatchConfig {
    /// Refuses counts that no data set makes sensible.
    fn check(&self) -> Result<(), DataError> {
        let refuse =
            |name, expected: String, got: String| Err(DataError::Setting { name, expected, got });
        if self.batch_size == 0 {
            return refuse("batch_size", "1 or more".into(), "0".into());
        }
        // Each is a thread, or a batch in memory.
        for (name, got, most) in [("workers", self.workers, 256), ("prefetch", self.prefetch, 4096)]
        {
            if got > most {
                return refuse(name, format!("at most {most}"), got.to_string());
            }
        }
        Ok(())
    }
}

/// An endless row of batches from one data set.
#[derive(Debug)]
pub struct Batches {
    shape: [i64; 4],
    config: BatchConfig,
    device: Device,
    order: Order,
    dihedral: Option<Dihedral>,
    source: Source,
    next: u64,
}

/// Where the pixels of a batch come from.
enum Source {
    /// All samples as one tensor `[samples, C, H, W]` on the device, and their fingerprint.
    Resident { samples: Tensor, fingerprint: String },
    /// Read from the data set, by threads that start with the first batch.
    Streamed { dataset: Arc<dyn Dataset>, threads: Option<Prefetch> },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resident { .. } => "Resident",
            Self::Streamed { .. } => "Streamed",
        })
    }
}

impl Batches {
    /// Prepares to deal out `dataset` on `device`, from batch 0 on.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a batch size of 0, too many workers or batches ahead, or for
    /// [`Augment::Dihedral`] on samples that are not square; [`DataError::BatchSize`] for a batch larger than the
    /// data set; where the data set is made resident, whatever its samples fail with.
    pub fn new(
        dataset: Arc<dyn Dataset>,
        config: &BatchConfig,
        device: Device,
    ) -> Result<Self, DataError> {
        let (batch_size, samples) = (config.batch_size, dataset.len());
        let [channels, height, width] = dataset.shape();
        config.check()?;
        if batch_size > samples {
            return Err(DataError::BatchSize { batch_size, samples });
        }
        let dihedral = match config.augment {
            Augment::None => None,
            Augment::Dihedral if height == width => Some(Dihedral::new(height as usize, device)?),
            Augment::Dihedral => {
                return Err(DataError::Setting {
                    name: "augment",
                    expected: "none, as only square samples can be turned".into(),
                    got: format!("dihedral for samples of {height}x{width}"),
                });
            }
        };
        let bytes = (channels * height * width) as u64 * samples as u64 * size_of::<f32>() as u64;
        let source = if bytes <= config.resident_bytes {
            read_all(&*dataset, device)?
        } else {
            Source::Streamed { dataset, threads: None }
        };
        Ok(Self {
            shape: [batch_size as i64, channels, height, width],
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

    /// The shape `[N, C, H, W]` of every batch.
    pub fn shape(&self) -> [i64; 4] {
        self.shape
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

    /// The next batch, `[N, C, H, W]` on the device: images in signed range \[-1, 1\], rows of
    /// tables standardised.
    ///
    /// # Errors
    /// What reading a sample failed with ([`DataError::Source`] for a file of a folder),
    /// [`DataError::Worker`] where the data set's own code panicked, and
    /// [`DataError::Tensor`] where the device has no room. The position stays where it
    /// was, so the same batch can be asked for again.
    pub fn next_batch(&mut self) -> Result<Tensor, DataError> {
        let step = self.next;
        let images = self.images(step).inspect_err(|_| self.stop_threads())?;
        let (epoch, position) = self.order.place(step);
        let images = match &self.dihedral {
            Some(dihedral) => {
                let count = self.config.batch_size;
                dihedral.apply(&images, &symmetries(self.config.seed, epoch, position, count))?
            }
            None => images,
        };
        self.next = step.saturating_add(1);
        Ok(images)
    }

    /// The batch of `step` before augmentation.
    fn images(&mut self, step: u64) -> Result<Tensor, DataError> {
        let pixels = match &mut self.source {
            Source::Resident { samples, .. } => {
                let indices = self.order.batch(step).into_iter().map(|index| index as i64);
                let indices = Tensor::f_from_slice(&indices.collect::<Vec<_>>())?;
                return Ok(samples.f_index_select(0, &indices.f_to_device(self.device)?)?);
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
        to_tensor(&pixels, self.shape, self.device)
    }

    fn stop_threads(&mut self) {
        if let Source::Streamed { threads, .. } = &mut self.source {
            *threads = None;
        }
    }
}

/// The one door from host arrays to tensors.
fn to_tensor(pixels: &[f32], shape: [i64; 4], device: Device) -> Result<Tensor, DataError> {
    Ok(Tensor::f_from_slice(pixels)?.f_view(shape)?.f_to_device(device)?)
}

/// All samples as one tensor on `device`.
fn read_all(dataset: &dyn Dataset, device: Device) -> Result<Source, DataError> {
    let [channels, height, width] = dataset.shape();
    let length = (channels * height * width) as usize;
    let mut pixels = vec![0.0; length * dataset.len()];
    pixels
        .par_chunks_mut(length)
        .enumerate()
        .try_for_each(|(index, target)| copy_sample(dataset, index, target))?;
    let shape = [dataset.len() as i64, channels, height, width];
    let samples = to_tensor(&pixels, shape, device)?;
    Ok(Source::Resident { samples, fingerprint: fingerprint::checksum(&pixels) })
}
