//! One Adam step over the parameters of a full-width DCGAN: ours against libtorch's C++
//! optimiser. `cargo bench --bench adam`

use astrogen::models::DcganConfig;
use astrogen::train::optim::{Adam, AdamConfig};
use astrogen::train::stored::Stored;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tch::nn::OptimizerConfig;
use tch::{Device, Kind, Tensor, nn};

fn adam(criterion: &mut Criterion) {
    astrogen::runtime::tune_allocator();
    let config = DcganConfig::default();
    let network =
        Stored::new(Device::Cpu, |path| config.init_generator(path)).expect("the default is valid");
    let parameters = network.parameters();
    let elements: usize = parameters.iter().map(|(_, parameter)| parameter.numel()).sum();
    let gradients: Vec<Tensor> =
        parameters.iter().map(|(_, parameter)| parameter.detach().randn_like()).collect();

    let mut group = criterion.benchmark_group("adam_step");
    group.throughput(Throughput::Elements(elements as u64));

    let mut ours = Adam::new(parameters, AdamConfig::default()).expect("the default is valid");
    group.bench_function("astrogen", |bencher| {
        bencher.iter(|| ours.step(&gradients).expect("no other process"))
    });

    let variables = nn::VarStore::new(Device::Cpu);
    let generator = config.init_generator(&variables.root()).expect("the default is valid");
    let mut theirs = nn::Adam::default().build(&variables, 1e-3).expect("Adam");
    // One backward pass gives every parameter a gradient for the optimiser to read.
    let loss = astrogen::models::traits::Generator::forward_t(
        &generator,
        &Tensor::randn([2, 100], (Kind::Float, Device::Cpu)),
        true,
    );
    loss.sum(Kind::Float).backward();
    group.bench_function("libtorch C++", |bencher| bencher.iter(|| theirs.step()));
    group.finish();
}

criterion_group!(benches, adam);
criterion_main!(benches);
