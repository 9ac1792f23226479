//! How far an emulator can be trusted: numbers and figures on all held-out rows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use astrogen::data::Table;
use astrogen::metrics::EmulationReport;
use astrogen::models::GaussianRegressor;
use astrogen::prelude::*;
use astrogen::runtime::set_threads;
use clap::Args;
use ndarray::Array2;

use crate::emulator::{Emulator, gaussian};
use crate::figures;
use crate::held_out::HeldOut;
use crate::say::say;
use crate::settings::RunConfig;
use crate::train::{BASELINE, plain};

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
    judge(&run, &config, &table, &plain(&config, &table)?)
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
/// figures in the run's folder. `plain` are the rows of `table` in the baseline's units.
pub(crate) fn judge(run: &RunDir, config: &RunConfig, table: &Table, plain: &Table) -> Result<()> {
    let (emulator, baseline) = (Emulator::load(run, config)?, gaussian(run, BASELINE)?);
    let by_emulator = |context: &[f32], row, seed| emulator.emulate(context, row, seed);
    let by = |gaussian: &GaussianRegressor, context: &[f32], row, seed| {
        Ok(gaussian.emulate(context, row, seed)?)
    };
    let by_baseline = |x: &[f32], row, seed| by(&baseline, x, row, seed);
    let by_half =
        emulator.gaussian().map(|gaussian| move |x: &[f32], row, seed| by(gaussian, x, row, seed));
    let mut emulators = vec![
        Judged { name: GENERATED, table, emulate: &by_emulator },
        Judged { name: "Gaussian", table: plain, emulate: &by_baseline },
    ];
    if let Some(emulate) = &by_half {
        emulators.push(Judged { name: "first half", table, emulate });
    }

    let (mut rows, mut draws, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for Judged { name, table, emulate } in emulators {
        let all = HeldOut::new(table, &config.data, config.compare, usize::MAX);
        let few = HeldOut::new(table, &config.data, config.compare, CALIBRATED);
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

    let text = summary(&reports);
    say(&text);
    std::fs::write(run.join("report.txt"), &text)?;
    let named: BTreeMap<_, _> = reports.into_iter().collect();
    run.write_json("report.json", &named)?;
    let held_out = |rows| HeldOut::new(table, &config.data, config.compare, rows);
    figures::draw(run, &held_out(usize::MAX), &rows[..rows.len().min(2)])?;
    figures::draw_calibration(run, &held_out(CALIBRATED), &draws[..draws.len().min(2)])?;
    say(format_args!("report.txt, report.json and figures in {}", run.path().display()));
    Ok(())
}

/// What the emulator is called.
const GENERATED: &str = "generated";

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
            "Gaussian" => "a Gaussian regression of the same rows, to be beaten",
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
