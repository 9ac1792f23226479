//! LeCam in a step: its weight, and the averages that it goes by.

use astrogen_distributed::Group;
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
pub(crate) struct Lecam {
    of: Option<(f64, ScoreAverages)>,
    group: Group,
}

impl Lecam {
    /// Of this weight, with scores on this device.
    pub(crate) fn new(weight: f64, device: Device) -> Self {
        let zero = || Tensor::zeros([0i64; 0], (Kind::Float, device));
        let averages = || ScoreAverages { real: zero(), fake: zero() };
        let of = (!is_off(&weight)).then(|| (weight, averages()));
        Self { of, group: Group::alone() }
    }

    /// Averages scores over these processes from now on.
    pub(crate) fn join(&mut self, group: &Group) {
        self.group = group.clone();
    }

    /// Lets the averages follow the scores `[N]` of one update, which begin them where it is the
    /// `first`; what is added to the critic's loss, if anything is.
    ///
    /// # Errors
    /// Where another process is gone.
    pub(crate) fn term(
        &mut self,
        real: &Tensor,
        fake: &Tensor,
        first: bool,
    ) -> Result<Option<Tensor>, TrainError> {
        let Some((weight, averages)) = &mut self.of else { return Ok(None) };
        let decay = if first { 0.0 } else { DECAY };
        if self.group.is_alone() {
            averages.update(real, fake, decay);
        } else {
            // Averages follow means alone.
            let means = [real, fake].map(|scores| scores.detach().mean(None::<Kind>).view([1]));
            let means = self.group.mean("scores", &means)?;
            averages.update(&means[0], &means[1], decay);
        }
        Ok(Some(lecam(real, fake, averages) * *weight))
    }

    /// Everything that has to be saved, as `lecam.NAME`.
    pub(crate) fn state(&self) -> impl Iterator<Item = (String, Tensor)> {
        let averages = self.of.iter().flat_map(|(_, averages)| {
            [("real", &averages.real), ("fake", &averages.fake)]
                .map(|(name, average)| (name.to_owned(), average.shallow_clone()))
        });
        prefixed("lecam", averages.collect())
    }
}
