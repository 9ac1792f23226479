//! LeCam in a step: its weight, and the averages that it goes by.

use astrogen_losses::regularizer::{ScoreAverages, lecam};
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::stored::prefixed;

/// How slowly the averages follow the scores, as the authors have it.
const DECAY: f64 = 0.99;

/// Whether this is the weight of none, which settings leave out.
pub(crate) fn is_off(weight: &f64) -> bool {
    *weight == 0.0
}

/// Checks the weight.
///
/// # Errors
/// [`TrainError::Setting`] for one that is negative or not finite.
pub(crate) fn check_weight(weight: f64) -> Result<(), TrainError> {
    if weight >= 0.0 && weight.is_finite() {
        return Ok(());
    }
    let (name, rule) = ("lecam", "finite and at least 0 (0 is off)");
    Err(TrainError::Setting { name, rule, got: weight.to_string() })
}

/// [LeCam](astrogen_losses::regularizer) with its averages; none where its weight is 0.
#[derive(Debug)]
pub(crate) struct Lecam(Option<(f64, ScoreAverages)>);

impl Lecam {
    /// Of this weight, with scores on this device.
    pub(crate) fn new(weight: f64, device: Device) -> Self {
        let zero = || Tensor::zeros([0i64; 0], (Kind::Float, device));
        let averages = || ScoreAverages { real: zero(), fake: zero() };
        Self((!is_off(&weight)).then(|| (weight, averages())))
    }

    /// Lets the averages follow the scores `[N]` of one update, which begin them where it is the
    /// `first`; what is added to the critic's loss, if anything is.
    pub(crate) fn term(&mut self, real: &Tensor, fake: &Tensor, first: bool) -> Option<Tensor> {
        let (weight, averages) = self.0.as_mut()?;
        averages.update(real, fake, if first { 0.0 } else { DECAY });
        Some(lecam(real, fake, averages) * *weight)
    }

    /// Everything that has to be saved, as `lecam.NAME`.
    pub(crate) fn state(&self) -> impl Iterator<Item = (String, Tensor)> {
        let averages = self.0.iter().flat_map(|(_, averages)| {
            [("real", &averages.real), ("fake", &averages.fake)]
                .map(|(name, average)| (name.to_owned(), average.shallow_clone()))
        });
        prefixed("lecam", averages.collect())
    }
}
