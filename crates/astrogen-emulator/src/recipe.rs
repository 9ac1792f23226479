//! What the networks learn, and how.

use astrogen_data::{Augment, BatchConfig, Dataset};
use astrogen_losses::{GradientPenaltyConfig, PenaltyKind};
use astrogen_models::TabularConfig;
use astrogen_tables::{Table, TableConfig};
use astrogen_train::{AdamConfig, CwganGpStepConfig, FitConfig, Schedule};

use crate::{Compare, EmulatorConfig};

/// What the networks learn, and how, whatever the table: [`config`](Self::config) makes the
/// settings of a run of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Whether the generator learns what a Gaussian regression leaves.
    pub whiten: bool,
    /// What [`TableConfig::local_bins`] has to be where the table is opened.
    pub local_bins: Option<usize>,
    /// How the networks are trained. Where the generator's learning rate falls along
    /// [a cosine](Schedule::Cosine), it does so within all steps of the run, and the decay of the
    /// average goes with them.
    pub algorithm: CwganGpStepConfig,
    /// Rows of a batch.
    pub batch_size: usize,
    /// How long the networks are trained.
    pub length: Length,
    /// The seed of weights, order and latents.
    pub seed: u64,
}

/// How long networks are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many updates of the critic.
    Steps(u64),
    /// So many passes over the training rows.
    Epochs(u64),
}

impl Recipe {
    /// Observed features in units of their local scatter, of which the generator learns what a
    /// Gaussian regression leaves; no squared error, a one-sided penalty, the critic faster than
    /// the generator, whose learning rate falls to zero; 40 epochs of batches of 500. What it is
    /// better for stands in docs/balrog.md.
    pub fn residual() -> Self {
        let adam = |lr| AdamConfig { lr, betas: [0.0, 0.99], ..AdamConfig::default() };
        let algorithm = CwganGpStepConfig {
            // As many steps as the run has, once they are known.
            generator_optimizer: AdamConfig {
                schedule: Schedule::Cosine { steps: 1, end: 0.0 },
                ..adam(1e-4)
            },
            critic_optimizer: adam(5e-4),
            n_critic: 3,
            penalty: GradientPenaltyConfig {
                kind: PenaltyKind::OneSided,
                ..GradientPenaltyConfig::default()
            },
            ..CwganGpStepConfig::default()
        };
        Self {
            whiten: true,
            local_bins: Some(32),
            algorithm,
            batch_size: 500,
            length: Length::Epochs(40),
            seed: 0,
        }
    }

    /// Balrog's own: all features in one unit, the squared error at weight 1, batches of 200,
    /// learning rates of 1e-4; 40 epochs.
    pub fn original() -> Self {
        Self {
            whiten: false,
            local_bins: None,
            algorithm: CwganGpStepConfig::original(),
            batch_size: 200,
            length: Length::Epochs(40),
            seed: 0,
        }
    }

    /// The same with this learning rate of the critic; the generator's goes with it.
    #[must_use]
    pub fn with_lr(mut self, lr: f64) -> Self {
        let CwganGpStepConfig { generator_optimizer, critic_optimizer, .. } = &mut self.algorithm;
        generator_optimizer.lr *= lr / critic_optimizer.lr;
        critic_optimizer.lr = lr;
        self
    }

    /// Steps of a pass over the table's training rows.
    pub fn steps_per_epoch(&self, table: &Table) -> u64 {
        (table.train().len() / self.batch_size.max(1)) as u64
    }

    /// The settings of a run on a table that was opened with `data`: judged by residuals on at
    /// most 20,000 validation rows, once an epoch.
    pub fn config(&self, data: TableConfig, table: &Table) -> EmulatorConfig {
        let epoch = self.steps_per_epoch(table);
        let steps = match self.length {
            Length::Steps(steps) => steps,
            Length::Epochs(epochs) => epochs.saturating_mul(epoch),
        };
        let mut algorithm = self.algorithm.clone();
        if let Schedule::Cosine { steps: until, .. } = &mut algorithm.generator_optimizer.schedule {
            *until = steps.max(1);
            // The average goes over a third of the generator's updates, 2000 at most.
            let updates = steps as f64 / algorithm.n_critic as f64;
            algorithm.ema_decay = (1.0 - 3.0 / updates).clamp(0.9, 0.9995);
        }
        EmulatorConfig {
            scaling: table.scaling().clone(),
            batches: BatchConfig {
                batch_size: self.batch_size,
                augment: Augment::None,
                seed: self.seed,
                ..BatchConfig::default()
            },
            whiten: self.whiten,
            model: TabularConfig {
                features: data.observed.len() as i64,
                true_features: data.truth.len() as i64,
                conditions: data.conditions.len() as i64,
                ..TabularConfig::default()
            },
            algorithm,
            fit: FitConfig {
                steps,
                seed: self.seed,
                log_interval: 100,
                checkpoint_interval: epoch.max(1), // judged every epoch
                ..FitConfig::default()
            },
            compare: Compare::default(),
            judged: 20_000,
            data,
        }
    }
}
