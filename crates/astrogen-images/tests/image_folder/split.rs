//! Training and validation files.

use std::collections::BTreeSet;

use astrogen_data::{Dataset, Images};
use astrogen_images::{FolderConfig, ImageFolder};
use ndarray::Array3;

use crate::made::{all, config, frames};

#[test]
fn training_and_validation_share_no_file() {
    let folder = tempfile::tempdir().unwrap();
    frames(folder.path());
    let open = |seed| {
        let split = FolderConfig { validation_fraction: 0.3, seed, ..config(folder.path(), 8, 1) };
        ImageFolder::open(&split).unwrap()
    };
    let files = |dataset: &dyn Dataset<Batch = Images>| -> BTreeSet<usize> {
        let tag = |sample: &Array3<f32>| ((sample[[0, 4, 4]] + 1.0) * 5.0) as usize;
        all(dataset).iter().map(tag).collect()
    };
    let opened = open(1);
    let (train, validation) = (files(&*opened.train()), files(&*opened.validation()));
    assert_eq!((train.len(), validation.len()), (7, 3));
    assert!(train.is_disjoint(&validation));
    assert_eq!(opened.report().train_files, 7);
    assert_eq!(opened.report().validation_samples, opened.validation().len());
    assert_eq!(files(&*open(1).validation()), validation);
    assert!((2..9).any(|seed| files(&*open(seed).validation()) != validation));
}
