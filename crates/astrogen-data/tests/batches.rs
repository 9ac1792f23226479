//! Batches: what they hold, in which order, and what they do when something fails.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use astrogen_data::augment::{Dihedral, Symmetry, symmetries};
use astrogen_data::{ArrayDataset, Augment, BatchConfig, Batches, DataError, Dataset, Images};
use astrogen_runtime::Share;
use ndarray::{Array3, Array4};
use tch::{Device, Kind, Tensor};

/// `count` samples of 2x4x4; each pixel names its sample, band and place.
fn numbered(count: usize) -> ArrayDataset {
    let value = |(n, c, y, x)| (n * 100 + c * 16 + y * 4 + x) as f32;
    ArrayDataset::new(Array4::from_shape_fn((count, 2, 4, 4), value)).unwrap()
}

fn config(batch_size: usize) -> BatchConfig {
    BatchConfig { batch_size, seed: 11, ..BatchConfig::default() }
}

/// Settings that read each sample when its batch is put together.
fn streamed(batch_size: usize, workers: usize, prefetch: usize) -> BatchConfig {
    BatchConfig { workers, prefetch, resident_bytes: 0, ..config(batch_size) }
}

fn batches(count: usize, config: &BatchConfig) -> Batches {
    Batches::new(Arc::new(numbered(count)), config, Device::Cpu).unwrap()
}

fn take(batches: &mut Batches, count: usize) -> Vec<Tensor> {
    (0..count).map(|_| batches.next_batch().unwrap().0).collect()
}

/// Which samples a batch holds: the hundreds of any pixel.
fn numbers(batch: &Tensor) -> Vec<i64> {
    let first = batch.select(1, 0).select(1, 0).select(1, 0);
    Vec::try_from((first / 100.0).floor().to_kind(Kind::Int64)).unwrap()
}

#[test]
fn an_epoch_holds_every_sample_once_but_the_remainder() {
    let mut batches = batches(23, &config(4));
    assert_eq!((batches.steps_per_epoch(), batches.batch_size()), (5, 4));
    assert_eq!((batches.shape(), batches.device()), ([2, 4, 4], Device::Cpu));
    assert_eq!(batches.next_batch().unwrap().0.size(), [4, 2, 4, 4]);
    batches.seek(0);
    let mut epochs = Vec::new();
    for _ in 0..6 {
        let epoch: Vec<i64> = take(&mut batches, 5).iter().flat_map(numbers).collect();
        let mut sorted = epoch.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 20, "no sample comes twice in an epoch");
        assert!(epochs.iter().all(|other| *other != epoch), "epochs differ in order");
        epochs.push(epoch);
    }
    for sample in 0..23 {
        assert!(epochs.iter().any(|epoch| epoch.contains(&sample)), "{sample} is never seen");
    }
}

#[test]
fn batches_are_the_same_however_they_are_made() {
    let expected = take(&mut batches(23, &config(4)), 17);
    for (workers, prefetch) in [(0, 0), (1, 0), (1, 3), (2, 1), (4, 16), (3, 100)] {
        let mut streamed = batches(23, &streamed(4, workers, prefetch));
        assert_eq!(take(&mut streamed, 17), expected, "{workers} workers, {prefetch} ahead");
    }
}

#[test]
fn a_batch_is_the_same_by_iteration_and_by_seek() {
    for config in [config(4), streamed(4, 0, 0), streamed(4, 2, 5)] {
        let expected = take(&mut batches(23, &config), 20);
        let mut seeking = batches(23, &config);
        for step in [13, 0, 1, 2, 19, 7, 7, 8, 4] {
            seeking.seek(step);
            assert_eq!(seeking.step(), step);
            assert_eq!(seeking.next_batch().unwrap().0, expected[step as usize], "batch {step}");
        }
        let mut far = batches(23, &config);
        far.seek(5_000_000_000);
        let _ = far.next_batch().unwrap();
    }
}

#[test]
fn the_seed_decides_order_and_augmentation() {
    let with_seed = |seed| take(&mut batches(23, &BatchConfig { seed, ..config(4) }), 5);
    assert_eq!(with_seed(1), with_seed(1));
    assert_ne!(with_seed(1), with_seed(2));
}

#[test]
fn augmentation_turns_each_sample_by_its_position() {
    let plain = BatchConfig { augment: Augment::None, ..config(4) };
    let plain = take(&mut batches(23, &plain), 10);
    let augmented = take(&mut batches(23, &config(4)), 10);
    let dihedral = Dihedral::new(4, Device::Cpu).unwrap();
    let mut seen = std::collections::HashSet::new();
    for (step, (plain, augmented)) in plain.iter().zip(&augmented).enumerate() {
        let drawn = symmetries(11, step as u64 / 5, step % 5 * 4, 4);
        assert_eq!(*augmented, dihedral.apply(plain, &drawn).unwrap());
        let undone: Vec<Symmetry> = drawn.iter().map(|symmetry| symmetry.inverse()).collect();
        assert_eq!(*plain, dihedral.apply(augmented, &undone).unwrap());
        seen.extend(drawn);
    }
    assert!(seen.len() > 4, "only {} symmetries in 40 samples", seen.len());
}

#[test]
fn impossible_settings_are_refused_with_the_numbers() {
    let refused = |dataset: ArrayDataset, config: &BatchConfig| {
        Batches::new(Arc::new(dataset), config, Device::Cpu).unwrap_err()
    };
    let error = refused(numbered(10), &config(11));
    assert!(matches!(error, DataError::BatchSize { batch_size: 11, samples: 10 }));
    let message = error.to_string();
    assert!(message.contains("batch of 11") && message.contains("only 10"), "{message}");
    let message = refused(numbered(10), &config(0)).to_string();
    assert_eq!(message, "batch_size: expected 1 or more, got 0");
    for (workers, prefetch, expected) in [
        (257, 4, "workers: expected at most 256, got 257"),
        (usize::MAX, 4, "workers: expected at most 256, got 18446744073709551615"),
        (2, 4097, "prefetch: expected at most 4096, got 4097"),
    ] {
        let message = refused(numbered(10), &streamed(2, workers, prefetch)).to_string();
        assert_eq!(message, expected);
    }
    let oblong = ArrayDataset::new(Array4::zeros((4, 1, 2, 3))).unwrap();
    let message = refused(oblong.clone(), &config(2)).to_string();
    assert!(message.contains("square") && message.contains("2x3"), "{message}");
    let plain = BatchConfig { augment: Augment::None, ..config(2) };
    let mut batches = Batches::new(Arc::new(oblong), &plain, Device::Cpu).unwrap();
    assert_eq!(batches.next_batch().unwrap().0.size(), [2, 1, 2, 3]);
}

/// What reading a bad sample does.
type Fault = fn() -> Result<Array3<f32>, DataError>;

/// Numbered samples, of which one fails in a chosen way while `armed`.
struct Faulty {
    samples: ArrayDataset,
    bad: usize,
    fault: Fault,
    armed: Arc<AtomicBool>,
}

impl Dataset for Faulty {
    type Batch = Images;
    fn len(&self) -> usize {
        self.samples.len()
    }
    fn shape(&self) -> [i64; 3] {
        self.samples.shape()
    }
    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        if index == self.bad && self.armed.load(Ordering::SeqCst) {
            return (self.fault)();
        }
        self.samples.sample(index)
    }
}

#[test]
fn faults_of_a_data_set_surface_and_can_be_got_over() {
    let faults: [(Fault, &str); 3] = [
        (|| Err(DataError::Worker("disk on fire".into())), "disk on fire"),
        (|| panic!("off by {}", 1), "panic: off by 1"),
        (|| Ok(Array3::zeros((1, 4, 4))), "expected shape [2, 4, 4] ([C, H, W]), got [1, 4, 4]"),
    ];
    let expected = take(&mut batches(12, &config(4)), 6);
    for (fault, words) in faults {
        for config in [streamed(4, 0, 0), streamed(4, 2, 4)] {
            let armed = Arc::new(AtomicBool::new(true));
            let faulty = Faulty { samples: numbered(12), bad: 5, fault, armed: armed.clone() };
            let mut batches = Batches::new(Arc::new(faulty), &config, Device::Cpu).unwrap();
            let mut failures = 0;
            for batch in &expected {
                let got = batches.next_batch().or_else(|error| {
                    assert!(error.to_string().contains(words), "{error}");
                    failures += 1;
                    assert!(batches.next_batch().is_err(), "it stays at the batch that failed");
                    armed.store(false, Ordering::SeqCst);
                    batches.next_batch()
                });
                assert_eq!(got.unwrap().0, *batch);
            }
            assert_eq!(failures, 1);
        }
        let armed = Arc::new(AtomicBool::new(true));
        let faulty = Faulty { samples: numbered(12), bad: 5, fault, armed };
        let error = Batches::new(Arc::new(faulty), &config(4), Device::Cpu).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Counts the samples read and takes a moment for each.
struct Slow {
    samples: ArrayDataset,
    read: Arc<AtomicUsize>,
}

impl Dataset for Slow {
    type Batch = Images;
    fn len(&self) -> usize {
        self.samples.len()
    }
    fn shape(&self) -> [i64; 3] {
        self.samples.shape()
    }
    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        std::thread::sleep(Duration::from_millis(2));
        self.read.fetch_add(1, Ordering::SeqCst);
        self.samples.sample(index)
    }
}

#[test]
fn reading_ahead_is_bounded_and_dropping_early_ends_it() {
    let read = Arc::new(AtomicUsize::new(0));
    let dataset = Arc::new(Slow { samples: numbered(1000), read: read.clone() });
    let mut batches = Batches::new(dataset.clone(), &streamed(10, 3, 2), Device::Cpu).unwrap();
    assert_eq!(read.load(Ordering::SeqCst), 0, "nothing is read before it is asked for");
    let _ = batches.next_batch().unwrap();
    for _ in 0..1000 {
        if read.load(Ordering::SeqCst) >= 30 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(read.load(Ordering::SeqCst), 30, "the batch asked for and two ahead");
    let _ = batches.next_batch().unwrap();
    batches.seek(50);
    let _ = batches.next_batch().unwrap();
    drop(batches);
    let after = read.load(Ordering::SeqCst);
    assert!(after < 1000);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(read.load(Ordering::SeqCst), after, "no thread is left at work");
    assert_eq!(Arc::strong_count(&dataset), 1);
}

#[test]
fn the_shares_of_a_batch_make_up_the_batch() {
    for config in [config(6), streamed(6, 2, 3)] {
        let whole = take(&mut batches(20, &config), 7);
        let of = 3;
        for part in 0..of {
            let share = Share::new(part, of).unwrap();
            let mut own = batches(20, &config);
            own.share(share).unwrap();
            assert_eq!(own.batch_size(), 6);
            for (whole, own) in whole.iter().zip(take(&mut own, 7)) {
                assert_eq!(share.of_rows(whole), own);
            }
        }
    }
    let message = batches(20, &config(6)).share(Share::new(0, 4).unwrap()).unwrap_err().to_string();
    assert_eq!(
        message,
        "batch_size: expected a multiple of the 4 processes that share a batch, got 6"
    );
}
