//! What one setting may be.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// What a setting may be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Choices {
    /// One of these values: `[100, 200, 500]`.
    Grid(Vec<Value>),
    /// A number between two, all alike likely: `{"uniform": [0, 0.5]}`.
    Uniform([f64; 2]),
    /// A number between two, all powers of ten alike likely: `{"log_uniform": [1e-5, 1e-3]}`.
    LogUniform([f64; 2]),
    /// A whole number between two, both included, all alike likely: `{"integer": [2, 16]}`.
    Integer([i64; 2]),
}

impl Choices {
    /// What stands in a space's JSON.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        let expected = "expected an array of values, or one of {\"uniform\": [low, high]}, \
                        {\"log_uniform\": [low, high]} and {\"integer\": [low, high]}";
        let unexpected = |value: &Value| format!("{expected}, got {value}");
        let object = match value {
            Value::Array(values) => return Ok(Self::Grid(values)),
            Value::Object(object) if object.len() == 1 => object,
            value => return Err(unexpected(&value)),
        };
        let Some((kind, ends)) = object.iter().next() else { return Err(expected.into()) };
        let ends_as = |what: &str| format!("`{kind}` takes [low, high], two {what}, got {ends}");
        let numbers = || pair(ends, Value::as_f64).ok_or_else(|| ends_as("numbers"));
        match kind.as_str() {
            "uniform" => Ok(Self::Uniform(numbers()?)),
            "log_uniform" => Ok(Self::LogUniform(numbers()?)),
            "integer" => {
                let whole = pair(ends, Value::as_i64);
                Ok(Self::Integer(whole.ok_or_else(|| ends_as("whole numbers"))?))
            }
            _ => Err(unexpected(&Value::Object(object.clone()))),
        }
    }

    /// The rule that the choices break.
    pub(super) fn check(&self) -> Result<(), String> {
        let above = |[low, high]: [String; 2]| {
            Err(format!("low must not be above high, got [{low}, {high}]"))
        };
        match self {
            Self::Grid(values) if values.is_empty() => {
                Err("an array needs at least one value".into())
            }
            Self::Grid(values) => {
                let repeated = (1..values.len()).find(|&i| values[..i].contains(&values[i]));
                repeated.map_or(Ok(()), |i| Err(format!("the array holds {} twice", values[i])))
            }
            Self::Uniform(ends) | Self::LogUniform(ends) if !ends.iter().all(|x| x.is_finite()) => {
                Err(format!("both ends must be finite, got {ends:?}"))
            }
            Self::LogUniform(ends) if ends.iter().any(|&end| end <= 0.0) => {
                Err(format!("both ends of `log_uniform` must be above 0, got {ends:?}"))
            }
            Self::Uniform(ends) | Self::LogUniform(ends) if ends[0] > ends[1] => {
                above(ends.map(|end| end.to_string()))
            }
            Self::Integer(ends) if ends[0] > ends[1] => above(ends.map(|end| end.to_string())),
            _ => Ok(()),
        }
    }

    /// The values of an array.
    pub(super) fn values(&self) -> Option<&[Value]> {
        match self {
            Self::Grid(values) => Some(values),
            _ => None,
        }
    }

    /// One of the choices.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Value {
        // Both ends are weighted rather than their difference, which may overflow; rounding may
        // leave the range.
        let between = |[low, high]: [f64; 2], u: f64| low * (1.0 - u) + high * u;
        match self {
            Self::Grid(values) => values[rng.random_range(0..values.len())].clone(),
            Self::Uniform([low, high]) => {
                between([*low, *high], rng.random()).clamp(*low, *high).into()
            }
            Self::LogUniform([low, high]) => {
                between([low.ln(), high.ln()], rng.random()).exp().clamp(*low, *high).into()
            }
            Self::Integer([low, high]) => rng.random_range(*low..=*high).into(),
        }
    }
}

/// `[low, high]`.
fn pair<T>(ends: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<[T; 2]> {
    match ends.as_array()?.as_slice() {
        [low, high] => Some([read(low)?, read(high)?]),
        _ => None,
    }
}
