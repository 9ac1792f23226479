//! The averaged generator judged at every checkpoint: the numbers of metrics.csv, drawn
//! as metrics.png, the whole report with its calibration in reports.jsonl, and the score that the best
//! checkpoint is chosen by.

use astrogen_metrics::emulation::EmulatedQuantity;
use astrogen_models::GaussianRegressor;
use astrogen_plot::{Curves, Scale, Series, left_out};
use astrogen_train::{
    Criterion, CwganGpStep, Evaluation, Event, History, Observer, RunDir, TrainError,
};

use crate::emulator::emulate_rows;
use crate::held_out::HeldOut;
use crate::{EmulatorError, Watch};

/// The numbers of every checkpoint, in a run's folder.
pub(crate) const METRICS: &str = "metrics.csv";

/// Further passes over the rows at every checkpoint, for the calibration.
const DRAWS: u64 = 19;

/// An observer that judges, and hands every event on to who watches.
pub(crate) struct Validation<'a> {
    held_out: &'a HeldOut,
    gaussian: Option<&'a GaussianRegressor>,
    run: &'a RunDir,
    watch: &'a mut dyn Watch,
}

impl<'a> Validation<'a> {
    /// Judges on these rows. It stands behind the run's log among the observers: it draws what
    /// that has written.
    pub(crate) fn new(
        held_out: &'a HeldOut,
        gaussian: Option<&'a GaussianRegressor>,
        run: &'a RunDir,
        watch: &'a mut dyn Watch,
    ) -> Self {
        Self { held_out, gaussian, run, watch }
    }

    fn judge(&self, algorithm: &CwganGpStep) -> Result<Evaluation, EmulatorError> {
        let generator = algorithm.average();
        let emulate = |context: &[f32], row, seed| {
            Ok(emulate_rows(generator, self.gaussian, context, row, seed)?)
        };
        let generated = self.held_out.generate(emulate, 0)?;
        let draws = (1..=DRAWS).map(|pass| self.held_out.generate(emulate, pass));
        let report = self.held_out.report(&generated, &draws.collect::<Result<Vec<_>, _>>()?)?;
        let (bands, colours) = report.quantities.split_at(self.held_out.bands.len());
        let numbers = [report.score, mean_ks(bands), mean_ks(colours), report.sliced_wasserstein];
        Ok(Evaluation {
            score: Some(report.score),
            report: Some(serde_json::to_value(&report).map_err(TrainError::custom)?),
            ..Evaluation::new(NUMBERS.into_iter().zip(numbers))
        })
    }
}

impl Observer<CwganGpStep> for Validation<'_> {
    fn observe(&mut self, _: &CwganGpStep, event: &Event) -> Result<(), TrainError> {
        self.watch.observe(event)?;
        if let Event::Saved { .. } = event {
            let left_out = draw(self.run).map_err(TrainError::custom)?;
            left_out.iter().for_each(|line| self.watch.remark(line));
        }
        Ok(())
    }

    fn evaluate(&mut self, algorithm: &CwganGpStep) -> Result<Option<Evaluation>, TrainError> {
        self.judge(algorithm).map(Some).map_err(TrainError::custom)
    }
}

/// The numbers that the best checkpoint may be chosen by, the score first.
pub fn criteria() -> Vec<Criterion> {
    NUMBERS.map(|name| Criterion::Lowest(name.to_owned())).into()
}

/// The numbers of metrics.csv.
const NUMBERS: [&str; 4] = ["score", "ks_bands", "ks_colours", "sliced_wasserstein"];

/// The mean Kolmogorov-Smirnov statistic over all rows; 0 for a single band's no colours.
fn mean_ks(quantities: &[EmulatedQuantity]) -> f64 {
    let sum: f64 = quantities.iter().map(|quantity| quantity.all.ks).sum();
    sum / quantities.len().max(1) as f64
}

/// Draws metrics.png; or a line that says why it is left out.
fn draw(run: &RunDir) -> Result<Option<String>, EmulatorError> {
    let history = History::open(&run.join(METRICS))?;
    // A single band has no colours: zeros all along.
    let shown = history.losses.iter().filter(|(_, values)| values.iter().any(|&value| value > 0.0));
    let series = shown.map(|(name, values)| {
        let steps = history.steps.iter().map(|&step| step as f64);
        Series::new(name.clone(), steps.zip(values.iter().copied()))
    });
    let curves = Curves {
        title: "Held-out galaxies".into(),
        x_label: "step".into(),
        y_label: "distance".into(),
        y_scale: Scale::Log,
        ..Curves::default()
    };
    let file = "metrics.png";
    Ok(left_out(file, curves.save(run.join(file), &series.collect::<Vec<Series>>()))?)
}
