//! The settings to search, and the trials drawn from them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::de::{self, Deserialize, Deserializer, MapAccess};
use serde_json::Value;

use super::{Choices, Trial};
use crate::TrainError;

/// The greatest number of trials of a search.
const MOST_TRIALS: u64 = 100_000;

/// Settings by name, each with the values it may take.
///
/// The name is the setting's path in the JSON of a config, `algorithm.critic_optimizer.lr`.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchSpace {
    settings: Vec<(String, Choices)>,
}

impl SearchSpace {
    /// The space of these settings, in their order.
    ///
    /// # Errors
    /// [`TrainError::Search`] where there are none, a name stands twice or below another, or
    /// choices break their rule.
    pub fn new(settings: Vec<(String, Choices)>) -> Result<Self, TrainError> {
        if settings.is_empty() {
            return Err(refusal("a search space needs at least one setting".into()));
        }
        for (i, (name, choices)) in settings.iter().enumerate() {
            if name.split('.').any(str::is_empty) {
                return Err(refusal(format!(
                    "`{name}` must be names joined by dots, as in `optimizer.lr`"
                )));
            }
            for (other, _) in &settings[..i] {
                if name == other {
                    return Err(refusal(format!("`{name}` stands twice")));
                }
                let below = |inner: &str, outer: &str| {
                    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
                };
                if below(name, other) || below(other, name) {
                    let reason = format!("`{other}` and `{name}` set the same: take one of them");
                    return Err(refusal(reason));
                }
            }
            choices.check().map_err(|reason| refusal(format!("`{name}`: {reason}")))?;
        }
        Ok(Self { settings })
    }

    /// Reads a space from JSON: an object of settings' names, each with an array of values or
    /// an object of one range, see [`Choices`].
    ///
    /// # Errors
    /// [`TrainError::Search`] where it is none.
    pub fn from_json(text: &str) -> Result<Self, TrainError> {
        let Entries(entries) = serde_json::from_str(text)
            .map_err(|error| refusal(format!("this is no search space: {error}")))?;
        let settings = entries.into_iter().map(|(name, value)| match Choices::read(value) {
            Ok(choices) => Ok((name, choices)),
            Err(reason) => Err(refusal(format!("`{name}`: {reason}"))),
        });
        Self::new(settings.collect::<Result<_, _>>()?)
    }

    /// Reads a space from a file of JSON, as [`SearchSpace::from_json`].
    ///
    /// # Errors
    /// [`TrainError::Io`] where it cannot be read, [`TrainError::Search`] where it is no space.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TrainError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(TrainError::io(path))?;
        Self::from_json(&text).map_err(|error| match error {
            TrainError::Search { reason } => refusal(format!("{}: {reason}", path.display())),
            error => error,
        })
    }

    /// The settings, in the order they were given.
    pub fn settings(&self) -> &[(String, Choices)] {
        &self.settings
    }

    /// The trials of a search.
    ///
    /// - Arrays alone and no `count`: every combination once, the last setting varying first;
    ///   the seed is of no matter.
    /// - Arrays alone and a `count`: so many combinations, drawn without repetition; all of
    ///   them, in a drawn order, where there are no more.
    /// - With a range: `count` trials, each setting drawn for itself, from arrays too (random
    ///   search, Bergstra and Bengio 2012).
    ///
    /// Trials drawn with the same seed are the same, and fewer of them are the first of more:
    /// a search may be made longer.
    ///
    /// # Errors
    /// [`TrainError::Search`] where there is a range and no `count`, or the trials are none or
    /// more than 100,000.
    pub fn trials(&self, count: Option<u64>, seed: u64) -> Result<Vec<Trial>, TrainError> {
        if let Some(count) = count
            && !(1..=MOST_TRIALS).contains(&count)
        {
            let reason =
                format!("the number of trials must be from 1 to {MOST_TRIALS}, got {count}");
            return Err(refusal(reason));
        }
        let settings: Vec<Vec<(String, Value)>> = match (self.range(), count) {
            (None, None) => {
                let all = self.combinations()?;
                if all > MOST_TRIALS {
                    return Err(refusal(format!(
                        "the arrays have {all} combinations, more than {MOST_TRIALS}: ask for a \
                         number of trials"
                    )));
                }
                (0..all).map(|index| self.combination(index)).collect()
            }
            (None, Some(count)) => {
                let drawn = without_repetition(self.combinations()?, count, seed);
                drawn.into_iter().map(|index| self.combination(index)).collect()
            }
            (Some(name), None) => {
                return Err(refusal(format!(
                    "`{name}` is a range, which has no end of values: ask for a number of trials"
                )));
            }
            (Some(_), Some(count)) => (1..=count).map(|number| self.draw(number, seed)).collect(),
        };
        let numbered = (1..).zip(settings);
        Ok(numbered.map(|(number, settings)| Trial { number, settings }).collect())
    }

    /// The first setting that is a range.
    fn range(&self) -> Option<&str> {
        let ranges = self.settings.iter().find(|(_, choices)| choices.values().is_none());
        ranges.map(|(name, _)| name.as_str())
    }

    /// How many combinations the arrays have.
    fn combinations(&self) -> Result<u64, TrainError> {
        let mut sizes = self.settings.iter().filter_map(|(_, choices)| choices.values());
        sizes
            .try_fold(1u64, |product, values| product.checked_mul(values.len() as u64))
            .ok_or_else(|| refusal("the arrays have more than 2^64 combinations".into()))
    }

    /// A combination of the arrays' values by its number, the last setting varying first.
    fn combination(&self, mut index: u64) -> Vec<(String, Value)> {
        let mut settings = Vec::with_capacity(self.settings.len());
        for (name, choices) in self.settings.iter().rev() {
            let values = choices.values().unwrap_or_default();
            let size = values.len().max(1) as u64;
            if let Some(value) = values.get((index % size) as usize) {
                settings.push((name.clone(), value.clone()));
            }
            index /= size;
        }
        settings.reverse();
        settings
    }

    /// One trial's settings, each drawn for itself: from a stream of its own, so that it
    /// depends on no other trial.
    fn draw(&self, number: u64, seed: u64) -> Vec<(String, Value)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        let settings = self.settings.iter();
        settings.map(|(name, choices)| (name.clone(), choices.draw(&mut rng))).collect()
    }
}

/// The first `count` of the numbers below `total` in a drawn order: a shuffle that remembers
/// only what it moved.
fn without_repetition(total: u64, count: u64, seed: u64) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut moved = HashMap::new();
    let draw = |place: u64| {
        let from = rng.random_range(place..total);
        let here = moved.get(&place).copied().unwrap_or(place);
        moved.insert(from, here).unwrap_or(from)
    };
    (0..count.min(total)).map(draw).collect()
}

fn refusal(reason: String) -> TrainError {
    TrainError::Search { reason }
}

/// An object's entries in their order; serde_json's own map sorts them and keeps the last of
/// several with one name.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of settings, each with its values")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
