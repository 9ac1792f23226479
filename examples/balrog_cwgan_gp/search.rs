//! Many settings, one table.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use astrogen::prelude::*;
use astrogen::tables::Table;
use astrogen::train::interrupt::StopSignal;
use astrogen::train::search::{SearchSpace, SearchTable, Trial};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Device;

use crate::evaluate::judge;
use crate::settings::{RunConfig, TrainArguments};
use crate::train::fit_emulator;
use astrogen_cli::say;

#[derive(Args)]
pub(crate) struct SearchArguments {
    /// The settings to try, as JSON: paths in a run's config.json, each with a list of values
    /// or a range, {"algorithm.n_critic": [2, 5], "algorithm.critic_optimizer.lr":
    /// {"log_uniform": [1e-4, 1e-3]}, "batches.batch_size": {"integer": [100, 1000]}}. Not
    /// needed to --resume.
    #[arg(long, required_unless_present = "resume")]
    space: Option<PathBuf>,
    /// How many settings are drawn; all combinations if left out and there are only lists.
    #[arg(long)]
    trials: Option<u64>,
    #[command(flatten)]
    train: TrainArguments,
}

/// What a search was made with: config.json in its folder.
#[derive(Serialize, Deserialize)]
struct SearchConfig {
    space: Value,
    trials: Option<u64>,
    base: RunConfig,
}

pub(crate) fn search(arguments: &SearchArguments) -> Result<()> {
    let device = arguments.train.run.device()?;
    let earlier = arguments.train.run.earlier::<SearchConfig>()?;
    let data = match &earlier {
        Some((_, config)) => config.base.data.clone(),
        None => arguments.train.data()?,
    };
    let table = Table::open(&data)?;
    say(table.report());
    let (earlier, config) = match (earlier, &arguments.space) {
        (Some((run, config)), _) => (Some(run), config),
        (None, Some(space)) => {
            let text = std::fs::read_to_string(space)
                .with_context(|| format!("cannot read {}", space.display()))?;
            let base = arguments.train.config(data, &table);
            let space = serde_json::from_str(&text)
                .with_context(|| format!("{} is not JSON", space.display()))?;
            let config = SearchConfig { space, trials: arguments.trials, base };
            trials(&config)?; // refused before a folder is made
            (None, config)
        }
        (None, None) => bail!("a search needs --space FILE"),
    };
    let run = arguments.train.run.begin("balrog-search", earlier, &config)?;

    let mut results = SearchTable::open(run.join("search.csv"), trials(&config)?)?;
    let stop = StopSignal::on_ctrl_c()?;
    while let Some(trial) = results.next_trial().cloned() {
        say(format_args!("{trial} ({} trials)", results.trials().len()));
        match score(&trial, &config.base, &run.join(folder(&trial)), &table, device, &stop) {
            Ok(None) => break, // interrupted: the trial goes on with --resume
            Ok(Some(score)) => results.record(trial.number, Ok::<f64, String>(score))?,
            Err(error) => results.record(trial.number, Err(format!("{error:#}")))?,
        }
    }
    say(&results);
    say(format_args!("search.csv and the trials' runs in {}", run.path().display()));
    match (results.next_trial(), results.best()) {
        (None, Some((best, _))) => report(best, &config.base, &run, &table),
        _ => Ok(()),
    }
}

/// Reports on the best trial, by rows that neither its epoch nor the trial was chosen by.
fn report(best: &Trial, base: &RunConfig, run: &RunDir, table: &Table) -> Result<()> {
    let trial = RunDir::open(&run.join(folder(best)))?;
    say(format_args!("the best trial, {best}, on rows that chose nothing"));
    judge(&trial, &best.apply(base)?, table, None)
}

/// The name of a trial's folder in the search's.
fn folder(trial: &Trial) -> String {
    format!("trial-{:03}", trial.number)
}

fn trials(config: &SearchConfig) -> Result<Vec<Trial>> {
    let space = SearchSpace::from_json(&config.space.to_string())?;
    let trials = space.trials(config.trials, config.base.fit.seed)?;
    for trial in &trials {
        let RunConfig { data, scaling, .. } = trial.apply(&config.base)?;
        if data != config.base.data || scaling != config.base.scaling {
            bail!("settings of the data stay as they are in a search: {trial}");
        }
    }
    Ok(trials)
}

/// The best score of a trial's run, unless it was interrupted.
fn score(
    trial: &Trial,
    base: &RunConfig,
    folder: &Path,
    table: &Table,
    device: Device,
    stop: &StopSignal,
) -> Result<Option<f64>> {
    let config = trial.apply(base)?;
    let run = RunDir::create_or_resume(folder)?;
    run.write_config(&config)?;
    let finished = fit_emulator(&run, &config, table, device, stop)?;
    Ok(run.best_checkpoint()?.map(|(_, score)| score).filter(|_| finished))
}
