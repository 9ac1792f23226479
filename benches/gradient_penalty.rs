//! The gradient penalty by both kernels. `cargo bench --bench gradient_penalty`

use astrogen::losses::{GradientPenaltyConfig, gradient_penalty, piecewise_linear_penalty};
use astrogen::models::{Critic, MlpConfig, WganConfig};
use astrogen::runtime::{DeviceChoice, tune_allocator};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Cuda, Device, Kind, Tensor, nn};

/// Everything both kernels give: the value and the gradients of all weights.
fn both_kernels(
    criterion: &mut Criterion,
    name: &str,
    points: &Tensor,
    variables: &nn::VarStore,
    score: impl Fn(&Tensor) -> Tensor,
    critic: &dyn astrogen::losses::PiecewiseLinear,
) {
    let config = GradientPenaltyConfig::default();
    let weights: Vec<Tensor> = variables
        .variables()
        .into_iter()
        .filter(|(name, _)| name.ends_with("weight"))
        .map(|(_, weight)| weight)
        .collect();
    let finish = || {
        if let Device::Cuda(index) = points.device() {
            Cuda::synchronize(index as i64);
        }
    };
    let mut group = criterion.benchmark_group(format!("gradient_penalty/{name}"));
    group.sample_size(10);
    group.throughput(Throughput::Elements(points.size()[0].unsigned_abs()));
    group.bench_function(BenchmarkId::from_parameter("double_backward"), |bencher| {
        bencher.iter(|| {
            let penalty = gradient_penalty(&score, points, &config);
            let gradients = Tensor::run_backward(&[penalty.value], &weights, false, false);
            finish();
            gradients
        });
    });
    group.bench_function(BenchmarkId::from_parameter("closed_form"), |bencher| {
        bencher.iter(|| {
            let penalty = piecewise_linear_penalty(critic, points, &config);
            finish();
            penalty
        });
    });
    group.finish();
}

fn convolutions(criterion: &mut Criterion, device: Device) {
    for (image_size, batch) in [(64, 16), (64, 64), (128, 4), (128, 16), (128, 32), (256, 8)] {
        let config = WganConfig { image_size, ..WganConfig::default() };
        let variables = nn::VarStore::new(device);
        let critic = config.init_critic(&variables.root()).expect("valid settings");
        let points = Tensor::randn([batch, 3, image_size, image_size], (Kind::Float, device));
        both_kernels(
            criterion,
            &format!("conv_{image_size}px_b{batch}_{device:?}"),
            &points,
            &variables,
            |images| critic.forward_t(images, true),
            critic.piecewise_linear().expect("no normalisation"),
        );
    }
}

fn multilayer_perceptrons(criterion: &mut Criterion, device: Device) {
    for batch in [50, 200, 1000, 5000] {
        let variables = nn::VarStore::new(device);
        let config = MlpConfig { inputs: 12, ..MlpConfig::default() };
        let critic = config.init(&variables.root()).expect("valid settings");
        let points = Tensor::randn([batch, 12], (Kind::Float, device));
        both_kernels(
            criterion,
            &format!("mlp_b{batch}_{device:?}"),
            &points,
            &variables,
            |samples| critic.forward(samples).squeeze_dim(1),
            critic.piecewise_linear().expect("one output"),
        );
    }
}

fn gradient_penalties(criterion: &mut Criterion) {
    tune_allocator();
    let cuda = DeviceChoice::Auto.resolve().unwrap_or(Device::Cpu);
    let devices = if cuda == Device::Cpu { vec![Device::Cpu] } else { vec![Device::Cpu, cuda] };
    for device in devices {
        convolutions(criterion, device);
        multilayer_perceptrons(criterion, device);
    }
}

criterion_group!(benches, gradient_penalties);
criterion_main!(benches);
