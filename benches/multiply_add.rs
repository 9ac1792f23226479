//! What this machine's cores do at most: multiply-adds in single precision, on registers alone, by one thread and
//! by as many as libtorch uses. `cargo bench --bench multiply_add`; two operations are one multiply-add.

#![allow(unsafe_code, reason = "registers are those of the machine, which is asked")]

use std::hint::black_box;
use std::thread;

use astrogen::runtime::set_threads;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Rounds between two looks at the clock.
const ROUNDS: usize = 1 << 20;

/// Numbers that a round multiplies and adds: as many sums as there are, a register wide, none of which waits
/// for another.
const NUMBERS: usize = 384;

/// 24 sums of 16 numbers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn rounds_avx512(by: f32, plus: f32) -> f32 {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let (by, plus) = (_mm512_set1_ps(by), _mm512_set1_ps(plus));
    let mut sums = [plus; 24];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, by, plus);
        }
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

/// 12 sums of 8 numbers, four times.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn rounds_avx2(by: f32, plus: f32) -> f32 {
    use std::arch::x86_64::{_mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps};
    let (by, plus) = (_mm256_set1_ps(by), _mm256_set1_ps(plus));
    let mut sums = [plus; 12];
    for _ in 0..4 * ROUNDS {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, by, plus);
        }
    }
    sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
}

/// What any machine does.
fn rounds(by: f32, plus: f32) -> f32 {
    let mut sums = [plus; NUMBERS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = *sum * by + plus;
        }
    }
    sums.iter().sum()
}

fn on_widest(by: f32, plus: f32) -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected;
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature is there.
            return unsafe { rounds_avx512(by, plus) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features are there.
            return unsafe { rounds_avx2(by, plus) };
        }
    }
    rounds(by, plus)
}

fn multiply_adds(criterion: &mut Criterion) {
    let all = set_threads(None);
    let mut group = criterion.benchmark_group("multiply_add");
    for threads in if all > 1 { vec![1, all] } else { vec![1] } {
        group.throughput(Throughput::Elements((2 * threads * NUMBERS * ROUNDS) as u64));
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            bencher.iter(|| {
                thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| black_box(on_widest(black_box(0.5), black_box(1.0))));
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, multiply_adds);
criterion_main!(benches);
