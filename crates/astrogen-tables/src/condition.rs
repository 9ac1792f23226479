//! Where a condition's values come from.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TablesError;

/// An observing condition of each row: a column of the catalogue, or a sky map looked up at
/// the row's position.
///
/// Written, on command lines and in configurations, as `COLUMN`, `NAME=MAP_FILE`, or
/// `NAME:MAP=MAP_FILE` for one map of a file that holds several. The file is all that follows
/// the first `=`, so that any path can be written; names of conditions have no `=` and no `:`.
///
/// ```
/// use astrogen_tables::Condition;
///
/// let column: Condition = "FWHM_R".parse()?;
/// let map: Condition = "fwhm_r=maps/fwhm_r.fits".parse()?;
/// let one_of_several: Condition = "fwhm_r:FWHM_R=maps/fwhm#all=2.fits".parse()?;
/// assert_eq!((column.name(), map.name(), one_of_several.name()), ("FWHM_R", "fwhm_r", "fwhm_r"));
/// assert_eq!(one_of_several.to_string(), "fwhm_r:FWHM_R=maps/fwhm#all=2.fits");
/// # Ok::<(), astrogen_tables::TablesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Condition {
    /// A column of the catalogue, under its own name.
    Column(String),
    /// A sky map.
    Map {
        /// The name of the condition.
        name: String,
        /// Which map of the file; None where it holds only one.
        map: Option<String>,
        /// The HEALPix map in FITS.
        path: PathBuf,
    },
}

impl Condition {
    /// The name under which the condition is standardised and told of.
    pub fn name(&self) -> &str {
        match self {
            Condition::Column(name) | Condition::Map { name, .. } => name,
        }
    }

    /// Whether values are looked up in a sky map.
    pub fn is_map(&self) -> bool {
        matches!(self, Condition::Map { .. })
    }
}

impl FromStr for Condition {
    type Err = TablesError;

    fn from_str(text: &str) -> Result<Self, TablesError> {
        let refuse = || TablesError::Setting {
            name: "condition",
            rule: "COLUMN, NAME=MAP_FILE or NAME:MAP=MAP_FILE".into(),
            got: format!("{text:?}"),
        };
        let Some((name, path)) = text.split_once('=') else {
            let name = text.trim();
            return if name.is_empty() {
                Err(refuse())
            } else {
                Ok(Condition::Column(name.to_owned()))
            };
        };
        let (name, map) = match name.split_once(':') {
            Some((name, map)) => (name.trim(), Some(map.trim().to_owned())),
            None => (name.trim(), None),
        };
        if name.is_empty() || path.is_empty() || map.as_ref().is_some_and(String::is_empty) {
            return Err(refuse());
        }
        Ok(Condition::Map { name: name.to_owned(), map, path: path.into() })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Column(name) => f.write_str(name),
            Condition::Map { name, map: None, path } => write!(f, "{name}={}", path.display()),
            Condition::Map { name, map: Some(map), path } => {
                write!(f, "{name}:{map}={}", path.display())
            }
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = TablesError;

    fn try_from(text: String) -> Result<Self, TablesError> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_written() {
        let map = |name: &str, map: Option<&str>, path: &str| Condition::Map {
            name: name.into(),
            map: map.map(str::to_owned),
            path: path.into(),
        };
        for (text, want) in [
            ("FWHM_R", Condition::Column("FWHM_R".into())),
            ("SKY[2]", Condition::Column("SKY[2]".into())),
            ("r=a.fits", map("r", None, "a.fits")),
            ("r=C:/maps/a b.fits", map("r", None, "C:/maps/a b.fits")),
            ("r:FWHM=a=b:c#1.fits", map("r", Some("FWHM"), "a=b:c#1.fits")),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition, want);
            assert_eq!(condition.to_string(), text);
            let json = serde_json::to_string(&condition).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<Condition>(&json).unwrap(), condition);
        }
        for bad in ["", " ", "=a.fits", "r=", "r:=a.fits", ":FWHM=a.fits"] {
            let message = bad.parse::<Condition>().unwrap_err().to_string();
            assert!(message.contains("NAME=MAP_FILE") && message.contains(bad), "{message}");
        }
    }
}
