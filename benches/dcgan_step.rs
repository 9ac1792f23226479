//! One training step of a DCGAN at 64 px by either recipe, on the CPU and, where there is one, on a
//! GPU. `cargo bench --bench dcgan_step`

use astrogen::data::Images;
use astrogen::models::{DcganConfig, SharpConfig};
use astrogen::runtime::{DeviceChoice, tune_allocator};
use astrogen::train::gan::{DcganStep, DcganStepConfig};
use astrogen::train::step::Step;
use astrogen::train::{RelativisticStep, RelativisticStepConfig};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Cuda, Device, Kind, Tensor};

/// Steps of batches of `batch` images of 64 pixels.
fn time(
    criterion: &mut Criterion,
    name: &str,
    batch: i64,
    device: Device,
    step: &mut impl Step<Batch = Images>,
) {
    let images = Images(Tensor::rand([batch, 3, 64, 64], (Kind::Float, device)) * 2 - 1);
    let mut group = criterion.benchmark_group(format!("dcgan_step_64px/{name}_batch{batch}"));
    group.sample_size(10);
    group.throughput(Throughput::Elements(batch.unsigned_abs()));
    group.bench_function(BenchmarkId::from_parameter(format!("{device:?}")), |bencher| {
        bencher.iter(|| {
            let losses = step.step(&images).expect("a step");
            if let Device::Cuda(index) = device {
                Cuda::synchronize(index as i64);
            }
            losses
        });
    });
    group.finish();
}

fn dcgan_step(criterion: &mut Criterion) {
    tune_allocator();
    let cuda = DeviceChoice::Auto.resolve().unwrap_or(Device::Cpu);
    let devices = if cuda == Device::Cpu { vec![Device::Cpu] } else { vec![Device::Cpu, cuda] };
    for device in devices {
        for (features, batch) in [(16, 16), (32, 32), (64, 64)] {
            let model = DcganConfig {
                generator_features: features,
                discriminator_features: features,
                ..DcganConfig::default()
            };
            let step = DcganStep::new(&model, &DcganStepConfig::default(), device);
            let mut step = step.expect("valid settings");
            time(criterion, &format!("article_width{features}"), batch, device, &mut step);
        }
        for (features, batch) in [(16, 32), (64, 128)] {
            let model = SharpConfig {
                generator_features: features,
                critic_features: features,
                ..SharpConfig::default()
            };
            let step = RelativisticStep::new(&model, &RelativisticStepConfig::default(), device);
            let mut step = step.expect("valid settings");
            time(criterion, &format!("sharp_width{features}"), batch, device, &mut step);
        }
    }
}

criterion_group!(benches, dcgan_step);
criterion_main!(benches);
