//! Samples are the same wherever their pixels lie: in memory, in scratch or in files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_data::{BatchConfig, Batches, Dataset, Images};
use astrogen_images::{FolderConfig, ImageFolder, Tiling};
use astrogen_preprocess::{BackgroundConfig, PipelineConfig};
use image::{GrayImage, Luma};
use ndarray::{Array3, s};
use tch::Device;

use crate::made::{all, config, frames, no_folder, scene, write_fits, write_gzip, write_tiles};

#[test]
fn bounded_memory_changes_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    frames(folder.path());
    let expected = {
        let opened = ImageFolder::open(&config(folder.path(), 8, 1)).unwrap();
        assert!(opened.report().is_cached());
        take(opened.train(), &BatchConfig { batch_size: 16, ..BatchConfig::default() })
    };
    for cache_bytes in [0, 30_000, u64::MAX] {
        let bounded = FolderConfig { cache_bytes, ..config(folder.path(), 8, 1) };
        let opened = ImageFolder::open(&bounded).unwrap();
        assert_eq!(opened.report().is_cached(), cache_bytes == u64::MAX);
        for workers in [0, 1, 3] {
            let streamed =
                BatchConfig { batch_size: 16, workers, resident_bytes: 0, ..Default::default() };
            assert_eq!(take(opened.train(), &streamed), expected, "{cache_bytes}, {workers}");
        }
    }
}

pub(crate) fn take(dataset: Arc<dyn Dataset<Batch = Images>>, config: &BatchConfig) -> Vec<Images> {
    let mut batches = Batches::new(dataset, config, Device::Cpu).unwrap();
    (0..12).map(|_| batches.next_batch().unwrap()).collect()
}

/// The samples of a folder of which nothing stays in memory nor in scratch; they are found to
/// be, to the bit, those of one that stays as a whole in either.
fn samples_from_files(config: &FolderConfig) -> Vec<Array3<f32>> {
    let scratch = tempfile::tempdir().unwrap();
    let samples = |cache_bytes, scratch: &Path| {
        let scratch = Some(scratch.to_owned());
        let opened = ImageFolder::open(&FolderConfig { cache_bytes, scratch, ..config.clone() });
        let opened = opened.unwrap();
        assert_eq!(opened.report().is_cached(), cache_bytes > 0);
        all(&*opened.train())
    };
    let from_files = samples(0, &no_folder(scratch.path()));
    let bits = |samples: &[Array3<f32>]| -> Vec<Array3<u32>> {
        samples.iter().map(|sample| sample.mapv(f32::to_bits)).collect()
    };
    let expected = bits(&from_files);
    assert!(expected == bits(&samples(u64::MAX, scratch.path())), "in memory: {config:?}");
    assert!(expected == bits(&samples(0, scratch.path())), "in scratch: {config:?}");
    from_files
}

/// A scene in which tiles are blank in a corner, and frames differ in how much.
pub(crate) fn blank_scene(tag: usize, bands: usize) -> Array3<f32> {
    let mut frame = scene(tag, bands, 40, 52);
    frame.slice_mut(s![.., ..7 + tag, ..3]).fill(f32::NAN);
    frame.slice_mut(s![bands - 1, 20.., 50..]).fill(f32::NAN);
    frame
}

/// Writes a frame to a file of this name in a folder.
pub(crate) type Write = fn(&Path, &str, &Array3<f32>) -> PathBuf;

pub(crate) const WRITERS: [(&str, Write); 3] =
    [("fits", write_fits), ("fits.fz", write_tiles), ("fits.gz", write_gzip)];

#[test]
fn tiles_read_alone_are_those_of_the_whole_frame() {
    for (extension, write) in WRITERS {
        for (bands, channels) in [(1, 1), (1, 3), (3, 3), (3, 1), (2, 2)] {
            let folder = tempfile::tempdir().unwrap();
            for tag in 0..12 {
                write(folder.path(), &format!("{tag}.{extension}"), &blank_scene(tag, bands));
            }
            let default = PipelineConfig::default();
            let tiles = FolderConfig { pipeline: default, ..config(folder.path(), 8, channels) };
            let samples = samples_from_files(&tiles);
            assert!(samples.len() > 12 * 100, "{extension}: {}", samples.len());
            let shape = [channels, 8, 8];
            assert!(samples.iter().all(|sample| sample.shape() == shape && sample.sum() != 0.0));
        }
    }
}

#[test]
fn blank_pixels_are_filled_by_what_the_whole_frame_says() {
    let folder = tempfile::tempdir().unwrap();
    for tag in 0..3 {
        write_fits(folder.path(), &format!("{tag}.fits"), &blank_scene(tag, 3));
    }
    let mask = |fill: &str| {
        let mut pipeline = config(folder.path(), 8, 3).pipeline;
        pipeline.mask.fill = fill.parse().unwrap();
        pipeline.mask.max_bad_fraction = 0.04; // less than of many a tile
        pipeline
    };
    for fill in ["median", "vmin", "value:250"] {
        for stretch in ["linear", "asinh:0.1", "histogram_equalization"] {
            for background in [None, Some(BackgroundConfig::default())] {
                let stretch = stretch.parse().unwrap();
                let pipeline = PipelineConfig { stretch, background, ..mask(fill) };
                samples_from_files(&FolderConfig { pipeline, ..config(folder.path(), 8, 3) });
            }
        }
    }
    // One frame of which the first tile is a quarter blank, which is not too much.
    let folder = tempfile::tempdir().unwrap();
    let mut frame = scene(0, 1, 40, 52);
    frame.slice_mut(s![.., ..2, ..8]).fill(f32::NAN);
    write_fits(folder.path(), "a.fits", &frame);
    let first = |fill: &str| {
        let tiles = FolderConfig { pipeline: mask(fill), ..config(folder.path(), 8, 1) };
        let sample = samples_from_files(&tiles).swap_remove(0);
        assert!(sample.slice(s![0, ..2, ..]).iter().all(|value| *value == sample[[0, 0, 0]]));
        sample[[0, 0, 0]]
    };
    assert_eq!(first("vmin"), -1.0);
    assert_eq!(first("value:250"), -0.5);
    let mut good: Vec<f32> = frame.iter().copied().filter(|value| value.is_finite()).collect();
    good.sort_by(f32::total_cmp);
    assert!((first("median") - (good[good.len() / 2] / 500.0 - 1.0)).abs() < 0.01);
}

#[test]
fn pictures_and_whole_frames_are_the_same_from_files() {
    let folder = tempfile::tempdir().unwrap();
    for tag in 0..10 {
        write_fits(folder.path(), &format!("{tag}.fits"), &blank_scene(tag, 1));
        let picture = GrayImage::from_fn(40, 44, |x, y| Luma([(x * 5 + y + tag as u32) as u8]));
        picture.save(folder.path().join(format!("{tag}.png"))).unwrap();
    }
    for tiling in [Tiling::Whole, Tiling::Tiles { stride: Some(13) }] {
        samples_from_files(&FolderConfig { tiling, ..config(folder.path(), 8, 1) });
    }
}

#[test]
fn only_the_tile_itself_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_fits(folder.path(), "a.fits", &scene(0, 1, 40, 52));
    let tiles = FolderConfig { cache_bytes: 0, ..config(folder.path(), 8, 1) };
    let opened = ImageFolder::open(&tiles).unwrap();
    let before = all(&*opened.train());
    // The rows below the first tiles become other numbers, unseen by any date or length.
    let written = path.metadata().unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[2880 + 8 * 52 * 4..][..20 * 52 * 4].fill(0x42);
    std::fs::write(&path, bytes).unwrap();
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(written).unwrap();
    let after = all(&*opened.train());
    let columns = 12; // at 0, 4, .. 44
    assert_eq!(before[..columns], after[..columns]);
    assert!((columns..columns + 10).all(|index| before[index] != after[index]));
}
