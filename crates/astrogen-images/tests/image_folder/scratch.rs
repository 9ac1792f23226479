//! Pixels that lie in a scratch file on disk: which, and what is said where there is none.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_data::BatchConfig;
use astrogen_images::{FolderConfig, ImageFolder, Tiling};

use crate::made::{config, no_folder, write_fits, write_gzip, write_tiles};
use crate::memory::{WRITERS, blank_scene, take};

/// Bytes of the pixels of one `blank_scene` of three bands.
const FRAME: u64 = 3 * 40 * 52 * 4;

/// Settings under which `frames` frames stay in memory.
fn bounded(folder: &Path, scratch: PathBuf, frames: u64) -> FolderConfig {
    let cache_bytes = frames * FRAME;
    FolderConfig { cache_bytes, scratch: Some(scratch), ..config(folder, 8, 3) }
}

#[test]
fn batches_are_the_same_wherever_the_pixels_lie() {
    for (extension, write) in WRITERS {
        let [folder, scratch] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for tag in 0..12 {
            write(folder.path(), &format!("{tag}.{extension}"), &blank_scene(tag, 3));
        }
        let batches = |scratch: PathBuf, frames, workers| {
            let opened = ImageFolder::open(&bounded(folder.path(), scratch, frames)).unwrap();
            let config =
                BatchConfig { batch_size: 16, workers, resident_bytes: 0, ..Default::default() };
            take(opened.train(), &config)
        };
        let expected = batches(scratch.path().into(), 12, 1);
        for (frames, workers) in [(0, 0), (0, 3), (5, 2)] {
            let in_scratch = batches(scratch.path().into(), frames, workers);
            assert_eq!(in_scratch, expected, "{extension}: {frames}, {workers}");
            let nowhere = batches(no_folder(folder.path()), frames, workers);
            assert_eq!(nowhere, expected, "{extension}: {frames}, {workers}, no scratch");
        }
    }
}

/// Four files of each kind: plain, of tiles, packed.
fn files(folder: &Path) {
    for tag in 0..4 {
        write_fits(folder, &format!("{tag}.fits"), &blank_scene(tag, 3));
        write_tiles(folder, &format!("{tag}.fits.fz"), &blank_scene(tag, 3));
        write_gzip(folder, &format!("{tag}.fits.gz"), &blank_scene(tag, 3));
    }
}

#[test]
fn the_report_says_where_the_pixels_lie() {
    let [folder, scratch] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    files(folder.path());
    // (frames in memory, in scratch); memory goes to the packed ones first, to plain ones last
    for (room, memory, spilled) in [(0, 0, 8), (3, 3, 5), (9, 9, 0), (12, 12, 0)] {
        let config = bounded(folder.path(), scratch.path().into(), room);
        let opened = ImageFolder::open(&config).unwrap();
        let report = opened.report();
        assert_eq!(report.bytes, 12 * FRAME);
        assert_eq!((report.memory_bytes, report.scratch_bytes), (memory * FRAME, spilled * FRAME));
        assert_eq!(report.slow, None);
        let text = report.to_string();
        assert_eq!(text.contains("all kept in memory"), room == 12, "{text}");
        assert!(room != 3 || text.contains("0.1 MiB in scratch on disk"), "{text}");
    }
    // An image that is one sample needs all of its file, plain or not.
    let whole =
        FolderConfig { tiling: Tiling::Whole, ..bounded(folder.path(), scratch.path().into(), 0) };
    let opened = ImageFolder::open(&whole).unwrap();
    assert_eq!(opened.report().scratch_bytes, 12 * 3 * 8 * 8 * 4);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_no_error() {
    let [folder, scratch] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    files(folder.path());
    let nowhere = no_folder(scratch.path());
    for nowhere in [nowhere.clone(), nowhere.join("below")] {
        let opened = ImageFolder::open(&bounded(folder.path(), nowhere.clone(), 3)).unwrap();
        let report = opened.report();
        assert_eq!((report.memory_bytes, report.scratch_bytes), (3 * FRAME, 0));
        let slow = report.slow.as_ref().unwrap();
        assert_eq!(slow.files, 5);
        let expected = format!("no scratch file can be made in {}: ", nowhere.display());
        assert!(slow.reason.starts_with(&expected), "{}", slow.reason);
        let text = report.to_string();
        let line = "\nslow: 5 files are decoded again for every sample: no scratch file";
        assert_eq!(text.matches(line).count(), 1, "{text}");
        // Where nothing needs scratch, nothing is said of it.
        let roomy = ImageFolder::open(&bounded(folder.path(), nowhere, 8)).unwrap();
        assert_eq!(roomy.report().slow, None);
    }
}

#[test]
fn nothing_is_left_in_the_folder_nor_seen_there() {
    let [folder, scratch] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    files(folder.path());
    let made = scratch.path().join("made/when needed");
    let entries = || fs::read_dir(&made).unwrap().count();
    assert!(!made.exists());
    let opened = ImageFolder::open(&bounded(folder.path(), made.clone(), 0)).unwrap();
    assert!(opened.report().scratch_bytes > 0);
    let sample = opened.train().sample(0).unwrap();
    assert_eq!(entries(), 0, "without a name, not even a killed process leaves it behind");
    let train = opened.train();
    drop(opened);
    assert_eq!(train.sample(0).unwrap(), sample, "the data set keeps what it needs");
    drop(train);
    assert_eq!(entries(), 0);
}
