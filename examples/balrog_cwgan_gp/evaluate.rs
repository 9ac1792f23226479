//! How far an emulator can be trusted: numbers and figures on all held-out rows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use astrogen::data::Table;
use astrogen::metrics::EmulationReport;
use astrogen::models::ModelError;
use astrogen::prelude::*;
use astrogen::runtime::set_threads;
use clap::Args;
use ndarray::Array2;

use crate::figures;
use crate::held_out::HeldOut;
use crate::settings::RunConfig;
use crate::train::{best_generator, emulate_rows, gaussian};

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
    judge(&run, &config, &table)
}

/// Passes over the rows for the calibration.
const DRAWS: u64 = 39;

/// Rows whose calibration is measured.
const CALIBRATED: usize = 20_000;

/// Something that emulates: contexts, first row and seed to features.
type Emulate<'a> = &'a dyn Fn(&[f32], u64, u64) -> Result<Vec<f32>, ModelError>;

/// Judges a run's best generator, and the regression beside it if there is one: report.txt,
/// report.json and figures in the run's folder.
pub(crate) fn judge(run: &RunDir, config: &RunConfig, table: &Table) -> Result<()> {
    let generator = best_generator(run)?;
    let gaussian = gaussian(run)?;
    let completed = gaussian.as_ref().filter(|_| config.whiten);
    let by_generator =
        |context: &[f32], row, seed| emulate_rows(&generator, completed, context, row, seed);
    let mut emulators: Vec<(&str, Emulate)> = vec![("generated", &by_generator)];
    let by_gaussian;
    if let Some(gaussian) = &gaussian {
        by_gaussian = |context: &[f32], row, seed| gaussian.emulate(context, row, seed);
        emulators.push(("Gaussian", &by_gaussian));
    }

    let all = HeldOut::new(table, &config.data, config.compare, usize::MAX);
    let few = HeldOut::new(table, &config.data, config.compare, CALIBRATED);
    let (mut rows, mut draws, mut reports) = (Vec::new(), Vec::new(), BTreeMap::new());
    for &(name, emulate) in &emulators {
        let generated = all.generate(emulate, 0)?;
        let passes: Vec<Array2<f64>> =
            (0..=DRAWS).map(|pass| few.generate(emulate, pass)).collect::<Result<_>>()?;
        let calibrated = few.report(&passes[0], &passes[1..])?;
        let mut report = all.report(&generated, &[])?;
        for (quantity, calibrated) in report.quantities.iter_mut().zip(calibrated.quantities) {
            quantity.pit = calibrated.pit;
        }
        reports.insert(name, report);
        rows.push((name, generated));
        draws.push((name, passes));
    }

    let text = summary(&reports);
    println!("{text}");
    std::fs::write(run.join("report.txt"), &text)?;
    std::fs::write(run.join("report.json"), serde_json::to_vec_pretty(&reports)?)?;
    figures::draw(run, &all, &rows)?;
    figures::draw_calibration(run, &few, &draws)?;
    println!("report.txt, report.json and figures in {}", run.path().display());
    Ok(())
}

/// The generator's report, and the regression's over all rows.
fn summary(reports: &BTreeMap<&str, EmulationReport>) -> String {
    let mut text = reports["generated"].to_string();
    if let Some(gaussian) = reports.get("Gaussian") {
        text.push_str("\nbeside it, a Gaussian regression of the same rows\n");
        let report = gaussian.to_string();
        let lines = report.lines().skip(1).take_while(|line| !line.starts_with("worst"));
        for line in lines {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{line}");
        }
    }
    text
}
