//! One set of values, and how it enters a config.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::TrainError;

/// One set of values of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its number in the search, from 1.
    pub number: u64,
    /// The path of each setting in a config's JSON, and its value.
    pub settings: Vec<(String, Value)>,
}

impl Trial {
    /// A copy of the config with the trial's values in their places, those that its JSON leaves out
    /// at their default included. Elements of lists are called by their number: `optimizer.betas.0`.
    ///
    /// # Errors
    /// [`TrainError::Search`] where the config has no setting of a name, or a value is not of
    /// its kind. Whether it is in its range is for the config's owner to say.
    pub fn apply<C: Serialize + DeserializeOwned>(&self, config: &C) -> Result<C, TrainError> {
        let refuse = |reason| TrainError::Search { reason };
        let written = |config: &C| {
            serde_json::to_value(config)
                .map_err(|error| refuse(format!("the config cannot be written as JSON: {error}")))
        };
        let json = written(config)?;
        let mut changed = json.clone();
        for (name, value) in &self.settings {
            set(&mut changed, name, value).map_err(refuse)?;
        }
        let applied = serde_json::from_value(changed).map_err(|error| {
            if let Err(error) = serde_json::from_value::<C>(json.clone()) {
                return refuse(format!("the config does not read back from its JSON: {error}"));
            }
            // The setting that is wrong for itself, if it is one alone.
            for (name, value) in &self.settings {
                let mut changed = json.clone();
                if set(&mut changed, name, value).is_ok()
                    && let Err(error) = serde_json::from_value::<C>(changed)
                {
                    let error = error.to_string();
                    return refuse(match is_unknown(&json, name, &error) {
                        true => unknown(&json, name, &error),
                        false => format!("`{name}` cannot be {value}: {error}"),
                    });
                }
            }
            refuse(format!("the settings of trial {} do not go together: {error}", self.number))
        })?;
        let again = written(&applied)?;
        let lost = |name: &str| {
            again.pointer(&pointer(name)).is_none() && is_passed_over::<C>(&json, name)
        };
        match self.settings.iter().find(|(name, _)| lost(name)) {
            Some((name, _)) => Err(refuse(unknown(&json, name, &end(&json, name)))),
            None => Ok(applied),
        }
    }
}

/// Puts a value into its place. An object takes any name: JSON may leave a setting out at its
/// default, and which there are the config says when it is read.
fn set(json: &mut Value, name: &str, value: &Value) -> Result<(), String> {
    if let Some(place) = json.pointer_mut(&pointer(name)) {
        *place = value.clone();
        return Ok(());
    }
    let (owner, last) = match name.rsplit_once('.') {
        Some((owner, last)) => (json.pointer_mut(&pointer(owner)), last),
        None => (Some(&mut *json), name),
    };
    match owner.and_then(Value::as_object_mut) {
        Some(owner) => {
            owner.insert(last.to_owned(), value.clone());
            Ok(())
        }
        None => Err(unknown(json, name, &end(json, name))),
    }
}

/// Whether a config was refused for this name, which its JSON has not.
fn is_unknown(json: &Value, name: &str, error: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    json.pointer(&pointer(name)).is_none() && error.starts_with(&format!("unknown field `{last}`"))
}

/// Whether a config is read alike whatever stands at a name, so that it is no setting: there is
/// none that may be both a truth value and an object.
fn is_passed_over<C: DeserializeOwned>(json: &Value, name: &str) -> bool {
    [Value::from(true), Value::Object(Map::new())].iter().all(|value| {
        let mut changed = json.clone();
        set(&mut changed, name, value).is_ok() && serde_json::from_value::<C>(changed).is_ok()
    })
}

/// A path of names in JSON's own notation.
fn pointer(name: &str) -> String {
    let names = name.split('.').map(|name| name.replace('~', "~0").replace('/', "~1"));
    names.map(|name| format!("/{name}")).collect()
}

/// Where a path that leads nowhere ends.
fn end(json: &Value, name: &str) -> String {
    let ends = name.match_indices('.').map(|(end, _)| end).chain([name.len()]);
    // The path's beginning that is there, and what stands there.
    let (mut known, mut here) = ("", json);
    for end in ends {
        match json.pointer(&pointer(&name[..end])) {
            Some(value) => (known, here) = (&name[..end], value),
            None => break,
        }
    }
    let owner = if known.is_empty() { "it".to_owned() } else { format!("`{known}`") };
    match here {
        Value::Object(object) if !object.is_empty() => {
            format!("{owner} has {}", quoted(object.keys().map(String::as_str)))
        }
        Value::Array(values) if !values.is_empty() => {
            format!("{owner} is a list, whose elements are 0 to {}", values.len() - 1)
        }
        other => format!("{owner} is {other}, which has no settings of its own"),
    }
}

/// That there is no setting of a name, why, and which it might have been.
fn unknown(json: &Value, name: &str, why: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut namesakes = Vec::new();
    collect(json, "", last, &mut namesakes);
    match namesakes.as_slice() {
        [] => format!("the config has no setting `{name}`: {why}"),
        namesakes => {
            let elsewhere = quoted(namesakes.iter().map(String::as_str));
            format!("the config has no setting `{name}`: {why}; of this name there is {elsewhere}")
        }
    }
}

/// The paths that end in a name.
fn collect(json: &Value, path: &str, last: &str, found: &mut Vec<String>) {
    for (name, value) in json.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if name == last {
            found.push(path.clone());
        }
        collect(value, &path, last, found);
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
