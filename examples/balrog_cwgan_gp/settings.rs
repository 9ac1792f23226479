//! What a run is made with: options, recipes, and config.json.

use anyhow::Result;
use astrogen::data::{Augment, Dataset};
use astrogen::losses::{GradientPenaltyConfig, PenaltyKind};
use astrogen::models::TabularConfig;
use astrogen::prelude::*;
use astrogen::tables::{Table, TableConfig, TableScaling};
use astrogen::train::cwgan_gp::CwganGpStepConfig;
use astrogen::train::optim::AdamConfig;
use astrogen::train::schedule::Schedule;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::held_out::Compare;
use crate::run::RunArguments;
use crate::table::TableArguments;

#[derive(Args)]
pub(crate) struct TrainArguments {
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) run: RunArguments,
    /// What the networks learn, and how: residual or original.
    #[arg(long, value_enum, default_value_t = Recipe::Residual)]
    recipe: Recipe,
    /// What is judged: residuals (observed minus true) or the observed values themselves.
    #[arg(long, value_enum, default_value_t = Compare::Residuals)]
    compare: Compare,
    /// Held-out rows that every epoch is judged on.
    #[arg(long, default_value_t = 20_000)]
    judged: usize,
    /// Rows of a batch; the recipe's if left out.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Learning rate of the critic; the recipe's if left out. The generator's goes with it.
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
}

/// Everything a run was made with: config.json in its folder.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RunConfig {
    pub(crate) data: TableConfig,
    pub(crate) scaling: TableScaling,
    pub(crate) batches: BatchConfig,
    /// Whether the generator learns what a Gaussian regression leaves.
    pub(crate) whiten: bool,
    pub(crate) model: TabularConfig,
    pub(crate) algorithm: CwganGpStepConfig,
    pub(crate) fit: FitConfig,
    pub(crate) compare: Compare,
    pub(crate) judged: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Recipe {
    /// Observed features in units of their local scatter, of which the generator learns what a
    /// Gaussian regression leaves; no squared error, a one-sided penalty, the critic faster than
    /// the generator, whose learning rate falls to zero.
    Residual,
    /// Balrog's own: all features in one unit, the squared error at weight 1, batches of 200,
    /// learning rates of 1e-4.
    Original,
}

impl TrainArguments {
    /// The catalogue and its columns.
    pub(crate) fn data(&self) -> Result<TableConfig> {
        self.table.config(match self.recipe {
            Recipe::Residual => Some(32),
            Recipe::Original => None,
        })
    }

    /// The settings of a new run on this table.
    pub(crate) fn config(&self, data: TableConfig, table: &Table) -> RunConfig {
        let (whiten, mut algorithm, batch_size, epochs) = match self.recipe {
            Recipe::Residual => (true, residual(), 500, 40),
            Recipe::Original => (false, CwganGpStepConfig::original(), 200, 40),
        };
        if let Some(lr) = self.lr {
            algorithm.generator_optimizer.lr *= lr / algorithm.critic_optimizer.lr;
            algorithm.critic_optimizer.lr = lr;
        }
        let batch_size = self.batch_size.unwrap_or(batch_size);
        let epoch = (table.train().len() / batch_size.max(1)) as u64;
        let steps = self.run.steps(epoch).unwrap_or(epochs * epoch);
        if let Schedule::Cosine { steps: until } = &mut algorithm.generator_optimizer.schedule {
            *until = steps.max(1);
            // The average goes over a third of the generator's updates, 2000 at most.
            let updates = steps as f64 / algorithm.n_critic as f64;
            algorithm.ema_decay = (1.0 - 3.0 / updates).clamp(0.9, 0.9995);
        }
        let seed = self.run.seed;
        RunConfig {
            model: TabularConfig {
                features: data.observed.len() as i64,
                true_features: data.truth.len() as i64,
                conditions: data.conditions.len() as i64,
                ..TabularConfig::default()
            },
            whiten,
            algorithm,
            batches: BatchConfig {
                batch_size,
                augment: Augment::None,
                seed,
                ..BatchConfig::default()
            },
            fit: FitConfig {
                steps,
                seed,
                log_interval: 100,
                checkpoint_interval: epoch.max(1), // judged every epoch
                ..FitConfig::default()
            },
            scaling: table.scaling().clone(),
            compare: self.compare,
            judged: self.judged,
            data,
        }
    }
}

/// The example's own recipe: what it is better for stands in docs/balrog.md.
fn residual() -> CwganGpStepConfig {
    let adam = |lr| AdamConfig { lr, betas: [0.0, 0.99], ..AdamConfig::default() };
    CwganGpStepConfig {
        // As many steps as the run has, once they are known; and the average's decay with them.
        generator_optimizer: AdamConfig { schedule: Schedule::Cosine { steps: 1 }, ..adam(1e-4) },
        critic_optimizer: adam(5e-4),
        n_critic: 3,
        penalty: GradientPenaltyConfig {
            kind: PenaltyKind::OneSided,
            ..GradientPenaltyConfig::default()
        },
        ..CwganGpStepConfig::default()
    }
}
