//! The one-line notation of configurations and command lines: `name` or `name:value,value`.

use crate::PreprocessError;

/// A text taken apart: the name before the colon, the numbers after it.
pub(crate) struct Notation<'a> {
    kind: &'static str,
    known: &'static str,
    text: &'a str,
    pub(crate) name: &'a str,
    values: Vec<Option<f64>>,
}

impl<'a> Notation<'a> {
    /// Takes `text` apart; `kind` and `known` are what an error says was looked for.
    ///
    /// A place left empty between commas reads as `None`.
    ///
    /// # Errors
    /// [`PreprocessError::Unknown`] if a value is not a number.
    pub(crate) fn read(
        kind: &'static str,
        known: &'static str,
        text: &'a str,
    ) -> Result<Self, PreprocessError> {
        let (name, values) = match text.split_once(':') {
            Some((name, values)) => (name, values.split(',').map(str::trim).collect()),
            None => (text, Vec::new()),
        };
        let mut notation = Notation { kind, known, text, name: name.trim(), values: Vec::new() };
        for value in values {
            notation.values.push(match value {
                "" => None,
                value => Some(value.parse().map_err(|_| notation.unknown())?),
            });
        }
        Ok(notation)
    }

    /// The values, `N` at most; those left out are `None`.
    pub(crate) fn optional<const N: usize>(&self) -> Result<[Option<f64>; N], PreprocessError> {
        let mut values = [None; N];
        if self.values.len() > N {
            return Err(self.unknown());
        }
        values[..self.values.len()].copy_from_slice(&self.values);
        Ok(values)
    }

    /// The values, `N` at most; those left out take their default.
    pub(crate) fn or<const N: usize>(
        &self,
        defaults: [f64; N],
    ) -> Result<[f64; N], PreprocessError> {
        let mut values = defaults;
        for (value, given) in values.iter_mut().zip(self.optional::<N>()?) {
            *value = given.unwrap_or(*value);
        }
        Ok(values)
    }

    /// The values, exactly `N`.
    pub(crate) fn exactly<const N: usize>(&self) -> Result<[f64; N], PreprocessError> {
        let mut values = [0.0; N];
        for (value, given) in values.iter_mut().zip(self.optional::<N>()?) {
            *value = given.ok_or_else(|| self.unknown())?;
        }
        Ok(values)
    }

    /// The error that quotes the text and lists what would have done.
    pub(crate) fn unknown(&self) -> PreprocessError {
        PreprocessError::Unknown { kind: self.kind, got: self.text.to_owned(), known: self.known }
    }
}

/// Lets serde write a type as its notation, and check it when reading.
macro_rules! serde_as_notation {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = crate::PreprocessError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }
    };
}
pub(crate) use serde_as_notation;
