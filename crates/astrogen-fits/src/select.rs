//! Which HDU of a file, and which planes of a cube.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hdu::Hdu;
use crate::FitsError;

/// An HDU, by its position or by its name.
///
/// On a command line `2` is the third HDU, `SCI` an `EXTNAME`, and `SCI,2` an `EXTNAME`
/// with an `EXTVER`; in a configuration file `2` or `{ "name": "SCI", "version": 2 }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HduSelector {
    /// Position in the file; the primary HDU is 0.
    Index(usize),
    /// The first HDU with this `EXTNAME`, whatever its case, and this `EXTVER`.
    Name {
        /// `EXTNAME`; `PRIMARY` is the first HDU.
        name: String,
        /// `EXTVER`; any if `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<i64>,
    },
}

impl HduSelector {
    pub(super) fn selects(&self, hdu: &Hdu) -> bool {
        match self {
            HduSelector::Index(index) => hdu.index == *index,
            HduSelector::Name { name, version } => {
                let named = match &hdu.name {
                    Some(own) => own.eq_ignore_ascii_case(name),
                    None => hdu.index == 0 && name.eq_ignore_ascii_case("PRIMARY"),
                };
                named && version.is_none_or(|version| hdu.version == version)
            }
        }
    }
}

impl fmt::Display for HduSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HduSelector::Index(index) => write!(f, "{index}"),
            HduSelector::Name { name, version: None } => f.write_str(name),
            HduSelector::Name { name, version: Some(version) } => write!(f, "{name},{version}"),
        }
    }
}

impl FromStr for HduSelector {
    type Err = FitsError;

    fn from_str(text: &str) -> Result<Self, FitsError> {
        let text = text.trim();
        if let Ok(index) = text.parse() {
            return Ok(HduSelector::Index(index));
        }
        let refuse = || FitsError::Setting {
            name: "hdu",
            rule: "a position (0 is the primary HDU), an EXTNAME, or EXTNAME,EXTVER",
            got: format!("{text:?}"),
        };
        let (name, version) = match text.rsplit_once(',') {
            Some((name, version)) => (name, Some(version.trim().parse().map_err(|_| refuse())?)),
            None => (text, None),
        };
        if name.is_empty() {
            return Err(refuse());
        }
        Ok(HduSelector::Name { name: name.to_owned(), version })
    }
}

/// The planes of a cube that become bands.
///
/// On a command line `bands`, `3` or `0..3`; in a configuration file `"bands"`,
/// `{ "one": 3 }` or `{ "range": { "start": 0, "end": 3 } }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planes {
    /// All planes, each a band.
    #[default]
    Bands,
    /// This plane alone, counted from 0.
    One(usize),
    /// These planes, counted from 0, the end not included.
    Range(Range<usize>),
}

impl Planes {
    /// The planes chosen out of `count`.
    ///
    /// # Errors
    /// `Shape` for planes beyond the last.
    pub fn of(&self, count: usize) -> Result<Range<usize>, FitsError> {
        let range = match self {
            Planes::Bands => 0..count,
            Planes::One(plane) => *plane..plane.saturating_add(1),
            Planes::Range(range) => range.clone(),
        };
        if range.is_empty() || range.end > count {
            return Err(FitsError::Shape {
                what: "planes".to_owned(),
                expected: format!("planes from 0 to {} of the image's {count}", count - 1),
                got: self.to_string(),
            });
        }
        Ok(range)
    }
}

impl fmt::Display for Planes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Planes::Bands => f.write_str("bands"),
            Planes::One(plane) => write!(f, "{plane}"),
            Planes::Range(range) => write!(f, "{}..{}", range.start, range.end),
        }
    }
}

impl FromStr for Planes {
    type Err = FitsError;

    fn from_str(text: &str) -> Result<Self, FitsError> {
        let planes = match text.trim().split_once("..") {
            None if text.trim() == "bands" => Some(Planes::Bands),
            None => text.trim().parse().ok().map(Planes::One),
            Some((start, end)) => match (start.parse(), end.parse()) {
                (Ok(start), Ok(end)) => Some(Planes::Range(start..end)),
                _ => None,
            },
        };
        planes.ok_or_else(|| FitsError::Setting {
            name: "planes",
            rule: "\"bands\", one plane such as 3, or a range such as 0..3",
            got: format!("{text:?}"),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn words_and_configurations_mean_the_same() {
        for (word, json) in
            [("2", "2"), ("SCI", r#"{"name":"SCI"}"#), ("SCI,2", r#"{"name":"SCI","version":2}"#)]
        {
            let hdu: HduSelector = word.parse().unwrap();
            assert_eq!(hdu.to_string(), word);
            assert_eq!(serde_json::to_string(&hdu).unwrap(), json);
            assert_eq!(serde_json::from_str::<HduSelector>(json).unwrap(), hdu);
        }
        for (word, json) in [
            ("bands", r#""bands""#),
            ("3", r#"{"one":3}"#),
            ("0..3", r#"{"range":{"start":0,"end":3}}"#),
        ] {
            let planes: Planes = word.parse().unwrap();
            assert_eq!(planes.to_string(), word);
            assert_eq!(serde_json::to_string(&planes).unwrap(), json);
            assert_eq!(serde_json::from_str::<Planes>(json).unwrap(), planes);
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let message = "SCI,x".parse::<HduSelector>().unwrap_err().to_string();
        assert!(message.contains("EXTNAME,EXTVER") && message.contains("SCI,x"), "{message}");
        let message = "all".parse::<Planes>().unwrap_err().to_string();
        assert!(message.contains("0..3") && message.contains("all"), "{message}");
        for planes in [Planes::One(3), Planes::Range(2..2), Planes::Range(1..4)] {
            let message = planes.of(3).unwrap_err().to_string();
            assert!(message.contains("from 0 to 2"), "{message}");
        }
        assert_eq!(Planes::Range(1..3).of(3).unwrap(), 1..3);
    }
}
