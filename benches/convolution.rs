//! Convolutions of 4x4 pixels at a stride of 2, and of 3x3 pixels behind bilinear doubling: ours and libtorch's, a
//! layer and a pass at a time.
//! `cargo bench --bench convolution`

use astrogen::nn::doubled::{DoubledShape, DoubledWeights};
use astrogen::nn::strided::{After, StridedShape, StridedWeights, Variant};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Device, Kind, Tensor};

/// Layers of the article's DCGAN, of the WGAN-GP and of GalacticForge's autoencoder: images, channels of the
/// large and of the small maps, side of the large maps.
const LAYERS: [[usize; 4]; 12] = [
    [64, 64, 128, 32],
    [64, 128, 256, 16],
    [64, 256, 512, 8],
    [32, 32, 64, 32],
    [16, 32, 64, 64],
    [16, 64, 128, 32],
    [16, 128, 256, 16],
    [4, 64, 128, 224],
    [4, 128, 256, 112],
    [4, 256, 512, 56],
    [4, 512, 1024, 28],
    [4, 1024, 2048, 14],
];

/// Stages of the sharp recipe's generator, of width 16 and 32 at 64 pixels and the last at 128: images,
/// channels of the small and of the large maps, side of the small maps.
const STAGES: [[usize; 4]; 9] = [
    [16, 128, 80, 4],
    [16, 80, 48, 8],
    [16, 48, 32, 16],
    [16, 32, 16, 32],
    [16, 256, 160, 4],
    [16, 160, 96, 8],
    [16, 96, 64, 16],
    [16, 64, 32, 32],
    [16, 32, 16, 64],
];

fn layer(criterion: &mut Criterion, [images, inputs, outputs, side]: [usize; 4]) {
    let shape = StridedShape { images, inputs, outputs, height: side, width: side };
    let [n, c, o, h] = [images, inputs, outputs, side].map(|side| side as i64);
    // Channels last, as they are trained with.
    let maps = |channels, side| {
        let maps = Tensor::randn([n, side, side, channels], (Kind::Float, Device::Cpu));
        maps.permute([0, 3, 1, 2])
    };
    let (large, small) = (maps(c, h), maps(o, h / 2));
    let weights =
        (Tensor::randn([o, 4, 4, c], (Kind::Float, Device::Cpu)) * 0.02).permute([0, 3, 1, 2]);
    let flat = |tensor: &Tensor| {
        Vec::<f32>::try_from(tensor.permute([0, 2, 3, 1]).reshape([-1])).expect("numbers")
    };
    let (x, y) = (flat(&large), flat(&small));
    let w = flat(&weights);
    let [mut to_large, mut to_small, mut to_weights] =
        [x.len(), y.len(), w.len()].map(|length| vec![0.0; length]);

    let name = format!("convolution/{inputs}_{outputs}_{side}px_b{images}");
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.throughput(Throughput::Elements(
        (images * outputs * side * side / 4 * inputs * 16) as u64,
    ));
    for (name, variant) in [("two", Variant::Two), ("four", Variant::Four)] {
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| {
                let weights = StridedWeights::forward(&shape, variant, &w);
                weights.convolve(&shape, &x, After::NOTHING, &mut to_small);
            });
        });
        group.bench_function(BenchmarkId::new("transposed", name), |bencher| {
            bencher.iter(|| {
                let weights = StridedWeights::transposed(&shape, variant, &w);
                weights.convolve_transposed(&shape, &y, After::NOTHING, &mut to_large);
            });
        });
        group.bench_function(BenchmarkId::new("gradient", name), |bencher| {
            bencher.iter(|| shape.weight_gradient(variant, &x, &y, &mut to_weights));
        });
    }
    let none = None::<Tensor>;
    group.bench_function(BenchmarkId::new("forward", "libtorch"), |bencher| {
        bencher.iter(|| large.conv2d(&weights, none.as_ref(), [2, 2], [1, 1], [1, 1], 1));
    });
    group.bench_function(BenchmarkId::new("transposed", "libtorch"), |bencher| {
        bencher.iter(|| {
            small.conv_transpose2d(&weights, none.as_ref(), [2, 2], [1, 1], [0, 0], 1, [1, 1])
        });
    });
    let weights = weights.detach().set_requires_grad(true);
    let outputs = large.conv2d(&weights, none.as_ref(), [2, 2], [1, 1], [1, 1], 1);
    let product = (outputs * &small).sum(Kind::Float);
    group.bench_function(BenchmarkId::new("gradient", "libtorch"), |bencher| {
        bencher.iter(|| Tensor::run_backward(&[&product], &[&weights], true, false));
    });
    group.finish();
}

fn stage(criterion: &mut Criterion, [images, inputs, outputs, side]: [usize; 4]) {
    let shape = DoubledShape { images, inputs, outputs, height: side, width: side };
    let [n, c, o, h] = [images, inputs, outputs, side].map(|side| side as i64);
    let maps = |channels, side| {
        let maps = Tensor::randn([n, side, side, channels], (Kind::Float, Device::Cpu));
        maps.permute([0, 3, 1, 2])
    };
    let (small, large) = (maps(c, h), maps(o, 2 * h));
    let weights =
        (Tensor::randn([o, 3, 3, c], (Kind::Float, Device::Cpu)) * 0.02).permute([0, 3, 1, 2]);
    let flat = |tensor: &Tensor| {
        Vec::<f32>::try_from(tensor.permute([0, 2, 3, 1]).reshape([-1])).expect("numbers")
    };
    let (x, y, w) = (flat(&small), flat(&large), flat(&weights));
    let [mut to_small, mut to_large, mut to_weights] =
        [x.len(), y.len(), w.len()].map(|length| vec![0.0; length]);

    let mut group =
        criterion.benchmark_group(format!("doubled/{inputs}_{outputs}_{side}px_b{images}"));
    group.sample_size(10);
    group
        .throughput(Throughput::Elements((images * outputs * 4 * side * side * inputs * 9) as u64));
    group.bench_function(BenchmarkId::new("forward", "four"), |bencher| {
        bencher.iter(|| DoubledWeights::forward(&shape, &w).convolve(&shape, &x, &mut to_large));
    });
    group.bench_function(BenchmarkId::new("adjoint", "four"), |bencher| {
        bencher.iter(|| {
            DoubledWeights::adjoint(&shape, &w).convolve_adjoint(&shape, &y, &mut to_small)
        });
    });
    group.bench_function(BenchmarkId::new("gradient", "four"), |bencher| {
        bencher.iter(|| shape.weight_gradient(&x, &y, &mut to_weights));
    });
    let twice = [2.0, 2.0];
    let forward = |small: &Tensor, weights: &Tensor| {
        let doubled = small.upsample_bilinear2d_vec(None::<&[i64]>, false, twice.as_slice());
        doubled.conv2d(weights, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)
    };
    group.bench_function(BenchmarkId::new("forward", "libtorch"), |bencher| {
        bencher.iter(|| forward(&small, &weights));
    });
    let [small, weights] = [small, weights].map(|tensor| tensor.detach().set_requires_grad(true));
    let product = (forward(&small, &weights.detach()) * &large).sum(Kind::Float);
    group.bench_function(BenchmarkId::new("adjoint", "libtorch"), |bencher| {
        bencher.iter(|| Tensor::run_backward(&[&product], &[&small], true, false));
    });
    let product = (forward(&small.detach(), &weights) * &large).sum(Kind::Float);
    group.bench_function(BenchmarkId::new("gradient", "libtorch"), |bencher| {
        bencher.iter(|| Tensor::run_backward(&[&product], &[&weights], true, false));
    });
    group.finish();
}

fn convolutions(criterion: &mut Criterion) {
    LAYERS.into_iter().for_each(|sizes| layer(criterion, sizes));
    STAGES.into_iter().for_each(|sizes| stage(criterion, sizes));
}

criterion_group!(benches, convolutions);
criterion_main!(benches);
