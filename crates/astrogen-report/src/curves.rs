//! The losses of a run as a picture.

use astrogen_plot::{Series, left_out, save_curves};
use astrogen_train::{History, RunDir};

use crate::ReportError;

/// Draws the history's `shown` columns so far into `losses.png` of the run's folder; a line that says
/// why where they cannot be drawn. Of a run without a history nothing is drawn, and nothing said.
///
/// # Errors
/// [`ReportError::Plot`] where the file cannot be written.
pub fn draw_losses(
    run: &RunDir,
    title: &str,
    shown: &[&str],
) -> Result<Option<String>, ReportError> {
    let Ok(history) = History::open(&run.history_path()) else { return Ok(None) };
    let series: Vec<Series> = history
        .losses
        .iter()
        .filter(|(name, _)| shown.contains(&name.as_str()))
        .map(|(name, values)| {
            let steps = history.steps.iter().map(|&step| step as f64);
            Series::new(name.clone(), steps.zip(values.iter().copied()))
        })
        .collect();
    let drawn = save_curves(run.losses_path("png"), title, "step", "loss", &series);
    Ok(left_out("losses.png", drawn)?)
}
