//! How far an emulator can be trusted: numbers and figures on the test rows.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::path::PathBuf;

use astrogen_metrics::EmulationReport;
use astrogen_models::GaussianRegressor;
use astrogen_report::draw_quality;
use astrogen_tables::Table;
use astrogen_train::RunDir;
use ndarray::Array2;

use crate::held_out::HeldOut;
use crate::regressions::{BASELINE, Baseline};
use crate::{Emulator, EmulatorConfig, EmulatorError, figures};

/// How far an emulator can be trusted. Printed, it is the summary in words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The run's folder, where all of it is written.
    pub folder: PathBuf,
    /// The report of the emulator, `generated`, and of the regressions beside it: `Gaussian`, which
    /// is to be beaten, and `first half`. report.json in the folder.
    pub reports: BTreeMap<String, EmulationReport>,
    /// The summary: report.txt in the folder.
    pub text: String,
    /// A line for each figure that could not be drawn, with the reason.
    pub left_out: Vec<String>,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Judges the emulator of a run, and the regressions beside it, on the rows that chose nothing:
/// report.txt, report.json and figures in the run's folder.
///
/// # Errors
/// [`EmulatorError::Unfinished`] for a run that is not trained to its end; what its rows, networks,
/// and files report.
pub fn judge(run: &RunDir) -> Result<Judgement, EmulatorError> {
    let config: EmulatorConfig = run.read_config()?;
    let table = Table::open(&config.data)?;
    // A trial of a search has no baseline.
    let baseline = run.join(BASELINE).exists().then(|| Baseline::load(run, &config, &table));
    judge_rows(run, &config, &table, baseline.transpose()?.as_ref())
}

/// Passes over the rows for the calibration.
const DRAWS: u64 = 39;

/// Rows whose calibration is measured.
const CALIBRATED: usize = 20_000;

/// From contexts, first row and seed to features.
type Emulate<'a> = &'a dyn Fn(&[f32], u64, u64) -> Result<Vec<f32>, EmulatorError>;

/// One emulator: its name and the units it was trained in.
struct Judged<'a> {
    name: &'static str,
    table: &'a Table,
    emulate: Emulate<'a>,
}

/// Judges a run's emulator on the rows of its table, which is open.
pub(crate) fn judge_rows(
    run: &RunDir,
    config: &EmulatorConfig,
    table: &Table,
    baseline: Option<&Baseline>,
) -> Result<Judgement, EmulatorError> {
    let emulator = Emulator::of(run, config.clone())?;
    let by_emulator = |context: &[f32], row, seed| emulator.emulate(context, row, seed);
    let by = |gaussian: &GaussianRegressor, context: &[f32], row, seed| {
        Ok(gaussian.emulate(context, row, seed)?)
    };
    let by_baseline = baseline.map(|Baseline { gaussian, rows }| {
        (rows, move |x: &[f32], row, seed| by(gaussian, x, row, seed))
    });
    let by_half =
        emulator.gaussian().map(|gaussian| move |x: &[f32], row, seed| by(gaussian, x, row, seed));
    let mut emulators = vec![Judged { name: GENERATED, table, emulate: &by_emulator }];
    if let Some((table, emulate)) = &by_baseline {
        emulators.push(Judged { name: BASELINE_NAME, table, emulate });
    }
    if let Some(emulate) = &by_half {
        emulators.push(Judged { name: "first half", table, emulate });
    }

    let (mut rows, mut draws, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for Judged { name, table, emulate } in emulators {
        let all = HeldOut::test(table, config, usize::MAX);
        let few = HeldOut::test(table, config, CALIBRATED);
        let generated = all.generate(emulate, 0)?;
        let passes: Vec<Array2<f64>> =
            (0..=DRAWS).map(|pass| few.generate(emulate, pass)).collect::<Result<_, _>>()?;
        let calibrated = few.report(&passes[0], &passes[1..])?;
        let mut report = all.report(&generated, &[])?;
        for (quantity, calibrated) in report.quantities.iter_mut().zip(calibrated.quantities) {
            quantity.pit = calibrated.pit;
        }
        report.quality = Some(all.quality(&generated)?);
        reports.push((name, report));
        rows.push((name, generated));
        draws.push((name, passes));
    }

    let mut text = String::new();
    if config.data.test_fraction == 0.0 {
        text.push_str("these rows chose the best epoch too: its numbers are a little too good\n");
    }
    text.push_str(&summary(&reports));
    run.write_text("report.txt", &text)?;
    let named = reports.into_iter().map(|(name, report)| (name.to_owned(), report));
    let reports: BTreeMap<String, EmulationReport> = named.collect();
    run.write_json("report.json", &reports)?;
    // The figures show the emulator and the baseline.
    let drawn = 1 + usize::from(baseline.is_some());
    let held_out = |rows| HeldOut::test(table, config, rows);
    let mut left_out = figures::draw(run, &held_out(usize::MAX), &rows[..drawn])?;
    if let Some(quality) = reports.get(GENERATED).and_then(|report| report.quality.as_ref()) {
        left_out.extend(draw_quality(run, quality, ["observed", GENERATED])?);
    }
    left_out.extend(figures::draw_calibration(run, &held_out(CALIBRATED), &draws[..drawn])?);
    Ok(Judgement { folder: run.path().to_owned(), reports, text, left_out })
}

/// What the emulator is called.
const GENERATED: &str = "generated";

/// What the baseline is called.
const BASELINE_NAME: &str = "Gaussian";

/// The emulator's report, and those of the regressions over all rows.
fn summary(reports: &[(&str, EmulationReport)]) -> String {
    let mut text = String::new();
    for (name, report) in reports {
        let report = report.to_string();
        if *name == GENERATED {
            text.push_str(report.trim_end());
            continue;
        }
        let what = match *name {
            BASELINE_NAME => "a Gaussian regression of the same rows, to be beaten",
            _ => "the regression that the generator completes, alone",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n\nbeside it, {what}");
        let mut lines: Vec<&str> =
            report.lines().skip(1).take_while(|line| !line.starts_with("worst")).collect();
        while lines.pop_if(|line| line.is_empty()).is_some() {}
        for line in lines {
            let _ = write!(text, "\n{line}");
        }
    }
    text.push('\n');
    text
}
