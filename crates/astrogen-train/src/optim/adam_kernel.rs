//! Adam's update of one parameter in one pass over memory, on the CPU.
//!
//! The update reads four arrays and writes three of them. As tensor operations it is six
//! passes with two temporaries, and its time is that of moving memory; here every element
//! is touched once, or twice where the update's length has to be known before it is made.

use std::slice;

use astrogen_nn::dense::on_threads;
use tch::{Device, Kind, Tensor};

use super::coefficients::Coefficients;

/// Elements a thread must have to be worth waking.
const MIN_CHUNK: usize = 1 << 15;

/// Elements whose squares are added up one after the other: blocks are the same however many
/// threads there are, and so is the sum.
const BLOCK: usize = 1 << 12;

/// Updates the parameter and both moments in place and returns `true`; does nothing and
/// returns `false` unless all four are float32 on the CPU with one common layout without gaps,
/// and the gradient has memory of its own.
pub(super) fn update_in_one_pass(
    parameter: &mut Tensor,
    gradient: &Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
    coefficients: &Coefficients,
) -> bool {
    let (numel, layout) = (parameter.numel(), axes(parameter));
    if numel == 0 {
        // There is nothing to do, and no memory to point at.
        return true;
    }
    let fits = |tensor: &Tensor| {
        tensor.device() == Device::Cpu && tensor.kind() == Kind::Float && axes(tensor) == layout
    };
    let address = |tensor: &Tensor| tensor.data_ptr().addr();
    let apart =
        |tensor: &Tensor| address(tensor).abs_diff(address(gradient)) >= numel * size_of::<f32>();
    if ![&*parameter, gradient, &*m, &*v].into_iter().all(fits)
        || !is_dense(layout.clone())
        || ![&*parameter, &*m, &*v].into_iter().all(apart)
    {
        return false;
    }
    let chunk = numel.div_ceil(tch::get_num_threads().max(1) as usize).max(MIN_CHUNK);
    let chunk = chunk.next_multiple_of(BLOCK);
    #[allow(unsafe_code, reason = "tch gives tensor memory only as a raw pointer")]
    // SAFETY: each tensor is float32, on the CPU and fills a run of memory without gaps
    // (checked above), and has `numel` elements (the caller checked the shapes), so each
    // pointer is valid for `numel` aligned f32, in the same order for all four. The gradient
    // lies apart from the others (checked above); the parameter and its moments are separate
    // allocations borrowed mutably here. Nothing else touches them until this function returns.
    let (w, g, m, v) = unsafe {
        (
            slice::from_raw_parts_mut(parameter.data_ptr().cast::<f32>(), numel),
            slice::from_raw_parts(gradient.data_ptr().cast::<f32>(), numel),
            slice::from_raw_parts_mut(m.data_ptr().cast::<f32>(), numel),
            slice::from_raw_parts_mut(v.data_ptr().cast::<f32>(), numel),
        )
    };
    let c = coefficients;
    if c.longest.is_none() {
        let parameters = w.chunks_mut(chunk).zip(g.chunks(chunk));
        let jobs = parameters.zip(m.chunks_mut(chunk).zip(v.chunks_mut(chunk)));
        on_threads(jobs.collect(), |((w, g), (m, v))| Work::All { w, g, m, v }.run(c));
        return true;
    }
    let mut sums = vec![0.0; numel.div_ceil(BLOCK)];
    let moments = m.chunks_mut(chunk).zip(v.chunks_mut(chunk));
    let jobs = moments.zip(g.chunks(chunk).zip(sums.chunks_mut(chunk / BLOCK)));
    on_threads(jobs.collect(), |((m, v), (g, sums))| Work::Moments { g, m, v, sums }.run(c));
    let mean = sums.iter().sum::<f64>() / numel as f64;
    let c = &c.within(mean.sqrt());
    let jobs = w.chunks_mut(chunk).zip(m.chunks(chunk).zip(v.chunks(chunk)));
    on_threads(jobs.collect(), |(w, (m, v))| Work::Change { w, m, v }.run(c));
    true
}

/// The stride and the length of each axis; those of one element are left out, as their stride means nothing.
fn axes(tensor: &Tensor) -> Vec<(i64, i64)> {
    let all = tensor.stride().into_iter().zip(tensor.size());
    all.filter(|&(_, length)| length != 1).collect()
}

/// Whether the elements of a tensor with these axes fill a run of memory, each place once, in whatever
/// order of the axes.
fn is_dense(mut axes: Vec<(i64, i64)>) -> bool {
    axes.sort_unstable();
    let mut expected = 1;
    axes.into_iter().all(|(stride, length)| {
        let fits = stride == expected;
        expected *= length;
        fits
    })
}

/// What is done to a run of elements: all of it where no length has to be known, else the moments first
/// and then the change.
enum Work<'a> {
    All { w: &'a mut [f32], g: &'a [f32], m: &'a mut [f32], v: &'a mut [f32] },
    Moments { g: &'a [f32], m: &'a mut [f32], v: &'a mut [f32], sums: &'a mut [f64] },
    Change { w: &'a mut [f32], m: &'a [f32], v: &'a [f32] },
}

impl Work<'_> {
    /// Done with the widest vectors this machine has.
    fn run(self, c: &Coefficients) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            #[allow(unsafe_code, reason = "calling code compiled for more than the baseline CPU")]
            // SAFETY: the features that `run_avx2` is compiled for were detected just above.
            return unsafe { self.run_avx2(c) };
        }
        self.elements(c);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn run_avx2(self, c: &Coefficients) {
        self.elements(c);
    }

    /// The loops; inlined so that each caller compiles them for its own CPU.
    #[inline(always)]
    fn elements(self, c: &Coefficients) {
        let c = Scalars::of(c);
        match self {
            Self::All { w, g, m, v } => {
                for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    c.follow(g, m, v);
                    *w -= c.change(*m, *v);
                }
            }
            Self::Moments { g, m, v, sums } => {
                for ((&g, m), v) in g.iter().zip(&mut *m).zip(&mut *v) {
                    c.follow(g, m, v);
                }
                for ((m, v), sum) in m.chunks(BLOCK).zip(v.chunks(BLOCK)).zip(sums) {
                    *sum = c.square(m, v);
                }
            }
            Self::Change { w, m, v } => {
                for ((w, &m), &v) in w.iter_mut().zip(m).zip(v) {
                    *w -= c.change(m, v);
                }
            }
        }
    }
}

/// The coefficients as an element meets them, and the formulas themselves.
struct Scalars {
    one_minus_beta1: f32,
    beta2: f32,
    one_minus_beta2: f32,
    step_size: f32,
    correction: f32,
    eps: f32,
}

impl Scalars {
    #[inline(always)]
    fn of(c: &Coefficients) -> Self {
        Self {
            one_minus_beta1: c.one_minus_beta1 as f32,
            beta2: c.beta2 as f32,
            one_minus_beta2: c.one_minus_beta2 as f32,
            step_size: c.step_size as f32,
            correction: c.bias_correction2_sqrt as f32,
            eps: c.eps as f32,
        }
    }

    /// Moments that follow a gradient.
    #[inline(always)]
    fn follow(&self, g: f32, m: &mut f32, v: &mut f32) {
        *m += self.one_minus_beta1 * (g - *m);
        *v = self.beta2 * *v + self.one_minus_beta2 * g * g;
    }

    /// What is taken off a parameter.
    #[inline(always)]
    fn change(&self, m: f32, v: f32) -> f32 {
        self.step_size * m / (v.sqrt() / self.correction + self.eps)
    }

    /// The sum of the changes' squares.
    #[inline(always)]
    fn square(&self, m: &[f32], v: &[f32]) -> f64 {
        // Several sums, none of which waits for another.
        let mut lanes = [0.0f64; 16];
        for (m, v) in m.chunks(lanes.len()).zip(v.chunks(lanes.len())) {
            for ((&m, &v), lane) in m.iter().zip(v).zip(&mut lanes) {
                let change = f64::from(self.change(m, v));
                *lane += change * change;
            }
        }
        lanes.iter().sum()
    }
}
