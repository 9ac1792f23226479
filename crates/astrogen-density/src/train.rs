//! From a table to a density.

use std::path::PathBuf;
use std::sync::Arc;

use astrogen_data::Batches;
use astrogen_runtime::{derive_seed, seed_everything};
use astrogen_tables::ColumnTable;
use astrogen_train::{
    Criterion, EvaluateBy, Evaluation, FitConfig, FlowStep, Observer, RunDir, RunLog, StopSignal,
    fit,
};
use tch::Device;

use crate::{DensityConfig, DensityError, Judgement, judge_rows};

/// Trains a flow, or several, in the run's folder, where it writes `config`; of each the state that
/// makes validation rows most likely is kept, and all are judged on test rows. `table` is that of
/// `config.data`; `watch` is told of what happens.
///
/// What the run has already is kept: called again on a run that was stopped or killed, it goes on
/// where that was and ends in the same last weights, to the byte; among which weights the best are chosen
/// the checkpoint of the stop is one more. `None` where a stop was asked for before the end, and in the
/// other processes of a [group](RunDir::in_group), which train with the first and judge nothing.
///
/// # Errors
/// [`DensityError::Train`] for a folder that another session trains in, and a training that fails;
/// what rows, flows and figures report.
pub fn train(
    run: &RunDir,
    config: &DensityConfig,
    table: &ColumnTable,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Observer<FlowStep>,
) -> Result<Option<Judgement>, DensityError> {
    config.validate()?;
    run.write_config(config)?;
    let rows = Arc::new(table.train().dataset()?);
    let validation = table.validation().dataset()?;
    for member in 0..config.members {
        let own;
        let folder = match config.members {
            1 => run,
            _ => {
                own = run.part(&member_name(member))?;
                own.write_config(config)?;
                &own
            }
        };
        let seed = match member {
            0 => config.fit.seed,
            _ => derive_seed(config.fit.seed, "member", member),
        };
        let mut batches = Batches::new(rows.clone(), &config.batches, device)?;
        seed_everything(seed);
        let mut step = FlowStep::new(&config.flow, &config.algorithm, device)?;
        let mut log = RunLog::quiet(folder)?;
        let mut compare = EvaluateBy(|step: &FlowStep| {
            let nll = step.negative_log_likelihood(&validation)?;
            Ok(Evaluation { score: Some(nll), ..Evaluation::new([(NLL, nll)]) })
        });
        let observers: &mut [&mut dyn Observer<FlowStep>] = &mut [&mut log, &mut compare, watch];
        let settings = FitConfig { seed, ..config.fit.clone() };
        let outcome = fit(&mut step, &mut batches, folder, &settings, stop, observers)?;
        if outcome.interrupted {
            return Ok(None);
        }
    }
    if !run.group().is_first() {
        return Ok(None);
    }
    judge_rows(run, config, table).map(Some)
}

/// What is found of a flow at each checkpoint.
const NLL: &str = "validation_nll";

/// The numbers that the best state of a flow may be chosen by.
pub fn criteria() -> Vec<Criterion> {
    vec![Criterion::Lowest(NLL.to_owned())]
}

/// The name of a member's folder in the run's, where there are several.
fn member_name(member: u64) -> String {
    format!("member-{}", member + 1)
}

/// The folder of a member: the run's own where there is one.
pub(crate) fn member_folder(run: &RunDir, config: &DensityConfig, member: u64) -> PathBuf {
    match config.members {
        1 => run.path().to_owned(),
        _ => run.join(member_name(member)),
    }
}
