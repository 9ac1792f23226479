//! A look at samples while their generator trains.

use astrogen_data::Batches;
use astrogen_metrics::power_spectrum::nyquist_ratio;
use astrogen_metrics::{RealHalves, SlicedWassersteinConfig};
use astrogen_models::Generator;
use astrogen_plot::save_grid;
use astrogen_runtime::seed_everything;
use astrogen_train::{Evaluation, Event, GanStep, Observer, Outcome, RunDir, TrainError};
use tch::Tensor;

use crate::best::{BestReport, RunReport};
use crate::curves::draw_losses;
use crate::real::real_images;
use crate::{ReportError, best};

/// Images of a grid.
const GRID: i64 = 64;

/// An observer that draws a grid of the same latents and the loss curves at every
/// [`Event::Sample`], and evaluates what is saved: the sliced Wasserstein distance of samples to
/// real images, which is the score, its floor, and an eye on the mesh.
///
/// Real images are parted into two halves: the best generator is chosen by one and
/// [reported](Self::finish) by the other and by other latents ([`RealHalves`]).
#[derive(Debug)]
pub struct SampleLook<'a> {
    run: &'a RunDir,
    real: Tensor,
    halves: RealHalves,
    /// Those of the grid, of the choice and of the report, `[N, latent_dim]`.
    latent: Tensor,
    choosing: Tensor,
    reporting: Tensor,
    seed: u64,
}

impl<'a> SampleLook<'a> {
    /// Takes real images from the first batches and writes a grid of them, and draws from
    /// libtorch's generator the latents that are looked at from now on. `seed` is that of the
    /// noise in generators that have inputs of it.
    ///
    /// # Errors
    /// What the data, the metrics and the picture report.
    pub fn new<S: GanStep>(
        run: &'a RunDir,
        batches: &mut Batches,
        step: &S,
        seed: u64,
    ) -> Result<Self, ReportError> {
        let real = real_images(batches)?;
        save_grid(&real.slice(0, 0, GRID, 1), None, run.real_path("png"))?;
        let halves = RealHalves::new(&real, SlicedWassersteinConfig::default(), 0)?;
        let latent = step.average().latent(GRID);
        let latents = step.average().latent(2 * halves.images());
        let [choosing, reporting] =
            [0, halves.images()].map(|at| latents.narrow(0, at, halves.images()));
        Ok(Self { run, real, halves, latent, choosing, reporting, seed })
    }

    /// Draws a last time, and reports on the best generator: `report.json` in the run's folder.
    ///
    /// # Errors
    /// What the run's folder, the metrics and the pictures report.
    pub fn finish<S: GanStep>(
        &self,
        step: &S,
        outcome: &Outcome,
    ) -> Result<RunReport, ReportError> {
        let remark = self.draw(step, outcome.step)?;
        let best = match self.run.best_checkpoint()? {
            Some((of, chosen_by)) => {
                let generator = best::generator::<S>(self.run, self.latent.device())?;
                let fake = self.sample(&generator, &self.reporting)?;
                let report = BestReport {
                    step: of,
                    sliced_wasserstein: self.halves.test(&fake)?,
                    floor: self.halves.floor(),
                    nyquist_ratio: nyquist_ratio(&self.real, &fake)?,
                    chosen_by,
                };
                self.run.write_json("report.json", &report)?;
                Some(report)
            }
            None => None,
        };
        Ok(RunReport::new::<S>(self.run, outcome, best, remark))
    }

    fn sample(&self, generator: &impl Generator, latent: &Tensor) -> Result<Tensor, ReportError> {
        seed_everything(self.seed);
        Ok(generator.sample(latent)?)
    }

    /// The grid and the curves; what is to be said of a picture that was left out.
    fn draw<S: GanStep>(&self, step: &S, at: u64) -> Result<Option<String>, ReportError> {
        let images = self.sample(step.average(), &self.latent)?;
        save_grid(&images, None, self.run.sample_path(at, "png"))?;
        draw_losses(self.run, &format!("{} losses", S::TITLE), S::CURVES)
    }

    fn measure<S: GanStep>(&self, step: &S) -> Result<Evaluation, ReportError> {
        let fake = self.sample(step.average(), &self.choosing)?;
        let distance = self.halves.validation(&fake)?;
        let nyquist = nyquist_ratio(&self.real, &fake)?;
        let numbers = [
            ("sliced_wasserstein", distance),
            ("floor", self.halves.floor()),
            ("nyquist_ratio", nyquist),
        ];
        Ok(Evaluation { score: Some(distance), remark: mesh(nyquist), ..Evaluation::new(numbers) })
    }
}

impl<S: GanStep> Observer<S> for SampleLook<'_> {
    fn observe(&mut self, step: &S, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::Sample { step: at } => {
                self.draw(step, *at).map(drop).map_err(TrainError::custom)
            }
            _ => Ok(()),
        }
    }

    fn evaluate(&mut self, step: &S) -> Result<Option<Evaluation>, TrainError> {
        self.measure(step).map(Some).map_err(TrainError::custom)
    }
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
