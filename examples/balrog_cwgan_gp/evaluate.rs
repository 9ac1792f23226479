//! How far an emulator can be trusted: numbers and figures on the test rows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use astrogen::metrics::EmulationReport;
use astrogen::models::GaussianRegressor;
use astrogen::prelude::*;
use astrogen::runtime::set_threads;
use astrogen::tables::Table;
use clap::Args;
use ndarray::Array2;

use crate::emulator::{Emulator, gaussian};
use crate::figures;
use crate::held_out::HeldOut;
use crate::settings::RunConfig;
use crate::train::{BASELINE, plain};
use astrogen_cli::say;

#[derive(Args)]
pub(crate) struct EvaluateArguments {
    /// The folder of a run.
    run: PathBuf,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

pub(crate) fn evaluate(arguments: &EvaluateArguments) -> Result<()> {
    set_threads(arguments.threads);
    let run = RunDir::open(&arguments.run)?;
    let config: RunConfig = run.read_config()?;
    let table = Table::open(&config.data)?;
    // A trial of a search has no baseline.
    let baseline = run.join(BASELINE).exists().then(|| Baseline::load(&run, &config, &table));
    judge(&run, &config, &table, baseline.transpose()?.as_ref())
}

/// The regression that is to be beaten, and the rows in its units.
pub(crate) struct Baseline {
    pub(crate) gaussian: GaussianRegressor,
    pub(crate) rows: Table,
}

impl Baseline {
    fn load(run: &RunDir, config: &RunConfig, table: &Table) -> Result<Self> {
        Ok(Self { gaussian: gaussian(run, BASELINE)?, rows: plain(config, table)? })
    }
}

/// Passes over the rows for the calibration.
const DRAWS: u64 = 39;

/// Rows whose calibration is measured.
const CALIBRATED: usize = 20_000;

/// From contexts, first row and seed to features.
type Emulate<'a> = &'a dyn Fn(&[f32], u64, u64) -> Result<Vec<f32>>;

/// One emulator: its name and the units it was trained in.
struct Judged<'a> {
    name: &'static str,
    table: &'a Table,
    emulate: Emulate<'a>,
}

/// Judges a run's best generator, and the regressions beside it: report.txt, report.json and
/// figures in the run's folder.
pub(crate) fn judge(
    run: &RunDir,
    config: &RunConfig,
    table: &Table,
    baseline: Option<&Baseline>,
) -> Result<()> {
    let emulator = Emulator::load(run, config)?;
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
            (0..=DRAWS).map(|pass| few.generate(emulate, pass)).collect::<Result<_>>()?;
        let calibrated = few.report(&passes[0], &passes[1..])?;
        let mut report = all.report(&generated, &[])?;
        for (quantity, calibrated) in report.quantities.iter_mut().zip(calibrated.quantities) {
            quantity.pit = calibrated.pit;
        }
        reports.push((name, report));
        rows.push((name, generated));
        draws.push((name, passes));
    }

    let mut text = String::new();
    if config.data.test_fraction == 0.0 {
        text.push_str("these rows chose the best epoch too: its numbers are a little too good\n");
    }
    text.push_str(&summary(&reports));
    say(&text);
    std::fs::write(run.join("report.txt"), &text)?;
    let named: BTreeMap<_, _> = reports.into_iter().collect();
    run.write_json("report.json", &named)?;
    // The figures show the emulator and the baseline.
    let drawn = 1 + usize::from(baseline.is_some());
    let held_out = |rows| HeldOut::test(table, config, rows);
    figures::draw(run, &held_out(usize::MAX), &rows[..drawn])?;
    figures::draw_calibration(run, &held_out(CALIBRATED), &draws[..drawn])?;
    say(format_args!("report.txt, report.json and figures in {}", run.path().display()));
    Ok(())
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
            text.push_str(&report);
            continue;
        }
        let what = match *name {
            BASELINE_NAME => "a Gaussian regression of the same rows, to be beaten",
            _ => "the regression that the generator completes, alone",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\nbeside it, {what}");
        for line in report.lines().skip(1).take_while(|line| !line.starts_with("worst")) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}
