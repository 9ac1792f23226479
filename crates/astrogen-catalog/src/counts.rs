//! How many rows were read and dropped, and by which rule.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::CatalogError;

/// What is done with rows that break a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// They stay.
    Keep,
    /// They are left out and counted.
    #[default]
    Drop,
    /// The first is an error.
    Refuse,
}

/// Rows read, and dropped by each rule. A row that breaks several counts under the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowCounts {
    read: u64,
    missing: u64,
    dropped: Vec<(String, u64)>,
}

impl RowCounts {
    /// Counts of `read` rows of which none was dropped.
    pub fn new(read: u64) -> RowCounts {
        RowCounts { read, ..RowCounts::default() }
    }

    /// Adds the counts of another catalogue, or of another part of this one.
    pub fn add(&mut self, other: &RowCounts) {
        self.read += other.read;
        self.missing += other.missing;
        for (rule, rows) in &other.dropped {
            self.drop_rows(rule, *rows);
        }
    }

    /// Rows read from the file.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Rows left.
    pub fn kept(&self) -> u64 {
        self.read - self.dropped.iter().map(|(_, rows)| rows).sum::<u64>().min(self.read)
    }

    /// Rows without a value in a column that was asked for, kept or not.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Rows dropped by each rule, in the order in which the rules are applied.
    pub fn dropped(&self) -> impl Iterator<Item = (&str, u64)> {
        self.dropped.iter().map(|(rule, rows)| (rule.as_str(), *rows))
    }

    /// Counts rows dropped by a rule.
    pub fn drop_rows(&mut self, rule: &str, rows: u64) {
        match self.dropped.iter_mut().find(|(own, _)| own == rule) {
            Some((_, count)) => *count += rows,
            None => self.dropped.push((rule.to_owned(), rows)),
        }
    }

    pub(super) fn add_read(&mut self, rows: u64, missing: u64) {
        self.read += rows;
        self.missing += missing;
    }

    /// Fails if no row is left.
    ///
    /// # Errors
    /// `Rows`, saying which rule dropped how many.
    pub fn ensure_some(&self) -> Result<(), CatalogError> {
        if self.kept() > 0 {
            return Ok(());
        }
        let hint = if self.read == 0 {
            "the table is empty"
        } else {
            "loosen the rule that drops the most, or check the names, units and maps it uses"
        };
        Err(CatalogError::Rows { reason: format!("the selection is empty: {self}; {hint}") })
    }
}

/// For a summary of the data: `read`, `kept`, `missing`, and `dropped` with a rule and its rows each.
impl Serialize for RowCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dropped<'a> {
            rule: &'a str,
            rows: u64,
        }
        let dropped: Vec<_> = self.dropped().map(|(rule, rows)| Dropped { rule, rows }).collect();
        let mut counts = serializer.serialize_struct("RowCounts", 4)?;
        counts.serialize_field("read", &self.read)?;
        counts.serialize_field("kept", &self.kept())?;
        counts.serialize_field("missing", &self.missing)?;
        counts.serialize_field("dropped", &dropped)?;
        counts.end()
    }
}

impl fmt::Display for RowCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} rows kept", self.kept(), self.read)?;
        let rules = self.dropped().filter(|(_, rows)| *rows > 0);
        for (number, (rule, rows)) in rules.enumerate() {
            write!(f, "{} {rows} by {rule}", if number == 0 { "; dropped:" } else { "," })?;
        }
        Ok(())
    }
}
