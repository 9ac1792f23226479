//! The pictures of a search, in the folder `figures` of it.

use std::fs;

use astrogen_plot::{Interval, Intervals, LabelledGrid, ProfilePanel, Profiles, Series};
use astrogen_sky::Anomaly;
use astrogen_train::{RunDir, TrainError};
use tch::Tensor;

use crate::{AnomalyError, Look, Method, Trial};

/// Columns of the picture of injected anomalies.
const SHOWN: usize = 4;

/// The first finds of each score, a row each; below those of the generator and of the autoencoder what
/// these made of them.
pub(crate) fn finds(
    run: &RunDir,
    names: &[String],
    images: &Tensor,
    look: &Look,
    ranked: &[(Method, Vec<usize>)],
    shown: usize,
) -> Result<(), AnomalyError> {
    let columns = shown.min(names.len());
    let mut rows = Vec::new();
    let mut labels = Vec::new();
    for (method, order) in ranked {
        let of: Vec<i64> = order.iter().take(columns).map(|&image| image as i64).collect();
        let of = Tensor::f_from_slice(&of)?;
        rows.push(images.f_index_select(0, &of)?);
        labels.push(method.to_string());
        let made = match method {
            Method::Features | Method::Generator => Some(("nearest", &look.generated)),
            Method::Autoencoder => Some(("decoded", &look.decoded)),
            Method::Opponent => None,
        };
        if let Some((name, made)) = made {
            rows.push(made.f_index_select(0, &of)?);
            labels.push(name.to_owned());
        }
    }
    let grid = LabelledGrid {
        title: format!("The oddest of {} images by each score", names.len()),
        row_labels: labels,
        column_labels: (1..=columns).map(|rank| rank.to_string()).collect(),
        ..LabelledGrid::default()
    };
    Ok(grid.save(&Tensor::f_cat(&rows, 0)?, folder(run)?.join("finds.png"))?)
}

/// Anomalies of each kind, a row each.
pub(crate) fn injected(run: &RunDir, odd: &Tensor) -> Result<(), AnomalyError> {
    let kinds = Anomaly::ALL.len();
    let columns = SHOWN.min(odd.size()[0] as usize / kinds);
    if columns == 0 {
        return Ok(());
    }
    // Kinds come in turn.
    let order: Vec<i64> = (0..kinds)
        .flat_map(|kind| (0..columns).map(move |column| (column * kinds + kind) as i64))
        .collect();
    let grid = LabelledGrid {
        title: "Anomalies that the scores are tried on".to_owned(),
        row_labels: Anomaly::ALL.iter().map(|kind| kind.name().replace('_', " ")).collect(),
        ..LabelledGrid::default()
    };
    let images = odd.f_index_select(0, &Tensor::f_from_slice(&order)?)?;
    Ok(grid.save(&images, folder(run)?.join("injected.png"))?)
}

/// The areas with their intervals, and the curves.
pub(crate) fn trial(run: &RunDir, trial: &Trial) -> Result<(), AnomalyError> {
    let rows: Vec<Interval> = trial
        .rows
        .iter()
        .map(|row| Interval {
            name: format!("{}, {}", row.kind(), row.method),
            text: format!("{:.2} ({:.2} to {:.2})", row.auc, row.low, row.high),
            value: row.auc,
            low: row.low,
            high: row.high,
            reference: 0.5,
        })
        .collect();
    let intervals = Intervals {
        title: "Chance to tell an image with an anomaly from one without".to_owned(),
        x_label: "distance from a guess, in half-widths of the interval".to_owned(),
        ..Intervals::default()
    };
    intervals.save(folder(run)?.join("auc.png"), &rows)?;
    let panels = trial.kinds().into_iter().map(|kind| {
        let of: Vec<_> = trial.rows.iter().filter(|row| row.anomaly == kind).collect();
        let series = of
            .iter()
            .map(|row| Series::new(row.method.name(), row.roc.iter().map(|&[x, y]| (x, y))));
        ProfilePanel {
            title: of.first().map(|row| row.kind()).unwrap_or_default(),
            x_label: "share of plain images above".to_owned(),
            y_label: "share of anomalies found".to_owned(),
            series: series.collect(),
            ..ProfilePanel::default()
        }
    });
    let panels: Vec<ProfilePanel> = panels.collect();
    let title = "Alarms, false and true".to_owned();
    let figure = Profiles { title, ..Profiles::default() };
    Ok(figure.save(folder(run)?.join("roc.png"), &panels)?)
}

fn folder(run: &RunDir) -> Result<std::path::PathBuf, TrainError> {
    let path = run.figures_path();
    fs::create_dir_all(&path).map_err(|source| TrainError::Io { path: path.clone(), source })?;
    Ok(path)
}
