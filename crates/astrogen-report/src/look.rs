//! A look at samples while their generator trains.

use astrogen_data::Batches;
use astrogen_metrics::diversity::{CollapseConfig, Diversity, collapsed, mean_pairwise_distance};
use astrogen_metrics::power_spectrum::nyquist_ratio;
use astrogen_metrics::{FeatureNetwork, PrdcConfig, RealHalves, SlicedWassersteinConfig, prdc};
use astrogen_models::Generator;
use astrogen_plot::save_grid;
use astrogen_runtime::seed_everything;
use astrogen_train::{
    Criterion, Evaluation, Event, GanStep, Observer, Outcome, RunDir, TrainError,
};
use tch::Tensor;

use crate::best::{BestReport, RunReport};
use crate::curves::draw_losses;
use crate::physical::ToPhysical;
use crate::quality::{self, Audit};
use crate::real::real_images;
use crate::{ReportError, best};

/// Images of a grid.
const GRID: i64 = 64;

/// The fewest images of which it is said how diverse they are.
const DIVERSE: i64 = 16;

/// An observer that draws a grid of the same latents and the loss curves at every
/// [`Event::Sample`], and evaluates what is saved: the sliced Wasserstein distance of samples to
/// real images, which is the score, its floor, how diverse samples are beside reals, and an eye on the
/// mesh. A generator that has collapsed is named in the log.
///
/// Real images are parted into two halves: the best generator is chosen by one and
/// [reported](Self::finish) by the other and by other latents ([`RealHalves`]).
#[derive(Debug)]
pub struct SampleLook<'a> {
    run: &'a RunDir,
    real: Tensor,
    halves: RealHalves,
    diversity: Option<RealDiversity>,
    audit: Option<Audit>,
    physical: Option<ToPhysical<'a>>,
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
        let diversity = RealDiversity::of(&real)?;
        let latent = step.average().latent(GRID);
        let latents = step.average().latent(2 * halves.images());
        let [choosing, reporting] =
            [0, halves.images()].map(|at| latents.narrow(0, at, halves.images()));
        Ok(Self {
            run,
            real,
            halves,
            diversity,
            audit: None,
            physical: None,
            latent,
            choosing,
            reporting,
            seed,
        })
    }

    /// Holds samples of the best generator against the training images in the end, beside images that
    /// were held out of training: whether it gives training images back. Held-out images that are nearly
    /// training images are told at the first evaluation and in the end. Without held-out images, and
    /// of fewer than 20 of either, nothing is told.
    ///
    /// `sets` deal the training and the held-out images, as they are (`Augment::None`) and one at a time, as
    /// what does not fill a batch is not dealt.
    ///
    /// # Errors
    /// What the data report.
    pub fn with_held_out(self, sets: Option<[Batches; 2]>) -> Result<Self, ReportError> {
        let audit = match sets {
            Some(sets) => Audit::new(self.run, sets)?,
            None => None,
        };
        Ok(Self { audit, ..self })
    }

    /// Compares pixels in physical units, too, in the end: `convert` takes images `[N, C, H, W]` in signed
    /// range there, and their unit has this name, if it is known.
    pub fn with_physical<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        self,
        unit: Option<&str>,
        convert: impl Fn(&Tensor) -> Result<Tensor, E> + 'a,
    ) -> Self {
        let convert = Box::new(move |images: &Tensor| convert(images).map_err(TrainError::custom));
        Self { physical: Some(ToPhysical { unit: unit.map(str::to_owned), convert }), ..self }
    }

    /// The numbers that a best checkpoint may be chosen by, the score first; the last two of images that
    /// [have them](Self::check).
    pub fn criteria() -> Vec<Criterion> {
        let [distance, diversity, coverage] =
            ["sliced_wasserstein", "diversity", "coverage"].map(String::from);
        let highest = [diversity, coverage].map(Criterion::Highest);
        [Criterion::Lowest(distance)].into_iter().chain(highest).collect()
    }

    /// Refuses to choose the best checkpoint by a number that the images have not beside which samples will be
    /// looked at, before anything is trained. The batches are as they were afterwards.
    ///
    /// # Errors
    /// [`ReportError::Train`], with what it takes; what the data and the metrics report.
    pub fn check(best_by: &Criterion, batches: &mut Batches) -> Result<(), ReportError> {
        let Criterion::Highest(name) = best_by else { return Ok(()) };
        let next = batches.step();
        let real = real_images(batches)?;
        batches.seek(next);
        if RealDiversity::of(&real)?.is_some() {
            return Ok(());
        }
        let [channels, height, width] = batches.shape();
        Err(ReportError::Train(TrainError::Setting {
            name: "best_by",
            rule: "a number that the images have; diversity and coverage need 16 to train on that differ, \
                   in whole batches of an epoch and in 256 MB: lower the batch size, or choose by \
                   sliced_wasserstein",
            got: format!("{name} of {} images {channels}x{height}x{width}", real.size()[0]),
        }))
    }

    /// Draws a last time, and reports on the best generator: `report.json` in the run's folder. Of a run
    /// that was stopped only what takes no time; a report of an earlier session on the same checkpoint,
    /// which has more, stays.
    ///
    /// # Errors
    /// What the run's folder, the metrics and the pictures report.
    pub fn finish<S: GanStep>(
        &self,
        step: &S,
        outcome: &Outcome,
    ) -> Result<RunReport, ReportError> {
        let mut remarks: Vec<String> = self.draw(step, outcome.step)?.into_iter().collect();
        let best = self.run.best_checkpoint()?;
        // Whoever stops a run waits for it.
        let stays = outcome.interrupted && best.is_some_and(|(of, _)| best::is_told(self.run, of));
        if stays {
            remarks.push("stopped: report.json still tells all of the same checkpoint".to_owned());
        } else if outcome.interrupted {
            remarks.push("stopped: all numbers of quality are for the end of the run".to_owned());
        }
        let best = match best {
            Some((of, _)) => {
                let generator = best::generator::<S>(self.run, self.latent.device())?;
                let fake = self.sample(&generator, &self.reporting)?;
                let measured = match &self.diversity {
                    _ if outcome.interrupted => None,
                    Some(of) => Some(quality::measure(
                        self.run,
                        &of.network,
                        [&self.real, &fake],
                        quality::NAMES,
                    )?),
                    None => None,
                };
                let (quality, lines) = measured.unzip();
                remarks.extend(lines.into_iter().flatten());
                let pixels_physical = match (&self.physical, &self.diversity) {
                    _ if outcome.interrupted => None,
                    (Some(physical), Some(_)) => Some(physical.compare([&self.real, &fake])?),
                    _ => None,
                };
                remarks.extend(self.audit.iter().flat_map(|audit| audit.remarks.clone()));
                let audit = match &self.audit {
                    _ if outcome.interrupted => None,
                    Some(audit) => Some(audit.of(self.run, &fake)?),
                    None => None,
                };
                let (memorisation, line) = audit.unzip();
                let memorisation = memorisation.flatten();
                remarks.extend(line.flatten());
                let report = BestReport {
                    step: of,
                    sliced_wasserstein: self.halves.test(&fake)?,
                    floor: self.halves.floor(),
                    nyquist_ratio: nyquist_ratio(&self.real, &fake)?,
                    chosen_by: self.halves.validation(&self.sample(&generator, &self.choosing)?)?,
                    quality,
                    pixels_physical,
                    leakage: self.audit.as_ref().and_then(|audit| audit.leakage.clone()),
                    memorisation,
                };
                if !stays {
                    if outcome.interrupted {
                        best::clear_figures(self.run)?; // which are of a report that is gone
                    }
                    self.run.write_json("report.json", &report)?;
                }
                Some(report)
            }
            None => None,
        };
        Ok(RunReport::new::<S>(self.run, outcome, best, remarks))
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
        let mut numbers = vec![
            ("sliced_wasserstein", distance),
            ("floor", self.halves.floor()),
            ("nyquist_ratio", nyquist),
        ];
        let mut remarks: Vec<String> = mesh(nyquist).into_iter().collect();
        if let Some(of) = &self.diversity {
            let now = of.samples(&fake)?;
            numbers.push(("diversity", now.distance / of.reals.distance));
            numbers.extend(now.coverage.map(|coverage| ("coverage", coverage)));
            let collapse = collapsed(&now, &of.reals, &CollapseConfig::default())?;
            remarks.extend(collapse.map(|collapse| collapse.to_string()));
        }
        let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        Ok(Evaluation { score: Some(distance), remark, ..Evaluation::new(numbers) })
    }
}

/// How diverse real images are, and what it takes to say it of samples.
#[derive(Debug)]
struct RealDiversity {
    network: FeatureNetwork,
    /// Features of half of the reals, `[N, D]`.
    features: Tensor,
    reals: Diversity,
}

impl RealDiversity {
    /// Of real images `[N, C, H, W]`; none of fewer than 16, of images that are too small for features,
    /// and of reals that are all the same.
    fn of(real: &Tensor) -> Result<Option<Self>, ReportError> {
        let (n, channels, height, width) = real.size4()?;
        let network = quality::network([channels, height, width])?;
        let Some(network) = network.filter(|_| n >= DIVERSE) else { return Ok(None) };
        let all = network.extract(real)?;
        let [features, other] = [0, n / 2].map(|at| all.narrow(0, at, n / 2));
        let coverage = prdc(&features, &other, &PrdcConfig::default())?.coverage;
        let reals = Diversity { distance: mean_pairwise_distance(real)?, coverage: Some(coverage) };
        let differ = reals.distance > 0.0 && coverage > 0.0;
        Ok(differ.then_some(Self { network, features, reals }))
    }

    fn samples(&self, fake: &Tensor) -> Result<Diversity, ReportError> {
        let features = self.network.extract(fake)?;
        let coverage = prdc(&self.features, &features, &PrdcConfig::default())?.coverage;
        Ok(Diversity { distance: mean_pairwise_distance(fake)?, coverage: Some(coverage) })
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
        let mut evaluation = self.measure(step).map_err(TrainError::custom)?;
        if let Some(audit) = self.audit.as_mut().filter(|audit| !audit.told) {
            audit.told = true;
            let own = evaluation.remark.take();
            let remarks: Vec<String> = audit.remarks.iter().cloned().chain(own).collect();
            evaluation.remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        }
        Ok(Some(evaluation))
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
