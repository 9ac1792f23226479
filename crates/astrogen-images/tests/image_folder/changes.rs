//! Files that go or change while a run reads them.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use astrogen_data::{BatchConfig, Batches, DataError, Dataset, Images};
use astrogen_images::{FolderConfig, ImageFolder, ImagesError};
use tch::Device;

use crate::made::{config, no_folder, scene, write_fits, write_gzip, write_tiles};

/// The file that a batch could not be read from.
fn file_of(error: &DataError) -> Option<&Path> {
    let DataError::Source(source) = error else { return None };
    match source.downcast_ref() {
        Some(ImagesError::File { path, .. }) => Some(path),
        _ => None,
    }
}

/// What is said about each sample once `change` was made to every file of a folder of which
/// nothing is in memory nor in scratch.
fn errors_after(change: impl Fn(&Path)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for tag in 0..10 {
        let frame = scene(tag, 1, 50, 60);
        paths.push(write_fits(folder.path(), &format!("{tag}.fits"), &frame));
        paths.push(write_tiles(folder.path(), &format!("{tag}.fits.fz"), &frame));
        paths.push(write_gzip(folder.path(), &format!("{tag}.fits.gz"), &frame));
    }
    let scratch = tempfile::tempdir().unwrap();
    let open = |scratch| {
        let bounded = FolderConfig { cache_bytes: 0, scratch, ..config(folder.path(), 8, 1) };
        ImageFolder::open(&bounded).unwrap()
    };
    let in_scratch = open(Some(scratch.path().to_owned()));
    let opened = open(Some(no_folder(scratch.path())));
    assert_eq!(opened.report().used(), paths.len());
    for path in &paths {
        change(path);
    }
    let errors = |train: &dyn Dataset<Batch = Images>| -> Vec<DataError> {
        (0..train.len()).filter_map(|index| train.sample(index).err()).collect()
    };
    let train = opened.train();
    let tiles = train.len() / paths.len();
    if cfg!(unix) {
        // Of the 30 files, only the 10 plain ones are read again.
        assert_eq!(errors(&*in_scratch.train()).len(), 10 * tiles);
    }
    let errors = errors(&*train);
    assert_eq!(errors.len(), train.len());
    for error in &errors {
        let Some(path) = file_of(error) else { panic!("no file is named: {error}") };
        assert!(paths.iter().any(|own| own == path), "{}", path.display());
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    // The threads that read ahead hand the same error on.
    let config = BatchConfig { batch_size: 16, resident_bytes: 0, ..BatchConfig::default() };
    let mut batches = Batches::new(train, &config, Device::Cpu).unwrap();
    for _ in 0..2 {
        let error = batches.next_batch().unwrap_err();
        assert!(file_of(&error).is_some(), "{error}");
    }
    errors.iter().map(DataError::to_string).collect()
}

fn shorten(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_file_that_is_gone_is_named() {
    for text in errors_after(|path| fs::remove_file(path).unwrap()) {
        assert!(text.contains("cannot be read: No such file"), "{text}");
    }
}

#[test]
fn a_file_that_is_another_is_named() {
    let smaller = |path: &Path| {
        let folder = path.parent().unwrap();
        write_fits(folder, path.file_name().unwrap().to_str().unwrap(), &scene(1, 1, 40, 40));
    };
    let touched = |path: &Path| {
        let file = File::options().append(true).open(path).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written + Duration::from_secs(1)).unwrap();
    };
    let changes: [&dyn Fn(&Path); 5] =
        [&smaller, &touched, &|path| shorten(path, 3000), &|path| shorten(path, 0), &|path| {
            fs::write(path, "no image any more").unwrap()
        }];
    for change in changes {
        for text in errors_after(change) {
            assert!(
                text.ends_with("has changed since the folder was opened; open the folder again")
            );
        }
    }
}

#[test]
fn damage_that_no_date_or_length_tells_is_named() {
    let damage = |path: &Path| {
        let written = path.metadata().unwrap().modified().unwrap();
        let mut bytes = fs::read(path).unwrap();
        bytes[10..2000].fill(b'?');
        fs::write(path, bytes).unwrap();
        File::options().append(true).open(path).unwrap().set_modified(written).unwrap();
    };
    for text in errors_after(damage) {
        assert!(text.contains("is damaged"), "{text}");
    }
}
