//! Adam (Kingma and Ba 2015), with PyTorch's arithmetic.
//!
//! With gradient `g` at step `t`:
//!
//! ```text
//! m <- m + (1 - beta1) (g - m)
//! v <- beta2 v + (1 - beta2) g^2
//! w <- w - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//! ```
//!
//! On the CPU all three lines run in one pass over a parameter's memory; elsewhere they
//! are tensor operations.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use super::adam_kernel::{self, Coefficients};
use crate::TrainError;

/// Settings of [`Adam`]; the defaults are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate, > 0. Default 1e-3.
    pub lr: f64,
    /// Decay rates of the first and second moment, each in [0, 1). Default 0.9, 0.999.
    pub betas: [f64; 2],
    /// Added to the denominator, >= 0. Default 1e-8.
    pub eps: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8 }
    }
}

impl AdamConfig {
    fn check(&self) -> Result<(), TrainError> {
        let refuse =
            |name, rule, got: f64| Err(TrainError::Config { name, rule, got: got.to_string() });
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            return refuse("lr", "a finite number above 0", self.lr);
        }
        for beta in self.betas {
            if !(0.0..1.0).contains(&beta) {
                return refuse("betas", "two numbers in [0, 1)", beta);
            }
        }
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return refuse("eps", "a finite number of at least 0", self.eps);
        }
        Ok(())
    }
}

/// Adam over a fixed list of named parameters.
///
/// Gradients are handed in rather than collected in the parameters, so a step computes
/// just those it needs and nothing has to be zeroed:
///
/// ```
/// use astrogen_train::optim::{Adam, AdamConfig};
/// use tch::{Device, Kind, Tensor};
///
/// let weight = Tensor::ones([3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
/// let mut adam = Adam::new(vec![("weight".into(), weight.shallow_clone())], AdamConfig::default())?;
/// let loss = weight.square().sum(Kind::Float);
/// let gradients = Tensor::run_backward(&[loss], adam.parameters(), false, false);
/// adam.step(&gradients);
/// assert!((weight.double_value(&[0]) - 0.999).abs() < 1e-6); // the first step is lr long
/// # Ok::<(), astrogen_train::TrainError>(())
/// ```
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    names: Vec<String>,
    parameters: Vec<Tensor>,
    first_moments: Vec<Tensor>,
    second_moments: Vec<Tensor>,
    steps: Tensor,
}

impl Adam {
    /// An optimiser of these parameters, with zero moments.
    ///
    /// # Errors
    /// [`TrainError::Config`] if a setting is out of its range.
    pub fn new(parameters: Vec<(String, Tensor)>, config: AdamConfig) -> Result<Self, TrainError> {
        config.check()?;
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let zeros = |parameters: &[Tensor]| -> Vec<Tensor> {
            parameters.iter().map(|parameter| parameter.detach().zeros_like()).collect()
        };
        Ok(Self {
            config,
            names,
            first_moments: zeros(&parameters),
            second_moments: zeros(&parameters),
            steps: Tensor::zeros([], (Kind::Int64, Device::Cpu)),
            parameters,
        })
    }

    /// The parameters, in the order in which [`step`](Self::step) takes their gradients.
    pub fn parameters(&self) -> &[Tensor] {
        &self.parameters
    }

    /// The parameters' names, in the same order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps.int64_value(&[]).unsigned_abs()
    }

    /// Changes the learning rate of the steps to come.
    pub(crate) fn set_lr(&mut self, lr: f64) {
        self.config.lr = lr;
    }

    /// The settings.
    pub fn config(&self) -> &AdamConfig {
        &self.config
    }

    /// Updates every parameter from its gradient.
    ///
    /// # Panics
    /// If there is not one gradient, of the parameter's shape, for each parameter: that is
    /// a fault of the calling step, not of a user's input.
    pub fn step(&mut self, gradients: &[Tensor]) {
        assert_eq!(gradients.len(), self.parameters.len(), "one gradient a parameter");
        let _ = self.steps.g_add_scalar_(1);
        let coefficients = Coefficients::new(&self.config, self.steps.int64_value(&[]));
        no_grad(|| {
            let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
            for ((parameter, gradient), (m, v)) in
                self.parameters.iter_mut().zip(gradients).zip(moments)
            {
                assert_eq!(
                    gradient.size(),
                    parameter.size(),
                    "a gradient has its parameter's shape"
                );
                if !adam_kernel::update_in_one_pass(parameter, gradient, m, v, &coefficients) {
                    update_by_tensor_operations(parameter, gradient, m, v, &coefficients);
                }
            }
        });
    }

    /// Everything that has to be saved: `step`, and `exp_avg.NAME` and `exp_avg_sq.NAME` of
    /// each parameter (PyTorch's words for the moments). The tensors share their memory
    /// with the optimiser, so copying into them restores it.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let moments = |word: &str, moments: &[Tensor]| -> Vec<(String, Tensor)> {
            let named = self.names.iter().zip(moments);
            named.map(|(name, moment)| (format!("{word}.{name}"), moment.shallow_clone())).collect()
        };
        let mut state = vec![("step".to_owned(), self.steps.shallow_clone())];
        state.extend(moments("exp_avg", &self.first_moments));
        state.extend(moments("exp_avg_sq", &self.second_moments));
        state
    }
}

/// The update as tensor operations: any device, any float kind, any memory layout.
fn update_by_tensor_operations(
    parameter: &mut Tensor,
    gradient: &Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
    c: &Coefficients,
) {
    let _ = m.lerp_(gradient, c.one_minus_beta1);
    let _ = v.g_mul_scalar_(c.beta2).addcmul_(&(gradient * c.one_minus_beta2), gradient);
    let denominator = (v.sqrt() / c.bias_correction2_sqrt).g_add_scalar_(c.eps);
    let _ = parameter.addcdiv_(&(&*m * -c.step_size), &denominator);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// The one-pass kernel and the tensor operations are two ways to the same numbers.
    #[test]
    fn kernel_agrees_with_tensor_operations() {
        tch::manual_seed(3);
        let options = (Kind::Float, Device::Cpu);
        let mut fused = [
            Tensor::randn([37, 91], options),
            Tensor::zeros([37, 91], options),
            Tensor::zeros([37, 91], options),
        ];
        let mut plain: Vec<Tensor> = fused.iter().map(Tensor::copy).collect();
        for t in 1..=20 {
            let c = Coefficients::new(&AdamConfig { lr: 2e-3, betas: [0.5, 0.999], eps: 1e-8 }, t);
            let gradient = Tensor::randn([37, 91], options) * 10f64.powi((t % 5) as i32 - 3);
            let [w, m, v] = &mut fused;
            assert!(adam_kernel::update_in_one_pass(w, &gradient, m, v, &c));
            let [w, m, v] = plain.as_mut_slice() else { unreachable!() };
            update_by_tensor_operations(w, &gradient, m, v, &c);
        }
        for (ours, reference) in fused.iter().zip(&plain) {
            let worst = (ours - reference).abs().max().double_value(&[]);
            assert!(worst < 2e-6, "{worst}");
        }
    }

    /// The same numbers, in memory with the channels last.
    fn channels_last(tensor: &Tensor) -> Tensor {
        tensor.permute([0, 2, 3, 1]).contiguous().copy().permute([0, 3, 1, 2])
    }

    #[test]
    fn parameters_with_channels_last_get_the_numbers_of_contiguous_ones() {
        let options = (Kind::Float, Device::Cpu);
        // One input or output channel has a stride that means nothing.
        for size in [[8, 6, 4, 4], [8, 1, 4, 4], [1, 6, 4, 4]] {
            let weight = Tensor::randn(size, options);
            let config = AdamConfig { betas: [0.5, 0.9], ..AdamConfig::default() };
            let adam = |weight: Tensor| Adam::new(vec![("weight".into(), weight)], config).unwrap();
            let mut plain = adam(weight.copy());
            let mut last = [adam(channels_last(&weight)), adam(channels_last(&weight))];
            let strides = channels_last(&weight).stride();
            for _ in 0..5 {
                let gradient = Tensor::randn(size, options);
                plain.step(&[gradient.copy()]);
                // In the parameter's own layout, and in another.
                last[0].step(&[channels_last(&gradient)]);
                last[1].step(&[gradient]);
            }
            for adam in &last {
                assert_eq!(adam.parameters()[0].stride(), strides);
                let expected = [("weight".to_owned(), plain.parameters()[0].shallow_clone())];
                let expected = expected.into_iter().chain(plain.state());
                let got = [("weight".to_owned(), adam.parameters()[0].shallow_clone())];
                for ((name, got), (_, expected)) in
                    got.into_iter().chain(adam.state()).zip(expected)
                {
                    let worst = (got - expected).abs().max().double_value(&[]);
                    assert!(worst < 1e-6, "{size:?}, {name}: {worst:e}");
                }
            }
        }
    }

    #[test]
    fn only_one_common_layout_without_gaps_is_updated_in_one_pass() {
        let options = (Kind::Float, Device::Cpu);
        let c = Coefficients::new(&AdamConfig::default(), 1);
        let ones = || Tensor::ones([8, 6, 4, 4], options);
        let taken = |layout: fn(&Tensor) -> Tensor, gradient: &Tensor| {
            let mut w = layout(&ones());
            let (mut m, mut v) = (layout(&ones()), layout(&ones()));
            let taken = adam_kernel::update_in_one_pass(&mut w, gradient, &mut m, &mut v, &c);
            let untouched = [w, m, v].iter().all(|tensor| *tensor == ones());
            assert_eq!(untouched, !taken);
            taken
        };
        assert!(taken(Tensor::copy, &ones()));
        assert!(taken(channels_last, &channels_last(&ones())));
        assert!(!taken(channels_last, &ones()));
        assert!(!taken(Tensor::copy, &channels_last(&ones())));
        assert!(!taken(Tensor::copy, &ones().to_kind(Kind::Double)));
        // What a sum's gradient looks like: one number, seen everywhere.
        let seen = Tensor::ones([1, 1, 1, 1], options).expand([8, 6, 4, 4], false);
        assert!(!taken(Tensor::copy, &seen));
        let with_gaps = |tensor: &Tensor| Tensor::cat(&[tensor, tensor], 3).narrow(3, 0, 4);
        assert!(!taken(with_gaps, &with_gaps(&ones())));
        // A gradient that is the parameter itself.
        let mut w = ones();
        let [mut m, mut v] = [ones(), ones()];
        let gradient = w.shallow_clone();
        assert!(!adam_kernel::update_in_one_pass(&mut w, &gradient, &mut m, &mut v, &c));
        let mut none = [0, 1, 2].map(|_| Tensor::ones([0, 3], options));
        let [w, m, v] = &mut none;
        assert!(adam_kernel::update_in_one_pass(w, &Tensor::ones([0, 3], options), m, v, &c));
    }

    /// The gradients of a network's own convolutions need no slower way.
    #[test]
    fn gradients_of_convolutions_have_the_layout_of_their_weights() {
        let options = (Kind::Float, Device::Cpu);
        let c = Coefficients::new(&AdamConfig::default(), 1);
        for (inputs, outputs) in [(6, 8), (1, 8), (6, 1), (3, 32)] {
            let weight = channels_last(&Tensor::randn([outputs, inputs, 4, 4], options));
            let mut weight = weight.set_requires_grad(true);
            let images = Tensor::randn([2, inputs, 16, 16], options);
            let scores = images.conv2d(&weight, None::<&Tensor>, [2, 2], [1, 1], [1, 1], 1);
            let loss = scores.square().sum(Kind::Float);
            let gradient = Tensor::run_backward(&[loss], &[&weight], false, false).remove(0);
            let [mut m, mut v] = [0, 1].map(|_| weight.detach().zeros_like());
            let taken = no_grad(|| {
                adam_kernel::update_in_one_pass(&mut weight, &gradient, &mut m, &mut v, &c)
            });
            assert!(
                taken,
                "{inputs} -> {outputs}: {:?} {:?} {:?}",
                weight.stride(),
                gradient.stride(),
                m.stride()
            );
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_with_their_rule() {
        let refusal = |config| Adam::new(vec![], config).unwrap_err().to_string();
        let default = AdamConfig::default();
        assert_eq!(
            refusal(AdamConfig { lr: 0.0, ..default }),
            "lr must be a finite number above 0, got 0"
        );
        assert_eq!(
            refusal(AdamConfig { lr: f64::NAN, ..default }),
            "lr must be a finite number above 0, got NaN"
        );
        assert_eq!(
            refusal(AdamConfig { betas: [0.5, 1.0], ..default }),
            "betas must be two numbers in [0, 1), got 1"
        );
        assert_eq!(
            refusal(AdamConfig { eps: -1.0, ..default }),
            "eps must be a finite number of at least 0, got -1"
        );
    }
}
