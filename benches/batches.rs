//! Batches of tiles from a folder of large FITS frames, with all scaled pixels in memory and
//! with none: how fast the threads read ahead of a trainer. `cargo bench --bench batches`

use std::path::Path;

use astrogen::data::{BatchConfig, Batches, FolderConfig, ImageFolder};
use astrogen::preprocess::fits::{Header, write_image};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array3;
use tch::Device;

const FRAMES: usize = 24;
const SIDE: usize = 1500;

/// Float frames of a noisy sky with stars, 9 MB each, one of four with a blank corner.
fn write_frames(folder: &Path) {
    for number in 0..FRAMES {
        let frame = Array3::from_shape_fn((1, SIDE, SIDE), |(_, y, x)| {
            if number % 4 == 0 && x + y < 300 {
                return f32::NAN;
            }
            let star = if (x * 7919 + y * 104_729 + number) % 9973 == 0 { 60_000.0 } else { 0.0 };
            100.0 + star + ((x * 31 + y * 17 + number) % 23) as f32
        });
        let path = folder.join(format!("{number:02}.fits"));
        write_image(path, &frame, &Header::new()).expect("room for the frames");
    }
}

fn batches(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_frames(folder.path());
    let config = BatchConfig { batch_size: 32, resident_bytes: 0, ..BatchConfig::default() };
    let mut group = criterion.benchmark_group("batches_of_32_tiles_64px");
    group.sample_size(10);
    group.throughput(Throughput::Elements(config.batch_size as u64));
    for (name, cache_bytes) in [("in memory", u64::MAX), ("from files", 0)] {
        let path = folder.path().to_owned();
        let opened = ImageFolder::open(&FolderConfig { path, cache_bytes, ..Default::default() })
            .expect("good frames");
        let mut batches =
            Batches::new(opened.train(), &config, Device::Cpu).expect("enough samples");
        group.bench_function(name, |bencher| {
            bencher.iter(|| batches.next_batch().expect("a batch"));
        });
    }
    group.finish();
}

criterion_group!(benches, batches);
criterion_main!(benches);
