//! Throughput of the preprocessing pipeline on a large frame. `cargo bench --bench preprocess`

use astrogen::preprocess::{Interval, Pipeline, PipelineConfig, Stretch};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array3;

/// A frame with a dynamic range of 10^4: a sky, a glow and stars.
fn frame(size: usize) -> Array3<f32> {
    Array3::from_shape_fn((3, size, size), |(band, y, x)| {
        let (dy, dx) = (y as f32 / size as f32 - 0.5, x as f32 / size as f32 - 0.5);
        let glow = 500.0 * (-8.0 * (dy * dy + dx * dx)).exp();
        let star = if (x * 7919 + y * 104_729 + band) % 9973 == 0 { 60_000.0 } else { 0.0 };
        100.0 + glow + star + ((x * 31 + y * 17) % 23) as f32
    })
}

fn preprocess(criterion: &mut Criterion) {
    let frame = frame(1024);
    let mut group = criterion.benchmark_group("pipeline_1024px_3_bands");
    group.throughput(Throughput::Elements(frame.len() as u64));
    group.sample_size(20);
    let intervals = ["minmax", "percentile:99.5", "zscale"];
    let stretches = ["linear", "asinh", "log"];
    for (interval, stretch) in intervals.into_iter().zip(stretches) {
        let config = PipelineConfig {
            interval: interval.parse::<Interval>().expect("a known interval"),
            stretch: stretch.parse::<Stretch>().expect("a known stretch"),
            ..PipelineConfig::default()
        };
        let pipeline = Pipeline::new(config).expect("valid settings");
        group.bench_function(format!("apply/{interval}/{stretch}"), |bencher| {
            bencher.iter(|| pipeline.apply(&frame).expect("a good frame"));
        });
        let prepared = pipeline.apply(&frame).expect("a good frame");
        group.bench_function(format!("inverse/{interval}/{stretch}"), |bencher| {
            bencher.iter(|| {
                pipeline.inverse(&prepared.pixels, &prepared.scaling).expect("its own output")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, preprocess);
criterion_main!(benches);
