//! The averaged generator judged at every checkpoint: metrics.csv, metrics.png, the whole report
//! with its calibration in reports.jsonl, and the score that the best checkpoint is chosen by.

use astrogen_metrics::emulation::EmulatedQuantity;
use astrogen_models::GaussianRegressor;
use astrogen_plot::{Curves, Scale, Series};
use astrogen_train::TrainError;
use astrogen_train::cwgan_gp::CwganGpStep;
use astrogen_train::fit::{Event, Observer, Score};
use astrogen_train::log::{History, HistoryCsv, StepLines};
use astrogen_train::run_dir::RunDir;
use serde_json::{Value, json};

use crate::emulator::emulate_rows;
use crate::figures::or_left_out;
use crate::held_out::HeldOut;
use crate::{EmulatorError, Watch};

/// Further passes over the rows at every checkpoint, for the calibration.
const DRAWS: u64 = 19;

/// An observer that judges, and hands every event on to who watches.
pub(crate) struct Validation<'a> {
    held_out: &'a HeldOut,
    gaussian: Option<&'a GaussianRegressor>,
    run: &'a RunDir,
    watch: &'a mut dyn Watch,
    table: HistoryCsv,
    reports: StepLines,
    /// Those of the networks that are being saved, and their report as JSON.
    now: Vec<(&'static str, f64)>,
    report: Value,
}

impl<'a> Validation<'a> {
    pub(crate) fn new(
        held_out: &'a HeldOut,
        gaussian: Option<&'a GaussianRegressor>,
        run: &'a RunDir,
        watch: &'a mut dyn Watch,
    ) -> Self {
        let table = HistoryCsv::new(run.join("metrics.csv"));
        let reports = StepLines::new(run.join("reports.jsonl"));
        let now = Vec::new();
        Self { held_out, gaussian, run, watch, table, reports, now, report: Value::Null }
    }

    fn judge(&mut self, algorithm: &CwganGpStep) -> Result<f64, EmulatorError> {
        let generator = algorithm.average();
        let emulate = |context: &[f32], row, seed| {
            Ok(emulate_rows(generator, self.gaussian, context, row, seed)?)
        };
        let generated = self.held_out.generate(emulate, 0)?;
        let draws = (1..=DRAWS).map(|pass| self.held_out.generate(emulate, pass));
        let report = self.held_out.report(&generated, &draws.collect::<Result<Vec<_>, _>>()?)?;
        self.report = serde_json::to_value(&report).map_err(TrainError::observer)?;
        let (bands, colours) = report.quantities.split_at(self.held_out.bands.len());
        self.now = vec![
            ("score", report.score),
            ("ks_bands", mean_ks(bands)),
            ("ks_colours", mean_ks(colours)),
            ("sliced_wasserstein", report.sliced_wasserstein),
        ];
        Ok(report.score)
    }
}

impl Observer<CwganGpStep> for Validation<'_> {
    fn observe(&mut self, algorithm: &CwganGpStep, event: &Event) -> Result<(), TrainError> {
        self.watch.observe(event)?;
        match *event {
            Event::Started { step, again, .. } => {
                self.reports.retain(|of, _| of < step || (of == step && !again))?;
                let started = if again { step.saturating_sub(1) } else { step };
                let event = Event::Started { step: started, steps: step, again: false };
                self.table.observe(algorithm, &event)
            }
            Event::Saved { step, .. } => {
                self.table.observe(algorithm, &Event::Logged { step, losses: &self.now })?;
                self.reports.append(&json!({"step": step, "report": self.report}))?;
                let left_out = draw(self.run).map_err(observed)?;
                left_out.iter().for_each(|line| self.watch.remark(line));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn score(&mut self, algorithm: &CwganGpStep) -> Result<Option<Score>, TrainError> {
        self.judge(algorithm).map(|score| Some(score.into())).map_err(observed)
    }
}

/// An error of this observer as the loop takes it.
fn observed(error: EmulatorError) -> TrainError {
    TrainError::observer(error.to_string())
}

/// The mean Kolmogorov-Smirnov statistic over all rows; 0 for a single band's no colours.
fn mean_ks(quantities: &[EmulatedQuantity]) -> f64 {
    let sum: f64 = quantities.iter().map(|quantity| quantity.all.ks).sum();
    sum / quantities.len().max(1) as f64
}

/// Draws metrics.png; or a line that says why it is left out.
fn draw(run: &RunDir) -> Result<Option<String>, EmulatorError> {
    let history = History::open(&run.join("metrics.csv"))?;
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
    Ok(or_left_out(file, curves.save(run.join(file), &series.collect::<Vec<Series>>()))?)
}
