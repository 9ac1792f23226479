//! One training step of a DCGAN at 64 px. `cargo bench --bench dcgan_step`

use astrogen::data::Images;
use astrogen::models::DcganConfig;
use astrogen::train::gan::{DcganStep, DcganStepConfig};
use astrogen::train::step::Step;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tch::{Device, Kind, Tensor};

fn dcgan_step(criterion: &mut Criterion) {
    astrogen::runtime::tune_allocator();
    let mut group = criterion.benchmark_group("dcgan_step_64px");
    group.sample_size(10);
    for (features, batch) in [(16, 16), (32, 32), (64, 64)] {
        let model = DcganConfig {
            generator_features: features,
            discriminator_features: features,
            ..DcganConfig::default()
        };
        let mut step = DcganStep::new(&model, &DcganStepConfig::default(), Device::Cpu)
            .expect("valid settings");
        let images = Tensor::rand([batch, 3, 64, 64], (Kind::Float, Device::Cpu)) * 2 - 1;
        let images = Images(images);
        group.throughput(Throughput::Elements(batch.unsigned_abs()));
        group.bench_function(format!("width{features}_batch{batch}"), |bencher| {
            bencher.iter(|| step.step(&images).expect("a step"));
        });
    }
    group.finish();
}

criterion_group!(benches, dcgan_step);
criterion_main!(benches);
