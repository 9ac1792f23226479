//! A generator and its critic, with all of theirs that a run has to save.

use astrogen_distributed::Group;
use astrogen_models::ModelError;
use tch::{Device, Kind, Tensor, nn};

use crate::TrainError;
use crate::ema::Ema;
use crate::optim::{Adam, AdamConfig};
use crate::step::Losses;
use crate::stored::{Stored, prefixed};

/// The networks that train each other, the generator's average, and the optimisers.
#[derive(Debug)]
pub(crate) struct AgainstCritic<G, C> {
    pub(crate) generator: Stored<G>,
    pub(crate) critic: Stored<C>,
    pub(crate) average: Ema<G>,
    pub(crate) generator_optimizer: Adam,
    pub(crate) critic_optimizer: Adam,
    pub(crate) last: Last,
}

/// Scalars that not every step makes anew, kept for the history.
#[derive(Debug)]
pub(crate) struct Last {
    pub(crate) generator_loss: Tensor,
    pub(crate) penalty: Tensor,
    pub(crate) gradient_norm: Tensor,
}

impl<G, C> AgainstCritic<G, C> {
    /// Networks with fresh weights, drawn from libtorch's generator; the optimisers are those of
    /// the generator and of the critic.
    pub(crate) fn new(
        device: Device,
        init_generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        init_critic: impl Fn(&nn::Path) -> Result<C, ModelError>,
        optimizers: [AdamConfig; 2],
        ema_decay: f64,
    ) -> Result<Self, TrainError> {
        let generator = Stored::new(device, &init_generator)?;
        let critic = Stored::new(device, init_critic)?;
        let average = Stored::new(device, init_generator)?;
        let zero = || Tensor::zeros([0i64; 0], (Kind::Float, device));
        Ok(Self {
            average: Ema::new(average, &generator, ema_decay)?,
            generator_optimizer: Adam::new(generator.parameters(), optimizers[0])?,
            critic_optimizer: Adam::new(critic.parameters(), optimizers[1])?,
            generator,
            critic,
            last: Last { generator_loss: zero(), penalty: zero(), gradient_norm: zero() },
        })
    }

    /// Updates the critic, whose updates are what the generator's schedule counts, too.
    ///
    /// # Errors
    /// Those of [`Adam::step`].
    pub(crate) fn step_critic(&mut self, gradients: &[Tensor]) -> Result<(), TrainError> {
        self.generator_optimizer.set_progress(self.critic_optimizer.steps());
        self.critic_optimizer.step(gradients)
    }

    /// [`Adam::join`] for both.
    pub(crate) fn join(&mut self, group: &Group) {
        self.generator_optimizer.join(group);
        self.critic_optimizer.join(group);
    }

    /// Lets the average and the history follow an update of the generator, whose loss this was.
    ///
    /// # Errors
    /// Those of [`Ema::update`].
    pub(crate) fn follow_generator(&mut self, loss: &Tensor) -> Result<(), TrainError> {
        self.average.update()?;
        self.last.generator_loss.copy_(loss);
        Ok(())
    }

    /// Keeps a penalty and its gradient norm, if they were due.
    pub(crate) fn keep(&mut self, penalty: Option<(Tensor, Tensor)>) {
        if let Some((penalty, norm)) = penalty {
            self.last.penalty.copy_(&penalty);
            self.last.gradient_norm.copy_(&norm);
        }
    }

    /// What the history has of a critic's update.
    pub(crate) fn losses(&self, wasserstein: Tensor, loss: Tensor) -> Losses {
        vec![
            ("gradient_penalty", self.last.penalty.copy()),
            ("gradient_norm", self.last.gradient_norm.copy()),
            ("wasserstein", wasserstein),
            ("critic_loss", loss),
        ]
    }

    /// Everything that has to be saved.
    pub(crate) fn state(&self) -> Vec<(String, Tensor)> {
        let last = [
            ("generator_loss", &self.last.generator_loss),
            ("gradient_penalty", &self.last.penalty),
            ("gradient_norm", &self.last.gradient_norm),
        ];
        let last = last.map(|(name, value)| (name.to_owned(), value.shallow_clone()));
        let parts = [
            ("generator", self.generator.named_tensors()),
            ("critic", self.critic.named_tensors()),
            ("average", self.average.state()),
            ("optimizer.generator", self.generator_optimizer.state()),
            ("optimizer.critic", self.critic_optimizer.state()),
            ("last", last.into()),
        ];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}
