//! How an emulator is trained and judged.

use std::path::PathBuf;

use astrogen_emulator::{Compare, EmulatorConfig, Length, Recipe};
use astrogen_runtime::set_threads;
use astrogen_tables::{Table, TableConfig};
use astrogen_train::run_dir::RunDir;
use clap::{Args, ValueEnum};

use crate::{CliError, RunArguments, TableArguments, by_the_first};

/// What an emulator is trained on, how, and how long.
#[derive(Debug, Args)]
pub struct EmulatorArguments {
    #[command(flatten)]
    table: TableArguments,
    /// Where and how long it is trained.
    #[command(flatten)]
    pub run: RunArguments,
    /// What the networks learn, and how: residual or original.
    #[arg(long, value_enum, default_value_t = RecipeArgument::Residual)]
    recipe: RecipeArgument,
    /// What is judged: residuals (observed minus true) or the observed values themselves.
    #[arg(long, value_enum, default_value_t = CompareArgument::Residuals)]
    compare: CompareArgument,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RecipeArgument {
    /// Observed features in units of their local scatter, of which the generator learns what a
    /// Gaussian regression leaves; no squared error, a one-sided penalty, the critic faster than
    /// the generator, whose learning rate falls to zero.
    Residual,
    /// Balrog's own: all features in one unit, the squared error at weight 1, batches of 200,
    /// learning rates of 1e-4.
    Original,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompareArgument {
    /// Observed minus true: each observed feature measures the true one of its place.
    Residuals,
    /// Observed features themselves: they are other quantities than the true ones.
    Values,
}

impl EmulatorArguments {
    /// The table of a new run.
    ///
    /// # Errors
    /// Those of [`TableArguments::config`].
    pub fn table(&self) -> Result<TableConfig, CliError> {
        self.table.config(self.recipe().local_bins)
    }

    /// The settings of a new run on this table, which was opened with `data`.
    pub fn config(&self, data: TableConfig, table: &Table) -> EmulatorConfig {
        let recipe = self.recipe();
        let steps = self.run.steps(recipe.steps_per_epoch(table));
        let length = steps.map_or(recipe.length, Length::Steps);
        let compare = match self.compare {
            CompareArgument::Residuals => Compare::Residuals,
            CompareArgument::Values => Compare::Values,
        };
        let config = Recipe { length, ..recipe }.config(data, table);
        EmulatorConfig { compare, judged: self.judged, ..config }
    }

    fn recipe(&self) -> Recipe {
        let recipe = match self.recipe {
            RecipeArgument::Residual => Recipe::residual(),
            RecipeArgument::Original => Recipe::original(),
        };
        let recipe = match self.lr {
            Some(lr) => recipe.with_lr(lr),
            None => recipe,
        };
        let batch_size = self.batch_size.unwrap_or(recipe.batch_size);
        Recipe { batch_size, seed: self.run.seed(), ..recipe }
    }
}

/// Which run is judged.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The folder of a run.
    run: PathBuf,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

impl EvaluateArguments {
    /// Sets the number of threads; the run.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that is no run.
    pub fn run(&self) -> Result<RunDir, CliError> {
        by_the_first()?;
        set_threads(self.threads);
        Ok(RunDir::open(&self.run)?)
    }
}
