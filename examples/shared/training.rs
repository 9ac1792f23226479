//! The loop of an image example: history, progress, pictures and scores while it trains, and a
//! report at its end.
//!
//! The best generator is chosen by half of the real images that are looked at, and reported by the
//! other half and other latents: [`RealHalves`].

use std::path::Path;

use anyhow::Result;
use astrogen::metrics::power_spectrum::nyquist_ratio;
use astrogen::metrics::{RealHalves, SlicedWassersteinConfig};
use astrogen::plot::{Series, save_curves, save_grid};
use astrogen::prelude::*;
use astrogen::train::TrainError;
use astrogen::train::fit::{Score, ScoreBy};
use astrogen::train::interrupt::StopSignal;
use astrogen::train::log::{History, HistoryCsv, JsonLines, Progress, TensorBoard};
use astrogen::train::step::Step;
use serde_json::json;
use tch::{Device, Tensor};

use super::figure::or_left_out;
use astrogen_cli::say;

/// A generator, and the fingerprint of its weights.
pub(crate) type Trained = (Box<dyn Generator>, String);

/// What is looked at while an algorithm trains.
pub(crate) struct Look<S> {
    /// The generator to sample from.
    pub(crate) generator: fn(&S) -> &dyn Generator,
    /// The generator saved in a folder.
    pub(crate) trained: fn(&Path, Device) -> Result<Trained>,
    /// The name of its weights file in the run's folder.
    pub(crate) file: &'static str,
    /// The title of the loss curves.
    pub(crate) title: &'static str,
    /// The columns of the history that they show.
    pub(crate) curves: &'static [&'static str],
}

/// Trains, with a grid of the same latents drawn as it goes, the sliced Wasserstein distance to
/// real images as the score, and an eye on the mesh, and says where the results are.
pub(crate) fn train_images<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches,
    run: &RunDir,
    config: &FitConfig,
    look: &Look<S>,
) -> Result<()> {
    // What is looked at: the same latents and reals all the time.
    let real = real_images(batches)?;
    save_grid(&real.slice(0, 0, 64, 1), None, run.join("samples/real.png"))?;
    say("measuring how far real images are from each other");
    let halves = RealHalves::new(&real, SlicedWassersteinConfig::default(), 0)?;
    let latent = (look.generator)(algorithm).latent(64);
    let latents = (look.generator)(algorithm).latent(2 * halves.images());
    let [choosing, reporting] =
        [0, halves.images()].map(|at| latents.narrow(0, at, halves.images()));
    let sample_of = |generator: &dyn Generator, latent: &Tensor| {
        seed_everything(config.seed); // for generators that draw noise
        generator.sample(latent)
    };
    let sample = |algorithm: &S, latent: &Tensor| sample_of((look.generator)(algorithm), latent);

    // Observers.
    let draw = |algorithm: &S, step| {
        let images = sample(algorithm, &latent)?;
        save_grid(&images, None, run.sample_path(step, "png")).map_err(TrainError::observer)?;
        draw_curves(run, look.title, look.curves)
    };
    let mut watch = |algorithm: &S, event: &Event| match event {
        Event::Sample { step } => draw(algorithm, *step),
        _ => Ok(()),
    };
    let mut score = ScoreBy(|algorithm: &S| {
        let fake = sample(algorithm, &choosing)?;
        let distance = halves.validation(&fake).map_err(TrainError::observer)?;
        let nyquist = nyquist_ratio(&real, &fake).map_err(TrainError::observer)?;
        Ok(Score {
            value: distance,
            numbers: vec![
                ("sliced_wasserstein", distance),
                ("floor", halves.floor()),
                ("nyquist_ratio", nyquist),
            ],
            remark: mesh(nyquist),
        })
    });
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let mut json = JsonLines::open(run.join("log.jsonl"))?;
    let mut board = TensorBoard::create(run.path())?;
    let mut progress = Progress::default();
    let observers: &mut [&mut dyn Observer<S>] =
        &mut [&mut history, &mut json, &mut board, &mut progress, &mut score, &mut watch];

    // Loop.
    say(format_args!("training into {}", run.path().display()));
    let stop = StopSignal::on_ctrl_c()?;
    let outcome = fit(algorithm, batches, run, config, &stop, observers)?;
    draw(algorithm, outcome.step)?;

    // What came of it.
    let how = if outcome.interrupted { "stopped" } else { "finished" };
    say(format_args!("{how} after {} steps", outcome.step));
    say(format_args!("  grid     {}", run.sample_path(outcome.step, "png").display()));
    say(format_args!("  losses   {}", run.join("losses.png").display()));
    say(format_args!("  weights  {}", run.join(look.file).display()));
    if let Some((step, chosen_by)) = run.best_checkpoint()? {
        let folder = run.join("best");
        let (best, _) = (look.trained)(&folder, latents.device())?;
        let fake = sample_of(&*best, &reporting)?;
        let (distance, floor) = (halves.test(&fake)?, halves.floor());
        let nyquist = nyquist_ratio(&real, &fake)?;
        run.write_json(
            "report.json",
            &json!({
                "step": step,
                "sliced_wasserstein": distance,
                "floor": floor,
                "nyquist_ratio": nyquist,
                "chosen_by": chosen_by,
            }),
        )?;
        let file = folder.join(look.file).display().to_string();
        say(format_args!(
            "  best     {file}: sliced Wasserstein {distance:.1} (floor {floor:.1}) at step {step}, \
             on images that it was not chosen by; {chosen_by:.1} on those that it was"
        ));
    }
    Ok(())
}

/// As many real images as the scores take: each of the data set once, up to 1,000, or fewer where
/// they are large.
fn real_images(batches: &mut Batches) -> Result<Tensor> {
    /// Values of all images together, 256 MB.
    const MOST: i64 = 1 << 26;
    let [batch, channels, height, width] = batches.shape();
    let images = (MOST / (channels * height * width)).clamp(2, 1000);
    let wanted = (images as u64).div_ceil(batch as u64).min(batches.steps_per_epoch());
    let wanted = wanted.max(2_u64.div_ceil(batch as u64)); // a half is one image at least
    let real = (0..wanted).map(|_| batches.next_batch()).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::cat(&real, 0).slice(0, 0, images, 1))
}

/// What to say of a mesh that is seen.
fn mesh(nyquist_ratio: f64) -> Option<String> {
    (nyquist_ratio > 2.0).then(|| {
        format!(
            "samples have a fine mesh: {nyquist_ratio:.1} times the reals' power at a period of \
             two pixels"
        )
    })
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
    let file = "losses.png";
    or_left_out(file, save_curves(run.join(file), title, "step", "loss", &series))
        .map_err(TrainError::observer)
}
