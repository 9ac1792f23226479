#![allow(missing_docs)]
use astrogen_flows::*;
use std::time::Instant;
use tch::{Device, Kind, Tensor, nn, no_grad};
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn best(name: &str, mut f: impl FnMut()) {
    if !name.contains(&std::env::args().nth(2).unwrap_or_default()) {
        return;
    }
    f();
    let mut t = f64::MAX;
    let start = Instant::now();
    let c = cpu();
    let mut runs = 0;
    while cpu() - c < 1.0 {
        let s = Instant::now();
        f();
        runs += 1;
        t = t.min(s.elapsed().as_secs_f64());
    }
    let _ = start;
    println!("{runs} runs");
    println!(
        "{name}: best {:.2} ms, cpu/2 {:.2} ms",
        t * 1e3,
        (cpu() - c) * 500.0 / f64::from(runs)
    );
}
fn prod() {
    use astrogen_nn::dense::*;
    let w = Matrix::zeros(128, 129);
    let mut sets: Vec<_> = (0..12)
        .map(|_| (Matrix::zeros(129, 128), Matrix::zeros(129, 128), Matrix::zeros(128, 129)))
        .collect();
    for many in [1, 12] {
        best(&format!("prod fwd {many}"), || {
            for i in 0..1000 {
                let (a, b, _) = &mut sets[i % many];
                product_part(
                    Left::part(&w, 0..128, 0..129),
                    (a, 0),
                    Start::Zero,
                    End::Bend(0.0),
                    (b, 1),
                    128,
                );
            }
        });
        best(&format!("prod back {many}"), || {
            for i in 0..1000 {
                let (a, b, _) = &mut sets[i % many];
                product_part(
                    Left::part(&w, 0..128, 1..129).transposed(),
                    (a, 1),
                    Start::Zero,
                    End::Plain,
                    (b, 1),
                    128,
                );
            }
        });
        best(&format!("prod grad {many}"), || {
            for i in 0..1000 {
                let (a, _, g) = &mut sets[i % many];
                let t = Matrix::zeros(0, 129);
                let _ = t;
                product_part(
                    Left::part(a, 1..129, 0..128),
                    (&w, 0),
                    Start::Zero,
                    End::Plain,
                    (g, 0),
                    129,
                );
            }
        });
        best(&format!("prod transpose {many}"), || {
            for i in 0..1000 {
                let (a, _, g) = &mut sets[i % many];
                g.transpose(a);
            }
        });
    }
}
fn main() {
    if std::env::args().nth(1).unwrap_or_default() == "prod" {
        prod();
        return;
    }
    tch::set_num_threads(std::env::var("T").map_or(2, |t| t.parse().unwrap()));
    let only = std::env::args().nth(1).unwrap_or_default();
    tch::manual_seed(1);
    let h = vec![128, 128];
    let cases = [
        (
            "maf",
            FlowConfig { transforms: 10, hidden: h.clone(), ..FlowConfig::maf(10, 20) },
            100_000,
        ),
        (
            "nsf",
            FlowConfig { transforms: 5, hidden: h.clone(), ..FlowConfig::nsf(10, 20) },
            100_000,
        ),
        (
            "sospf",
            FlowConfig { transforms: 3, hidden: h.clone(), ..FlowConfig::sospf(10, 20) },
            10_000,
        ),
        (
            "nice",
            FlowConfig { transforms: 10, hidden: h.clone(), ..FlowConfig::nice(10, 20) },
            100_000,
        ),
        ("bpf", FlowConfig { transforms: 3, hidden: h.clone(), ..FlowConfig::bpf(10, 20) }, 10_000),
        ("galactic", FlowConfig::galactic(10, 4), 100_000),
    ];
    for (name, config, n) in cases {
        if !name.contains(&only) {
            continue;
        }
        let store = nn::VarStore::new(Device::Cpu);
        let flow = config.init(&store.root()).unwrap();
        let c = Tensor::randn([n, config.context], (Kind::Float, Device::Cpu));
        let x = Tensor::randn([n, 10], (Kind::Float, Device::Cpu));
        let given = flow.given(&c).unwrap();
        let mut out = vec![0.0; n as usize * 10];
        best(&format!("{name} sample_rows {n}"), || given.sample_rows(0, 1, &mut out).unwrap());
        best(&format!("{name} log_prob {n}"), || {
            no_grad(|| given.log_prob(&x).unwrap());
        });
        let one = c.get(0);
        let one = flow.given(&one).unwrap();
        best(&format!("{name} sample_rows one {n}"), || one.sample_rows(0, 1, &mut out).unwrap());
        let (x, c) = (x.narrow(0, 0, 1024), c.narrow(0, 0, 1024));
        let mut pass = FlowPass::new(&flow).unwrap();
        best(&format!("{name} loss_and_gradients 1024"), || {
            pass.loss_and_gradients(&x, Some(&c), None).unwrap();
        });
    }
}
