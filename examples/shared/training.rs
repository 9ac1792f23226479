//! The loop of an image example: history, progress, pictures and scores while it trains.

use std::io::Write;

use anyhow::Result;
use astrogen::metrics::{SlicedWassersteinConfig, sliced_wasserstein};
use astrogen::plot::{Series, save_curves, save_grid};
use astrogen::prelude::*;
use astrogen::train::TrainError;
use astrogen::train::fit::{Outcome, ScoreBy};
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::{History, HistoryCsv, JsonLines, Progress, TensorBoard};
use astrogen::train::step::Step;
use tch::Tensor;

/// What is looked at while an algorithm trains.
pub(crate) struct Look<S> {
    /// The generator to sample from.
    pub(crate) generator: fn(&S) -> &dyn Generator,
    /// The name of its weights file in the run's folder.
    pub(crate) file: &'static str,
    /// The title of the loss curves.
    pub(crate) title: &'static str,
    /// The columns of the history that they show.
    pub(crate) curves: &'static [&'static str],
}

/// Trains, with a grid of the same latents drawn as it goes and the sliced Wasserstein distance
/// to real images as the score, and says where the results are.
pub(crate) fn train_images<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches,
    run: &RunDir,
    config: &FitConfig,
    look: &Look<S>,
) -> Result<()> {
    // What is looked at: the same latents and reals all the time.
    let latent = (look.generator)(algorithm).latent(64);
    let real = (0..4).map(|_| batches.next_batch()).collect::<Result<Vec<_>, _>>()?;
    let real = Tensor::cat(&real, 0);
    let score_latent = (look.generator)(algorithm).latent(real.size()[0]);
    save_grid(&real.slice(0, 0, 64, 1), None, run.join("samples/real.png"))?;

    // Observers.
    let draw = |algorithm: &S, step| {
        let images = (look.generator)(algorithm).sample(&latent)?;
        save_grid(&images, None, run.sample_path(step, "png")).map_err(TrainError::observer)?;
        draw_curves(run, look.title, look.curves)
    };
    let mut watch = |algorithm: &S, event: &Event| match event {
        Event::Sample { step } => draw(algorithm, *step),
        _ => Ok(()),
    };
    let mut score = ScoreBy(|algorithm: &S| {
        let fake = (look.generator)(algorithm).sample(&score_latent)?;
        let distance = sliced_wasserstein(&real, &fake, &SlicedWassersteinConfig::default(), 0);
        Ok(distance.map_err(TrainError::observer)?.mean)
    });
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let mut json = JsonLines::open(run.join("log.jsonl"))?;
    let mut board = TensorBoard::create(run.path())?;
    let mut progress = Progress::default();
    let observers: &mut [&mut dyn Observer<S>] =
        &mut [&mut history, &mut json, &mut board, &mut progress, &mut score, &mut watch];

    // Loop.
    println!("training into {}", run.path().display());
    let stop = StopSignal::on_ctrl_c()?;
    let outcome = fit(algorithm, batches, run, config, &stop, observers)?;
    draw(algorithm, outcome.step)?;
    report(run, &outcome, look.file)
}

/// Says how a run ended and where its results are, if anybody still reads it.
fn report(run: &RunDir, outcome: &Outcome, file: &str) -> Result<()> {
    let how = if outcome.interrupted { "stopped" } else { "finished" };
    let mut lines = vec![
        format!("{how} after {} steps", outcome.step),
        format!("  grid     {}", run.sample_path(outcome.step, "png").display()),
        format!("  losses   {}", run.join("losses.png").display()),
        format!("  weights  {}", run.join(file).display()),
    ];
    if let Some((step, score)) = run.best_checkpoint()? {
        let best = run.join("best").join(file).display().to_string();
        lines.push(format!("  best     {best}: sliced Wasserstein {score:.1} at step {step}"));
    }
    let _ = writeln!(std::io::stdout(), "{}", lines.join("\n"));
    Ok(())
}

/// The history's `shown` columns so far.
fn draw_curves(run: &RunDir, title: &str, shown: &[&str]) -> Result<(), TrainError> {
    let Ok(history) = History::open(&run.join("history.csv")) else { return Ok(()) };
    let series: Vec<Series> = history
        .losses
        .iter()
        .filter(|(name, _)| shown.contains(&name.as_str()))
        .map(|(name, values)| {
            let steps = history.steps.iter().map(|&step| step as f64);
            Series::new(name.clone(), steps.zip(values.iter().copied()))
        })
        .collect();
    save_curves(run.join("losses.png"), title, "step", "loss", &series)
        .map_err(TrainError::observer)
}
