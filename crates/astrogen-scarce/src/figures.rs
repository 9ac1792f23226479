//! The figures of a trial, and its curves as tables.
//!
//! | file | what is seen |
//! | --- | --- |
//! | `figures/scores.png` | what added images change in the scores, with intervals |
//! | `figures/few-and-generated.png` | the few images of the first split, and generated ones below them, by class |
//! | `history.csv`, `scores.csv` | losses and held-out accuracies by step, means over splits |

use std::fmt::Write;
use std::fs;

use astrogen_metrics::MeanInterval;
use astrogen_plot::{Interval, Intervals, LabelledGrid, PlotError, left_out};
use astrogen_train::{RunDir, TrainError};
use ndarray::Axis;
use tch::Tensor;

use crate::{Arm, Comparison, Look, ScarceError, ScarceReport};

/// Images of a row.
const SHOWN: usize = 8;

/// Draws the figures and writes the tables into the run's folder; a line for each figure that is left out.
pub(crate) fn draw(
    run: &RunDir,
    comparison: &Comparison,
    report: &ScarceReport,
) -> Result<Vec<String>, ScarceError> {
    let folder = run.figures_path();
    fs::create_dir_all(&folder)
        .map_err(|source| TrainError::Io { path: folder.clone(), source })?;
    run.write_text("history.csv", &table(comparison, "loss", |look| look.loss))?;
    run.write_text("scores.csv", &table(comparison, "accuracy", |look| look.accuracy))?;
    let drawn = [
        ("scores.png", scores(report).save(folder.join("scores.png"), &rows(report))),
        ("few-and-generated.png", images(run, comparison)?),
    ];
    let mut lines = Vec::new();
    for (name, drawn) in drawn {
        lines.extend(left_out(&format!("figures/{name}"), drawn)?);
    }
    Ok(lines)
}

fn scores(report: &ScarceReport) -> Intervals {
    Intervals {
        title: format!("What is changed by images added to {} of each class", report.per_class),
        x_label: "difference from the few alone, in half-widths of the interval".into(),
        ..Intervals::default()
    }
}

fn rows(report: &ScarceReport) -> Vec<Interval> {
    let each = report.differences.iter().flat_map(|difference| {
        let added = match difference.added {
            Arm::MoreReal => "more real images",
            _ => "generated images",
        };
        let row = |score: &str, MeanInterval { value, low, high }: MeanInterval| Interval {
            name: format!("{added}: {score}"),
            text: format!("{value:+.3} ({low:+.3} to {high:+.3})"),
            value,
            low,
            high,
            reference: 0.0,
        };
        [row("accuracy", difference.accuracy), row("AUC", difference.auc)]
    });
    each.collect()
}

fn images(run: &RunDir, comparison: &Comparison) -> Result<Result<(), PlotError>, ScarceError> {
    let (mut row_labels, mut pixels) = (Vec::new(), Vec::new());
    let sets = [("real", &comparison.few), ("generated", &comparison.generated)];
    let classes = &comparison.few.classes;
    let of = |class| sets.map(|(_, set)| set.of_class(class).len());
    let columns = (0..classes.len()).flat_map(of).min().unwrap_or(0).min(SHOWN);
    for (class, name) in classes.iter().enumerate() {
        for (kind, set) in sets {
            row_labels.push(format!("{name}, {kind}"));
            for &image in &set.of_class(class)[..columns] {
                pixels.extend(set.pixels.index_axis(Axis(0), image).iter().copied());
            }
        }
    }
    let [c, h, w] = comparison.few.shape();
    let pixels = Tensor::f_from_slice(&pixels)?.f_view([-1, c, h, w])?;
    let title = "The few images of the first split, and generated ones".into();
    let grid = LabelledGrid { title, row_labels, ..LabelledGrid::default() };
    Ok(grid.save(&pixels, run.figures_path().join("few-and-generated.png")))
}

/// A number of all classifiers by step, means over splits.
fn table(comparison: &Comparison, name: &str, number: fn(&Look) -> f64) -> String {
    let of = |arm: Arm| -> Vec<&[Look]> {
        let looks = comparison.looks.iter().filter(|(own, _)| *own == arm);
        looks.map(|(_, looks)| &looks[..]).collect()
    };
    let arms = [
        ("few", of(Arm::Few)),
        ("generated", of(Arm::Generated)),
        ("more_real", of(Arm::MoreReal)),
    ];
    let arms = arms.into_iter().filter(|(_, splits)| !splits.is_empty()).collect::<Vec<_>>();
    let mean = |splits: &[&[Look]], at: usize, of: fn(&Look) -> f64| {
        splits.iter().map(|looks| of(&looks[at])).sum::<f64>() / splits.len() as f64
    };
    let mut text = String::from("step,seconds");
    for (arm, _) in &arms {
        let _ = write!(text, ",{arm}_{name}"); // writing to a String cannot fail
    }
    let Some((_, first)) = arms.first() else { return text };
    for (at, look) in first[0].iter().enumerate() {
        let seconds = mean(first, at, |look| look.seconds);
        let _ = write!(text, "\n{},{seconds:.3}", look.step);
        for (_, splits) in &arms {
            let _ = write!(text, ",{}", mean(splits, at, number));
        }
    }
    text + "\n"
}
