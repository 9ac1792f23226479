//! Flows by the crate's own passes and by tensor operations: densities and samples of 10,000 rows,
//! the loss and its gradients of 1,024. `cargo bench --bench flows`

use astrogen::flows::{FlowConfig, FlowPass, Member};
use astrogen::runtime::tune_allocator;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Device, Kind, Tensor, nn, no_grad};

const ROWS: i64 = 10_000;
const BATCH: i64 = 1024;
const SIZES: [i64; 2] = [10, 20];

fn flows(criterion: &mut Criterion) {
    tune_allocator();
    for (name, member) in Member::ALL {
        let [features, context] = SIZES;
        let config = FlowConfig { hidden: vec![128; 2], ..member.config(features, context) };
        let store = nn::VarStore::new(Device::Cpu);
        let flow = config.init(&store.root()).expect("valid settings");
        let normal = |width| Tensor::randn([ROWS, width], (Kind::Float, Device::Cpu));
        let (x, context) = (normal(features).tanh(), normal(context));
        let given = flow.given(&context).expect("contexts that fit");

        let mut group = criterion.benchmark_group(format!("flows/{name}"));
        group.sample_size(10);
        group.throughput(Throughput::Elements(ROWS.unsigned_abs()));
        group.bench_function(BenchmarkId::new("log_prob", "passes"), |bencher| {
            bencher.iter(|| no_grad(|| given.log_prob(&x)).expect("features that fit"));
        });
        group.bench_function(BenchmarkId::new("log_prob", "tensors"), |bencher| {
            bencher.iter(|| given.log_prob(&x).expect("features that fit"));
        });
        let mut samples = vec![0.0; (ROWS * features) as usize];
        group.bench_function(BenchmarkId::new("sample", "passes"), |bencher| {
            bencher.iter(|| given.sample_rows(0, 1, &mut samples).expect("whole rows"));
        });

        let (x, context) = (x.narrow(0, 0, BATCH), context.narrow(0, 0, BATCH));
        let mut pass = FlowPass::new(&flow).expect("all members have passes");
        let weights = store.trainable_variables();
        group.throughput(Throughput::Elements(BATCH.unsigned_abs()));
        group.bench_function(BenchmarkId::new("gradients", "passes"), |bencher| {
            bencher.iter(|| {
                pass.loss_and_gradients(&x, Some(&context), None).expect("a batch that fits")
            });
        });
        group.bench_function(BenchmarkId::new("gradients", "tensors"), |bencher| {
            bencher.iter(|| {
                let given = flow.given(&context).expect("contexts that fit");
                let loss = -given.log_prob(&x).expect("features that fit").mean(Kind::Float);
                Tensor::run_backward(&[loss], &weights, false, false)
            });
        });
        group.finish();
    }
}

criterion_group!(benches, flows);
criterion_main!(benches);
