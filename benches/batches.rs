//! Batches of tiles from a folder of large FITS frames, with all scaled pixels in memory and
//! with none, from plain files and from files packed by gzip, with and without a scratch file
//! for those: how fast the threads read ahead of a trainer. `cargo bench --bench batches`

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use astrogen::data::{BatchConfig, Batches};
use astrogen::fits::{Header, write_image};
use astrogen::images::{FolderConfig, ImageFolder};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
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

/// Packs every file of a folder by itself.
fn pack(folder: &Path) {
    for file in fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let packed = File::create(path.with_extension("fits.gz")).expect("room for the frames");
        let mut packed = GzEncoder::new(packed, Compression::fast());
        packed.write_all(&fs::read(&path).expect("a frame")).expect("room for the frames");
        packed.finish().expect("room for the frames");
        fs::remove_file(path).expect("a frame to remove");
    }
}

fn batches(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_frames(folder.path());
    let batching = BatchConfig { batch_size: 32, resident_bytes: 0, ..BatchConfig::default() };
    let mut group = criterion.benchmark_group("batches_of_32_tiles_64px");
    group.sample_size(10);
    group.throughput(Throughput::Elements(batching.batch_size as u64));
    let mut bench = |name: &str, cache_bytes, scratch| {
        let path = folder.path().to_owned();
        let config = FolderConfig { path, cache_bytes, scratch, ..Default::default() };
        let opened = ImageFolder::open(&config).expect("good frames");
        let mut batches =
            Batches::new(opened.train(), &batching, Device::Cpu).expect("enough samples");
        group.bench_function(name, |bencher| {
            bencher.iter(|| batches.next_batch().expect("a batch"));
        });
    };
    bench("in memory", u64::MAX, None);
    bench("from files", 0, None);
    pack(folder.path());
    bench("packed, from scratch", 0, None);
    // A file is no folder, so there is no scratch file.
    bench("packed, without scratch", 0, Some(folder.path().join("00.fits.gz")));
    group.finish();
}

criterion_group!(benches, batches);
criterion_main!(benches);
