//! Features of the network in a TorchScript file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tch::{CModule, Device, Kind, TchError, Tensor};

use crate::MetricsError;

/// What the network of a TorchScript file takes, and in which range images are.
///
/// Images are brought from `range` to `[0, 1]` without being cut off there, resized to `side`,
/// repeated to `channels`, less `mean` and over `deviation`, all in float32. Of the network's
/// `forward` is expected, for a batch, a tensor of features `[N, D]`, or of maps `[N, D, h, w]`,
/// which are averaged over their pixels.
///
/// | network | settings |
/// | --- | --- |
/// | trained on ImageNet (DINOv2, ResNet) | `side` 224, `mean` `[0.485, 0.456, 0.406]`, `deviation` `[0.229, 0.224, 0.225]` |
/// | Inception for values in `[-1, 1]` | `side` 299, `mean` `[0.5]`, `deviation` `[0.5]` |
/// | for values in `[0, 255]` | `mean` `[0.0]`, `deviation` `[1.0 / 255.0]` |
///
/// Python writes such a file by `torch.jit.script(model).save(path)` or
/// `torch.jit.trace(model, example).save(path)`. A network with settings of its own, resizing say,
/// can have them in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TorchScriptConfig {
    /// Height and width that images are resized to, by antialiased linear interpolation; 1 to
    /// 16384. None, the default, leaves them as they are.
    pub side: Option<i64>,
    /// Channels that the network takes, 1 to 4096; 3 by default.
    pub channels: i64,
    /// Whether images of one channel are repeated to `channels`; false by default, they are
    /// refused then.
    pub repeat: bool,
    /// The values of the images that become 0 and 1, two different numbers; `[-1.0, 1.0]` by
    /// default.
    pub range: [f64; 2],
    /// What is subtracted, one number for all or for each channel; `[0.0]` by default.
    pub mean: Vec<f64>,
    /// What the rest is divided by, one number above 0 for all or for each channel; `[1.0]` by
    /// default.
    pub deviation: Vec<f64>,
    /// Images that go through the network at a time, 1 to 65536; 64 by default.
    pub batch: i64,
}

impl Default for TorchScriptConfig {
    fn default() -> Self {
        let (mean, deviation) = (vec![0.0], vec![1.0]);
        let (side, channels, repeat, range, batch) = (None, 3, false, [-1.0, 1.0], 64);
        Self { side, channels, repeat, range, mean, deviation, batch }
    }
}

impl TorchScriptConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if let Some(side) = self.side.filter(|side| !(1..=16384).contains(side)) {
            return setting("side", "1 to 16384", side.to_string());
        }
        if !(1..=4096).contains(&self.channels) {
            return setting("channels", "1 to 4096", self.channels.to_string());
        }
        let [low, high] = self.range;
        if low == high || !(high - low).is_finite() {
            return setting("range", "two different finite numbers", format!("{:?}", self.range));
        }
        let each = |values: &[f64]| [1, self.channels as usize].contains(&values.len());
        if !each(&self.mean) || !self.mean.iter().all(|mean| mean.is_finite()) {
            let got = format!("{:?}", self.mean);
            return setting("mean", "one finite number, or one for each channel", got);
        }
        let positive = |value: &f64| *value > 0.0 && value.is_finite();
        if !each(&self.deviation) || !self.deviation.iter().all(positive) {
            let got = format!("{:?}", self.deviation);
            return setting("deviation", "one number above 0, or one for each channel", got);
        }
        if !(1..=65536).contains(&self.batch) {
            return setting("batch", "1 to 65536", self.batch.to_string());
        }
        Ok(())
    }
}

/// The network.
#[derive(Debug)]
pub(super) struct TorchScript {
    path: PathBuf,
    config: TorchScriptConfig,
    module: CModule,
    device: Device,
}

impl TorchScript {
    pub(super) fn open(
        path: &Path,
        config: &TorchScriptConfig,
        device: Device,
    ) -> Result<Self, MetricsError> {
        config.validate()?;
        let load = || {
            let mut module = CModule::load_on_device(path, device)?;
            module.f_set_eval()?;
            Ok::<_, TchError>(module)
        };
        let module = load().map_err(|error| {
            let problem = format!(
                "cannot be opened as TorchScript, which Python writes by \
                 torch.jit.script(model).save(path): {}",
                words(&error)
            );
            MetricsError::Network { path: path.to_path_buf(), problem }
        })?;
        Ok(Self { path: path.to_path_buf(), config: config.clone(), module, device })
    }

    /// Images to a chunk, of a set of as many channels as the network takes.
    pub(super) fn chunk(&self, [_, c, ..]: [i64; 4]) -> Result<i64, MetricsError> {
        let TorchScriptConfig { channels, repeat, batch, .. } = self.config;
        if c == channels || (c == 1 && repeat) {
            return Ok(batch);
        }
        let (set, rule) = ("images", "of the network's channels, or of one and `repeat` set");
        let got = format!("{c} channels for a network of {channels}");
        Err(MetricsError::BadValues { set, rule, got })
    }

    /// Features `[N, D]` of float32 images `[N, C, H, W]`, on their device.
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor, MetricsError> {
        let count = images.size()[0];
        let input = self.prepare(&images.f_to_device(self.device)?)?;
        let output = self.module.forward_ts(&[&input]).map_err(|error| {
            self.problem(format!("failed on images {:?}: {}", input.size(), words(&error)))
        })?;
        let features = match output.size()[..] {
            [n, d] if n == count && d > 0 => output,
            [n, d, h, w] if n == count && d * h * w > 0 => {
                output.f_mean_dim(&[2i64, 3][..], false, None)?
            }
            _ => {
                let got = output.size();
                return Err(self.problem(format!(
                    "gave {got:?} for {count} images, where [N, D] or [N, D, h, w] is expected"
                )));
            }
        };
        let features = match features.kind() {
            Kind::Float | Kind::Double => features,
            Kind::Half | Kind::BFloat16 => features.f_to_kind(Kind::Float)?,
            kind => {
                return Err(self.problem(format!("gave {kind:?} and no floating-point numbers")));
            }
        };
        let total = features.numel() as i64;
        let good = features.f_isfinite()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        if good < total {
            let bad = total - good;
            let problem =
                format!("gave {bad} of {total} features that are not finite: check range and mean");
            return Err(self.problem(problem));
        }
        Ok(features.f_to_device(images.device())?)
    }

    /// What the network takes.
    fn prepare(&self, images: &Tensor) -> Result<Tensor, TchError> {
        let TorchScriptConfig { side, channels, range: [low, high], .. } = self.config;
        let mut images = images.f_sub_scalar(low)?.f_mul_scalar(1.0 / (high - low))?;
        if let Some(side) = side {
            images = images.f_internal_upsample_bilinear2d_aa([side, side], false, None, None)?;
        }
        let each = |values: &[f64]| {
            let values = Tensor::f_from_slice(values)?.f_to_kind(Kind::Float)?;
            values.f_to_device(self.device)?.f_view([1, -1, 1, 1])
        };
        images
            .f_expand([-1, channels, -1, -1], false)?
            .f_sub(&each(&self.config.mean)?)?
            .f_div(&each(&self.config.deviation)?)
    }

    fn problem(&self, problem: String) -> MetricsError {
        MetricsError::Network { path: self.path.clone(), problem }
    }
}

/// What a failure of libtorch says, without the stacks of C++ and TorchScript around it.
fn words(error: &TchError) -> String {
    let all = match error {
        TchError::Torch(message) => message.clone(),
        other => other.to_string(),
    };
    let mut lines = all.lines().map(str::trim).filter(|line| !line.is_empty());
    let raised = lines.clone().find_map(|line| line.strip_prefix("RuntimeError: "));
    raised.or_else(|| lines.next()).unwrap_or("libtorch gave no reason").to_owned()
}
