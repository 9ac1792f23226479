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
//! With [`AdamConfig::rectified`] it is RAdam (Liu et al. 2020, *On the Variance of the Adaptive
//! Learning Rate and Beyond*). With `l = 2 / (1 - beta2) - 1` and
//! `l_t = l - 2 t beta2^t / (1 - beta2^t)`,
//!
//! ```text
//! w <- w - lr / (1 - beta1^t) * m                                                     l_t <= 5
//! w <- w - lr r / (1 - beta1^t) * m sqrt(1 - beta2^t) / (sqrt(v) + eps)               l_t > 5
//! r = sqrt((l_t - 4) (l_t - 2) l / ((l - 4) (l - 2) l_t))
//! ```
//!
//! With [`AdamConfig::update_clipping`] the update of each parameter is as long as it may be and no
//! longer (Shazeer and Stern 2018, *Adafactor*, section 5; in Adam as Wortsman et al. 2023 have it).
//! With `u` for what is taken off `w`, and `d` for the limit,
//!
//! ```text
//! w <- w - u min(1, d lr / RMS(u))                     RMS(u) = sqrt(mean(u^2)) over the parameter
//! ```
//!
//! On the CPU all three lines run in one pass over a parameter's memory. On a GPU, where a step of
//! small networks takes as long as starting its operations, they are tensor operations on all
//! parameters, which lie in one memory there.

use astrogen_distributed::Group;
use astrogen_models::ModelError;
use astrogen_runtime::in_full;
use tch::{Device, Kind, Tensor, no_grad};

use super::AdamConfig;
use super::adam_joined::{Joined, change, shorten};
use super::adam_kernel;
use super::coefficients::Coefficients;
use crate::TrainError;
use crate::transfer::first_layers;

/// Adam over a fixed list of named parameters.
///
/// Nothing is collected in the parameters, so nothing has to be zeroed: [`minimize`](Self::minimize)
/// computes the gradients it needs, and [`step`](Self::step) takes those that were had otherwise.
///
/// ```
/// use astrogen_train::optim::{Adam, AdamConfig};
/// use tch::{Device, Kind, Tensor};
///
/// let weight = Tensor::ones([3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
/// let mut adam = Adam::new(vec![("weight".into(), weight.shallow_clone())], AdamConfig::default())?;
/// let loss = weight.square().sum(Kind::Float);
/// assert_eq!(adam.minimize(&loss)?.double_value(&[]), 3.0);
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
    /// Parameters and moments in one memory each, where they are updated together.
    joined: Option<Joined>,
    steps: Tensor,
    /// Training steps done, where they are not its own.
    progress: Option<u64>,
    /// Whether a parameter stays as it is.
    frozen: Vec<bool>,
    /// The processes whose gradients are averaged.
    group: Group,
}

impl Adam {
    /// An optimiser of these parameters, with zero moments. On a GPU it puts them into one memory; they
    /// stay the tensors that they are, and it has to be the only optimiser of each.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if a setting is out of its range; [`TrainError::Torch`] where there is
    /// no memory for the moments.
    pub fn new(parameters: Vec<(String, Tensor)>, config: AdamConfig) -> Result<Self, TrainError> {
        config.validate()?;
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let zeros = || parameters.iter().map(|parameter| parameter.f_detach()?.f_zeros_like());
        let joined = Joined::of(&parameters)?;
        let [first_moments, second_moments] = match &joined {
            Some(joined) => joined.moments(&parameters)?,
            None => [zeros().collect::<Result<_, _>>()?, zeros().collect::<Result<_, _>>()?],
        };
        Ok(Self {
            config,
            names,
            first_moments,
            second_moments,
            joined,
            steps: Tensor::zeros([], (Kind::Int64, Device::Cpu)),
            progress: None,
            frozen: vec![false; parameters.len()],
            parameters,
            group: Group::alone(),
        })
    }

    /// Averages gradients over these processes from now on, before every update: all have the same
    /// parameters, make the same updates in the same order, and each has gradients of its share of a
    /// batch.
    pub fn join(&mut self, group: &Group) {
        self.group = group.clone();
    }

    /// Keeps the parameters of the first so many layers as they are from now on, layers being told apart
    /// by the first number in their parameters' names.
    ///
    /// # Errors
    /// [`TrainError::Setting`] where that is all of them; nothing is frozen then.
    pub fn freeze_first(&mut self, layers: usize) -> Result<(), TrainError> {
        let first = first_layers(&self.names, layers);
        if layers > 0 && first.len() == self.names.len() {
            return Err(TrainError::Setting {
                name: "frozen_layers",
                rule: "fewer than there are layers (told apart by the first number in their weights' \
                       names), or nothing is left to learn",
                got: layers.to_string(),
            });
        }
        self.frozen = self.names.iter().map(|name| first.contains(name.as_str())).collect();
        if let Some(joined) = &mut self.joined {
            joined.freeze(&self.parameters, &self.frozen);
        }
        Ok(())
    }

    /// The parameters, in the order in which [`step`](Self::step) takes their gradients.
    pub fn parameters(&self) -> &[Tensor] {
        &self.parameters
    }

    /// The parameters that are not [frozen](Self::freeze_first).
    pub(crate) fn moving(&self) -> impl Iterator<Item = &Tensor> {
        let parameters = self.parameters.iter().zip(&self.frozen);
        parameters.filter(|(_, frozen)| !**frozen).map(|(parameter, _)| parameter)
    }

    /// The parameters' names, in the same order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps.int64_value(&[]).unsigned_abs()
    }

    /// Tells how many training steps are done, which is what the schedule counts. An optimiser
    /// that is never told counts its own steps; one that is not at work in every training step
    /// has to be told before each of its own, or in each training step.
    pub fn set_progress(&mut self, done: u64) {
        self.progress = Some(done);
    }

    /// Another decay of the second moment from the next step on, in [0, 1). What a step has to know of
    /// earlier ones is in the moments; bias is corrected as if the decay had always been this, as
    /// PyTorch does where `betas` of a parameter group are changed.
    pub(crate) fn set_beta2(&mut self, beta2: f64) {
        self.config.betas[1] = beta2;
    }

    /// The learning rate of the next step.
    pub fn lr(&self) -> f64 {
        let done = self.progress.unwrap_or_else(|| self.steps());
        self.config.lr * self.config.schedule.factor(done)
    }

    /// The settings.
    pub fn config(&self) -> &AdamConfig {
        &self.config
    }

    /// Makes a scalar smaller: one [`step`](Self::step) with its [`gradients`](Self::gradients).
    /// The loss as it was before, without its graph.
    ///
    /// # Errors
    /// Those of [`gradients`](Self::gradients) and [`step`](Self::step); nothing is updated then.
    pub fn minimize(&mut self, loss: &Tensor) -> Result<Tensor, TrainError> {
        let gradients = self.gradients(loss)?;
        self.step(&gradients)?;
        Ok(loss.detach())
    }

    /// The gradients of a scalar by the parameters, and by no other tensor, in their order. The
    /// scalar's graph is freed.
    ///
    /// # Errors
    /// [`TrainError::Model`] for what is no scalar, [`TrainError::Network`] for what does not depend
    /// on every parameter, and [`TrainError::Torch`] where libtorch refuses.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, TrainError> {
        if loss.numel() != 1 {
            let (what, expected, got) = ("a loss", "[], one number".into(), loss.size());
            return Err(ModelError::Shape { what, expected, got }.into());
        }
        let refuse =
            |reason| Err(TrainError::Network { network: "an optimiser's network", reason });
        // libtorch does not survive a tensor without a graph here.
        if !loss.requires_grad() {
            return refuse("the loss has no graph: compute it outside of `no_grad`".to_owned());
        }
        let back = || Tensor::f_run_backward(&[loss], &self.parameters, false, false);
        let gradients = in_full(back)?;
        match self.names.iter().zip(&gradients).find(|(_, gradient)| !gradient.defined()) {
            Some((name, _)) => refuse(format!(
                "the loss does not depend on `{name}`: use it, or take it off the optimiser's list"
            )),
            None => Ok(gradients),
        }
    }

    /// Updates every parameter from its gradient, or, in a [group](Self::join), from the mean of all
    /// processes' gradients.
    ///
    /// # Errors
    /// [`TrainError::Distributed`] where another process is gone; nothing is updated then.
    ///
    /// # Panics
    /// If there is not one gradient, of the parameter's shape, for each parameter: that is
    /// a fault of the calling step, not of a user's input.
    pub fn step(&mut self, gradients: &[Tensor]) -> Result<(), TrainError> {
        let gradients = self.gathered(gradients)?;
        self.apply(&gradients)
    }

    /// One [`step`](Self::step) with gradients, averaged if need be, that are made shorter where their
    /// joint norm is above `limit`; the norm, before that.
    ///
    /// ```text
    /// g <- g min(1, limit / (|g| + 1e-6))
    /// ```
    ///
    /// as PyTorch's `clip_grad_norm_`.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    ///
    /// # Panics
    /// As [`step`](Self::step).
    pub fn step_within(
        &mut self,
        limit: Option<f64>,
        gradients: &[Tensor],
    ) -> Result<Tensor, TrainError> {
        let gradients = self.gathered(gradients)?;
        let norm = no_grad(|| {
            let norms: Vec<Tensor> = gradients.iter().map(|gradient| gradient.norm()).collect();
            let norm = Tensor::stack(&norms, 0).norm();
            if let Some(limit) = limit {
                let factor = (limit / (&norm + 1e-6)).clamp_max(1.0);
                for gradient in &gradients {
                    let _ = gradient.shallow_clone().g_mul_(&factor);
                }
            }
            norm
        });
        self.apply(&gradients)?;
        Ok(norm)
    }

    /// The gradients, or their means over all processes, by one exchange; as one, where parameters are.
    fn gathered(&self, gradients: &[Tensor]) -> Result<Vec<Tensor>, TrainError> {
        assert_eq!(gradients.len(), self.parameters.len(), "one gradient a parameter");
        for (parameter, gradient) in self.parameters.iter().zip(gradients) {
            assert_eq!(gradient.size(), parameter.size(), "a gradient has its parameter's shape");
        }
        let gradients = self.group.mean("gradients", gradients)?;
        match &self.joined {
            None => Ok(gradients),
            Some(joined) => Ok(vec![joined.gather(&gradients)?]),
        }
    }

    /// One update by what was [gathered](Self::gathered).
    fn apply(&mut self, gradients: &[Tensor]) -> Result<(), TrainError> {
        let lr = self.lr();
        let _ = self.steps.g_add_scalar_(1);
        let coefficients = Coefficients::new(&self.config, lr, self.steps.int64_value(&[]));
        no_grad(|| {
            if let Some(joined) = &mut self.joined {
                return joined.update(&gradients[0], &coefficients);
            }
            let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
            let parameters = self.parameters.iter_mut().zip(gradients).zip(moments);
            let moving = parameters.zip(&self.frozen).filter(|(_, frozen)| !**frozen);
            for (((parameter, gradient), (m, v)), _) in moving {
                if !adam_kernel::update_in_one_pass(parameter, gradient, m, v, &coefficients) {
                    let mut change = change(gradient, m, v, &coefficients);
                    shorten(&mut change, &coefficients);
                    let _ = parameter.g_add_(&change);
                }
            }
            Ok(())
        })?;
        Ok(())
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
