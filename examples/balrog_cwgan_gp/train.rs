//! From a table to an emulator, and to a Gaussian regression that it has to beat.

use std::sync::Arc;

use anyhow::Result;
use astrogen::models::GaussianRegressorConfig;
use astrogen::prelude::*;
use astrogen::tables::{Table, TableConfig};
use astrogen::train::cwgan_gp::CwganGpStep;
use astrogen::train::gaussian::{GaussianStep, GaussianStepConfig, whitened};
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::{HistoryCsv, JsonLines, Progress, TensorBoard};
use astrogen::train::schedule::Schedule;
use tch::Device;

use crate::emulator::{Emulator, gaussian};
use crate::evaluate::{Baseline, judge};
use crate::held_out::HeldOut;
use crate::metrics::Metrics;
use crate::say::say;
use crate::settings::{RunConfig, TrainArguments};

pub(crate) fn train(arguments: &TrainArguments) -> Result<()> {
    let device = arguments.run.device()?;

    // Data.
    let earlier = arguments.run.earlier::<RunConfig>()?;
    let data = match &earlier {
        Some((_, config)) => config.data.clone(),
        None => arguments.data()?,
    };
    say(format_args!("reading {}", data.path.display()));
    let table = Table::open(&data)?;
    say(table.report());

    // Settings and the run's folder.
    let (run, config) = match earlier {
        Some((run, mut config)) => {
            let epoch = config.fit.checkpoint_interval;
            config.fit.steps = arguments.run.steps(epoch).unwrap_or(config.fit.steps);
            (run, config)
        }
        None => {
            let config = arguments.config(data, &table);
            config.fit.check()?;
            (arguments.run.create("balrog-cwgan-gp")?, config)
        }
    };
    run.write_config(&config)?;

    // The emulator, the regression that it has to beat, and the judgement of both.
    say(format_args!("training on {device:?} into {}", run.path().display()));
    let stop = StopSignal::on_ctrl_c()?;
    let plain = plain(&config, &table)?;
    let finished = fit_emulator(&run, &config, &table, device, &stop)?
        && fit_gaussian(&run, BASELINE, &config, &plain, device, &stop)?;
    if finished {
        let baseline = Baseline { gaussian: gaussian(&run, BASELINE)?, rows: plain };
        judge(&run, &config, &table, Some(&baseline))
    } else {
        say(format_args!("stopped; --resume {} goes on", run.path().display()));
        Ok(())
    }
}

/// The same rows with observed features in one unit, as the baseline sees them.
pub(crate) fn plain(config: &RunConfig, table: &Table) -> Result<Table> {
    match config.data.local_bins {
        None => Ok(table.clone()),
        Some(_) => Ok(Table::open(&TableConfig { local_bins: None, ..config.data.clone() })?),
    }
}

/// Trains the emulator, the generator judged every epoch; whether it came to its end.
pub(crate) fn fit_emulator(
    run: &RunDir,
    config: &RunConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
) -> Result<bool> {
    if config.whiten && !fit_gaussian(run, FIRST_HALF, config, table, device, stop)? {
        return Ok(false);
    }
    let gaussian = config.whiten.then(|| gaussian(run, FIRST_HALF)).transpose()?;
    let rows = match &gaussian {
        Some(gaussian) => Arc::new(whitened(&table.train(), gaussian)?),
        None => table.train(),
    };
    let mut batches = Batches::new(rows, &config.batches, device)?;
    seed_everything(config.fit.seed);
    let mut algorithm = CwganGpStep::new(&config.model, &config.algorithm, device)?;

    let held_out = HeldOut::validation(table, config);
    let mut metrics = Metrics::new(&held_out, gaussian.as_ref(), run);
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let mut json = JsonLines::open(run.join("log.jsonl"))?;
    let mut board = TensorBoard::create(run.path())?;
    let mut progress = Progress::default();
    let observers: &mut [&mut dyn Observer<CwganGpStep>] =
        &mut [&mut history, &mut json, &mut board, &mut progress, &mut metrics];
    let outcome = fit(&mut algorithm, &mut batches, run, &config.fit, stop, observers)?;
    if outcome.interrupted {
        return Ok(false);
    }
    Emulator::finish(run, config, table, gaussian)?;
    Ok(true)
}

/// The regression that is to be beaten, of magnitudes as they are: its folder in a run's.
pub(crate) const BASELINE: &str = "gaussian";

/// The regression that is the emulator's first half, in units of the local scatter.
pub(crate) const FIRST_HALF: &str = "first-half";

/// Trains a regression on the rows, 20 epochs; whether it came to its end.
fn fit_gaussian(
    run: &RunDir,
    name: &str,
    config: &RunConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
) -> Result<bool> {
    say(format_args!("training a Gaussian regression into {}", run.join(name).display()));
    let mut batches = Batches::new(table.train(), &config.batches, device)?;
    let steps = 20 * batches.steps_per_epoch();
    let fit_config = FitConfig { steps, checkpoint_interval: steps, ..config.fit.clone() };
    let model = GaussianRegressorConfig {
        features: config.model.features,
        true_features: config.model.true_features,
        conditions: config.model.conditions,
        ..GaussianRegressorConfig::default()
    };
    let mut settings = GaussianStepConfig::default();
    settings.optimizer.schedule = Schedule::Cosine { steps };
    seed_everything(config.fit.seed);
    let mut algorithm = GaussianStep::new(&model, &settings, device)?;

    let folder = run.join(name);
    let run = RunDir::create_or_resume(&folder)?;
    run.write_config(&(&model, &settings))?;
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let mut progress = Progress::default();
    let observers: &mut [&mut dyn Observer<GaussianStep>] = &mut [&mut history, &mut progress];
    let outcome = fit(&mut algorithm, &mut batches, &run, &fit_config, stop, observers)?;
    Ok(!outcome.interrupted)
}
