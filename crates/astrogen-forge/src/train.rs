//! From galaxies to a flow over their stars.

use std::sync::Arc;

use astrogen_data::Batches;
use astrogen_runtime::seed_everything;
use astrogen_train::{
    Criterion, EvaluateBy, Evaluation, Observer, RunDir, RunLog, StopSignal, fit,
};
use tch::Device;

use crate::galaxies::Galaxies;
use crate::judge::{Judgement, judge_galaxies};
use crate::step::StarStep;
use crate::{ForgeConfig, ForgeError};

/// The file with the conditions of all galaxies of a run.
pub(crate) const CONDITIONS: &str = "conditions.json";

/// Stars that choose the state of the flow that is kept.
const CHOOSING: usize = 20_000;

/// Trains a flow in the run's folder, where it writes `config` and what is known of the galaxies; the
/// state that makes stars of validation most likely is kept, and judged on galaxies that are left
/// out. `galaxies` are those of `config.galaxies`; `watch` is told of what happens.
///
/// What the run has already is kept: called again on a run that was stopped or killed, it goes on
/// where that was and ends in the same last weights, to the byte; among which weights the best are chosen
/// the checkpoint of the stop is one more. `None` where a stop was asked for before the end, and in the
/// other processes of a [group](RunDir::in_group), which train with the first and judge nothing.
///
/// # Errors
/// [`ForgeError::Train`] for a folder that another session trains in, and a training that fails;
/// what stars, flows and figures report.
pub fn train(
    run: &RunDir,
    config: &ForgeConfig,
    galaxies: &Galaxies,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Observer<StarStep>,
) -> Result<Option<Judgement>, ForgeError> {
    config.validate()?;
    run.write_config(config)?;
    run.write_json(CONDITIONS, galaxies.conditions())?;
    let validation = galaxies.validation(CHOOSING)?;
    let stars = Arc::new(galaxies.training(config.deal));
    let mut batches = Batches::new(stars, &config.batches, device)?;
    seed_everything(config.fit.seed);
    let conditions = galaxies.conditions().values();
    let step = StarStep::new(&config.flow, &config.algorithm, &conditions, device)?;
    let mut step = match config.latent_noise > 0.0 {
        true => step.with_noise(&noise(config, galaxies))?,
        false => step,
    };
    let mut log = RunLog::quiet(run)?;
    let mut compare = EvaluateBy(|step: &StarStep| {
        let nll = step.negative_log_likelihood(&validation)?;
        Ok(Evaluation { score: Some(nll), ..Evaluation::new([(NLL, nll)]) })
    });
    let observers: &mut [&mut dyn Observer<StarStep>] = &mut [&mut log, &mut compare, watch];
    let outcome = fit(&mut step, &mut batches, run, &config.fit, stop, observers)?;
    if outcome.interrupted {
        return Ok(None);
    }
    if !run.group().is_first() {
        return Ok(None);
    }
    judge_galaxies(run, config, galaxies).map(Some)
}

/// What is found of a flow at each checkpoint.
const NLL: &str = "validation_nll";

/// The numbers that the best state of a flow may be chosen by.
pub fn criteria() -> Vec<Criterion> {
    vec![Criterion::Lowest(NLL.to_owned())]
}

/// The deviation of the noise of each condition: none of parameters, and of latents in proportion to
/// that of the training galaxies.
fn noise(config: &ForgeConfig, galaxies: &Galaxies) -> Vec<f64> {
    let deviations = galaxies.conditions().deviations();
    let parameters = config.galaxies.parameters.len();
    let noise = |(column, deviation): (usize, f64)| match column < parameters {
        true => 0.0,
        false => config.latent_noise * deviation,
    };
    deviations.into_iter().enumerate().map(noise).collect()
}
