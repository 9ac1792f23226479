//! What is found of the best generator of a run, on images that it was not chosen by. They are of the training
//! set, so that a generator that gives them back has the best numbers: whether it does is what the audit says,
//! of runs with held-out images.

use std::path::PathBuf;
use std::{fmt, fs, io};

use astrogen_metrics::Quality;
use astrogen_metrics::memorisation::{Leakage, MemorisationAudit};
use astrogen_models::Network;
use astrogen_train::{GanStep, Outcome, RunDir, TrainError};
use serde::Serialize;
use serde_json::Value;
use tch::Device;

use crate::{PhysicalPixels, ReportError};

/// The best generator's numbers: `report.json` of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestReport {
    /// The step of its checkpoint.
    pub step: u64,
    /// Its samples' sliced Wasserstein distance to reals that it was not chosen by.
    pub sliced_wasserstein: f64,
    /// The distance of reals to reals.
    pub floor: f64,
    /// The samples' power at a period of two pixels, in those of reals.
    pub nyquist_ratio: f64,
    /// The distance to the reals on which it was chosen.
    pub chosen_by: f64,
    /// All numbers of its samples beside training images, with intervals and floors; none of images too few
    /// or too small. Those that it was chosen by are among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// The values of its pixels beside reals in physical units; none of pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixels_physical: Option<PhysicalPixels>,
    /// Held-out images that are nearly training images; none without images that were held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leakage: Option<Leakage>,
    /// Whether it gives training images back; none without images that were held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memorisation: Option<MemorisationAudit>,
}

/// What came of a session: where everything is, and the best generator's numbers; as text, lines
/// for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// Steps done.
    pub step: u64,
    /// Whether a stop was asked for before all steps were done.
    pub interrupted: bool,
    /// The last grid of samples.
    pub grid: PathBuf,
    /// The curves of the losses, once there is something to draw.
    pub losses: Option<PathBuf>,
    /// The weights of the last checkpoint's generator.
    pub weights: PathBuf,
    /// Those of the best one, and its numbers.
    pub best: Option<(PathBuf, BestReport)>,
    /// What is to be said of pictures that were left out.
    pub remarks: Vec<String>,
}

impl RunReport {
    pub(crate) fn new<S: GanStep>(
        run: &RunDir,
        outcome: &Outcome,
        best: Option<BestReport>,
        remarks: Vec<String>,
    ) -> Self {
        Self {
            step: outcome.step,
            interrupted: outcome.interrupted,
            grid: run.sample_path(outcome.step, "png"),
            losses: Some(run.losses_path("png")).filter(|losses| losses.exists()),
            weights: run.join(S::Generator::FILE),
            best: best.map(|best| (run.best_path().join(S::Generator::FILE), best)),
            remarks,
        }
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{remark}"))?;
        let how = if self.interrupted { "stopped" } else { "finished" };
        writeln!(f, "{how} after {} steps", self.step)?;
        writeln!(f, "  grid     {}", self.grid.display())?;
        if let Some(losses) = &self.losses {
            writeln!(f, "  losses   {}", losses.display())?;
        }
        write!(f, "  weights  {}", self.weights.display())?;
        if let Some((file, best)) = &self.best {
            let BestReport { step, sliced_wasserstein, floor, chosen_by, .. } = best;
            let BestReport { quality, pixels_physical, memorisation, .. } = best;
            write!(
                f,
                "\n  best     {}: sliced Wasserstein {sliced_wasserstein:.1} (floor {floor:.1}) at \
                 step {step}, on training images that it was not chosen by; {chosen_by:.1} on those that \
                 it was",
                file.display()
            )?;
            for name in ["power_spectrum", "precision", "recall"] {
                if let Some(number) = quality.as_ref().and_then(|quality| quality.get(name)) {
                    write!(f, "\n           {} {number}", name.replace('_', " "))?;
                }
            }
            if let Some(pixels) = pixels_physical {
                write!(f, "\n           {pixels}")?;
            }
            if let Some(memorisation) = memorisation {
                write!(f, "\n           {memorisation}")?;
            }
        }
        Ok(())
    }
}

/// The generator of the best checkpoint.
pub(crate) fn generator<S: GanStep>(
    run: &RunDir,
    device: Device,
) -> Result<S::Generator, ReportError> {
    Ok(S::Generator::load(run.best_path(), device)?)
}

/// Whether the report of an earlier session has all that is said in the end, of this checkpoint.
pub(crate) fn is_told(run: &RunDir, step: u64) -> bool {
    let Ok(report) = run.read_json::<Value>("report.json") else { return false };
    let measured = ["quality", "pixels_physical", "memorisation"];
    report["step"] == step && measured.iter().any(|key| report.get(key).is_some())
}

/// Removes the pictures that an earlier session drew of its best generator.
pub(crate) fn clear_figures(run: &RunDir) -> Result<(), TrainError> {
    for name in ["quality", "power", "pixels", "closest"] {
        let path = run.figures_path().join(format!("{name}.png"));
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(TrainError::Io { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}
