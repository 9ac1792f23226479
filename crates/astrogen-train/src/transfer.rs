//! A run that begins from another run's weights.
//!
//! A few dozen images are too few to learn from scratch what images of the sky have in common.
//! Networks that have learnt it from others begin with their weights ([`begin_from`]) and go on as any
//! run: with optimisers that know nothing yet, and from step 0. The average goes on from theirs, with as
//! many updates behind it (where its half-life [grows from 0](crate::annealing) it begins anew with the
//! generator). The first layers of the generator's
//! opponent, which see edges, points and noise, may be kept as they are
//! ([`Adam::freeze_first`](crate::optim::Adam::freeze_first); Mo, Cho and Shin 2020, *Freeze the
//! Discriminator: a Simple Baseline for Fine-Tuning GANs*).

use std::collections::BTreeSet;
use std::path::Path;

use astrogen_models::weights;

use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::state::State;

/// What of a state are networks.
const NETWORKS: [&str; 4] = ["generator.", "critic.", "discriminator.", "average."];

/// Gives an algorithm's networks the weights of another run's, as a
/// [checkpoint](crate::run_dir::RunDir::newest_checkpoint) of it has them: generator, opponent and average.
/// Optimisers and everything else stay as they are. The step of that checkpoint.
///
/// # Errors
/// [`TrainError::Checkpoint`] for one of another algorithm; [`TrainError::Model`] for a file that cannot
/// be read, and where its networks are other ones, with every difference. Nothing is copied then.
pub fn begin_from(algorithm: &dyn State, checkpoint: &Path) -> Result<u64, TrainError> {
    let (found, file) = Checkpoint::open(checkpoint, algorithm)?;
    let is_network = |name: &str| NETWORKS.iter().any(|part| name.starts_with(part));
    let tensors = file.tensors.into_iter().filter(|(name, _)| is_network(name)).collect();
    let networks = algorithm.state().into_iter().filter(|(name, _)| is_network(name));
    weights::copy_into(networks, &tensors, &checkpoint.display().to_string())?;
    Ok(found.step)
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
