//! Schedules as earlier versions wrote them: beside the optimisers in a step's settings.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Schedule;

/// The fields there were.
#[derive(Deserialize)]
#[serde(default)]
struct Fields {
    cosine_steps: Option<u64>,
    linear_steps: Option<u64>,
    final_lr: f64,
}

impl Default for Fields {
    fn default() -> Self {
        Self { cosine_steps: None, linear_steps: None, final_lr: 0.1 }
    }
}

/// A step's settings, read by `read`, and the schedule that fields of earlier versions stand for:
/// those named in `earlier` are taken out before, the step having had no other.
pub(crate) fn read_earlier<'de, D: Deserializer<'de>, C>(
    deserializer: D,
    earlier: &[&str],
    read: fn(Value) -> serde_json::Result<C>,
) -> Result<(C, Option<Schedule>), D::Error> {
    let (fields, settings): (Map<_, _>, Map<_, _>) = Map::deserialize(deserializer)?
        .into_iter()
        .partition(|(name, _)| earlier.contains(&name.as_str()));
    let fields: Fields = serde_json::from_value(Value::Object(fields)).map_err(D::Error::custom)?;
    let cosine = fields.cosine_steps.map(|steps| Schedule::Cosine { steps, end: 0.0 });
    let linear = fields.linear_steps.map(|steps| Schedule::Linear { steps, end: fields.final_lr });
    let config = read(Value::Object(settings)).map_err(D::Error::custom)?;
    Ok((config, cosine.or(linear)))
}
