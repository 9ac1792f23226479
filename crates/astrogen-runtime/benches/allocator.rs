//! What [`tune_allocator`] saves: DCGAN training steps on the CPU with and without it, as time a
//! step, time in the kernel per step, minor page faults per step and the most memory held.
//!
//! ```text
//! cargo bench -p astrogen-runtime --bench allocator
//! ```
//!
//! All arithmetic is inside libtorch, so `--profile dev` gives the same figures sooner. glibc
//! cannot be set back, so each measurement runs in a process of its own; the two kinds alternate
//! and the best time of each is kept, because a busy machine only ever adds to it.
#![allow(clippy::unwrap_used, reason = "a measurement that stops where it fails")]

use std::env;
use std::fmt::Display;
use std::io::Write;
use std::process::Command;
use std::time::Instant;

use astrogen_runtime::{seed_everything, tune_allocator};
use tch::nn::{self, Module, ModuleT, OptimizerConfig};
use tch::{Device, Kind, Tensor};

/// Shapes of the measured steps: image side, features and batch size.
const SHAPES: [(i64, i64, i64); 3] = [(64, 16, 16), (64, 32, 32), (64, 64, 64)];
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        let number = |offset: usize| arguments[at + offset].parse::<i64>().unwrap();
        if arguments[at + 1] == "tuned" {
            tune_allocator();
        }
        measure(number(2), number(3), number(4));
        return;
    }
    say("side features batch  allocator   s/step  kernel s/step  faults/step  peak MiB");
    for (side, features, batch) in SHAPES {
        let mut best = [[f64::INFINITY; 4]; 2];
        for _ in 0..ROUNDS {
            for (kind, best) in ["plain", "tuned"].iter().zip(&mut best) {
                let row = child(kind, side, features, batch);
                if row[0] < best[0] {
                    *best = row;
                }
            }
        }
        for (kind, [seconds, kernel, faults, peak]) in ["plain", "tuned"].iter().zip(best) {
            say(format_args!(
                "{side:4} {features:8} {batch:5}  {kind:9} {seconds:8.4} {kernel:14.4} {faults:12.0} {peak:9.0}"
            ));
        }
    }
}

/// Writes a line, whether anybody reads it or not.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs one measurement in a process of its own: seconds per step, of them in the kernel (all
/// threads together), faults per step, peak MiB.
fn child(kind: &str, side: i64, features: i64, batch: i64) -> [f64; 4] {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--measure", kind])
        .args([side, features, batch].map(|number| number.to_string()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|word| word.parse::<f64>().unwrap());
    [(); 4].map(|()| numbers.next().unwrap())
}

fn measure(side: i64, features: i64, batch: i64) {
    seed_everything(0);
    let mut step = step(side, features, batch);
    for _ in 0..3 {
        step();
    }
    let steps = if features < 64 { 20 } else { 6 };
    let (before, start) = (Usage::now(), Instant::now());
    for _ in 0..steps {
        step();
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(steps);
    let after = Usage::now();
    let kernel = (after.kernel_seconds - before.kernel_seconds) / f64::from(steps);
    let faults = (after.minor_faults - before.minor_faults) / f64::from(steps);
    say(format_args!("{seconds} {kernel} {faults} {}", after.peak_mebibytes));
}

/// One adversarial step on networks of the DCGAN shape.
fn step(side: i64, features: i64, batch: i64) -> impl FnMut() {
    let (generator_vars, discriminator_vars) =
        (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
    let doublings = side.ilog2() - 3;
    let up = nn::ConvTransposeConfig { stride: 2, padding: 1, bias: false, ..Default::default() };
    let down = nn::ConvConfig { stride: 2, padding: 1, bias: false, ..Default::default() };
    let path = generator_vars.root();
    let mut width = features << doublings;
    let first = nn::ConvTransposeConfig { bias: false, ..Default::default() };
    let mut generator = nn::seq_t()
        .add(nn::conv_transpose2d(&path / "in", 100, width, 4, first))
        .add(nn::batch_norm2d(&path / "in_norm", width, Default::default()))
        .add_fn(Tensor::relu);
    for layer in 0..doublings {
        generator = generator
            .add(nn::conv_transpose2d(&path / "up" / layer, width, width / 2, 4, up))
            .add(nn::batch_norm2d(&path / "norm" / layer, width / 2, Default::default()))
            .add_fn(Tensor::relu);
        width /= 2;
    }
    let generator =
        generator.add(nn::conv_transpose2d(&path / "out", width, 3, 4, up)).add_fn(Tensor::tanh);
    let path = discriminator_vars.root();
    let leaky = |x: &Tensor| x.maximum(&(x * 0.2));
    let mut discriminator =
        nn::seq_t().add(nn::conv2d(&path / "in", 3, features, 4, down)).add_fn(leaky);
    for layer in 0..doublings {
        discriminator = discriminator
            .add(nn::conv2d(&path / "down" / layer, width, width * 2, 4, down))
            .add(nn::batch_norm2d(&path / "norm" / layer, width * 2, Default::default()))
            .add_fn(leaky);
        width *= 2;
    }
    let last = nn::ConvConfig { bias: false, ..Default::default() };
    let last = nn::conv2d(&path / "out", width, 1, 4, last);
    let adam = nn::Adam { beta1: 0.5, ..nn::Adam::default() };
    let mut generator_optimizer = adam.build(&generator_vars, 2e-4).unwrap();
    let mut discriminator_optimizer = adam.build(&discriminator_vars, 2e-4).unwrap();
    let real = Tensor::randn([batch, 3, side, side], (Kind::Float, Device::Cpu)).tanh();
    move || {
        let judge = |images: &Tensor| last.forward(&discriminator.forward_t(images, true));
        let latent = Tensor::randn([batch, 100, 1, 1], (Kind::Float, Device::Cpu));
        let fake = generator.forward_t(&latent, true);
        let real_part = judge(&real).neg().softplus().mean(Kind::Float);
        let fake_part = judge(&fake.detach()).softplus().mean(Kind::Float);
        discriminator_optimizer.backward_step(&(real_part + fake_part));
        let loss = judge(&fake).neg().softplus().mean(Kind::Float);
        generator_optimizer.backward_step(&loss);
        assert!(loss.double_value(&[]).is_finite());
    }
}

/// What the kernel counted for this process so far.
#[derive(Default)]
struct Usage {
    kernel_seconds: f64,
    /// Page faults that needed no disk.
    minor_faults: f64,
    peak_mebibytes: f64,
}

impl Usage {
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code, reason = "the kernel's counters are reached through FFI")]
    fn now() -> Self {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: getrusage fills the structure it is given; all zeroes is a valid one.
        let usage = unsafe {
            libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
            usage.assume_init()
        };
        Self {
            kernel_seconds: usage.ru_stime.tv_sec as f64 + usage.ru_stime.tv_usec as f64 * 1e-6,
            minor_faults: usage.ru_minflt as f64,
            peak_mebibytes: usage.ru_maxrss as f64 / 1024.0,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Self {
        Self::default()
    }
}
