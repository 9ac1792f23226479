//! Where everything in the folder of a run is: the only place that names it.

use std::path::{Path, PathBuf};

use super::RunDir;

/// The settings.
pub(super) const CONFIG: &str = "config.json";
/// What was found of the data.
pub(super) const DATA: &str = "data.json";
/// The folder of checkpoints.
pub(super) const CHECKPOINTS: &str = "checkpoints";
/// The folder of samples.
pub(super) const SAMPLES: &str = "samples";

impl RunDir {
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder of yours in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// `config.json`: every setting.
    pub fn config_path(&self) -> PathBuf {
        self.join(CONFIG)
    }

    /// `data.json`: what was found of the data when the last session began.
    pub fn data_path(&self) -> PathBuf {
        self.join(DATA)
    }

    /// `checkpoints/step-STEP.safetensors`.
    pub fn checkpoint_path(&self, step: u64) -> PathBuf {
        self.join(CHECKPOINTS).join(format!("step-{step:08}.safetensors"))
    }

    /// `best`: the folder with the weights of the best checkpoint.
    pub fn best_path(&self) -> PathBuf {
        self.join("best")
    }

    /// `samples/step-STEP.EXTENSION`.
    pub fn sample_path(&self, step: u64, extension: &str) -> PathBuf {
        self.join(SAMPLES).join(format!("step-{step:08}.{extension}"))
    }

    /// `samples`: the folder of what generators made on the way.
    pub fn samples_path(&self) -> PathBuf {
        self.join(SAMPLES)
    }

    /// `figures`: the folder of figures, where there are many.
    pub fn figures_path(&self) -> PathBuf {
        self.join("figures")
    }

    /// `samples/real.EXTENSION`: what samples are looked at beside.
    pub fn real_path(&self, extension: &str) -> PathBuf {
        self.join(SAMPLES).join(format!("real.{extension}"))
    }

    /// `history.csv`: the losses, a row per logged step.
    pub fn history_path(&self) -> PathBuf {
        self.join("history.csv")
    }

    /// `scores.csv`: the numbers of evaluations, a row per evaluated checkpoint.
    pub fn scores_path(&self) -> PathBuf {
        self.join("scores.csv")
    }

    /// `reports.jsonl`: what evaluations have beside their numbers, a line per evaluated checkpoint.
    pub fn reports_path(&self) -> PathBuf {
        self.join("reports.jsonl")
    }

    /// `log.jsonl`: every event, a line each.
    pub fn log_path(&self) -> PathBuf {
        self.join("log.jsonl")
    }

    /// `losses.EXTENSION`: the history drawn.
    pub fn losses_path(&self, extension: &str) -> PathBuf {
        self.join("losses").with_extension(extension)
    }

    /// `report.EXTENSION`: what was found of the best checkpoint in the end; as `html` the whole run
    /// as a page for a browser.
    pub fn report_path(&self, extension: &str) -> PathBuf {
        self.join("report").with_extension(extension)
    }
}
