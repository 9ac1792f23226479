//! From labelled images to the answer, in a run's folder.

use astrogen_train::RunDir;
use tch::Device;

use crate::comparison::compare;
use crate::{LabelledImages, ScarceConfig, ScarceError, ScarceReport, figures, generate};

/// Measures whether generated images raise a classifier's held-out score: trains all that it takes, and
/// writes report.json, report.txt, history.csv, scores.csv and figures into the run's folder, whose
/// settings are the caller's to write. `watch` is told a line at a time how far it is.
///
/// The same settings, images and number of threads give the same report on the CPU. A trial that is
/// stopped begins anew.
///
/// # Errors
/// Those of [`compare`]; what files and figures report.
pub fn augment_scarce(
    run: &RunDir,
    config: &ScarceConfig,
    images: &LabelledImages,
    device: Device,
    watch: &mut dyn FnMut(&str),
) -> Result<ScarceReport, ScarceError> {
    let mut by_network = |few: &_, seed| generate(config, few, seed, device);
    let comparison = compare(config, images, device, &mut by_network, watch)?;
    let mut report = ScarceReport::of(config, &comparison)?;
    report.remarks.extend(figures::draw(run, &comparison, &report)?);
    run.write_json("report.json", &report)?;
    run.write_text("report.txt", &report.to_string())?;
    Ok(report)
}
