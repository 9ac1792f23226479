//! What is held of the sets, and that the audit is that of whole images.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use astrogen_data::{ArrayDataset, Augment, BatchConfig, DataError, Dataset};
use ndarray::{Array3, Array4};
use tempfile::TempDir;

use super::*;

/// Noise, image `first` of an endless row and those that follow.
fn noise([count, channels, height, width]: [usize; 4], first: usize) -> ArrayDataset {
    let pixels = Array4::from_shape_fn((count, channels, height, width), |(n, c, y, x)| {
        let place = (((first + n) * channels + c) * height + y) * width + x;
        ((place as f64 * 12.9898).sin() * 43758.5453).fract() as f32
    });
    ArrayDataset::new(pixels).unwrap()
}

fn batches(data: Arc<dyn Dataset<Batch = Images>>, batch_size: usize, resident: bool) -> Batches {
    let resident_bytes = if resident { 1 << 30 } else { 0 };
    let augment = Augment::None;
    let config = BatchConfig { batch_size, augment, seed: 3, resident_bytes, ..Default::default() };
    Batches::new(data, &config, Device::Cpu).unwrap()
}

/// All images of one pass, as large as they are.
fn whole(mut batches: Batches) -> Tensor {
    let all: Vec<Tensor> =
        (0..batches.steps_per_epoch()).map(|_| batches.next_batch().unwrap().0).collect();
    Tensor::cat(&all, 0)
}

fn run() -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    (folder, run)
}

#[test]
fn the_audit_is_that_of_whole_images_which_are_not_held() {
    // Squares that three pixels divide, and rectangles whose means overlap.
    for ([height, width], small) in [([72, 72], [24, 24]), ([70, 50], [24, 17])] {
        let (_folder, run) = run();
        // Of the training images 56 fill batches; held-out ones are some of them, and others.
        let sets = || {
            let train = Arc::new(noise([60, 2, height, width], 0));
            let held_out = Arc::new(noise([30, 2, height, width], 45));
            [batches(train, 7, true), batches(held_out, 1, false)]
        };
        let audit = Audit::new(&run, sets()).unwrap().unwrap();
        assert_eq!(audit.train.small.size(), [56, 2, small[0], small[1]]);
        assert_eq!(audit.held_out.small.size(), [30, 2, small[0], small[1]]);

        let [train, held_out] = sets().map(whole);
        let points = |images: &Tensor| Points::images(images, Some(SIDE)).unwrap();
        let of = [&held_out, &train].map(points);
        let found = leakage(&of[0], &of[1], &LeakageConfig::default()).unwrap();
        assert!((5..15).contains(&found.pairs.len()), "{found:?}");
        assert_eq!(audit.leakage, Some(found));
        let fake = 0.5 * (train.flip([3]).narrow(0, 0, 40) + train.narrow(0, 16, 40));
        let expected =
            memorisation_audit(&points(&fake), &of[0], &of[1], &AuditConfig::default()).unwrap();
        assert_eq!(audit.of(&run, &fake).unwrap(), (Some(expected), None));
        for (set, whole) in [(&audit.train, &train), (&audit.held_out, &held_out)] {
            for place in [13, 0, 29, 7] {
                assert_eq!(set.image(place).unwrap(), whole.narrow(0, place as i64, 1), "{place}");
            }
        }
        for file in ["leakage", "closest"] {
            assert!(run.join(format!("figures/{file}.png")).is_file(), "{file}");
        }
    }
}

#[test]
fn all_images_are_read_once_wherever_they_were_dealt_to() {
    let pixels = Array4::from_shape_fn((130, 1, 1, 1), |(n, ..)| n as f32);
    let data = Arc::new(ArrayDataset::new(pixels).unwrap());
    let dealt = || {
        let mut batches = batches(data.clone(), 1, true);
        for _ in 0..50 {
            batches.next_batch().unwrap();
        }
        batches
    };
    let small = Set::new(dealt(), 1000).unwrap().small;
    let mut found = Vec::<f64>::try_from(small.view([-1])).unwrap();
    found.sort_by(f64::total_cmp);
    assert_eq!(found, (0..130).map(f64::from).collect::<Vec<_>>());
    assert_eq!(Set::new(dealt(), 100).unwrap().small.size(), [100, 1, 1, 1]);
}

/// Images that may be gone.
struct Files(ArrayDataset, AtomicBool);

impl Dataset for Files {
    type Batch = Images;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn shape(&self) -> [i64; 3] {
        self.0.shape()
    }

    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        match self.1.load(Ordering::Relaxed) {
            true => Err(DataError::Source("no such file".into())),
            false => self.0.sample(index),
        }
    }
}

#[test]
fn a_picture_of_images_that_are_gone_is_left_out_and_the_numbers_stay() {
    let (_folder, run) = run();
    let files = Arc::new(Files(noise([40, 1, 40, 40], 0), AtomicBool::new(false)));
    let held_out = batches(Arc::new(noise([30, 1, 40, 40], 100)), 1, true);
    let audit = Audit::new(&run, [batches(files.clone(), 1, false), held_out]).unwrap().unwrap();
    files.1.store(true, Ordering::Relaxed);
    let fake = whole(batches(Arc::new(noise([30, 1, 40, 40], 200)), 1, true));
    let (numbers, line) = audit.of(&run, &fake).unwrap();
    assert!(numbers.is_some());
    assert_eq!(line.unwrap(), "figures/closest.png is left out: no such file");
}
