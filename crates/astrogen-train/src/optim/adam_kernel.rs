//! Adam's update of one parameter in one pass over memory, on the CPU.
//!
//! The update reads four arrays and writes three of them. As tensor operations it is six
//! passes with two temporaries, and its time is that of moving memory; here every element
//! is touched once.

use std::slice;

use astrogen_nn::dense::on_threads;
use tch::{Device, Kind, Tensor};

use super::AdamConfig;

/// The scalars of one step, computed once in double precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients {
    pub(super) one_minus_beta1: f64,
    pub(super) beta2: f64,
    pub(super) one_minus_beta2: f64,
    pub(super) step_size: f64,
    pub(super) bias_correction2_sqrt: f64,
    pub(super) eps: f64,
}

impl Coefficients {
    /// Those of step `t`, which counts from 1, at this learning rate.
    pub(super) fn new(config: &AdamConfig, lr: f64, t: i64) -> Self {
        let [beta1, beta2] = config.betas;
        // More steps than i32 holds change nothing: both powers are 0 long before.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let plain = Self {
            one_minus_beta1: 1.0 - beta1,
            beta2,
            one_minus_beta2: 1.0 - beta2,
            step_size: lr / (1.0 - beta1.powi(t)),
            bias_correction2_sqrt: (1.0 - beta2.powi(t)).sqrt(),
            eps: config.eps,
        };
        if config.rectified { plain.rectified(t) } else { plain }
    }

    /// RAdam's: PyTorch's formulas, as factors of the same update.
    fn rectified(self, t: i32) -> Self {
        let longest = 2.0 / self.one_minus_beta2 - 1.0;
        let left = self.beta2.powi(t);
        let length = longest - 2.0 * f64::from(t) * left / (1.0 - left);
        if length <= 5.0 {
            // A denominator of 1.
            return Self { bias_correction2_sqrt: f64::INFINITY, eps: 1.0, ..self };
        }
        let ratio = |of: f64| (of - 4.0) * (of - 2.0) / of;
        Self {
            step_size: self.step_size * (ratio(length) / ratio(longest)).sqrt(),
            eps: self.eps / self.bias_correction2_sqrt,
            ..self
        }
    }
}

/// Elements a thread must have to be worth waking.
const MIN_CHUNK: usize = 1 << 15;

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
    let (numel, strides) = (parameter.numel(), parameter.stride());
    if numel == 0 {
        // There is nothing to do, and no memory to point at.
        return true;
    }
    let fits = |tensor: &Tensor| {
        tensor.device() == Device::Cpu && tensor.kind() == Kind::Float && tensor.stride() == strides
    };
    let address = |tensor: &Tensor| tensor.data_ptr().addr();
    let apart =
        |tensor: &Tensor| address(tensor).abs_diff(address(gradient)) >= numel * size_of::<f32>();
    if ![&*parameter, gradient, &*m, &*v].into_iter().all(fits)
        || !is_dense(&parameter.size(), &strides)
        || ![&*parameter, &*m, &*v].into_iter().all(apart)
    {
        return false;
    }
    let chunk = numel.div_ceil(tch::get_num_threads().max(1) as usize).max(MIN_CHUNK);
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
    if chunk >= numel {
        update(w, g, m, v, coefficients);
    } else {
        let parameters = w.chunks_mut(chunk).zip(g.chunks(chunk));
        let jobs = parameters.zip(m.chunks_mut(chunk).zip(v.chunks_mut(chunk)));
        on_threads(jobs.collect(), |((w, g), (m, v))| update(w, g, m, v, coefficients));
    }
    true
}

/// Whether a tensor's elements fill a run of memory, each place once, in whatever order of
/// the axes.
fn is_dense(size: &[i64], strides: &[i64]) -> bool {
    let mut axes: Vec<_> = strides.iter().zip(size).filter(|&(_, &length)| length != 1).collect();
    axes.sort_unstable();
    let mut expected = 1;
    axes.into_iter().all(|(&stride, &length)| {
        let fits = stride == expected;
        expected *= length;
        fits
    })
}

/// The update of a run of elements with the widest vectors this machine has.
fn update(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], c: &Coefficients) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[allow(unsafe_code, reason = "calling code compiled for more than the baseline CPU")]
        // SAFETY: the features that `update_avx2` is compiled for were detected just above.
        return unsafe { update_avx2(w, g, m, v, c) };
    }
    update_elements(w, g, m, v, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn update_avx2(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], c: &Coefficients) {
    update_elements(w, g, m, v, c);
}

/// The formulas themselves; inlined so that each caller compiles it for its own CPU.
#[inline(always)]
fn update_elements(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], c: &Coefficients) {
    let (one_minus_beta1, beta2) = (c.one_minus_beta1 as f32, c.beta2 as f32);
    let (one_minus_beta2, step_size) = (c.one_minus_beta2 as f32, c.step_size as f32);
    let (correction, eps) = (c.bias_correction2_sqrt as f32, c.eps as f32);
    for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        *m += one_minus_beta1 * (g - *m);
        *v = beta2 * *v + one_minus_beta2 * g * g;
        *w -= step_size * *m / (v.sqrt() / correction + eps);
    }
}
