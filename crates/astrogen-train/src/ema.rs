//! The exponential moving average of a network's weights.
//!
//! `average <- average + (1 - d) (weight - average)` with `d = min(decay, (1 + t) / (10 + t))`
//! at update `t`, so that the first, untrained weights are forgotten quickly. Buffers
//! (running means and variances) are averaged too; counters are copied. Samples of the
//! average are steadier than those of the last step (Yaz et al. 2019, Karras et al. 2018).

use tch::{Kind, Tensor, no_grad};

use crate::TrainError;
use crate::optim::flat::Flat;
use crate::stored::Stored;

/// Refuses a decay that is not in [0, 1).
pub(crate) fn check_decay(decay: f64) -> Result<(), TrainError> {
    if (0.0..1.0).contains(&decay) {
        return Ok(());
    }
    Err(TrainError::Setting { name: "ema_decay", rule: "in [0, 1)", got: decay.to_string() })
}

/// A network whose weights follow another one's.
#[derive(Debug)]
pub struct Ema<M> {
    /// The averaged network.
    pub network: Stored<M>,
    decay: f64,
    /// (average, source) of every variable.
    pairs: Vec<(Tensor, Tensor)>,
    /// The averages that move, in one memory, and what they follow, on a GPU: the first of the pairs.
    joined: Option<(Flat, Vec<Tensor>)>,
    updates: Tensor,
}

impl<M> Ema<M> {
    /// Lets `network`, which must have the architecture of `source`, follow it from now on;
    /// it starts as a copy.
    ///
    /// # Errors
    /// [`TrainError::Setting`] unless `0 <= decay < 1`, [`TrainError::Network`] where the variables
    /// of the two have other names or shapes.
    pub fn new(network: Stored<M>, source: &Stored<M>, decay: f64) -> Result<Self, TrainError> {
        check_decay(decay)?;
        if network.architecture() != source.architecture() {
            return Err(TrainError::Network {
                network: "the average",
                reason: "its variables are not those of the network it follows: build both from \
                         the same config"
                    .to_owned(),
            });
        }
        let own = network.named_tensors().into_iter().map(|(_, tensor)| tensor);
        let theirs = source.named_tensors().into_iter().map(|(_, tensor)| tensor);
        let (mut pairs, counters): (Vec<_>, Vec<_>) =
            own.zip(theirs).partition(|(own, _)| own.is_floating_point());
        let (averages, sources): (Vec<_>, Vec<_>) =
            pairs.iter().map(|(own, source)| (own.shallow_clone(), source.shallow_clone())).unzip();
        let joined = Flat::on_gpu(&averages)?.map(|flat| (flat, sources));
        pairs.extend(counters);
        for (average, source) in &pairs {
            let average = average.set_requires_grad(false);
            no_grad(|| average.shallow_clone().copy_(source));
        }
        let updates = Tensor::zeros([], (Kind::Int64, tch::Device::Cpu));
        Ok(Self { network, decay, pairs, joined, updates })
    }

    /// Another decay from now on, in [0, 1).
    pub(crate) fn set_decay(&mut self, decay: f64) {
        self.decay = decay;
    }

    /// Moves the average towards the source's present weights.
    ///
    /// # Errors
    /// [`TrainError::Torch`] where the device has no room.
    pub fn update(&mut self) -> Result<(), TrainError> {
        let t = self.updates.int64_value(&[]) as f64;
        let decay = self.decay.min((1.0 + t) / (10.0 + t));
        no_grad(|| -> Result<(), TrainError> {
            let moved = match &mut self.joined {
                None => 0,
                Some((flat, sources)) => {
                    let _ = flat.all.lerp_(&flat.joined(sources)?, 1.0 - decay);
                    sources.len()
                }
            };
            for (average, source) in &mut self.pairs[moved..] {
                if average.is_floating_point() {
                    let _ = average.lerp_(source, 1.0 - decay);
                } else {
                    average.copy_(source);
                }
            }
            Ok(())
        })?;
        let _ = self.updates.g_add_scalar_(1);
        Ok(())
    }

    /// Everything that has to be saved: the averaged variables and `updates`.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = self.network.named_tensors();
        state.push(("updates".to_owned(), self.updates.shallow_clone()));
        state
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::Device;

    use super::*;

    fn scalar() -> Stored<Tensor> {
        Stored::new(Device::Cpu, |path| Ok(path.zeros("w", &[1]))).unwrap()
    }

    #[test]
    fn follows_its_source_by_the_stated_rule() {
        let source = scalar();
        let mut ema = Ema::new(scalar(), &source, 0.5).unwrap();
        let _ = no_grad(|| source.module.shallow_clone().fill_(1.0));
        let mut expected = 0.0;
        for t in 0..6 {
            ema.update().unwrap();
            let decay = 0.5_f64.min(f64::from(1 + t) / f64::from(10 + t));
            expected += (1.0 - decay) * (1.0 - expected);
            let got = ema.network.module.double_value(&[0]);
            assert!((got - expected).abs() < 1e-6, "update {t}: {got} {expected}");
        }
        let tracked: Vec<_> = ema.network.parameters();
        assert!(tracked.is_empty(), "an average has no gradients");
    }

    #[test]
    fn refuses_a_network_of_another_architecture() {
        let other = Stored::new(Device::Cpu, |path| Ok(path.zeros("w", &[2]))).unwrap();
        let error = Ema::new(other, &scalar(), 0.5).unwrap_err();
        assert!(error.to_string().starts_with("the average: its variables are not those"));
    }

    #[test]
    fn refuses_a_decay_that_never_moves() {
        let error = Ema::new(scalar(), &scalar(), 1.0).unwrap_err();
        assert_eq!(error.to_string(), "ema_decay must be in [0, 1), got 1");
    }
}
