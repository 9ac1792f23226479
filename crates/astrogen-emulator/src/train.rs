//! From a table to an emulator, and to a Gaussian regression that it has to beat.

use std::sync::Arc;

use astrogen_data::Batches;
use astrogen_models::GaussianRegressorConfig;
use astrogen_runtime::seed_everything;
use astrogen_tables::Table;
use astrogen_train::gaussian::whitened;
use astrogen_train::{
    CwganGpStep, Event, FitConfig, GaussianStep, GaussianStepConfig, Observer, RunDir, RunLog,
    Schedule, StopSignal, fit,
};
use tch::Device;

use crate::held_out::HeldOut;
use crate::judge::judge_rows;
use crate::regressions::{BASELINE, Baseline, FIRST_HALF, gaussian, one_unit};
use crate::validation::{METRICS, Validation};
use crate::{Emulator, EmulatorConfig, EmulatorError, Judgement, Watch};

/// Trains an emulator in the run's folder, where it writes `config`, and judges it: the first half
/// (if the generator [completes](EmulatorConfig::whiten) a regression), the generator, chosen among
/// its checkpoints by validation rows, the quantiles that complete it, and a Gaussian regression to
/// be beaten. `table` is that of `config.data`.
///
/// What the run has already is kept: called again on a run that was stopped or killed, it goes on
/// where that was and ends in the same last weights, to the byte; among which weights the best are chosen
/// the checkpoint of the stop is one more. `None` where a stop was asked for before the end, and in the
/// other processes of a [group](RunDir::in_group), which train with the first and judge nothing.
///
/// # Errors
/// [`EmulatorError::Train`] for settings out of their range, a folder that another session trains
/// in, files of other settings, and a training that fails; what rows, networks and figures report.
pub fn train(
    run: &RunDir,
    config: &EmulatorConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<Option<Judgement>, EmulatorError> {
    config.validate()?;
    run.write_config(config)?;
    let rows = one_unit(config, table)?;
    let finished = fit_emulator(run, config, table, device, stop, watch)?
        && fit_gaussian(&run.part(BASELINE)?, config, &rows, device, stop, watch)?;
    if !finished || !run.group().is_first() {
        return Ok(None);
    }
    let baseline = Baseline { gaussian: gaussian(run, BASELINE)?, rows };
    judge_rows(run, config, table, Some(&baseline)).map(Some)
}

/// Trains the emulator, the generator judged every epoch; whether it came to its end.
pub(crate) fn fit_emulator(
    run: &RunDir,
    config: &EmulatorConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<bool, EmulatorError> {
    if config.whiten && !fit_gaussian(&run.part(FIRST_HALF)?, config, table, device, stop, watch)? {
        return Ok(false);
    }
    let gaussian = config.whiten.then(|| gaussian(run, FIRST_HALF)).transpose()?;
    let gaussian = gaussian.as_ref();
    let rows = match gaussian {
        Some(gaussian) => Arc::new(whitened(&table.train(), gaussian)?),
        None => table.train(),
    };
    let mut batches = Batches::new(rows, &config.batches, device)?;
    seed_everything(config.fit.seed);
    let mut algorithm = CwganGpStep::new(&config.model, &config.algorithm, device)?;

    let held_out = HeldOut::validation(table, config);
    let mut log = RunLog::quiet(run)?.with_scores(run.join(METRICS));
    let mut validation = Validation::new(&held_out, gaussian, run, watch);
    let observers: &mut [&mut dyn Observer<CwganGpStep>] = &mut [&mut log, &mut validation];
    let outcome = fit(&mut algorithm, &mut batches, run, &config.fit, stop, observers)?;
    if outcome.interrupted {
        return Ok(false);
    }
    if run.group().is_first() {
        Emulator::finish(run, config, table, gaussian, watch)?;
    }
    Ok(true)
}

/// Trains a regression on the rows, 20 epochs, into a folder of its own; whether it came to its
/// end.
fn fit_gaussian(
    run: &RunDir,
    config: &EmulatorConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<bool, EmulatorError> {
    watch.remark(&format!("training a Gaussian regression into {}", run.path().display()));
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
    settings.optimizer.schedule = Schedule::Cosine { steps, end: 0.0 };
    seed_everything(config.fit.seed);
    let mut algorithm = GaussianStep::new(&model, &settings, device)?;

    run.write_config(&(&model, &settings))?;
    let mut log = RunLog::quiet(run)?;
    let mut watching = |_: &GaussianStep, event: &Event| watch.observe(event);
    let observers: &mut [&mut dyn Observer<GaussianStep>] = &mut [&mut log, &mut watching];
    let outcome = fit(&mut algorithm, &mut batches, run, &fit_config, stop, observers)?;
    Ok(!outcome.interrupted)
}
