//! A run that begins from another run's weights.
//!
//! A few dozen images are too few to learn from scratch what images of the sky have in common.
//! Networks that have learnt it from others begin with their weights ([`begin_from`]) and go on as any
//! run: with optimisers that know nothing yet, and from step 0. The first layers of the generator's
//! opponent, which see edges, points and noise, may be kept as they are
//! ([`Adam::freeze_first`](crate::optim::Adam::freeze_first); Mo, Cho and Shin 2020, *Freeze the
//! Discriminator: a Simple Baseline for Fine-Tuning GANs*).

use std::collections::BTreeSet;

use astrogen_models::weights;

use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::run_dir::RunDir;
use crate::state::State;

/// What of a state are networks.
const NETWORKS: [&str; 4] = ["generator.", "critic.", "discriminator.", "average."];
/// How many updates an average has seen.
const UPDATES: &str = "average.updates";

/// Gives an algorithm's networks the weights that those of another run had at its last checkpoint:
/// generator, opponent and average. Optimisers, averages' counters and everything else stay as they
/// are. The step of that checkpoint.
///
/// # Errors
/// [`TrainError::Checkpoint`] for a run without a checkpoint or of another algorithm;
/// [`TrainError::Model`] where its networks are other ones, with every difference. Nothing is copied
/// then.
pub fn begin_from(algorithm: &dyn State, run: &RunDir) -> Result<u64, TrainError> {
    let Some((_, path)) = run.checkpoint_files()?.pop() else {
        return Err(TrainError::Checkpoint {
            path: run.path().to_owned(),
            reason: "the run has no checkpoint to begin from: train it first".to_owned(),
        });
    };
    let (checkpoint, file) = Checkpoint::open(&path, algorithm)?;
    let is_network =
        |name: &str| name != UPDATES && NETWORKS.iter().any(|part| name.starts_with(part));
    let tensors = file.tensors.into_iter().filter(|(name, _)| is_network(name)).collect();
    let networks = algorithm.state().into_iter().filter(|(name, _)| is_network(name));
    weights::copy_into(networks, &tensors, &path.display().to_string())?;
    Ok(checkpoint.step)
}

/// The names of the first `layers` layers among PyTorch's names of a network's parameters: layers are
/// told apart by the first number in a name, and what has none comes first, with the first layer.
pub(crate) fn first_layers(names: &[String], layers: usize) -> BTreeSet<&str> {
    let number = |name: &str| name.split('.').find_map(|part| part.parse::<u64>().ok());
    let numbers: BTreeSet<u64> = names.iter().filter_map(|name| number(name)).collect();
    let kept: BTreeSet<u64> = numbers.into_iter().take(layers).collect();
    let is_kept = |name: &&String| match number(name) {
        Some(number) => kept.contains(&number),
        None => layers > 0,
    };
    names.iter().filter(is_kept).map(String::as_str).collect()
}

/// Whether a setting of frozen layers needs no words.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it a reference")]
pub(crate) fn is_none_frozen(layers: &usize) -> bool {
    *layers == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_counted_by_their_first_number() {
        let names = ["net.0.bias", "net.0.weight", "net.10.weight", "net.2.weight"];
        let names = names.map(str::to_owned);
        assert_eq!(first_layers(&names, 0).len(), 0);
        let first: Vec<_> = first_layers(&names, 2).into_iter().collect();
        assert_eq!(first, ["net.0.bias", "net.0.weight", "net.2.weight"]);
        assert_eq!(first_layers(&names, 9).len(), 4);
        let names =
            ["ExtractionLayer.Layer.weight", "MainLayers.0.Layers.1.weight", "MainLayers.1.x"];
        let names = names.map(str::to_owned);
        let first: Vec<_> = first_layers(&names, 1).into_iter().collect();
        assert_eq!(first, ["ExtractionLayer.Layer.weight", "MainLayers.0.Layers.1.weight"]);
    }
}
